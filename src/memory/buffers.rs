//! Buffers of numbers, or an error where there is no memory for them.

use alloc::vec::Vec;

#[cfg(any(feature = "cpu", feature = "checkpoint"))]
use bytemuck::Zeroable;

use super::{MemoryError, available, check};

/// From so many bytes on a buffer is compared with what is free before it is asked for: many a system gives
/// more than it has, and ends whoever uses it.
const LARGE: u64 = 1 << 26;

fn refused(bytes: u64) -> MemoryError {
    let available = available().filter(|&free| free < bytes);
    MemoryError { bytes, available }
}

/// Bytes of so many values, which are not more than is free.
fn ask<T>(len: u64) -> Result<u64, MemoryError> {
    let bytes = len.saturating_mul(size_of::<T>() as u64);
    if bytes >= LARGE {
        check(bytes)?;
    }
    Ok(bytes)
}

/// Room for so many more in a list, and for no others.
#[cfg(any(feature = "cpu", feature = "data"))]
pub(crate) fn reserve<T>(list: &mut Vec<T>, more: u64) -> Result<(), MemoryError> {
    let bytes = ask::<T>(more)?;
    let given = usize::try_from(more).is_ok_and(|more| list.try_reserve_exact(more).is_ok());
    if given { Ok(()) } else { Err(refused(bytes)) }
}

/// So many zeros; pages that are never written cost nothing.
#[cfg(any(feature = "cpu", feature = "checkpoint"))]
pub(crate) fn zeros<T: Zeroable>(len: usize) -> Result<Vec<T>, MemoryError> {
    let bytes = ask::<T>(len as u64)?;
    bytemuck::allocation::try_zeroed_vec(len).map_err(|()| refused(bytes))
}

/// A copy.
#[cfg(feature = "cpu")]
pub(crate) fn copied<T: Copy>(numbers: &[T]) -> Result<Vec<T>, MemoryError> {
    let mut copy = Vec::new();
    reserve(&mut copy, numbers.len() as u64)?;
    copy.extend_from_slice(numbers);
    Ok(copy)
}

/// What an iterator yields, `len` at most.
#[cfg(feature = "cpu")]
pub(crate) fn collected<T>(
    len: usize,
    items: impl IntoIterator<Item = T>,
) -> Result<Vec<T>, MemoryError> {
    let mut list = Vec::new();
    reserve(&mut list, len as u64)?;
    list.extend(items.into_iter().take(len));
    Ok(list)
}

/// Adds to a list.
#[cfg(feature = "checkpoint")]
pub(crate) fn extend<T: Copy>(list: &mut Vec<T>, more: &[T]) -> Result<(), MemoryError> {
    let bytes = size_of_val(more) as u64;
    list.try_reserve(more.len()).map_err(|_| refused(bytes))?;
    list.extend_from_slice(more);
    Ok(())
}
