//! The fast way to run a program, for `std`: every core, every vector instruction.
//!
//! Tensors lie as [N, H, W, C]: the vectors run over channels, of which there are always whole
//! vectors, whatever the resolution. x is turned round when it comes in and the result when it
//! leaves; in between each tensor has the place that the plan gave it. Weights are packed once.
//!
//! Every piece of work writes its own chunk and sums in one order, so the bits depend neither on
//! the number of threads nor on the batch that an image is in.

mod aligned;
mod attention;
mod conv;
#[cfg(feature = "train")]
mod grad;
mod group_norm;
mod lanes;
mod layout;
mod pack;
mod resample;
mod threads;
#[cfg(feature = "train")]
mod training;
#[cfg(feature = "train")]
mod training_layout;

use alloc::vec::Vec;

use pulp::Arch;

use aligned::Aligned;
use conv::Layer;
pub(crate) use layout::Layout;
use layout::Placed;
use pack::Packed;
pub(crate) use threads::Threads;
#[cfg(feature = "train")]
pub(crate) use training::Training;
#[cfg(feature = "train")]
pub use training::TrainingInputs;
#[cfg(feature = "train")]
pub(crate) use training_layout::TrainingLayout;

use crate::cpu::conv::Shape;
use crate::cpu::interpreter::{Inputs, Memory};
use crate::cpu::math::silu;
use crate::cpu::part::part;
use crate::cpu::program::{Extents, Instruction, Operation, Program};
use crate::cpu::{concat, label_embedding, timestep_embedding};
use crate::memory::{MemoryError, zeros};
use crate::unet::Weights;

/// A program made ready: packed weights and all the room that a run needs.
pub(crate) struct Fast {
    arch: Arch,
    threads: Threads,
    batch: usize,
    x_extents: Extents,
    low_res_extents: Extents,
    output_extents: Extents,
    steps: Vec<Placed>,
    /// Columns of a panel.
    width: usize,
    packed: Aligned,
    memory: Room,
}

/// What a run writes.
struct Room {
    workspace: Aligned,
    x: Vec<f32>,
    low_res: Vec<f32>,
    output: Vec<f32>,
    room: Aligned,
    sums: Vec<f64>,
    affine: Vec<f32>,
}

impl Fast {
    pub(crate) fn new(
        program: &Program<'_>,
        layout: Layout,
        weights: Weights<'_>,
        threads: Threads,
    ) -> Result<Self, MemoryError> {
        let Layout {
            arch,
            width,
            steps,
            packed,
            needs,
            workspace,
            images: [x, low_res, output],
        } = layout;
        let memory = Room {
            workspace: Aligned::zeros(workspace)?,
            x: zeros(x)?,
            low_res: zeros(low_res)?,
            output: zeros(output)?,
            room: Aligned::zeros(needs.room)?,
            sums: zeros(needs.doubles)?,
            affine: zeros(needs.singles)?,
        };
        let mut packed = Aligned::zeros(packed)?;
        threads.run(|| {
            for (instruction, place) in &steps {
                let numbers = packed.get_mut();
                match weights {
                    Weights::F32(weights) => {
                        pack::fill(instruction, place, weights, width, &threads, numbers);
                    }
                    Weights::F16(weights) => {
                        pack::fill(instruction, place, weights, width, &threads, numbers);
                    }
                }
            }
        });
        let header = program.header();
        Ok(Self {
            arch,
            threads,
            batch: header.batch,
            x_extents: header.x,
            low_res_extents: header.low_res,
            output_extents: header.output,
            steps,
            width,
            packed,
            memory,
        })
    }

    /// Runs the program; inputs and the result were checked against it.
    pub(crate) fn forward(&mut self, inputs: &Inputs<'_>, output: &mut [f32]) {
        let Self {
            arch,
            threads,
            memory,
            ..
        } = self;
        let (batch, width, packed) = (self.batch, self.width, self.packed.get());
        resample::channels_last(self.x_extents, inputs.x, &mut memory.x);
        if let Some(low_res) = inputs.low_res {
            resample::channels_last(self.low_res_extents, low_res, &mut memory.low_res);
        }
        let Room {
            workspace,
            x,
            low_res,
            output: result,
            room,
            sums,
            affine,
        } = memory;
        let inputs = Inputs {
            x,
            low_res: Some(low_res),
            ..*inputs
        };
        let steps = &self.steps;
        threads.run(|| {
            for (instruction, parameters) in steps {
                let len = batch * instruction.output.extents.elements();
                let (output, memory) = Memory::split(
                    &inputs,
                    workspace.get_mut(),
                    result,
                    instruction.output.location,
                    len,
                );
                let mut step = Step {
                    arch: *arch,
                    threads,
                    batch,
                    width,
                    packed,
                    room: room.get_mut(),
                    sums,
                    affine,
                };
                step.run(instruction, parameters, &memory, output);
            }
        });
        resample::channels_first(self.output_extents, result, output);
    }
}

/// A convolution or linear layer without its tensors.
fn layer<'a>(instruction: &Instruction, batch: usize, width: usize) -> Layer<'a> {
    let (from, to) = (instruction.input.extents, instruction.output.extents);
    let (kernel, stride, upsample) = match instruction.operation {
        Operation::Conv(conv) => (conv.kernel, conv.stride, conv.upsample),
        Operation::Linear { .. }
        | Operation::TimestepEmbedding
        | Operation::LabelEmbedding { .. }
        | Operation::GroupNorm { .. }
        | Operation::Attention { .. }
        | Operation::Concat { .. }
        | Operation::AveragePool
        | Operation::Upsample
        | Operation::Bilinear => (1, 1, false),
    };
    Layer {
        shape: Shape {
            from,
            to,
            kernel,
            stride,
            upsample,
            spread: 1,
        },
        batch,
        input: &[],
        weight: &[],
        bias: &[],
        shift: None,
        residual: None,
        width,
    }
}

/// All that an instruction needs beside its tensors.
struct Step<'a> {
    arch: Arch,
    threads: &'a Threads,
    batch: usize,
    width: usize,
    packed: &'a [f32],
    room: &'a mut [f32],
    sums: &'a mut [f64],
    affine: &'a mut [f32],
}

impl Step<'_> {
    fn run(
        &mut self,
        instruction: &Instruction,
        packed: &Packed,
        memory: &Memory<'_>,
        output: &mut [f32],
    ) {
        let (from, to) = (instruction.input.extents, instruction.output.extents);
        let batch = self.batch;
        let input = memory.tensor(instruction.input.location, batch * from.elements());
        let [first, second] = instruction.others().map(|other| {
            other.map(|(_, operand)| {
                memory.tensor(operand.location, batch * operand.extents.elements())
            })
        });
        let weight = self.packed.get(packed.weight..).unwrap_or_default();
        let bias = self.packed.get(packed.bias..).unwrap_or_default();
        match instruction.operation {
            Operation::TimestepEmbedding => {
                timestep_embedding::run(input, to.channels, timestep_embedding::MAX_PERIOD, output);
            }
            Operation::LabelEmbedding { .. } => {
                label_embedding::run(input, memory.labels(), weight, to.channels, output);
            }
            Operation::Linear { silu: activate, .. } => {
                let layer = self.layer(instruction, weight, bias);
                let (rows, room) = self.room.split_at_mut(input.len().min(self.room.len()));
                for (out, &x) in rows.iter_mut().zip(input) {
                    *out = if activate { silu(x) } else { x };
                }
                let layer = Layer {
                    input: rows,
                    ..layer
                };
                conv::direct(self.arch, self.threads, &layer, room, output);
            }
            Operation::Conv(_) => {
                let layer = Layer {
                    input,
                    shift: first,
                    residual: second,
                    ..self.layer(instruction, weight, bias)
                };
                let way = if packed.winograd {
                    conv::winograd
                } else {
                    conv::direct
                };
                way(self.arch, self.threads, &layer, self.room, output);
            }
            Operation::GroupNorm { silu, .. } => {
                let norm = group_norm::Norm {
                    extents: to,
                    batch,
                    input,
                    weight: part(weight, 0, to.channels),
                    bias: part(bias, 0, to.channels),
                    scale_shift: first,
                    silu,
                };
                let (sums, affine) = (&mut *self.sums, &mut *self.affine);
                group_norm::run(self.threads, &norm, sums, affine, output);
            }
            Operation::Attention { heads } => {
                let attention = attention::Attention {
                    qkv: input,
                    extents: to,
                    heads,
                    width: self.width,
                };
                attention::run(
                    self.arch,
                    self.threads,
                    &attention,
                    batch,
                    self.room,
                    output,
                );
            }
            Operation::Concat { .. } => {
                let (a, second) = (from.channels, first.unwrap_or_default());
                concat::run(a, to.channels - a, input, second, output);
            }
            Operation::AveragePool => resample::average_pool(from, input, output),
            Operation::Upsample => resample::upsample(from, input, output),
            Operation::Bilinear => resample::bilinear(from, to, input, output),
        }
    }

    fn layer<'p>(
        &self,
        instruction: &Instruction,
        weight: &'p [f32],
        bias: &'p [f32],
    ) -> Layer<'p> {
        let layer = layer(instruction, self.batch, self.width);
        let padded = layer.shape.to.channels.next_multiple_of(self.width);
        Layer {
            weight,
            bias: part(bias, 0, padded),
            ..layer
        }
    }
}
