//! Runs a pixel loop with the vector instructions the crate was compiled for.

#[inline(always)]
pub(crate) fn dispatch<R>(pixel_loop: impl FnOnce() -> R) -> R {
    pixel_loop()
}
