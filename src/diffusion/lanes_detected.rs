//! Runs a pixel loop with the widest vector instructions the processor turns out to have.
//!
//! The loop is compiled once for each instruction set. Each element sees the same operations in
//! the same order (nothing is fused), so the result is the same bits.

/// `pixel_loop` must be `#[inline(always)]` all the way down, or it keeps the plain instructions.
#[inline(always)]
pub(crate) fn dispatch<R>(pixel_loop: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(pixel_loop)
}
