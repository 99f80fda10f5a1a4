//! The error of a device, where training on one is built in.

pub(super) use crate::gpu::GpuError as DeviceError;
