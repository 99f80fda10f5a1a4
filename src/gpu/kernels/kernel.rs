//! What the host knows of a kernel.

use crate::gpu::variants::MatrixSide;

/// How a kernel uses what is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// The numbers of the sampling step: a uniform buffer.
    Step,
    /// Words that are read.
    Read,
    /// Weights of either width, read as words.
    Weights,
    /// An image's activations of either width, read.
    Activations,
    /// Words that are written, or read and written.
    Write,
    /// An image's activations of either width, written.
    Result,
}

impl Access {
    /// Whether a dispatch may write it.
    pub const fn writes(self) -> bool {
        match self {
            Self::Write | Self::Result => true,
            Self::Step | Self::Read | Self::Weights | Self::Activations => false,
        }
    }

    /// Whether its numbers may be f16.
    pub const fn has_widths(self) -> bool {
        match self {
            Self::Weights | Self::Activations | Self::Result => true,
            Self::Step | Self::Read | Self::Write => false,
        }
    }
}

/// What else a kernel's text needs than what all have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Uses {
    /// Nothing.
    Nothing,
    /// `sum` and `maximum` over the workgroup.
    Reductions,
    /// To be told whether it joins stretches of input channels.
    Stretches,
    /// That, and cooperative matrices.
    Matrices,
}

/// Workgroup memory that a kernel's own text declares.
#[derive(Debug, Clone, Copy)]
pub enum Memory {
    /// So many bytes, in every form.
    Bytes(u64),
    /// As many bytes as cooperative matrices of a side take.
    OfMatrices(fn(MatrixSide) -> u64),
}

/// A WGSL kernel: its text, and what its host side takes it to declare. A test compares the two.
#[derive(Debug, Clone, Copy)]
pub struct Kernel {
    /// The stem of its files.
    pub name: &'static str,
    /// What it shares with other variants of the same operation.
    pub interface: &'static str,
    /// Its own text; [`Kernel::text`] has all of it.
    pub source: &'static str,
    /// What it needs beside.
    pub uses: Uses,
    /// What it declares of a workgroup's memory; [`Kernel::workgroup_bytes`] adds what its sums take.
    pub memory: Memory,
    /// Invocations of a workgroup.
    pub workgroup: u32,
    /// Fields of `Params` in order, each a word: name and type.
    pub params: &'static [(&'static str, &'static str)],
    /// What is bound from binding 1 on; `Params` is binding 0.
    pub bindings: &'static [(&'static str, Access)],
}
