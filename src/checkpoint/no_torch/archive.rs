//! The archive that no file of PyTorch is looked at as.

use core::convert::Infallible;
use core::marker::PhantomData;

use crate::checkpoint::error::CheckpointError;
use crate::checkpoint::foreign::Foreign;
use crate::checkpoint::header::Header;
use crate::checkpoint::source::Source;

/// There is none.
pub(in crate::checkpoint) struct Torch<R>(Infallible, PhantomData<R>);

/// Whether bytes are the first of a file of PyTorch that is read.
pub(in crate::checkpoint) const fn is_torch(_: &[u8]) -> bool {
    false
}

impl<R> Torch<R> {
    pub(in crate::checkpoint) fn open(_: R) -> Result<(Self, Header), CheckpointError> {
        let kind = Foreign::PyTorch;
        Err(CheckpointError::Foreign { kind })
    }
}

/// There is none in memory either.
pub(in crate::checkpoint) type TorchInMemory<'a> = Torch<&'a [u8]>;

impl<'a> TorchInMemory<'a> {
    pub(in crate::checkpoint) fn in_memory(
        file: &'a [u8],
    ) -> Result<(Self, Header), CheckpointError> {
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
