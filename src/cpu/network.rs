//! A network that owns all it needs.

use alloc::vec;
use alloc::vec::Vec;

use super::compile::ProgramBuf;
use super::error::{NetworkError, Slice};
use super::interpreter::{Inputs, run};
use super::program::Program;
use crate::unet::{Graph, Plan, Weights};

/// A network for images of one size: program, weights, workspace.
#[derive(Debug, Clone)]
pub struct Network {
    program: ProgramBuf,
    weights: Owned,
    workspace: Vec<f32>,
}

#[derive(Debug, Clone)]
enum Owned {
    F32(Vec<f32>),
    F16(Vec<u16>),
}

impl Network {
    /// A network with its weights, which are copied.
    ///
    /// # Errors
    /// [`NetworkError::Length`] or [`NetworkError::NotFinite`] for the weights; those of
    /// [`ProgramBuf::new`].
    pub fn new(graph: &Graph, weights: Weights<'_>) -> Result<Self, NetworkError> {
        Self::from_program(ProgramBuf::new(graph, &Plan::single(graph))?, weights)
    }

    /// A network of a program that is already at hand.
    ///
    /// # Errors
    /// [`NetworkError::Length`] or [`NetworkError::NotFinite`] for the weights.
    pub fn from_program(program: ProgramBuf, weights: Weights<'_>) -> Result<Self, NetworkError> {
        let (len, expected) = (weights.len(), program.view()?.weights_len());
        if len != expected {
            return Err(NetworkError::Length {
                slice: Slice::Weights,
                len,
                expected,
            });
        }
        let bad = match weights {
            Weights::F32(numbers) => numbers.iter().position(|number| !number.is_finite()),
            Weights::F16(bits) => bits.iter().position(|bits| bits & 0x7c00 == 0x7c00),
        };
        if let Some(index) = bad {
            return Err(NetworkError::NotFinite {
                slice: Slice::Weights,
                index,
            });
        }
        Ok(Self {
            weights: match weights {
                Weights::F32(numbers) => Owned::F32(numbers.into()),
                Weights::F16(bits) => Owned::F16(bits.into()),
            },
            workspace: vec![0.0; program.view()?.workspace_len()],
            program,
        })
    }

    /// The program.
    ///
    /// # Errors
    /// As [`ProgramBuf::view`]: none.
    pub fn program(&self) -> Result<Program<'_>, NetworkError> {
        Ok(self.program.view()?)
    }

    /// Evaluates the network for a batch of images; allocates nothing.
    ///
    /// # Errors
    /// Those of [`run`].
    pub fn forward(&mut self, inputs: &Inputs<'_>, output: &mut [f32]) -> Result<(), NetworkError> {
        let program = self.program.view()?;
        let weights = match &self.weights {
            Owned::F32(numbers) => Weights::F32(numbers),
            Owned::F16(bits) => Weights::F16(bits),
        };
        run(&program, weights, inputs, &mut self.workspace, output)
    }
}
