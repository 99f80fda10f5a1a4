//! The sampler's job on a microcontroller, where it is measured, and on the host, which says what must come out.

#![cfg_attr(target_os = "none", no_std, no_main)]

use firmware::job;

#[cfg(target_os = "none")]
#[cortex_m_rt::entry]
fn main() -> ! {
    use firmware::board;
    board::end(job::run(board::mark).map(|report| board::report(&report)))
}

#[cfg(not(target_os = "none"))]
fn main() {
    println!("{}", job::run(|_| ()).expect("the job's inputs are sound"));
}
