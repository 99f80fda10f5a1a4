//! The way a network is run with `std`: on all cores, with vector instructions.

use super::error::NetworkError;
use super::fast::{Fast, Layout, Threads};
use super::given::{Given, Inputs, Results, check_inputs};
use super::program::Program;
use crate::memory;
use crate::unet::Weights;

/// Packed weights, workspace and threads.
pub(crate) struct Executor {
    fast: Fast,
}

impl Executor {
    pub(crate) fn new(program: &Program<'_>, weights: Weights<'_>) -> Result<Self, NetworkError> {
        Self::with_threads(program, weights, 0)
    }

    /// Bytes of all that an executor needs; an error where it cannot even be laid out.
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
        let mut fast = Fast::new(layout, threads)?;
        fast.pack(weights);
        Ok(Self { fast })
    }

    pub(crate) fn set_weights(&mut self, weights: Weights<'_>) {
        self.fast.pack(weights);
    }

    pub(crate) fn forward(
        &mut self,
        program: &Program<'_>,
        inputs: &Inputs<'_>,
        output: &mut [f32],
    ) -> Result<(), NetworkError> {
        check_inputs(program, inputs)?;
        let results = Results {
            output,
            gradients: &mut [],
        };
        self.fast.run(&Given::from(inputs), results);
        Ok(())
    }
}
