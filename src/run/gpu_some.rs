//! A GPU, where there is the feature.

pub(super) use crate::gpu::Gpu;
