//! A program, instruction by instruction, in plain loops.

use super::error::{NetworkError, Slice};
use super::math::Number;
use super::part::part;
use super::program::{Convolution, Instruction, Location, Operation, Program};
use super::{
    attention, average_pool, bilinear, concat, conv, group_norm, label_embedding, linear,
    timestep_embedding, upsample,
};
use crate::unet::Weights;

/// What the caller gives for each run.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Inputs<'a> {
    /// x_t, [N, C, H, W].
    pub x: &'a [f32],
    /// What the network is told of t, \[N\], possibly fractional.
    pub timesteps: &'a [f32],
    /// The class of each image, \[N\], where the network is conditioned on one.
    pub labels: Option<&'a [u32]>,
    /// The low-resolution images, [N, C, h, w], where the network takes such.
    pub low_res: Option<&'a [f32]>,
}

/// Runs a program: one evaluation of the network for a batch of images.
///
/// Nothing is allocated. What the workspace held before has no influence. Images do not see each
/// other: a batch gives the same bits as its images one by one.
///
/// # Errors
/// A [`NetworkError`] that names the slice whose length is wrong, the class there is not, the input
/// that is missing, superfluous or not finite, and a result that is not finite.
pub fn run(
    program: &Program<'_>,
    weights: Weights<'_>,
    inputs: &Inputs<'_>,
    workspace: &mut [f32],
    output: &mut [f32],
) -> Result<(), NetworkError> {
    check(program, weights, inputs, workspace.len(), output.len())?;
    execute_all(program, weights, inputs, workspace, output);
    check_output(output)
}

/// Runs a program on slices that were checked.
pub(crate) fn execute_all(
    program: &Program<'_>,
    weights: Weights<'_>,
    inputs: &Inputs<'_>,
    workspace: &mut [f32],
    output: &mut [f32],
) {
    match weights {
        Weights::F32(weights) => run_with(program, weights, inputs, workspace, output),
        Weights::F16(weights) => run_with(program, weights, inputs, workspace, output),
    }
}

pub(crate) fn length(slice: Slice, len: usize, expected: usize) -> Result<(), NetworkError> {
    if len == expected {
        return Ok(());
    }
    Err(NetworkError::Length {
        slice,
        len,
        expected,
    })
}

pub(crate) fn finite(slice: Slice, numbers: &[f32]) -> Result<(), NetworkError> {
    match numbers.iter().position(|number| !number.is_finite()) {
        Some(index) => Err(NetworkError::NotFinite { slice, index }),
        None => Ok(()),
    }
}

/// A result that is not finite is an error: weights, inputs or an overflow.
pub(crate) fn check_output(output: &[f32]) -> Result<(), NetworkError> {
    finite(Slice::Output, output)
}

/// All that the caller gives, before anything is computed.
pub(crate) fn check(
    program: &Program<'_>,
    weights: Weights<'_>,
    inputs: &Inputs<'_>,
    workspace: usize,
    output: usize,
) -> Result<(), NetworkError> {
    length(Slice::Weights, weights.len(), program.weights_len())?;
    if workspace < program.workspace_len() {
        length(Slice::Workspace, workspace, program.workspace_len())?;
    }
    length(Slice::Output, output, program.output_len())?;
    check_inputs(program, inputs)
}

pub(crate) fn check_inputs(program: &Program<'_>, inputs: &Inputs<'_>) -> Result<(), NetworkError> {
    let header = program.header();
    length(Slice::X, inputs.x.len(), program.x_len())?;
    finite(Slice::X, inputs.x)?;
    length(Slice::Timesteps, inputs.timesteps.len(), header.batch)?;
    finite(Slice::Timesteps, inputs.timesteps)?;
    match (inputs.labels, header.classes) {
        (None, 0) => {}
        (None, _) => {
            return Err(NetworkError::Missing {
                slice: Slice::Labels,
            });
        }
        (Some(_), 0) => {
            return Err(NetworkError::Superfluous {
                slice: Slice::Labels,
            });
        }
        (Some(labels), classes) => {
            length(Slice::Labels, labels.len(), header.batch)?;
            for (image, &label) in labels.iter().enumerate() {
                if label as usize >= classes {
                    return Err(NetworkError::Label {
                        image,
                        label,
                        classes: classes as u32,
                    });
                }
            }
        }
    }
    let slice = Slice::LowRes;
    match (inputs.low_res, program.low_res_len()) {
        (None, 0) => Ok(()),
        (None, _) => Err(NetworkError::Missing { slice }),
        (Some(_), 0) => Err(NetworkError::Superfluous { slice }),
        (Some(low_res), expected) => {
            length(slice, low_res.len(), expected)?;
            finite(slice, low_res)
        }
    }
}

fn run_with<W: Number>(
    program: &Program<'_>,
    weights: &[W],
    inputs: &Inputs<'_>,
    workspace: &mut [f32],
    output: &mut [f32],
) {
    let batch = program.header().batch;
    for instruction in program.instructions() {
        let len = batch * instruction.output.extents.elements();
        let (result, memory) =
            Memory::split(inputs, workspace, output, instruction.output.location, len);
        execute(&instruction, batch, weights, &memory, result);
    }
}

/// All that an instruction may read: the caller's inputs, and the workspace before and behind the
/// stretch it writes.
pub(crate) struct Memory<'a> {
    inputs: &'a Inputs<'a>,
    before: &'a [f32],
    behind: &'a [f32],
    /// Where `behind` begins.
    from: usize,
}

impl<'a> Memory<'a> {
    /// The stretch that an instruction writes, and all the rest.
    pub(crate) fn split(
        inputs: &'a Inputs<'a>,
        workspace: &'a mut [f32],
        output: &'a mut [f32],
        location: Location,
        len: usize,
    ) -> (&'a mut [f32], Self) {
        let (before, result, behind, from) = match location {
            Location::Workspace(offset) => {
                let offset = offset as usize;
                let (before, rest) = workspace.split_at_mut(offset.min(workspace.len()));
                let (result, behind) = rest.split_at_mut(len.min(rest.len()));
                (before, result, behind, offset + len)
            }
            Location::X
            | Location::Timesteps
            | Location::Labels
            | Location::LowRes
            | Location::Output => (workspace, output, &mut [][..], 0),
        };
        let memory = Self {
            inputs,
            before,
            behind,
            from,
        };
        (result, memory)
    }

    /// A tensor; empty where the program was not checked.
    pub(crate) fn tensor(&self, location: Location, len: usize) -> &'a [f32] {
        let found = match location {
            Location::X => self.inputs.x.get(..len),
            Location::Timesteps => self.inputs.timesteps.get(..len),
            Location::LowRes => self.inputs.low_res.and_then(|low_res| low_res.get(..len)),
            Location::Workspace(offset) => {
                let start = offset as usize;
                match start.checked_sub(self.from) {
                    Some(start) if self.from > 0 => self.behind.get(start..start + len),
                    _ => self.before.get(start..start + len),
                }
            }
            Location::Labels | Location::Output => None,
        };
        found.unwrap_or_default()
    }

    /// The classes; empty where there are none.
    pub(crate) fn labels(&self) -> &'a [u32] {
        self.inputs.labels.unwrap_or_default()
    }
}

fn execute<W: Number>(
    instruction: &Instruction,
    batch: usize,
    weights: &[W],
    memory: &Memory<'_>,
    output: &mut [f32],
) {
    let (from, to) = (instruction.input.extents, instruction.output.extents);
    let input = memory.tensor(instruction.input.location, batch * from.elements());
    let [first, second] = instruction
        .others()
        .map(|other| other.map(|(_, operand)| operand))
        .map(|other| {
            other.map(|operand| memory.tensor(operand.location, batch * operand.extents.elements()))
        });
    let [weight, bias] = instruction
        .parameters()
        .map(|parameter| parameter.map(|(_, start, len)| part(weights, start, len as usize)))
        .map(Option::unwrap_or_default);
    match instruction.operation {
        Operation::TimestepEmbedding => {
            timestep_embedding::run(input, to.channels, timestep_embedding::MAX_PERIOD, output);
        }
        Operation::LabelEmbedding { .. } => {
            label_embedding::run(input, memory.labels(), weight, to.channels, output);
        }
        Operation::Linear { silu, .. } => {
            linear::run(input, weight, bias, silu, from.channels, output);
        }
        Operation::Conv(Convolution {
            kernel,
            stride,
            upsample,
            ..
        }) => conv::run(
            &conv::Shape {
                from,
                to,
                kernel,
                stride,
                upsample,
                spread: 1,
            },
            input,
            weight,
            bias,
            first,
            second,
            output,
        ),
        Operation::GroupNorm { silu, .. } => {
            group_norm::run(to, input, weight, bias, first, silu, output);
        }
        Operation::Attention { heads } => attention::run(to, heads, input, output),
        Operation::Concat { .. } => concat::run(
            from.elements(),
            to.elements() - from.elements(),
            input,
            first.unwrap_or_default(),
            output,
        ),
        Operation::AveragePool => average_pool::run(from, input, output),
        Operation::Upsample => upsample::run(from, input, output),
        Operation::Bilinear => bilinear::run(from, to, input, output),
    }
}
