//! Without the feature `torch` files of PyTorch are not read.

use core::convert::Infallible;
use core::marker::PhantomData;

use super::error::CheckpointError;
use super::foreign::Foreign;
use super::header::Header;
use super::source::Source;

/// Why a file of PyTorch is not read: none is looked into.
pub type TorchError = Infallible;

/// There is none.
pub(super) struct Torch<R>(Infallible, PhantomData<R>);

/// Whether bytes are the first of a file of PyTorch that is read.
pub(super) const fn is_torch(_: &[u8]) -> bool {
    false
}

impl<R> Torch<R> {
    pub(super) fn open(_: R) -> Result<(Self, Header), CheckpointError> {
        let kind = Foreign::PyTorch;
        Err(CheckpointError::Foreign { kind })
    }
}

/// There is none in memory either.
pub(super) type TorchInMemory<'a> = Torch<&'a [u8]>;

impl<'a> TorchInMemory<'a> {
    pub(super) fn in_memory(file: &'a [u8]) -> Result<(Self, Header), CheckpointError> {
        Self::open(file)
    }
}

impl<R> Source for Torch<R> {
    fn first(&mut self) -> Result<&[u8], CheckpointError> {
        match self.0 {}
    }

    fn skip(&mut self, _: u64) -> Result<(), CheckpointError> {
        match self.0 {}
    }

    fn fill(&mut self, _: &mut [u8]) -> Result<(), CheckpointError> {
        match self.0 {}
    }
}
