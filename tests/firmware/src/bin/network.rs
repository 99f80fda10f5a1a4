//! A network in flash draws a digit, after one step and after all, on core alone: on a microcontroller, where it is measured, and on the host, which says what must come out.
//!
//! `$NETWORK` is the folder that `flash_network` wrote. An evaluation is taken in pieces, as beside a watchdog.

#![cfg_attr(target_os = "none", no_std, no_main)]

use firmware::drawing::{Phase, Report, draw};
use iddpm::Error;
use iddpm::cpu::{Bare, NetworkError, Program};
use iddpm::diffusion::{Clip, Denoiser, Process, Query, Sampler};

#[allow(dead_code)]
mod network {
    include!(concat!(
        env!("NETWORK", "the folder that flash_network wrote"),
        "/network.rs"
    ));
}
use network::{METHOD, MODEL, OUTPUT, PROGRAM, STEPS, WEIGHTS, WORKSPACE};

/// The digit that is drawn.
const LABEL: Option<u32> = Some(3);
/// Multiply-adds of a piece.
const PIECE: u64 = 1_500_000;

/// A network whose evaluations are in pieces, each of which is said before it begins.
struct InPieces<'a, P> {
    network: Bare<'a>,
    phase: P,
}

impl<P: Fn(Phase)> Denoiser for InPieces<'_, P> {
    type Error = NetworkError;

    fn denoise(&mut self, query: Query, x: &[f32], output: &mut [f32]) -> Result<(), NetworkError> {
        let mut run = self.network.begin(query, x, output)?;
        while run.advance(PIECE)? {
            (self.phase)(Phase::Denoise);
        }
        Ok(())
    }
}

fn job(
    workspace: &mut [f32],
    phase: impl Fn(Phase),
    report: impl Fn(&Report),
) -> Result<(), Error> {
    phase(Phase::Table);
    let process = Process::from_table(&MODEL, &STEPS)?;
    let network = Bare::new(Program::from_bytes(PROGRAM)?, WEIGHTS, workspace)?;
    let mut network = InPieces {
        network,
        phase: &phase,
    };
    for steps in [1, STEPS.len()] {
        let sampler = Sampler::new(&process, METHOD, Clip::Unit)?;
        let output = &mut [0.0; OUTPUT];
        report(&draw(
            sampler.take(steps),
            &mut network,
            LABEL,
            output,
            &phase,
        )?);
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
