//! The microcontroller's side: exit code, marks for the instruction count, depth of stack.

use cortex_m_semihosting::debug::{self, EXIT_FAILURE, EXIT_SUCCESS};
#[cfg(feature = "defmt")]
use defmt_semihosting as _;

use crate::drawing::Phase;
#[cfg(not(feature = "silent"))]
use crate::drawing::Report;

/// Ends the program: what a job ended with is told by the host's run, whose text would only be measured here.
pub fn end<E>(ran: Result<(), E>) -> ! {
    finish(match ran {
        Ok(()) => EXIT_SUCCESS,
        Err(_) => EXIT_FAILURE,
    })
}

/// Prints what came out, and how deep the stack has been so far.
#[cfg(not(feature = "silent"))]
pub fn report(report: &Report) {
    output::report(report, stack_used());
}

#[cfg(not(any(feature = "defmt", feature = "silent")))]
mod output {
    pub(super) fn report(report: &super::Report, stack: usize) {
        cortex_m_semihosting::hprintln!("{} stack={}", report, stack);
    }

    #[panic_handler]
    fn panic(info: &core::panic::PanicInfo) -> ! {
        cortex_m_semihosting::hprintln!("{}", info);
        super::finish(super::EXIT_FAILURE)
    }
}

#[cfg(feature = "silent")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    finish(EXIT_FAILURE)
}

/// Text between defmt's frames would corrupt them, so this build only logs.
#[cfg(feature = "defmt")]
mod output {
    pub(super) fn report(report: &super::Report, stack: usize) {
        defmt::info!("hash={=u64:016x} stack={=usize}", report.hash, stack);
    }

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo) -> ! {
        super::finish(super::EXIT_FAILURE)
    }
}

fn finish(status: debug::ExitStatus) -> ! {
    loop {
        debug::exit(status);
    }
}

/// Tells the counter of instructions what comes next.
pub fn mark(phase: Phase) {
    match phase {
        Phase::Table => marks::phase_table(),
        Phase::Next => marks::phase_next(),
        Phase::Denoise => marks::phase_denoise(),
        Phase::Noise => marks::phase_noise(),
        Phase::Apply => marks::phase_apply(),
        Phase::Other => marks::phase_other(),
    }
}

/// Calls the instruction counter sees by their symbols. Each body differs, or they would be merged.
mod marks {
    use core::hint::black_box;

    macro_rules! mark {
        ($($name:ident = $number:literal),*) => {$(
            // SAFETY: a name nobody else defines.
            #[unsafe(no_mangle)]
            #[inline(never)]
            pub extern "C" fn $name() {
                black_box($number);
            }
        )*};
    }
    mark!(
        phase_table = 0,
        phase_next = 1,
        phase_denoise = 2,
        phase_noise = 3,
        phase_apply = 4,
        phase_other = 5
    );
}

/// Bytes of stack that have been written to since reset: the paint below them is untouched.
#[cfg(not(feature = "silent"))]
fn stack_used() -> usize {
    use cortex_m_rt::STACK_PAINT_VALUE;

    unsafe extern "C" {
        static _stack_end: u32;
        static _stack_start: u32;
    }
    let (mut deepest, top) = (&raw const _stack_end, &raw const _stack_start);
    // SAFETY: the linker places both symbols, aligned to words, at the ends of the memory reserved
    // for the stack; reads stay between them.
    while deepest < top && unsafe { deepest.read_volatile() } == STACK_PAINT_VALUE {
        deepest = deepest.wrapping_add(1);
    }
    top as usize - deepest as usize
}
