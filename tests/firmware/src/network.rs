//! A network in flash draws a digit, after one step and after all, on core alone.
//!
//! `$NETWORK` is the folder that `flash_network` wrote. An evaluation is taken in pieces, as beside a watchdog.

use iddpm::Error;
use iddpm::cpu::{Bare, NetworkError, Program};
use iddpm::diffusion::{Clip, Denoiser, Process, Query, Sampler};

use crate::drawing::{Phase, Report, draw};

#[allow(dead_code)]
mod network {
    include!(concat!(
        env!("NETWORK", "the folder that flash_network wrote"),
        "/network.rs"
    ));
}
pub use network::WORKSPACE;
use network::{METHOD, MODEL, OUTPUT, PROGRAM, STEPS, WEIGHTS};

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

/// Draws after one step, and after all, in the memory that is given.
pub fn run(
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
