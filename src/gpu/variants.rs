//! Which of several kernels for the same operation runs: chosen once, from what the device is.

/// How convolutions run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConvVariant {
    /// 8 channels at one position for an invocation, without workgroup memory: fast where a barrier is
    /// dear, on software devices.
    Plain,
    /// Tiles of 64 channels × 64 positions through workgroup memory.
    Tiled,
}

/// A choice among variants of kernels; all give the same numbers but for rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Variants {
    /// Of convolutions.
    pub conv: ConvVariant,
}

impl Variants {
    /// What suits a device.
    pub fn of(device: &wgpu::Device) -> Self {
        let conv = match device.adapter_info().device_type {
            wgpu::DeviceType::Cpu => ConvVariant::Plain,
            wgpu::DeviceType::DiscreteGpu
            | wgpu::DeviceType::IntegratedGpu
            | wgpu::DeviceType::VirtualGpu
            | wgpu::DeviceType::Other => ConvVariant::Tiled,
        };
        Self { conv }
    }
}
