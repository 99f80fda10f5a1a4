//! The alignment of tensors and parameters: where they may begin.

/// The alignment of tensors in elements, of which each begins at a multiple: 256 bytes of f32, what a GPU
/// asks of offsets.
pub const ALIGNMENT: usize = 64;

/// The next multiple of [`ALIGNMENT`]; [`usize::MAX`] where there is none.
pub(crate) const fn aligned(len: usize) -> usize {
    match len.checked_next_multiple_of(ALIGNMENT) {
        Some(aligned) => aligned,
        None => usize::MAX,
    }
}
