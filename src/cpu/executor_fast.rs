//! The way a network is run with `std`: on all cores, with vector instructions.

use super::error::NetworkError;
#[cfg(feature = "run")]
use super::fast::Ready;
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
        fast.pack(weights)?;
        Ok(Self { fast })
    }

    pub(crate) fn set_weights(&mut self, weights: Weights<'_>) -> Result<(), NetworkError> {
        Ok(self.fast.pack(weights)?)
    }

    pub(crate) fn forward(
        &mut self,
        program: &Program<'_>,
        inputs: &Inputs<'_>,
        output: &mut [f32],
    ) -> Result<(), NetworkError> {
        self.fast.forget();
        self.forward_while(program, inputs, output, || true)?;
        Ok(())
    }

    /// Evaluates the network, or goes on with what was begun of the same inputs: see [`Fast::proceed`].
    pub(crate) fn forward_while(
        &mut self,
        program: &Program<'_>,
        inputs: &Inputs<'_>,
        output: &mut [f32],
        again: impl FnMut() -> bool + Send,
    ) -> Result<bool, NetworkError> {
        let given = Given::from(inputs);
        if self.fast.fraction().is_none() {
            check_inputs(program, inputs)?;
            self.fast.begin(&given);
        }
        let results = Results {
            output,
            gradients: &mut [],
        };
        Ok(self.fast.proceed(&given, results, again))
    }
}

/// What several runs of one network need.
#[cfg(feature = "run")]
impl Executor {
    /// Room for another run of a network.
    pub(crate) fn beside(ready: &Ready) -> Result<Self, NetworkError> {
        Ok(Self {
            fast: ready.room()?,
        })
    }

    /// What others of the same network share.
    pub(crate) fn ready(&self) -> Ready {
        self.fast.ready()
    }

    /// The share that is done of an evaluation that was begun.
    pub(crate) fn fraction(&self) -> Option<f32> {
        self.fast.fraction()
    }
}
