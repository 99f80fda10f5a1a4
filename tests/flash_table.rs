//! A table printed for flash is the process it was printed from, bit for bit.
//!
//! The table is what `cargo run --example flash_table` prints; `./ci.sh examples` prints it anew and
//! compares.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used)]

use iddpm::diffusion::{Diffusion, InlineProcess, Process, Schedule, Timesteps};

#[path = "flash_table/cosine_4000_10.rs"]
mod table;

#[test]
fn a_printed_table_is_the_process_it_came_from() {
    let model = Diffusion::new(Schedule::Cosine, 4000);
    let computed = InlineProcess::<10>::new(&model, Timesteps::even(10)).unwrap();
    let from_flash = Process::from_table(&model, &table::STEPS[..]).unwrap();
    assert_eq!(from_flash, computed.view());
}
