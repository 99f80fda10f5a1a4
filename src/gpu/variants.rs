//! The variants of kernels for the same operation.

use core::fmt;

/// The variant of the kernels that run convolutions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConvVariant {
    /// The plain variant, 8 channels at one position for an invocation, without workgroup memory: chosen on
    /// software devices, where a barrier is dear.
    Plain,
    /// The tiled variant, 64 channels × 64 positions through workgroup memory: chosen on every GPU.
    Tiled,
    /// The variant of cooperative matrices, f16 with sums in f32: chosen where the adapter lists such ones
    /// and the device was made with the features for them. Runs where input and weights are f16
    /// ([`Precision::Half`](super::Precision)) and there are channels enough to fill a matrix; the others
    /// are [`Tiled`](Self::Tiled).
    Matrix(MatrixSide),
}

/// The size of cooperative matrices: as many rows as columns, of both factors and of the sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MatrixSide {
    /// Matrices of 8×8×8.
    Eight,
    /// Matrices of 16×16×16.
    Sixteen,
    /// The same where subgroups have 64 invocations, so that a workgroup of 128 has two of them: each multiplies twice as much.
    /// The same bits.
    SixteenWide,
    /// Matrices of 8×8×8 as those of sixteen rows are put together: for tests of these on devices that have the smaller
    /// ones.
    #[doc(hidden)]
    EightAsSixteen,
    #[doc(hidden)]
    EightAsSixteenWide,
}

/// The variant of the kernels that run attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttentionVariant {
    /// The plain variant, an invocation for each query, or for each key of a gradient, without workgroup memory:
    /// chosen on software devices, where a barrier is dear.
    Plain,
    /// The shared variant, a workgroup for 32 or 64 queries, or 32 keys, and 64 channels of a head (flash attention):
    /// chosen on every GPU, for all that is not in matrices.
    Shared,
    /// The variant of cooperative matrices, f16 with scores and sums in f32: chosen where convolutions are in matrices. Runs
    /// where what it reads is f16 and of a multiple of four positions; others are [`Shared`](Self::Shared).
    Matrix(MatrixSide),
}

/// The way in which the invocations of a workgroup add what each has: in normalisation and linear
/// layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// A tree in workgroup memory, with a barrier for each halving: any device can.
    Tree,
    /// Sums over each subgroup by itself, then over all of them: chosen where the device has subgroups, of
    /// whatever size.
    Subgroups,
}

/// The class of a device, by how many workgroups keep it busy: what has fewer processors is given its work in fewer pieces,
/// which cost fewer bytes to put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceClass {
    /// A GPU of about a hundred processors, with memory of its own: chosen for discrete and virtual ones, and for those that do
    /// not say what they are, as in browsers.
    Large,
    /// A GPU of about ten processors, which shares the host's memory: chosen for integrated ones, and in software.
    Small,
}

/// A choice among variants of kernels; all give the same numbers but for rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Variants {
    /// The variant of convolutions.
    pub conv: ConvVariant,
    /// The variant of attention.
    pub attention: AttentionVariant,
    /// The way of sums over a workgroup.
    pub reduction: Reduction,
    /// The class of the device, which decides how often convolutions are cut.
    pub class: DeviceClass,
}

impl Variants {
    /// The variants that suit software devices.
    pub const PLAIN: Self = Self {
        conv: ConvVariant::Plain,
        attention: AttentionVariant::Plain,
        reduction: Reduction::Tree,
        class: DeviceClass::Small,
    };

    /// The variants that suit processors of many lanes, and need no feature.
    pub const PARALLEL: Self = Self {
        conv: ConvVariant::Tiled,
        attention: AttentionVariant::Shared,
        reduction: Reduction::Tree,
        class: DeviceClass::Large,
    };

    /// Returns these with other matrices in place of those that they have.
    pub(super) const fn with_matrices(self, side: MatrixSide) -> Self {
        let attention = match self.attention {
            AttentionVariant::Matrix(_) => AttentionVariant::Matrix(side),
            AttentionVariant::Plain | AttentionVariant::Shared => self.attention,
        };
        Self {
            conv: ConvVariant::Matrix(side),
            attention,
            ..self
        }
    }

    /// Returns what runs in place of these where matrices do not: where tensors are f32, or where matrices are slow.
    #[must_use]
    pub const fn without_matrices(self) -> Self {
        let conv = match self.conv {
            ConvVariant::Matrix(_) => ConvVariant::Tiled,
            ConvVariant::Plain | ConvVariant::Tiled => self.conv,
        };
        let attention = match self.attention {
            AttentionVariant::Matrix(_) => AttentionVariant::Shared,
            AttentionVariant::Plain | AttentionVariant::Shared => self.attention,
        };
        Self {
            conv,
            attention,
            ..self
        }
    }
}

impl fmt::Display for Variants {
    /// Says which variants they are, as in `convolutions in matrices of 16x16, attention in matrices, sums by subgroups, cut
    /// for a large GPU`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.conv {
            ConvVariant::Plain => write!(f, "plain convolutions")?,
            ConvVariant::Tiled => write!(f, "convolutions in tiles")?,
            ConvVariant::Matrix(side) => {
                let n = side.length();
                write!(f, "convolutions in matrices of {n}x{n}")?;
            }
        }
        let attention = match self.attention {
            AttentionVariant::Plain => "plain attention",
            AttentionVariant::Shared => "attention in blocks",
            AttentionVariant::Matrix(_) => "attention in matrices",
        };
        let sums = match self.reduction {
            Reduction::Tree => "sums in trees",
            Reduction::Subgroups => "sums by subgroups",
        };
        let class = match self.class {
            DeviceClass::Large => "large",
            DeviceClass::Small => "small",
        };
        write!(f, ", {attention}, {sums}, cut for a {class} GPU")
    }
}

impl DeviceClass {
    /// Chooses the class by what an adapter says of itself.
    pub const fn of(kind: wgpu::DeviceType) -> Self {
        match kind {
            wgpu::DeviceType::IntegratedGpu | wgpu::DeviceType::Cpu => Self::Small,
            wgpu::DeviceType::DiscreteGpu
            | wgpu::DeviceType::VirtualGpu
            | wgpu::DeviceType::Other => Self::Large,
        }
    }

    /// Workgroups that keep such a device busy: a few for each of its processors.
    pub(super) const fn enough_workgroups(self) -> u64 {
        match self {
            Self::Large => 256,
            Self::Small => 24,
        }
    }
}

impl MatrixSide {
    /// The side in whose forms kernels are listed: what is put together as of sixteen rows takes no more of anything.
    pub(crate) const fn listed(self) -> Self {
        match self {
            Self::Eight => Self::Eight,
            Self::Sixteen | Self::EightAsSixteen => Self::Sixteen,
            Self::SixteenWide | Self::EightAsSixteenWide => Self::SixteenWide,
        }
    }

    /// The number of rows, and of columns, of a matrix.
    pub const fn length(self) -> u32 {
        match self {
            Self::Eight | Self::EightAsSixteen | Self::EightAsSixteenWide => 8,
            Self::Sixteen | Self::SixteenWide => 16,
        }
    }

    /// Patches of a workgroup, each of which is a subgroup's.
    pub(super) const fn patches(self) -> u32 {
        match self {
            Self::Eight | Self::Sixteen | Self::EightAsSixteen => 4,
            Self::SixteenWide | Self::EightAsSixteenWide => 2,
        }
    }

    /// Finds the largest cooperative matrices of an adapter whose factors are f16 and whose sums f32, where
    /// the device was made with [`FEATURES`](Self::FEATURES). Whether subgroups have 64 invocations where they may have fewer,
    /// [`Gpu::measured`](super::Gpu::measured) finds out.
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
        let is_wide = adapter.get_info().subgroup_min_size >= 64;
        match [Self::Sixteen, Self::Eight].into_iter().find(is_listed) {
            Some(Self::Sixteen) if is_wide => Some(Self::SixteenWide),
            side => side,
        }
    }

    /// The features a device must have been made with to run cooperative matrices.
    pub const FEATURES: wgpu::Features = wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX
        .union(wgpu::Features::SHADER_F16)
        .union(wgpu::Features::SUBGROUP);
}
