//! A training graph made ready: forward operations as in a network, gradients beside them, and
//! weights that are packed again for every run.

use alloc::vec::Vec;

use pulp::Arch;

use super::aligned::Aligned;
use super::conv;
use super::grad::attention::AttentionGrad;
use super::grad::loss::Loss;
use super::grad::{linear, norm, pointwise, sums};
use super::pack;
use super::threads::Threads;
use super::training_layout::{
    Node, Operand, Target, TrainingLayout, Work, input_layer, weight_layer,
};
use super::{Step, resample};
use crate::cpu::interpreter::{Inputs, Memory};
use crate::cpu::part::part;
use crate::cpu::program::Location;
use crate::memory::{MemoryError, zeros};
use crate::unet::{Input, LossOp, NormOp, NormParam, TrainOp};

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
                        if let (Some((kernels, place)), [(first, len), _]) =
                            (&node.kernels, node.params)
                        {
                            let weights = part(weights, first, len);
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
        let [a, b, c, d, e] = node.operands.map(|operand| {
            operand.map_or(&[][..], |operand| {
                memory.tensor(operand.location, operand.len)
            })
        });
        let [first, second, ..] = node
            .operands
            .map(|operand| operand.map_or(node.out.extents, |operand| operand.extents));
        let [weight, bias] = node
            .params
            .map(|(first, len)| part(self.weights, first, len));
        let of_norm = |norm: &NormOp| norm::Norm {
            extents: first,
            batch,
            input: a,
            grad: b,
            weight,
            bias,
            scale_shift: norm.scale_shift.map(|_| c),
            silu: norm.silu,
        };
        let of_loss = |_: &LossOp| Loss {
            extents: second,
            channels: first.channels,
            output: a,
            x_start: b,
            noise: c,
            x: d,
            rows: e,
        };
        match &node.op {
            TrainOp::Diffuse { .. } => pointwise::diffuse(c, a, b, first.elements(), output),
            TrainOp::Dropout {
                layer, threshold, ..
            } => {
                let dropout = pointwise::Dropout {
                    layer: *layer,
                    threshold: *threshold,
                };
                pointwise::dropout(dropout, self.keys, first, a, output);
            }
            TrainOp::Loss(loss) => of_loss(loss).value(threads, self.doubles, output),
            TrainOp::LossGrad(loss) => of_loss(loss).gradient(threads, output),
            TrainOp::Add { .. } => pointwise::add(threads, a, b, output),
            TrainOp::Slice {
                start, channels, ..
            } => pointwise::slice(threads, first.channels, *start, *channels, a, output),
            TrainOp::ConvGradInput { kernel, stride, .. } => {
                self.conv_grad_input(node, (*kernel, *stride), a, output);
            }
            TrainOp::ConvGradWeight {
                kernel,
                stride,
                upsample,
                ..
            } => {
                let way = (*kernel, *stride, *upsample);
                let layer = weight_layer(node, way, batch, self.width, [a, b]);
                layer.run(arch, threads, self.room, output);
            }
            TrainOp::ChannelSum { .. } => {
                sums::channels(threads, first, a, self.doubles, output);
            }
            TrainOp::PositionSum { .. } => {
                sums::positions(threads, first, a, self.doubles, output);
            }
            TrainOp::LinearGradInput { silu, .. } => {
                let sides = (first.channels, second.channels);
                linear::input(a, weight, b, sides, *silu, output);
            }
            TrainOp::LinearGradWeight { silu, .. } => {
                let sides = (second.channels, first.channels);
                linear::weight(threads, a, b, sides, *silu, self.singles, output);
            }
            TrainOp::LabelGrad { .. } => {
                linear::table(a, self.labels, first.channels, output);
            }
            TrainOp::NormSums(norm) => {
                let (doubles, singles) = (self.doubles, self.singles);
                norm::sums(threads, &of_norm(norm), doubles, singles, output);
            }
            TrainOp::NormGradInput { norm, .. } => {
                norm::input(threads, &of_norm(norm), d, self.singles, output);
            }
            TrainOp::NormGradScaleShift { channels, .. } => {
                norm::scale_shift(*channels, a, weight, bias, output);
            }
            TrainOp::NormGradParam {
                scale_shift,
                of,
                channels,
                ..
            } => {
                let start = match of {
                    NormParam::Weight => *channels,
                    NormParam::Bias => 0,
                };
                norm::parameter(*channels, start, a, scale_shift.map(|_| b), output);
            }
            TrainOp::AttentionGrad { heads, .. } => {
                let attention = AttentionGrad {
                    qkv: a,
                    output: b,
                    grad: c,
                    extents: second,
                    heads: *heads,
                    width: self.width,
                };
                attention.run(arch, threads, self.room, output);
            }
            TrainOp::AveragePoolGrad { .. } => {
                pointwise::average_pool_grad(first, node.out.extents, a, output);
            }
            TrainOp::UpsampleGrad { .. } => {
                pointwise::upsample_grad(node.out.extents, a, output);
            }
        }
    }

    fn conv_grad_input(
        self,
        node: &Node,
        kernel_stride: (usize, usize),
        grad: &[f32],
        output: &mut [f32],
    ) {
        let Some((_, place)) = node.kernels else {
            return;
        };
        let weight = self.packed.get(place.weight..).unwrap_or_default();
        // Nothing is written to the place of the biases: they are 0.
        let padded = node.out.extents.channels.next_multiple_of(self.width);
        let bias = part(self.packed, place.bias, padded);
        let operands = [grad, weight, bias];
        let layer = input_layer(node, kernel_stride, self.batch, self.width, operands);
        let way = if place.winograd {
            conv::winograd
        } else {
            conv::direct
        };
        way(self.arch, self.threads, &layer, self.room, output);
    }
}
