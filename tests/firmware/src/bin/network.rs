//! The network in flash: digits16 draws a digit, after one step and after all ten, on core alone: on a
//! microcontroller, where it is measured, and on the host, which says what must come out.
//!
//! `$NETWORK` is the folder that `network_files` wrote.

#![cfg_attr(target_os = "none", no_std, no_main)]

use firmware::digits16::{LABEL, MODEL};
use firmware::drawing::{Phase, Report, draw};
use iddpm::Error;
use iddpm::cpu::{Bare, Program};
use iddpm::diffusion::{Clip, InlineProcess, Method, Sampler, Timesteps};
use iddpm::unet::Weights;

/// `PROGRAM`, `WEIGHTS` and `WORKSPACE`.
mod files {
    use firmware::digits16::Aligned;

    include!(concat!(env!("NETWORK"), "/network.rs"));
}
use files::{PROGRAM, WEIGHTS, WORKSPACE};

const STEPS: usize = 10;

fn job(
    workspace: &mut [f32],
    phase: impl Fn(Phase),
    report: impl Fn(&Report),
) -> Result<(), Error> {
    phase(Phase::Table);
    let process = InlineProcess::<STEPS>::new(&MODEL, Timesteps::even(STEPS as u32))?;
    let program = Program::from_bytes(PROGRAM)?;
    let mut network = Bare::new(
        program,
        Weights::F16(bytemuck::cast_slice(&WEIGHTS.0)),
        workspace,
    )?;
    for steps in [1, STEPS] {
        let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit)?;
        report(&draw(sampler.take(steps), &mut network, LABEL, &phase)?);
    }
    Ok(())
}

#[cfg(target_os = "none")]
#[cortex_m_rt::entry]
fn main() -> ! {
    static mut MEMORY: [f32; WORKSPACE] = [0.0; WORKSPACE];
    use firmware::board;
    board::end(job(MEMORY, board::mark, board::report))
}

#[cfg(not(target_os = "none"))]
fn main() -> Result<(), Error> {
    job(
        &mut vec![0.0; WORKSPACE],
        |_| (),
        |report| println!("{report}"),
    )
}
