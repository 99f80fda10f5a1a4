//! A GPU, where there is the feature.

use std::path::PathBuf;

pub(super) use crate::gpu::Gpu;

/// What is asked of a GPU besides.
#[derive(Debug, Clone, Default)]
pub(super) struct GpuOptions {
    pub(super) cache: Option<PathBuf>,
    pub(super) is_measured: bool,
}
