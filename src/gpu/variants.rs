//! The variants of kernels for the same operation.

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
