//! Runs a pixel loop with the vector instructions the crate was compiled for.

#[inline(always)]
pub(crate) fn dispatch<R>(mut pixel_loop: impl FnMut() -> R) -> R {
    pixel_loop()
}
