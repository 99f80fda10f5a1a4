//! Files in memory, of either format.

use super::error::CheckpointError;
use super::header::Header;
use super::source::Either;
use super::torch::{TorchInMemory, is_torch};

impl Header {
    /// Reads the header of a whole file in memory.
    ///
    /// # Errors
    /// Whatever is wrong with the header, or with the length of the file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let (_, header) = opened(bytes)?;
        Ok(header)
    }
}

/// A file, read up to the first of its tensors.
pub(super) fn opened(
    bytes: &[u8],
) -> Result<(Either<&[u8], TorchInMemory<'_>>, Header), CheckpointError> {
    if is_torch(bytes) {
        let (torch, header) = TorchInMemory::in_memory(bytes)?;
        return Ok((Either::Torch(torch), header));
    }
    let mut plain = bytes;
    let header = Header::read(&mut plain, bytes.len() as u64)?;
    Ok((Either::Plain(plain), header))
}
