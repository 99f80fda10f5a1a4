//! How a network is run with `std`.

use super::error::NetworkError;
use super::fast::{Fast, Layout, Threads};
use super::interpreter::{Inputs, check_inputs};
use super::program::Program;
use crate::memory;
use crate::unet::Weights;

/// Packed weights, workspace and threads.
pub(crate) struct Engine {
    fast: Fast,
}

impl Engine {
    pub(crate) fn new(program: &Program<'_>, weights: Weights<'_>) -> Result<Self, NetworkError> {
        Self::with_threads(program, weights, 0)
    }

    /// Bytes of all that an engine needs; an error where it cannot even be laid out.
    pub(crate) fn needs(program: &Program<'_>) -> Result<u64, NetworkError> {
        Ok(Layout::of(program)?.bytes())
    }

    pub(crate) fn with_threads(
        program: &Program<'_>,
        weights: Weights<'_>,
        threads: usize,
    ) -> Result<Self, NetworkError> {
        let layout = Layout::of(program)?;
        memory::check(layout.bytes())?;
        let threads = match threads {
            0 => Threads::all(),
            threads => Threads::new(threads)?,
        };
        Ok(Self {
            fast: Fast::new(program, layout, weights, threads)?,
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
