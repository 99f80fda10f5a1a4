//! A part of a slice.

/// Part of a slice; empty where the program was not checked.
pub(crate) fn part<T>(slice: &[T], start: usize, len: usize) -> &[T] {
    slice.get(start..start + len).unwrap_or_default()
}
