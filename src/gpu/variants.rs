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

/// How attention runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttentionVariant {
    /// An invocation for each query, without workgroup memory.
    Plain,
    /// A workgroup for each query, where a head has at most 1024 channels.
    Shared,
}

/// A choice among variants of kernels; all give the same numbers but for rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Variants {
    /// Of convolutions.
    pub conv: ConvVariant,
    /// Of attention.
    pub attention: AttentionVariant,
}

impl Variants {
    /// What suits software devices.
    pub const PLAIN: Self = Self {
        conv: ConvVariant::Plain,
        attention: AttentionVariant::Plain,
    };

    /// What suits processors of many lanes.
    pub const PARALLEL: Self = Self {
        conv: ConvVariant::Tiled,
        attention: AttentionVariant::Shared,
    };

    /// What suits a device.
    pub fn of(device: &wgpu::Device) -> Self {
        match device.adapter_info().device_type {
            wgpu::DeviceType::Cpu => Self::PLAIN,
            wgpu::DeviceType::DiscreteGpu
            | wgpu::DeviceType::IntegratedGpu
            | wgpu::DeviceType::VirtualGpu
            | wgpu::DeviceType::Other => Self::PARALLEL,
        }
    }
}
