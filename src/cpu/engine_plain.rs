//! How a network is run without `std`: the plain interpreter over owned slices.

use alloc::vec;
use alloc::vec::Vec;

use super::error::NetworkError;
use super::interpreter::{Inputs, check_inputs, execute_all};
use super::program::Program;
use crate::unet::Weights;

/// Weights and workspace.
pub(crate) struct Engine {
    weights: Owned,
    workspace: Vec<f32>,
}

enum Owned {
    F32(Vec<f32>),
    F16(Vec<u16>),
}

impl Engine {
    pub(crate) fn new(program: &Program<'_>, weights: Weights<'_>) -> Self {
        Self {
            weights: match weights {
                Weights::F32(numbers) => Owned::F32(numbers.into()),
                Weights::F16(bits) => Owned::F16(bits.into()),
            },
            workspace: vec![0.0; program.workspace_len()],
        }
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
        };
        execute_all(program, weights, inputs, &mut self.workspace, output);
        Ok(())
    }
}
