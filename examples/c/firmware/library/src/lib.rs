//! All of `include/iddpm_core.h` as a static library. What it adds is what a program without an operating system must
//! decide for itself: where a panic ends. The library has none, so that this is never called.
#![no_std]

pub use iddpm::ffi::*;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
