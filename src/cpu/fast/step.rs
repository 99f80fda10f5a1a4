//! The fast way of each operation: over rows of channels, on all threads.

use pulp::Arch;

use super::conv::{self, Layer};
use super::grad::attention::AttentionGrad;
use super::grad::conv_weight::ConvWeight;
use super::grad::loss::Loss;
use super::grad::norm::{self, NormGrad};
use super::grad::{linear, pointwise, sums};
use super::pack::{in_tiles, padded};
use super::threads::Threads;
use super::{attention, group_norm, resample};
use crate::cpu::interpreter::{Memory, Read};
use crate::cpu::math::Real;
use crate::cpu::plain::conv::{Way, Window};
use crate::cpu::plain::{embedding, pointwise as plain_pointwise};
use crate::part::{part, split_mut};
use crate::unet::op::MAX_PERIOD;
use crate::unet::{Conv, LossOp, NormOp, Op, Shape, Wrap};

/// All that an operation needs beside its tensors.
pub(super) struct Step<'a> {
    pub(super) arch: Arch,
    pub(super) threads: &'a Threads,
    /// Columns of a panel.
    pub(super) width: usize,
    /// What stands for the biases of a layer that has none.
    pub(super) zeros: &'a [f32],
    pub(super) room: &'a mut [f32],
    pub(super) doubles: &'a mut [f64],
    pub(super) singles: &'a mut [f32],
    /// What else there is to read: classes, and keys of masks.
    pub(super) memory: &'a Memory<'a>,
    /// The shape of what is made.
    pub(super) made: Shape,
}

impl Step<'_> {
    /// Runs an operation, whose parameters are as they were packed, padding included.
    pub(super) fn run(self, op: Op<Read<'_>, &[f32]>, output: &mut [f32]) {
        let (arch, threads, made) = (self.arch, self.threads, self.made);
        let (batch, to) = (made.batch, made.image());
        match op {
            Op::TimestepEmbedding { timesteps, dim } => {
                embedding::timesteps(timesteps.numbers, dim, MAX_PERIOD, output);
            }
            Op::LabelEmbedding { base, table, .. } => {
                embedding::labels(
                    base.numbers,
                    self.memory.labels(),
                    table,
                    to.channels,
                    output,
                );
            }
            Op::Linear {
                input,
                weight,
                bias,
                silu: activates,
            } => {
                let (rows, room) = split_mut(self.room, input.numbers.len());
                for (out, &x) in rows.iter_mut().zip(input.numbers) {
                    *out = if activates { x.silu() } else { x };
                }
                let layer = Layer {
                    input: rows,
                    weight,
                    bias,
                    ..linear_layer(input, made, self.width)
                };
                conv::direct(arch, threads, &layer, room, output);
            }
            Op::Conv(conv) => {
                let layer = Layer {
                    weight: conv.weight,
                    bias: conv.bias,
                    ..conv_layer(conv, made, self.width)
                };
                self.convolve(&layer, output);
            }
            Op::GroupNorm {
                input,
                weight,
                bias,
                scale_shift,
                groups,
                silu,
            } => {
                let norm = group_norm::GroupNorm {
                    extents: to,
                    batch,
                    input: input.numbers,
                    weight: part(weight, 0, to.channels),
                    bias: part(bias, 0, to.channels),
                    scale_shift: scale_shift.map(|both| both.numbers),
                    groups,
                    silu,
                };
                group_norm::run(threads, &norm, self.doubles, self.singles, output);
            }
            Op::Attention { qkv, heads } => {
                let attention = attention_of(qkv, heads, made, self.width);
                attention::run(arch, threads, &attention, batch, self.room, output);
            }
            Op::Concat { first, second } => {
                let (a, b) = (first.shape.channels, second.shape.channels);
                plain_pointwise::concat(a, b, first.numbers, second.numbers, output);
            }
            Op::AveragePool { input } => {
                resample::average_pool(input.shape.image(), input.numbers, output);
            }
            Op::Upsample { input } => {
                resample::upsample(input.shape.image(), input.numbers, output);
            }
            Op::Bilinear { input, .. } => {
                resample::bilinear(input.shape.image(), to, input.numbers, output);
            }
            Op::Diffuse {
                x_start,
                noise,
                rows,
            } => {
                let elements = x_start.shape.image().elements();
                let [rows, x_start, noise] = [rows, x_start, noise].map(|read| read.numbers);
                pointwise::diffuse(rows, x_start, noise, elements, output);
            }
            Op::Dropout {
                input,
                layer,
                threshold,
                ..
            } => {
                let dropout = plain_pointwise::Dropout { layer, threshold };
                pointwise::dropout(
                    dropout,
                    self.memory.keys(),
                    input.shape.image(),
                    input.numbers,
                    output,
                );
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
                let of = input.shape.image().channels;
                pointwise::slice(threads, of, start, channels, input.numbers, output);
            }
            Op::ConvGradInput {
                grad,
                weight,
                kernel,
                stride,
                wrap,
                ..
            } => {
                let way = Way {
                    kernel,
                    stride,
                    upsample: false,
                    wrap,
                };
                let layer = Layer {
                    weight,
                    bias: part(self.zeros, 0, padded(to.channels, self.width)),
                    ..grad_layer(grad, made, way, self.width)
                };
                self.convolve(&layer, output);
            }
            Op::ConvGradWeight {
                input,
                grad,
                kernel,
                stride,
                upsample,
                wrap,
            } => {
                let way = Way {
                    kernel,
                    stride,
                    upsample,
                    wrap,
                };
                let layer = weight_layer(input, grad, way, self.width);
                layer.run(arch, threads, self.room, output);
            }
            Op::ChannelSum { grad } => {
                sums::channels(
                    threads,
                    grad.shape.image(),
                    grad.numbers,
                    self.doubles,
                    output,
                );
            }
            Op::PositionSum { grad } => {
                sums::positions(
                    threads,
                    grad.shape.image(),
                    grad.numbers,
                    self.doubles,
                    output,
                );
            }
            Op::LinearGradInput {
                grad,
                weight,
                input,
                silu,
            } => {
                let sides = (grad.shape.image().channels, input.shape.image().channels);
                let weight = part(weight, 0, sides.0 * sides.1);
                linear::input(grad.numbers, weight, input.numbers, sides, silu, output);
            }
            Op::LinearGradWeight { input, grad, silu } => {
                let sides = (grad.shape.image().channels, input.shape.image().channels);
                let (input, grad, room) = (input.numbers, grad.numbers, self.singles);
                linear::weight(threads, input, grad, sides, silu, room, output);
            }
            Op::LabelGrad { grad, .. } => {
                linear::table(
                    grad.numbers,
                    self.memory.labels(),
                    grad.shape.image().channels,
                    output,
                );
            }
            Op::NormSums(norm) => {
                let (doubles, singles) = (self.doubles, self.singles);
                norm::sums(threads, &norm_of(norm), doubles, singles, output);
            }
            Op::NormGradInput { norm, sums } => {
                let norm = norm_of(norm);
                norm::input(threads, &norm, sums.numbers, self.singles, output);
            }
            Op::NormGradScaleShift {
                sums,
                weight,
                bias,
                channels,
                groups,
            } => {
                let [weight, bias] = [weight, bias].map(|numbers| part(numbers, 0, channels));
                norm::scale_shift([channels, groups], sums.numbers, weight, bias, output);
            }
            Op::NormGradParam {
                sums,
                scale_shift,
                of,
                channels,
                groups,
            } => {
                let start = of.sums_start(channels);
                let scale_shift = scale_shift.map(|read| read.numbers);
                norm::parameter([channels, groups], start, sums.numbers, scale_shift, output);
            }
            Op::AttentionGrad {
                qkv,
                output: result,
                grad,
                heads,
            } => {
                let attention = attention_grad(qkv, result, grad, heads, self.width);
                attention.run(arch, threads, self.room, output);
            }
            Op::AveragePoolGrad { grad, .. } => {
                pointwise::average_pool_grad(grad.shape.image(), to, grad.numbers, output);
            }
            Op::UpsampleGrad { grad } => {
                pointwise::upsample_grad(to, grad.numbers, output);
            }
        }
    }

    fn convolve(self, layer: &Layer<'_>, output: &mut [f32]) {
        // As when the weights were packed.
        let way = if in_tiles(&layer.shape, layer.width) {
            conv::winograd
        } else {
            conv::direct
        };
        way(self.arch, self.threads, layer, self.room, output);
    }
}

/// A layer without its parameters.
const fn layer(input: Read<'_>, shape: Window, width: usize) -> Layer<'_> {
    Layer {
        shape,
        batch: input.shape.batch,
        input: input.numbers,
        weight: &[],
        bias: &[],
        shift: None,
        residual: None,
        width,
    }
}

/// A linear layer is a convolution of one position.
pub(super) const fn linear_layer(input: Read<'_>, made: Shape, width: usize) -> Layer<'_> {
    let shape = Window {
        from: input.shape.image(),
        to: made.image(),
        kernel: 1,
        stride: 1,
        upsample: false,
        spread: 1,
        wrap: Wrap::None,
    };
    layer(input, shape, width)
}

/// A convolution without its parameters.
pub(super) fn conv_layer<'a, P>(conv: Conv<Read<'a>, P>, made: Shape, width: usize) -> Layer<'a> {
    let shape = Window {
        from: conv.input.shape.image(),
        to: made.image(),
        kernel: conv.kernel,
        stride: conv.stride,
        upsample: conv.upsample,
        spread: 1,
        wrap: conv.wrap,
    };
    Layer {
        shift: conv.shift.map(|shift| shift.numbers),
        residual: conv.residual.map(|residual| residual.numbers),
        ..layer(conv.input, shape, width)
    }
}

/// The convolution that is the gradient of another's input.
pub(super) const fn grad_layer(grad: Read<'_>, made: Shape, way: Way, width: usize) -> Layer<'_> {
    let shape = Window {
        from: grad.shape.image(),
        to: made.image(),
        kernel: way.kernel,
        stride: 1,
        upsample: false,
        spread: way.stride,
        wrap: way.wrap,
    };
    layer(grad, shape, width)
}

/// The gradient of a convolution's weight.
pub(super) const fn weight_layer<'a>(
    input: Read<'a>,
    grad: Read<'a>,
    way: Way,
    width: usize,
) -> ConvWeight<'a> {
    ConvWeight {
        shape: Window {
            from: input.shape.image(),
            to: grad.shape.image(),
            kernel: way.kernel,
            stride: way.stride,
            upsample: way.upsample,
            spread: 1,
            wrap: way.wrap,
        },
        batch: input.shape.batch,
        input: input.numbers,
        grad: grad.numbers,
        width,
    }
}

pub(super) const fn attention_of(
    qkv: Read<'_>,
    heads: usize,
    made: Shape,
    width: usize,
) -> attention::Attention<'_> {
    attention::Attention {
        qkv: qkv.numbers,
        extents: made.image(),
        heads,
        width,
    }
}

pub(super) const fn attention_grad<'a>(
    qkv: Read<'a>,
    output: Read<'a>,
    grad: Read<'a>,
    heads: usize,
    width: usize,
) -> AttentionGrad<'a> {
    AttentionGrad {
        qkv: qkv.numbers,
        output: output.numbers,
        grad: grad.numbers,
        extents: output.shape.image(),
        heads,
        width,
    }
}

/// A normalisation and the gradient of its result, as they are read.
fn norm_of<'a>(op: NormOp<Read<'a>, &'a [f32]>) -> NormGrad<'a> {
    let parameters = [op.weight, op.bias];
    let [weight, bias] = parameters.map(|numbers| part(numbers, 0, op.input.shape.channels));
    NormGrad {
        extents: op.input.shape.image(),
        batch: op.input.shape.batch,
        input: op.input.numbers,
        grad: op.grad.numbers,
        weight,
        bias,
        scale_shift: op.scale_shift.map(|read| read.numbers),
        groups: op.groups,
        silu: op.silu,
    }
}

/// What a loss reads.
const fn loss_of(op: LossOp<Read<'_>>) -> Loss<'_> {
    Loss {
        extents: op.x_start.shape.image(),
        channels: op.output.shape.channels,
        output: op.output.numbers,
        x_start: op.x_start.numbers,
        noise: op.noise.numbers,
        x: op.x.numbers,
        rows: op.rows.numbers,
    }
}
