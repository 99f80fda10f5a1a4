//! What is in a slice for sure: a part of it, or one of its items.
//!
//! Graphs, programs and lengths are checked, and rooms are made for them: what is asked for is there. Nothing
//! panics all the same where it is not; a debug assertion tells.

/// Part of a slice.
#[inline(always)]
pub(crate) fn part<T>(slice: &[T], start: usize, len: usize) -> &[T] {
    let found = slice.get(start..start + len);
    debug_assert!(found.is_some(), "{start} + {len} of {}", slice.len());
    found.unwrap_or_default()
}

/// The first items of a slice, and the others.
#[inline(always)]
pub(crate) fn split<T>(slice: &[T], first: usize) -> (&[T], &[T]) {
    let found = slice.split_at_checked(first);
    debug_assert!(found.is_some(), "{first} of {}", slice.len());
    found.unwrap_or_default()
}

/// The first items of a slice, and the others, to be written.
#[inline(always)]
pub(crate) fn split_mut<T>(slice: &mut [T], first: usize) -> (&mut [T], &mut [T]) {
    let all = slice.len();
    let found = slice.split_at_mut_checked(first);
    debug_assert!(found.is_some(), "{first} of {all}");
    found.unwrap_or_default()
}

/// Part of a slice, to be written.
#[cfg(any(feature = "checkpoint", feature = "cpu"))]
#[inline(always)]
pub(crate) fn part_mut<T>(slice: &mut [T], start: usize, len: usize) -> &mut [T] {
    let all = slice.len();
    let found = slice.get_mut(start..start + len);
    debug_assert!(found.is_some(), "{start} + {len} of {all}");
    found.unwrap_or_default()
}

/// All of a slice from an item on.
#[cfg(all(feature = "cpu", feature = "std"))]
#[inline(always)]
pub(crate) fn rest<T>(slice: &[T], start: usize) -> &[T] {
    let found = slice.get(start..);
    debug_assert!(found.is_some(), "from {start} of {}", slice.len());
    found.unwrap_or_default()
}

/// All of a slice from an item on, to be written.
#[cfg(all(feature = "cpu", feature = "std"))]
#[inline(always)]
pub(crate) fn rest_mut<T>(slice: &mut [T], start: usize) -> &mut [T] {
    let all = slice.len();
    let found = slice.get_mut(start..);
    debug_assert!(found.is_some(), "from {start} of {all}");
    found.unwrap_or_default()
}

/// An item of a slice.
#[cfg(feature = "cpu")]
#[inline(always)]
pub(crate) fn item<T: Copy + Default>(slice: &[T], at: usize) -> T {
    let found = slice.get(at);
    debug_assert!(found.is_some(), "{at} of {}", slice.len());
    found.copied().unwrap_or_default()
}

/// Puts an item into its place in a slice.
#[cfg(any(feature = "alloc", feature = "cpu"))]
#[inline(always)]
pub(crate) fn put<T>(slice: &mut [T], at: usize, item: T) {
    let all = slice.len();
    let place = slice.get_mut(at);
    debug_assert!(place.is_some(), "{at} of {all}");
    if let Some(place) = place {
        *place = item;
    }
}

/// The parts of `a` items of one slice, to be written, each with the part of `b` items of another.
///
/// A zip of chunks divides by their lengths, in a function that a build for size leaves by itself: it would link what
/// ends a division by 0.
#[cfg(feature = "cpu")]
#[inline(always)]
pub(crate) fn parts<'s, A, B>(
    of: &'s mut [A],
    a: usize,
    other: &'s [B],
    b: usize,
) -> impl Iterator<Item = (&'s mut [A], &'s [B])> {
    let mut others = other.chunks_exact(b.max(1));
    let parts = of.chunks_exact_mut(a.max(1));
    parts.map_while(move |part| Some((part, others.next()?)))
}
