//! A GPU, where there is no feature for one: there is none.

/// There is none.
#[derive(Debug, Clone)]
pub enum Gpu {}

/// Nothing can be asked of it.
#[derive(Debug, Clone, Default)]
pub(super) struct GpuOptions;
