//! A kernel as the host knows it.

use crate::gpu::variants::MatrixSide;

/// The access of a kernel to one of its bindings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// The numbers of the sampling step: a uniform buffer.
    Step,
    /// Words that are read only.
    Read,
    /// Weights of either width, read only, as words.
    Weights,
    /// Activations of an image, of either width, read only.
    Activations,
    /// Words that are written, or read and written.
    Write,
    /// Activations of an image, of either width, written.
    Result,
}

impl Access {
    /// Whether a dispatch may write the binding.
    pub const fn writes(self) -> bool {
        match self {
            Self::Write | Self::Result => true,
            Self::Step | Self::Read | Self::Weights | Self::Activations => false,
        }
    }

    /// Whether the binding's numbers may be f16.
    pub const fn has_widths(self) -> bool {
        match self {
            Self::Weights | Self::Activations | Self::Result => true,
            Self::Step | Self::Read | Self::Write => false,
        }
    }
}

/// The additions that a kernel's text uses beside what all have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Uses {
    /// No additions.
    Nothing,
    /// The functions `sum` and `maximum` over the workgroup.
    Reductions,
    /// The flag that tells whether a workgroup's block is the large one.
    Blocks,
    /// The flag that tells whether it joins stretches of input channels.
    Stretches,
    /// Cooperative matrices, in patches of the kernel's own.
    OwnMatrices,
    /// The same, and the flag of [`Blocks`](Self::Blocks).
    BlockMatrices,
    /// Cooperative matrices in the patches of shared/matrices.wgsl.
    Matrices,
    /// Cooperative matrices, and a walk through the taps of a convolution.
    TapMatrices,
    /// The same, and the flag of [`Stretches`](Self::Stretches).
    JoinedMatrices,
}

/// How the kernels that multiply matrices read images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Seen {
    /// Number by number: whatever stride, doubling, edges and rows.
    #[default]
    Each,
    /// Four numbers at a time, where taps alone move what is seen.
    Quads,
    /// Four numbers at a time, once for all taps of a kernel of three, with what lies around a tile; for kernels that walk
    /// through taps.
    Halo,
}

/// The workgroup memory that a kernel's own text declares.
#[derive(Debug, Clone, Copy)]
pub enum Memory {
    /// A number of bytes that is the same in every form.
    Bytes(u64),
    /// A number of bytes that depends on the form: on its cooperative matrices.
    OfForm(fn(Form) -> u64),
}

/// The form in which a kernel is compiled for a dispatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Form {
    /// The bindings that hold f16, a bit for each in the order of [`Kernel::bindings`].
    pub halves: u32,
    /// Whether sums over a workgroup go through subgroups.
    pub subgroups: bool,
    /// Whether a convolution's workgroup joins all stretches of the input channels.
    pub joined: bool,
    /// The cooperative matrices, for the kernels that multiply them.
    pub matrix: Option<MatrixSide>,
    /// Whether a workgroup has the large block, or each of its subgroups the large patch of matrices of sixteen rows.
    pub large: bool,
    /// How images are read, for the kernels that multiply matrices.
    pub seen: Seen,
    /// Whether the residual is seen through a kernel of one, for the kernel that multiplies matrices.
    pub skip: bool,
    /// Whether the input is normalised as it is read, by laws, for the same.
    pub laws: bool,
}

impl Form {
    /// Whether a binding holds f16, by its place.
    pub(super) const fn is_half(self, binding: usize) -> bool {
        self.halves >> binding & 1 == 1
    }
}

/// The words of a kernel's `Params`, by name.
pub type Named<'p> = &'p dyn Fn(&str) -> u32;

/// A WGSL kernel: its text, and what its host side takes it to declare. A test compares the two.
#[derive(Debug, Clone, Copy)]
pub struct Kernel {
    /// The name of the kernel: the stem of its files.
    pub name: &'static str,
    /// The text that it shares with other kernels: the interface of the variants of an operation, functions.
    pub interface: &'static str,
    /// The kernel's own text in WGSL; [`Kernel::text`] has all of it.
    pub source: &'static str,
    /// The additions that the text uses beside what all have.
    pub uses: Uses,
    /// The workgroup memory that the text declares; [`Kernel::workgroup_bytes`] adds what its sums take.
    pub memory: Memory,
    /// How often a vector of four, or a matrix, is loaded from the workgroup's memory for each product of such, in a form and
    /// with parameters, by their names, 0 of those it has not; none where products are not made from there.
    pub loads_per_product: Option<fn(Form, Named<'_>) -> f32>,
    /// The number of invocations of a workgroup.
    pub workgroup: u32,
    /// The fields of `Params` in order, each a word: name and type.
    pub params: &'static [(&'static str, &'static str)],
    /// The bindings from binding 1 on, by name; `Params` is binding 0.
    pub bindings: &'static [(&'static str, Access)],
}
