//! The source of a file's bytes, from its first to its last.

use super::error::CheckpointError;

/// Bytes that are read once, in their order.
pub(super) trait Source {
    /// The first bytes, some hundreds or all there are; they are still to be read.
    fn first(&mut self) -> Result<&[u8], CheckpointError>;

    /// Passes over the next bytes.
    fn skip(&mut self, bytes: u64) -> Result<(), CheckpointError>;

    /// The next bytes, all of them.
    fn fill(&mut self, into: &mut [u8]) -> Result<(), CheckpointError>;
}

/// The one or the other, by the format of a file.
pub(super) enum Either<P, T> {
    /// Of safetensors.
    Plain(P),
    /// Of PyTorch.
    Torch(T),
}

impl<P: Source, T: Source> Source for Either<P, T> {
    fn first(&mut self) -> Result<&[u8], CheckpointError> {
        match self {
            Self::Plain(source) => source.first(),
            Self::Torch(source) => source.first(),
        }
    }

    fn skip(&mut self, bytes: u64) -> Result<(), CheckpointError> {
        match self {
            Self::Plain(source) => source.skip(bytes),
            Self::Torch(source) => source.skip(bytes),
        }
    }

    fn fill(&mut self, into: &mut [u8]) -> Result<(), CheckpointError> {
        match self {
            Self::Plain(source) => source.fill(into),
            Self::Torch(source) => source.fill(into),
        }
    }
}

/// Bytes by which a file is told for what it is.
const FIRST: usize = 1 << 12;

impl Source for &[u8] {
    fn first(&mut self) -> Result<&[u8], CheckpointError> {
        Ok(self.get(..FIRST).unwrap_or(self))
    }

    fn skip(&mut self, bytes: u64) -> Result<(), CheckpointError> {
        let len = usize::try_from(bytes).ok();
        let rest = len.and_then(|len| self.get(len..));
        *self = rest.ok_or_else(|| truncated(bytes, self))?;
        Ok(())
    }

    fn fill(&mut self, into: &mut [u8]) -> Result<(), CheckpointError> {
        let Some((bytes, rest)) = self.split_at_checked(into.len()) else {
            return Err(truncated(into.len() as u64, self));
        };
        into.copy_from_slice(bytes);
        *self = rest;
        Ok(())
    }
}

const fn truncated(expected: u64, left: &[u8]) -> CheckpointError {
    CheckpointError::Truncated {
        expected,
        found: left.len() as u64,
        tensor: None,
    }
}
