//! What can go wrong on a device, where there may be one.

pub(super) use crate::gpu::GpuError as DeviceError;
