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

/// Bytes by which a file is told for what it is.
const FIRST: usize = 1 << 12;

impl Source for &[u8] {
    fn first(&mut self) -> Result<&[u8], CheckpointError> {
        Ok(self.get(..FIRST).unwrap_or(self))
    }

    fn skip(&mut self, bytes: u64) -> Result<(), CheckpointError> {
        // Lengths have been compared with the file's: what is not there will not be read either.
        *self = self.get(bytes as usize..).unwrap_or_default();
        Ok(())
    }

    fn fill(&mut self, into: &mut [u8]) -> Result<(), CheckpointError> {
        let Some((bytes, rest)) = self.split_at_checked(into.len()) else {
            return Err(CheckpointError::Truncated {
                expected: into.len() as u64,
                found: self.len() as u64,
                tensor: None,
            });
        };
        into.copy_from_slice(bytes);
        *self = rest;
        Ok(())
    }
}
