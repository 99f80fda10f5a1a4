//! The network's job on a microcontroller, where it is measured, and on the host, which says what must come out.

#![cfg_attr(target_os = "none", no_std, no_main)]

use firmware::network::{self, WORKSPACE};

#[cfg(target_os = "none")]
#[cortex_m_rt::entry]
fn main() -> ! {
    static mut MEMORY: [f32; WORKSPACE] = [0.0; WORKSPACE];
    use firmware::board;
    board::end(network::run(MEMORY, board::mark, board::report))
}

#[cfg(not(target_os = "none"))]
fn main() -> Result<(), iddpm::Error> {
    network::run(
        &mut vec![0.0; WORKSPACE],
        |_| (),
        |report| println!("{report}"),
    )
}
