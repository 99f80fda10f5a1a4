//! Runs a pixel loop with the widest vector instructions the processor turns out to have.
//!
//! The loop is compiled once for each instruction set. Each element sees the same operations in
//! the same order (nothing is fused), so the result is the same bits.

use pulp::{Arch, Simd, WithSimd};

/// `pixel_loop` must be `#[inline(always)]` all the way down, or it keeps the plain instructions. It is taken as
/// `FnMut` since a closure that is called as `FnOnce` has a function in between that need not be inlined.
#[inline(always)]
pub(crate) fn dispatch<R>(pixel_loop: impl FnMut() -> R) -> R {
    struct Loop<F>(F);

    impl<R, F: FnMut() -> R> WithSimd for Loop<F> {
        type Output = R;

        #[inline(always)]
        fn with_simd<S: Simd>(mut self, _: S) -> R {
            (self.0)()
        }
    }

    Arch::new().dispatch(Loop(pixel_loop))
}
