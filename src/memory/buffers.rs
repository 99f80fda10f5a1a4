//! Buffers of numbers, or an error where there is no memory for them.

use alloc::vec::Vec;

use bytemuck::Zeroable;

use super::{MemoryError, available, bytes_of, check};

/// From so many bytes on a buffer is compared with what is free before it is asked for: many a system gives
/// more than it has, and ends whoever uses it.
const LARGE: u64 = 1 << 26;

fn refused(bytes: u64) -> MemoryError {
    let available = available().filter(|&free| free < bytes);
    MemoryError { bytes, available }
}

fn ask<T>(len: usize) -> Result<u64, MemoryError> {
    let bytes = bytes_of::<T>(len);
    if bytes >= LARGE {
        check(bytes)?;
    }
    Ok(bytes)
}

/// So many zeros; pages that are never written cost nothing.
pub(crate) fn zeros<T: Zeroable>(len: usize) -> Result<Vec<T>, MemoryError> {
    let bytes = ask::<T>(len)?;
    bytemuck::allocation::try_zeroed_vec(len).map_err(|()| refused(bytes))
}

/// A copy.
pub(crate) fn copied<T: Copy>(numbers: &[T]) -> Result<Vec<T>, MemoryError> {
    let mut copy = reserved(numbers.len())?;
    copy.extend_from_slice(numbers);
    Ok(copy)
}

/// What an iterator yields, `len` at most.
pub(crate) fn collected<T>(
    len: usize,
    items: impl IntoIterator<Item = T>,
) -> Result<Vec<T>, MemoryError> {
    let mut list = reserved(len)?;
    list.extend(items.into_iter().take(len));
    Ok(list)
}

fn reserved<T>(len: usize) -> Result<Vec<T>, MemoryError> {
    let bytes = ask::<T>(len)?;
    let mut list = Vec::new();
    let given = list.try_reserve_exact(len);
    given.map_or_else(|_| Err(refused(bytes)), |()| Ok(list))
}

/// Adds to a list.
#[cfg(feature = "gpu")]
pub(crate) fn extend<T: Copy>(list: &mut Vec<T>, more: &[T]) -> Result<(), MemoryError> {
    let bytes = bytes_of::<T>(more.len());
    list.try_reserve(more.len()).map_err(|_| refused(bytes))?;
    list.extend_from_slice(more);
    Ok(())
}
