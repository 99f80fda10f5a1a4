//! The way a network is run without `std`: the plain interpreter over owned slices.

use alloc::vec::Vec;

use super::error::NetworkError;
use super::given::{Inputs, check_inputs};
use super::interpreter::execute_all;
use super::program::Program;
use crate::memory::{bytes_of, copied, zeros};
use crate::unet::Weights;

/// Weights and workspace.
pub(crate) struct Executor {
    weights: Owned,
    workspace: Vec<f32>,
}

enum Owned {
    F32(Vec<f32>),
    F16(Vec<u16>),
    F16Bytes(Vec<[u8; 2]>),
}

impl Executor {
    pub(crate) fn new(program: &Program<'_>, weights: Weights<'_>) -> Result<Self, NetworkError> {
        Ok(Self {
            weights: match weights {
                Weights::F32(numbers) => Owned::F32(copied(numbers)?),
                Weights::F16(bits) => Owned::F16(copied(bits)?),
                Weights::F16Bytes(bytes) => Owned::F16Bytes(copied(bytes)?),
            },
            workspace: zeros(program.workspace_len())?,
        })
    }

    /// Bytes of all that an executor needs, with weights in f32.
    #[expect(
        clippy::unnecessary_wraps,
        reason = "the fast executor's may be refused"
    )]
    pub(crate) fn needs(program: &Program<'_>) -> Result<u64, NetworkError> {
        let numbers = program
            .weights_len()
            .saturating_add(program.workspace_len());
        Ok(bytes_of::<f32>(numbers))
    }

    pub(crate) fn forward(
        &mut self,
        program: &Program<'_>,
        inputs: &Inputs<'_>,
        output: &mut [f32],
    ) -> Result<(), NetworkError> {
        check_inputs(program, inputs)?;
        let weights = match &self.weights {
            Owned::F32(numbers) => Weights::F32(numbers),
            Owned::F16(bits) => Weights::F16(bits),
            Owned::F16Bytes(bytes) => Weights::F16Bytes(bytes),
        };
        execute_all(program, weights, inputs, &mut self.workspace, output);
        Ok(())
    }
}
