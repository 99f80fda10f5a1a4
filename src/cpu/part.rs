//! The part of a slice that begins at a place and has a length.
//!
//! Programs are checked, and rooms are made for them: what is asked for is there. Nothing panics all the same
//! where it is not; a debug assertion tells.

/// Part of a slice.
#[inline(always)]
pub(crate) fn part<T>(slice: &[T], start: usize, len: usize) -> &[T] {
    let found = slice.get(start..start + len);
    debug_assert!(found.is_some(), "{start} + {len} of {}", slice.len());
    found.unwrap_or_default()
}

/// Part of a slice, to be written.
#[cfg(feature = "std")]
#[inline(always)]
pub(crate) fn part_mut<T>(slice: &mut [T], start: usize, len: usize) -> &mut [T] {
    let all = slice.len();
    let found = slice.get_mut(start..start + len);
    debug_assert!(found.is_some(), "{start} + {len} of {all}");
    found.unwrap_or_default()
}
