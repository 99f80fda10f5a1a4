//! A network over borrowed slices, as a sampler asks it.

use core::ops::Range;

use super::error::{NetworkError, NetworkSlice};
use super::given::{Given, Results, length};
use super::interpreter::{Execute, executor};
use super::program::{Instruction, Program};
use crate::unet::Weights;

/// A network that owns nothing: a program and weights where they lie, as in flash, and the caller's workspace.
///
/// It is a [`Denoiser`](crate::diffusion::Denoiser) of one image, in plain loops: [the layer's page](super) draws with one.
#[derive(Debug)]
pub struct Bare<'a> {
    program: Program<'a>,
    weights: Weights<'a>,
    execute: Execute,
    workspace: &'a mut [f32],
    low_res: Option<&'a [f32]>,
}

impl<'a> Bare<'a> {
    /// Takes a program of one image, its weights, and a workspace of
    /// [`workspace_len`](Program::workspace_len) numbers or more, of any value.
    ///
    /// # Errors
    /// [`NetworkError::Length`] for a program of several images, and for weights or a workspace that are not its own;
    /// [`NetworkError::Training`].
    #[inline]
    pub fn new(
        program: Program<'a>,
        weights: Weights<'a>,
        workspace: &'a mut [f32],
    ) -> Result<Self, NetworkError> {
        if program.has_gradients() {
            return Err(NetworkError::Training);
        }
        length(NetworkSlice::Samples, 1, program.header().batch)?;
        length(NetworkSlice::Weights, weights.len(), program.weights_len())?;
        if workspace.len() < program.workspace_len() {
            let (len, expected) = (workspace.len(), program.workspace_len());
            length(NetworkSlice::Workspace, len, expected)?;
        }
        Ok(Self {
            program,
            weights,
            execute: executor(weights),
            workspace,
            low_res: None,
        })
    }

    /// Gives a network that enlarges images the one that it enlarges, [C, h, w].
    ///
    /// # Errors
    /// [`NetworkError::Superfluous`] for a network that takes none; [`NetworkError::Length`].
    pub fn with_low_res(mut self, image: &'a [f32]) -> Result<Self, NetworkError> {
        let slice = NetworkSlice::LowRes;
        match self.program.low_res_len() {
            0 => return Err(NetworkError::Superfluous { slice }),
            expected => length(slice, image.len(), expected)?,
        }
        self.low_res = Some(image);
        Ok(self)
    }

    /// The network as instructions.
    pub const fn program(&self) -> &Program<'a> {
        &self.program
    }

    pub(super) const fn low_res(&self) -> Option<&'a [f32]> {
        self.low_res
    }

    /// Executes some rows of an instruction.
    pub(super) fn execute(
        &mut self,
        instruction: &Instruction,
        rows: Range<usize>,
        given: &Given<'_>,
        results: &mut Results<'_>,
    ) {
        let Self {
            weights, workspace, ..
        } = self;
        (self.execute)(instruction, Some(rows), *weights, given, workspace, results);
    }
}
