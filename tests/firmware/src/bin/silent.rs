//! A job without a word: the exit code says whether its image is the one that is expected. What the program links is the
//! library's, and what its flash holds.
//!
//! `$HASH` is the image's, as the host has it.

#![no_std]
#![no_main]

use firmware::{board, drawing::Report};

/// As hexadecimal digits.
const HASH: &str = env!("HASH", "the hash of the host's image");
const _: () = assert!(HASH.len() == 16, "no hash of an image");

/// Whether a job's last image has the host's bits.
fn is_expected(report: &Report) -> bool {
    let mut digits = HASH.bytes().rev().enumerate();
    digits.all(|(at, digit)| {
        let nibble = (report.hash >> (4 * at)) as u8 & 15;
        digit
            == if nibble < 10 {
                b'0' + nibble
            } else {
                b'a' + nibble - 10
            }
    })
}

#[cfg(not(feature = "network"))]
fn matches() -> bool {
    firmware::job::run(|_| ()).is_ok_and(|report| is_expected(&report))
}

#[cfg(feature = "network")]
fn matches() -> bool {
    use core::cell::Cell;
    use firmware::network::{self, WORKSPACE};

    let last = Cell::new(false);
    let report = |report: &Report| last.set(is_expected(report));
    network::run(&mut [0.0; WORKSPACE], |_| (), report).is_ok() && last.get()
}

#[cfg_attr(target_arch = "arm", cortex_m_rt::entry)]
#[cfg_attr(target_arch = "riscv32", riscv_rt::entry)]
fn main() -> ! {
    board::end(if matches() { Ok(()) } else { Err(()) })
}
