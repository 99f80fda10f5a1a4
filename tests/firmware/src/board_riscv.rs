//! QEMU's `virt`, which says nothing: its exit code.

/// Where the device lies that ends the emulation, and the words that it takes.
const TEST: *mut u32 = 0x10_0000 as *mut u32;
const PASS: u32 = 0x5555;
const FAIL: u32 = 0x1_3333;

/// Ends the program: with 0 where a job has come to what it should, else with 1.
pub fn end<E>(ran: Result<(), E>) -> ! {
    let word = if ran.is_ok() { PASS } else { FAIL };
    loop {
        // SAFETY: on this board that word is the device's, and nothing else is there.
        unsafe { TEST.write_volatile(word) }
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    end(Err(()))
}
