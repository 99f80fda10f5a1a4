//! Which of several kernels for the same operation runs: chosen once, from what the device is.

use std::vec::Vec;

use super::kernels::{
    Form, Kernel, attention_shared, conv_grad_input_tiled, conv_grad_weight_tiled, conv_matrix,
    conv_tiled,
};
use super::limits::fits;

/// How convolutions run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConvVariant {
    /// 8 channels at one position for an invocation, without workgroup memory: chosen on software
    /// devices, where a barrier is dear.
    Plain,
    /// Tiles of 64 channels × 64 positions through workgroup memory: chosen on every GPU.
    Tiled,
    /// In cooperative matrices, f16 with sums in f32: chosen where the adapter lists such ones and the
    /// device was made with the features for them. Runs where input and weights are f16
    /// ([`Precision::Half`](super::Precision)) and there are channels enough to fill a matrix; the others
    /// are [`Tiled`](Self::Tiled).
    Matrix(MatrixSide),
}

/// The size of cooperative matrices: as many rows as columns, of both factors and of the sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatrixSide {
    /// 8×8×8.
    Eight,
    /// 16×16×16.
    Sixteen,
}

/// How attention runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttentionVariant {
    /// An invocation for each query, without workgroup memory: chosen on software devices, and for
    /// heads of more than 1024 channels.
    Plain,
    /// A workgroup for each query: chosen on every GPU, where a head has at most 1024 channels.
    Shared,
}

/// How the invocations of a workgroup add what each has: in normalisation, attention and linear layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// As a tree in workgroup memory, with a barrier for each halving: any device can.
    Tree,
    /// Each subgroup by itself, then all of them: chosen where the device has subgroups, of whatever
    /// size.
    Subgroups,
}

/// A choice among variants of kernels; all give the same numbers but for rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Variants {
    /// Of convolutions.
    pub conv: ConvVariant,
    /// Of attention.
    pub attention: AttentionVariant,
    /// Of sums over a workgroup.
    pub reduction: Reduction,
}

impl Variants {
    /// What suits software devices.
    pub const PLAIN: Self = Self {
        conv: ConvVariant::Plain,
        attention: AttentionVariant::Plain,
        reduction: Reduction::Tree,
    };

    /// What suits processors of many lanes, and needs no feature.
    pub const PARALLEL: Self = Self {
        conv: ConvVariant::Tiled,
        attention: AttentionVariant::Shared,
        reduction: Reduction::Tree,
    };

    /// What suits a device: by its kind, and of what its features and limits allow, the fastest. Which cooperative
    /// matrices there are, the adapter alone knows: see [`MatrixSide::of`].
    pub fn of(device: &wgpu::Device, matrices: Option<MatrixSide>) -> Self {
        let features = device.features();
        let reduction = if features.contains(wgpu::Features::SUBGROUP) {
            Reduction::Subgroups
        } else {
            Reduction::Tree
        };
        let fastest = match device.adapter_info().device_type {
            wgpu::DeviceType::Cpu => Self::PLAIN,
            wgpu::DeviceType::DiscreteGpu
            | wgpu::DeviceType::IntegratedGpu
            | wgpu::DeviceType::VirtualGpu
            | wgpu::DeviceType::Other => Self {
                conv: matrices.map_or(ConvVariant::Tiled, ConvVariant::Matrix),
                reduction,
                ..Self::PARALLEL
            },
        };
        fastest.within(&device.limits())
    }

    /// The next best where a device's limits have no room for a kernel's workgroup.
    #[must_use]
    pub fn within(self, limits: &wgpu::Limits) -> Self {
        let fits = |kernel: &Kernel, matrix| {
            let form = Form {
                matrix,
                ..Form::default()
            };
            fits(kernel, form, limits)
        };
        let tiled = [
            &conv_tiled::KERNEL,
            &conv_grad_input_tiled::KERNEL,
            &conv_grad_weight_tiled::KERNEL,
        ];
        let is_room_for_tiles = tiled.into_iter().all(|kernel| fits(kernel, None));
        let conv = match self.conv {
            ConvVariant::Plain => ConvVariant::Plain,
            _ if !is_room_for_tiles => ConvVariant::Plain,
            ConvVariant::Matrix(side) if fits(&conv_matrix::KERNEL, Some(side)) => self.conv,
            ConvVariant::Matrix(_) | ConvVariant::Tiled => ConvVariant::Tiled,
        };
        let attention = match self.attention {
            AttentionVariant::Shared if fits(&attention_shared::KERNEL, None) => self.attention,
            AttentionVariant::Shared | AttentionVariant::Plain => AttentionVariant::Plain,
        };
        Self {
            conv,
            attention,
            ..self
        }
    }

    /// Every choice that a device can run and that differs from the others in a kernel, those without
    /// any feature first. For tests and measurements.
    pub fn all(device: &wgpu::Device, matrices: Option<MatrixSide>) -> Vec<Self> {
        let mut all: Vec<Self> = [Self::PLAIN, Self::PARALLEL].into();
        if device.features().contains(wgpu::Features::SUBGROUP) {
            all.push(Self {
                reduction: Reduction::Subgroups,
                ..Self::PARALLEL
            });
        }
        all.extend(matrices.map(|side| Self {
            conv: ConvVariant::Matrix(side),
            ..Self::PARALLEL
        }));
        let limits = device.limits();
        all.retain(|variants| variants.within(&limits) == *variants);
        all
    }
}

impl MatrixSide {
    /// Rows, and columns.
    pub const fn length(self) -> u32 {
        match self {
            Self::Eight => 8,
            Self::Sixteen => 16,
        }
    }

    /// The largest of the adapter's whose factors are f16 and whose sums f32, where the device was made
    /// with [`FEATURES`](Self::FEATURES).
    pub fn of(adapter: &wgpu::Adapter, device: &wgpu::Device) -> Option<Self> {
        if !device.features().contains(Self::FEATURES) {
            return None;
        }
        let listed = adapter.cooperative_matrix_properties();
        let is_listed = |side: &Self| {
            let n = side.length();
            listed.iter().any(|one| {
                (one.m_size, one.n_size, one.k_size) == (n, n, n)
                    && one.ab_type == wgpu::CooperativeScalarType::F16
                    && one.cr_type == wgpu::CooperativeScalarType::F32
            })
        };
        [Self::Sixteen, Self::Eight].into_iter().find(is_listed)
    }

    /// What a device must have been made with.
    pub const FEATURES: wgpu::Features = wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX
        .union(wgpu::Features::SHADER_F16)
        .union(wgpu::Features::SUBGROUP);
}
