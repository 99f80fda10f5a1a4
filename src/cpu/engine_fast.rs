//! How a network is run with `std`.

use super::error::NetworkError;
use super::fast::{Fast, Threads};
use super::interpreter::{Inputs, check_inputs};
use super::program::Program;
use crate::unet::Weights;

/// Packed weights, workspace and threads.
pub(crate) struct Engine {
    fast: Fast,
}

impl Engine {
    pub(crate) fn new(program: &Program<'_>, weights: Weights<'_>) -> Self {
        Self {
            fast: Fast::new(program, weights, Threads::all()),
        }
    }

    pub(crate) fn with_threads(
        program: &Program<'_>,
        weights: Weights<'_>,
        threads: usize,
    ) -> Result<Self, NetworkError> {
        let threads = match threads {
            0 => Threads::all(),
            threads => Threads::new(threads)?,
        };
        Ok(Self {
            fast: Fast::new(program, weights, threads),
        })
    }

    pub(crate) fn forward(
        &mut self,
        program: &Program<'_>,
        inputs: &Inputs<'_>,
        output: &mut [f32],
    ) -> Result<(), NetworkError> {
        check_inputs(program, inputs)?;
        self.fast.forward(inputs, output);
        Ok(())
    }
}
