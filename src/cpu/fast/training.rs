//! A training graph made ready: forward operations as in a network, gradients beside them, and
//! weights that are packed again for every run.

use alloc::vec::Vec;

use pulp::Arch;

use super::aligned::Aligned;
use super::conv::{self, Layer};
use super::grad::attention::AttentionGrad;
use super::grad::{linear, norm, pointwise, sums};
use super::pack;
use super::threads::Threads;
use super::training_layout::{
    Node, Operand, Parameter, Read, Target, TrainingLayout, Work, input_layer, loss_of, norm_of,
    weight_layer,
};
use super::{Step, resample};
use crate::cpu::interpreter::{Inputs, Memory};
use crate::cpu::part::part;
use crate::cpu::program::Location;
use crate::memory::{MemoryError, zeros};
use crate::unet::{Input, NormParam, Op};

/// What a caller gives for each run; images are [N, C, H, W].
#[derive(Debug, Clone, Copy)]
pub struct TrainingInputs<'a> {
    /// x_0.
    pub x_start: &'a [f32],
    /// ε.
    pub noise: &'a [f32],
    /// The loss of each image, [N, `LossRow::LEN`]: [`LossRow::words`](crate::diffusion::LossRow::words).
    pub rows: &'a [f32],
    /// What the network is told of t, \[N\].
    pub timesteps: &'a [f32],
    /// The class of each image, \[N\], where the network is conditioned on one.
    pub labels: Option<&'a [u32]>,
    /// The low-resolution images, [N, C, h, w], where the network takes such.
    pub low_res: Option<&'a [f32]>,
    /// What the mask of each image follows from, [N, 4], where there is dropout: the key of Philox 4x32-10 and
    /// two words of its counter, each the low one first.
    pub keys: Option<&'a [u32]>,
}

/// Workspace, packed weights, threads, and what is to be done.
pub(crate) struct Training {
    arch: Arch,
    threads: Threads,
    batch: usize,
    width: usize,
    work: Vec<Work>,
    inputs: Vec<(Input, Operand)>,
    packed: Aligned,
    workspace: Aligned,
    room: Aligned,
    doubles: Vec<f64>,
    singles: Vec<f32>,
    loss: usize,
}

impl Training {
    pub(crate) fn new(layout: TrainingLayout, threads: Threads) -> Result<Self, MemoryError> {
        let TrainingLayout {
            arch,
            batch,
            width,
            work,
            inputs,
            packed,
            workspace,
            needs,
            loss,
        } = layout;
        Ok(Self {
            arch,
            threads,
            batch,
            width,
            work,
            inputs,
            packed: Aligned::zeros(packed)?,
            workspace: Aligned::zeros(workspace)?,
            room: Aligned::zeros(needs.room)?,
            doubles: zeros(needs.doubles)?,
            singles: zeros(needs.singles)?,
            loss,
        })
    }

    /// Numbers of the workspace, and of packed weights and room beside it.
    pub(crate) fn elements(&self) -> (usize, usize) {
        let beside = self.packed.get().len() + self.room.get().len();
        let tables = 2 * self.doubles.len() + self.singles.len();
        (self.workspace.get().len(), beside + tables)
    }

    /// N, and numbers of the loss.
    pub(crate) const fn sizes(&self) -> (usize, usize) {
        (self.batch, self.loss)
    }

    /// Numbers of an input, if the graph has it.
    pub(crate) fn input_len(&self, which: Input) -> Option<usize> {
        let found = self.inputs.iter().find(|(input, _)| *input == which);
        found.map(|(_, operand)| operand.len)
    }

    /// Runs the graph; every slice was checked.
    pub(crate) fn run(
        &mut self,
        weights: &[f32],
        given: &TrainingInputs<'_>,
        gradients: &mut [f32],
        loss: &mut [f32],
    ) {
        let Self {
            arch,
            threads,
            batch,
            width,
            work,
            inputs,
            packed,
            workspace,
            room,
            doubles,
            singles,
            ..
        } = self;
        let (arch, batch, width) = (*arch, *batch, *width);
        for (input, operand) in inputs.iter() {
            let numbers = match input {
                Input::XStart => given.x_start,
                Input::Noise => given.noise,
                Input::Rows => given.rows,
                Input::Timesteps => given.timesteps,
                Input::LowRes => given.low_res.unwrap_or_default(),
                Input::X | Input::Labels | Input::Keys => &[],
            };
            let Location::Workspace(first) = operand.location else {
                continue;
            };
            let place = first as usize..first as usize + operand.len;
            let place = workspace.get_mut().get_mut(place).unwrap_or_default();
            resample::channels_last(operand.extents, numbers, place);
        }
        threads.run(|| {
            for work in work.iter() {
                let numbers = packed.get_mut();
                match work {
                    Work::Forward(instruction, place) => {
                        pack::fill(instruction, place, weights, width, threads, numbers);
                    }
                    Work::Train(node) => {
                        if let (Some((kernels, place)), Op::ConvGradInput { weight, .. }) =
                            (&node.kernels, node.op)
                        {
                            let weights = part(weights, weight.first, weight.len);
                            pack::fill_kernels(kernels, place, weights, width, threads, numbers);
                        }
                    }
                }
            }
            let inputs = Inputs {
                x: &[],
                timesteps: &[],
                labels: given.labels,
                low_res: None,
            };
            for work in work.iter() {
                let (location, len, result) = match work {
                    Work::Forward(instruction, _) => {
                        let output = instruction.output;
                        (
                            output.location,
                            batch * output.extents.elements(),
                            &mut [][..],
                        )
                    }
                    Work::Train(node) => match node.target {
                        Target::Workspace(location) => (location, node.out.len, &mut [][..]),
                        Target::Loss => (Location::Output, node.out.len, &mut *loss),
                        Target::Gradient(first) => (
                            Location::Output,
                            node.out.len,
                            gradients
                                .get_mut(first..first + node.out.len)
                                .unwrap_or_default(),
                        ),
                    },
                };
                let (output, memory) =
                    Memory::split(&inputs, workspace.get_mut(), result, location, len);
                match work {
                    Work::Forward(instruction, place) => Step {
                        arch,
                        threads,
                        batch,
                        width,
                        packed: packed.get(),
                        room: room.get_mut(),
                        sums: doubles,
                        affine: singles,
                    }
                    .run(instruction, place, &memory, output),
                    Work::Train(node) => TrainStep {
                        arch,
                        threads,
                        batch,
                        width,
                        weights,
                        packed: packed.get(),
                        room: room.get_mut(),
                        doubles,
                        singles,
                        labels: given.labels.unwrap_or_default(),
                        keys: given.keys.unwrap_or_default(),
                    }
                    .run(node, &memory, output),
                }
            }
        });
    }
}

/// All that an operation needs beside its tensors.
struct TrainStep<'a> {
    arch: Arch,
    threads: &'a Threads,
    batch: usize,
    width: usize,
    weights: &'a [f32],
    packed: &'a [f32],
    room: &'a mut [f32],
    doubles: &'a mut [f64],
    singles: &'a mut [f32],
    labels: &'a [u32],
    keys: &'a [u32],
}

impl TrainStep<'_> {
    fn run(self, node: &Node, memory: &Memory<'_>, output: &mut [f32]) {
        let (arch, threads, batch) = (self.arch, self.threads, self.batch);
        let made = node.out.extents;
        let read = |operand: Operand| Read {
            extents: operand.extents,
            numbers: memory.tensor(operand.location, operand.len),
        };
        let parameter = |place: Parameter| part(self.weights, place.first, place.len);
        match node.op.map(read, parameter) {
            Op::Diffuse {
                x_start,
                noise,
                rows,
            } => {
                let elements = x_start.extents.elements();
                let [rows, x_start, noise] = [rows, x_start, noise].map(|read| read.numbers);
                pointwise::diffuse(rows, x_start, noise, elements, output);
            }
            Op::Dropout {
                input,
                layer,
                threshold,
                ..
            } => {
                let dropout = pointwise::Dropout { layer, threshold };
                pointwise::dropout(dropout, self.keys, input.extents, input.numbers, output);
            }
            Op::Loss(loss) => loss_of(loss).value(threads, self.doubles, output),
            Op::LossGrad(loss) => loss_of(loss).gradient(threads, output),
            Op::Add { first, second } => {
                pointwise::add(threads, first.numbers, second.numbers, output);
            }
            Op::Slice {
                input,
                start,
                channels,
            } => {
                let of = input.extents.channels;
                pointwise::slice(threads, of, start, channels, input.numbers, output);
            }
            Op::ConvGradInput {
                grad,
                kernel,
                stride,
                ..
            } => {
                let layer = input_layer(grad, made, (kernel, stride), batch, self.width);
                self.conv_grad_input(node, layer, output);
            }
            Op::ConvGradWeight {
                input,
                grad,
                kernel,
                stride,
                upsample,
            } => {
                let way = (kernel, stride, upsample);
                let layer = weight_layer(input, grad, way, batch, self.width);
                layer.run(arch, threads, self.room, output);
            }
            Op::ChannelSum { grad } => {
                sums::channels(threads, grad.extents, grad.numbers, self.doubles, output);
            }
            Op::PositionSum { grad } => {
                sums::positions(threads, grad.extents, grad.numbers, self.doubles, output);
            }
            Op::LinearGradInput {
                grad,
                weight,
                input,
                silu,
            } => {
                let sides = (grad.extents.channels, input.extents.channels);
                linear::input(grad.numbers, weight, input.numbers, sides, silu, output);
            }
            Op::LinearGradWeight { input, grad, silu } => {
                let sides = (grad.extents.channels, input.extents.channels);
                let (input, grad, room) = (input.numbers, grad.numbers, self.singles);
                linear::weight(threads, input, grad, sides, silu, room, output);
            }
            Op::LabelGrad { grad, .. } => {
                linear::table(grad.numbers, self.labels, grad.extents.channels, output);
            }
            Op::NormSums(norm) => {
                let (doubles, singles) = (self.doubles, self.singles);
                norm::sums(threads, &norm_of(norm, batch), doubles, singles, output);
            }
            Op::NormGradInput { norm, sums } => {
                let norm = norm_of(norm, batch);
                norm::input(threads, &norm, sums.numbers, self.singles, output);
            }
            Op::NormGradScaleShift {
                sums,
                weight,
                bias,
                channels,
            } => norm::scale_shift(channels, sums.numbers, weight, bias, output),
            Op::NormGradParam {
                sums,
                scale_shift,
                of,
                channels,
            } => {
                let start = match of {
                    NormParam::Weight => channels,
                    NormParam::Bias => 0,
                };
                let scale_shift = scale_shift.map(|read| read.numbers);
                norm::parameter(channels, start, sums.numbers, scale_shift, output);
            }
            Op::AttentionGrad {
                qkv,
                output: result,
                grad,
                heads,
            } => {
                let attention = AttentionGrad {
                    qkv: qkv.numbers,
                    output: result.numbers,
                    grad: grad.numbers,
                    extents: result.extents,
                    heads,
                    width: self.width,
                };
                attention.run(arch, threads, self.room, output);
            }
            Op::AveragePoolGrad { grad, .. } => {
                pointwise::average_pool_grad(grad.extents, made, grad.numbers, output);
            }
            Op::UpsampleGrad { grad } => {
                pointwise::upsample_grad(made, grad.numbers, output);
            }
            _ => {}
        }
    }

    fn conv_grad_input(self, node: &Node, layer: Layer<'_>, output: &mut [f32]) {
        let Some((_, place)) = node.kernels else {
            return;
        };
        let weight = self.packed.get(place.weight..).unwrap_or_default();
        // Nothing is written to the place of the biases: they are 0.
        let padded = node.out.extents.channels.next_multiple_of(self.width);
        let bias = part(self.packed, place.bias, padded);
        let layer = Layer {
            weight,
            bias,
            ..layer
        };
        let way = if place.winograd {
            conv::winograd
        } else {
            conv::direct
        };
        way(self.arch, self.threads, &layer, self.room, output);
    }
}
