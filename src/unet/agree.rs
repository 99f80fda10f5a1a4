//! The checks that a graph and a program have in common: what an operation asks of what it reads, beside
//! what follows from the shape of its result.

use core::marker::PhantomData;

use super::expected::Expected;
pub(crate) use super::expected::Wrong;
use super::op::{LossOp, NormOp, Op};
use super::rules::seen;
use super::tensor::{Input, Shape};
use super::wrap::Wrap;
use crate::diffusion::LossRow;

/// What is known of the operands of operations.
pub(crate) trait Known<T, P> {
    /// The place of a tensor among all, as errors have it.
    fn index(&self, tensor: T) -> usize;

    /// Its shape.
    fn shape(&self, tensor: T) -> Shape;

    /// The classes that every table has rows for.
    fn classes(&self) -> usize;

    /// Whether a parameter has so many numbers.
    ///
    /// # Errors
    /// What an error is to say of it: its value, and what it must be.
    fn holds(&self, param: P, numbers: usize) -> Result<(), (usize, Expected)>;
}

impl<T: Copy, P: Copy> Op<T, P> {
    /// Whether what it reads agrees with a result of a shape, of a batch of images.
    ///
    /// # Errors
    /// The first field that does not.
    pub(crate) fn agree(
        self,
        out: Shape,
        batch: usize,
        known: &impl Known<T, P>,
    ) -> Result<(), Wrong> {
        let rules = Rules {
            known,
            batch,
            operands: PhantomData,
        };
        rules.operation(self, out)?;
        let mut wrong = Ok(());
        let held = |field, (param, numbers)| {
            if wrong.is_ok() {
                wrong = known
                    .holds(param, numbers)
                    .map_err(|(value, expected)| Wrong::new(field, value, expected));
            }
        };
        self.with_lens(out, known).visit(|_, _| {}, held);
        wrong
    }

    /// The same with the number of elements that each of its parameters has, beside that parameter.
    pub(crate) fn with_lens(self, out: Shape, known: &impl Known<T, P>) -> Op<T, (P, usize)> {
        let channels = |id| known.shape(id).channels;
        match self {
            Self::LabelEmbedding {
                base,
                labels,
                table,
            } => Op::LabelEmbedding {
                base,
                labels,
                table: (table, known.classes().saturating_mul(out.channels)),
            },
            Self::Linear {
                input,
                weight,
                bias,
                silu,
            } => Op::Linear {
                input,
                weight: (weight, out.channels.saturating_mul(channels(input))),
                bias: (bias, out.channels),
                silu,
            },
            Self::Conv(conv) => {
                let len = kernels(out, channels(conv.input), conv.kernel);
                Op::Conv(conv.with_params((conv.weight, len), (conv.bias, out.channels)))
            }
            Self::GroupNorm {
                input,
                weight,
                bias,
                scale_shift,
                groups,
                silu,
            } => Op::GroupNorm {
                input,
                weight: (weight, out.channels),
                bias: (bias, out.channels),
                scale_shift,
                groups,
                silu,
            },
            Self::ConvGradInput {
                grad,
                weight,
                kernel,
                stride,
                wrap,
                channels,
                height,
                width,
            } => Op::ConvGradInput {
                grad,
                weight: (weight, kernels(known.shape(grad), out.channels, kernel)),
                kernel,
                stride,
                wrap,
                channels,
                height,
                width,
            },
            Self::LinearGradInput {
                grad,
                weight,
                input,
                silu,
            } => Op::LinearGradInput {
                grad,
                weight: (weight, channels(grad).saturating_mul(out.channels)),
                input,
                silu,
            },
            Self::NormSums(norm) => Op::NormSums(norm.with_len(channels(norm.input))),
            Self::NormGradInput { norm, sums } => Op::NormGradInput {
                norm: norm.with_len(channels(norm.input)),
                sums,
            },
            Self::NormGradScaleShift {
                sums,
                weight,
                bias,
                channels,
                groups,
            } => Op::NormGradScaleShift {
                sums,
                weight: (weight, channels),
                bias: (bias, channels),
                channels,
                groups,
            },
            Self::TimestepEmbedding { .. }
            | Self::Attention { .. }
            | Self::Concat { .. }
            | Self::AveragePool { .. }
            | Self::Upsample { .. }
            | Self::Bilinear { .. }
            | Self::Diffuse { .. }
            | Self::Dropout { .. }
            | Self::Loss(_)
            | Self::LossGrad(_)
            | Self::Add { .. }
            | Self::Slice { .. }
            | Self::ConvGradWeight { .. }
            | Self::ChannelSum { .. }
            | Self::PositionSum { .. }
            | Self::LinearGradWeight { .. }
            | Self::LabelGrad { .. }
            | Self::NormGradParam { .. }
            | Self::AttentionGrad { .. }
            | Self::AveragePoolGrad { .. }
            | Self::UpsampleGrad { .. } => self.map(
                |tensor| tensor,
                |param| {
                    debug_assert!(false, "{} has no parameters", self.name());
                    // More than any has: refused, where it has one after all.
                    (param, usize::MAX)
                },
            ),
        }
    }
}

impl<T, P> Op<T, P> {
    /// The tensor that it reads as words, and the input that it must be.
    pub(crate) fn words_read(self) -> Option<(T, Input)> {
        match self {
            Self::LabelEmbedding { labels, .. } | Self::LabelGrad { labels, .. } => {
                Some((labels, Input::Labels))
            }
            Self::Dropout { keys, .. } => Some((keys, Input::Keys)),
            Self::TimestepEmbedding { .. }
            | Self::Linear { .. }
            | Self::Conv(_)
            | Self::GroupNorm { .. }
            | Self::Attention { .. }
            | Self::Concat { .. }
            | Self::AveragePool { .. }
            | Self::Upsample { .. }
            | Self::Bilinear { .. }
            | Self::Diffuse { .. }
            | Self::Loss(_)
            | Self::LossGrad(_)
            | Self::Add { .. }
            | Self::Slice { .. }
            | Self::ConvGradInput { .. }
            | Self::ConvGradWeight { .. }
            | Self::ChannelSum { .. }
            | Self::PositionSum { .. }
            | Self::LinearGradInput { .. }
            | Self::LinearGradWeight { .. }
            | Self::NormSums(_)
            | Self::NormGradInput { .. }
            | Self::NormGradScaleShift { .. }
            | Self::NormGradParam { .. }
            | Self::AttentionGrad { .. }
            | Self::AveragePoolGrad { .. }
            | Self::UpsampleGrad { .. } => None,
        }
    }
}

struct Rules<'k, K, T, P> {
    known: &'k K,
    batch: usize,
    operands: PhantomData<fn(T, P)>,
}

impl<T: Copy, P: Copy, K: Known<T, P>> Rules<'_, K, T, P> {
    /// What an operation asks of what it reads, beside what follows from the shape of its result.
    fn operation(&self, op: Op<T, P>, out: Shape) -> Result<(), Wrong> {
        let batch = self.batch;
        match op {
            Op::TimestepEmbedding { timesteps, .. } => {
                self.tensor_of("timesteps", timesteps, Shape::vector(batch, 1))
            }
            Op::LabelEmbedding { base, labels, .. } => {
                self.tensor_of("base", base, Shape::vector(batch, out.channels))?;
                self.tensor_of("labels", labels, Shape::vector(batch, 1))
            }
            Op::Linear { input, .. } => {
                let inputs = self.known.shape(input).channels;
                self.tensor_of("input", input, Shape::vector(batch, inputs))
            }
            Op::Conv(conv) => {
                window(conv.kernel, conv.stride)?;
                let seen = conv.resized(self.known.shape(conv.input));
                around(seen, conv.stride, conv.wrap)?;
                self.maybe("shift", conv.shift, Shape::vector(batch, out.channels))?;
                self.maybe("residual", conv.residual, out)
            }
            Op::GroupNorm {
                input,
                scale_shift,
                groups,
                ..
            } => self.normalisation(input, scale_shift, groups),
            Op::Attention { qkv, heads } => split(self.known.shape(qkv), heads),
            Op::Concat { first, second } => {
                let channels = self.known.shape(second).channels;
                let due = Shape {
                    channels,
                    ..self.known.shape(first)
                };
                self.tensor_of("second", second, due)
            }
            Op::Diffuse {
                x_start,
                noise,
                rows,
            } => {
                self.tensor_of("noise", noise, self.known.shape(x_start))?;
                self.tensor_of("rows", rows, Shape::vector(batch, LossRow::LEN))
            }
            Op::Dropout { keys, .. } => self.tensor_of("keys", keys, Shape::vector(batch, 4)),
            Op::Loss(loss) | Op::LossGrad(loss) => self.loss(loss),
            Op::Add { first, second } => self.tensor_of("second", second, self.known.shape(first)),
            Op::Slice {
                input,
                start,
                channels,
            } => {
                let end = start.saturating_add(channels);
                let most = self.known.shape(input).channels;
                require("channels", end, end <= most, Expected::AtMost(most))
            }
            Op::ConvGradInput {
                grad,
                kernel,
                stride,
                wrap,
                ..
            } => {
                window(kernel, stride)?;
                around(out, stride, wrap)?;
                let given = self.known.shape(grad);
                self.tensor_of("grad", grad, strided(given, out, stride))
            }
            Op::ConvGradWeight {
                input,
                grad,
                kernel,
                stride,
                upsample,
                wrap,
            } => {
                window(kernel, stride)?;
                let seen = seen(upsample, self.known.shape(input));
                around(seen, stride, wrap)?;
                self.tensor_of("grad", grad, strided(self.known.shape(grad), seen, stride))
            }
            Op::AveragePool { .. }
            | Op::Upsample { .. }
            | Op::Bilinear { .. }
            | Op::ChannelSum { .. }
            | Op::PositionSum { .. } => Ok(()),
            Op::LinearGradInput { grad, input, .. } => {
                let (outputs, inputs) = (self.known.shape(grad).channels, out.channels);
                self.tensor_of("grad", grad, Shape::vector(batch, outputs))?;
                self.tensor_of("input", input, Shape::vector(batch, inputs))
            }
            Op::LinearGradWeight { input, grad, .. } => {
                let channels = |id| self.known.shape(id).channels;
                self.tensor_of("grad", grad, Shape::vector(batch, channels(grad)))?;
                self.tensor_of("input", input, Shape::vector(batch, channels(input)))
            }
            Op::LabelGrad {
                grad,
                labels,
                classes,
            } => {
                let due = self.known.classes();
                require("classes", classes, classes == due, Expected::Exactly(due))?;
                self.tensor_of("grad", grad, Shape::vector(batch, out.channels))?;
                self.tensor_of("labels", labels, Shape::vector(batch, 1))
            }
            Op::NormSums(norm) => self.norm(norm),
            Op::NormGradInput { norm, sums } => {
                self.norm(norm)?;
                self.sums(sums, out.channels, norm.groups)
            }
            Op::NormGradScaleShift {
                sums,
                channels,
                groups,
                ..
            } => self.sums(sums, channels, groups),
            Op::NormGradParam {
                sums,
                scale_shift,
                channels,
                groups,
                ..
            } => {
                self.maybe(
                    "scale_shift",
                    scale_shift,
                    Shape::vector(batch, twice(channels)),
                )?;
                self.sums(sums, channels, groups)
            }
            Op::AttentionGrad {
                qkv,
                output: made,
                grad,
                heads,
            } => {
                split(self.known.shape(qkv), heads)?;
                let due = Shape {
                    channels: out.channels / 3,
                    ..out
                };
                self.tensor_of("output", made, due)?;
                self.tensor_of("grad", grad, due)
            }
            Op::AveragePoolGrad { grad, .. } => {
                let due = Shape {
                    height: out.height / 2,
                    width: out.width / 2,
                    ..out
                };
                self.tensor_of("grad", grad, due)
            }
            Op::UpsampleGrad { grad } => {
                let found = self.known.shape(grad);
                let even = found.height.is_multiple_of(2) && found.width.is_multiple_of(2);
                let expected = Expected::EvenSides { found };
                require("grad", self.known.index(grad), even, expected)
            }
        }
    }

    /// Requires a tensor to be of a shape.
    fn tensor_of(&self, field: &'static str, id: T, due: Shape) -> Result<(), Wrong> {
        let found = self.known.shape(id);
        let expected = Expected::Shape { due, found };
        require(field, self.known.index(id), found == due, expected)
    }

    fn maybe(&self, field: &'static str, id: Option<T>, due: Shape) -> Result<(), Wrong> {
        id.map_or(Ok(()), |id| self.tensor_of(field, id, due))
    }

    fn normalisation(&self, input: T, scale_shift: Option<T>, groups: usize) -> Result<(), Wrong> {
        let Shape {
            batch, channels, ..
        } = self.known.shape(input);
        grouped(channels, groups)?;
        self.maybe(
            "scale_shift",
            scale_shift,
            Shape::vector(batch, twice(channels)),
        )
    }

    fn norm(&self, norm: NormOp<T, P>) -> Result<(), Wrong> {
        self.normalisation(norm.input, norm.scale_shift, norm.groups)?;
        self.tensor_of("grad", norm.grad, self.known.shape(norm.input))
    }

    /// What the gradients of a normalisation of so many channels in so many groups share.
    fn sums(&self, sums: T, channels: usize, groups: usize) -> Result<(), Wrong> {
        grouped(channels, groups)?;
        let due = Shape::vector(self.batch, twice(channels.saturating_add(groups)));
        self.tensor_of("sums", sums, due)
    }

    fn loss(&self, loss: LossOp<T>) -> Result<(), Wrong> {
        let image = self.known.shape(loss.x_start);
        self.tensor_of("noise", loss.noise, image)?;
        self.tensor_of("x", loss.x, image)?;
        self.tensor_of("rows", loss.rows, Shape::vector(self.batch, LossRow::LEN))?;
        let learned = Shape {
            channels: twice(image.channels),
            ..image
        };
        let found = self.known.shape(loss.output);
        let fits = found == image || found == learned;
        let expected = Expected::ShapeOrTwice { due: image, found };
        require("output", self.known.index(loss.output), fits, expected)
    }
}

const fn require(
    field: &'static str,
    value: usize,
    holds: bool,
    expected: Expected,
) -> Result<(), Wrong> {
    if holds {
        Ok(())
    } else {
        Err(Wrong::new(field, value, expected))
    }
}

const fn twice(channels: usize) -> usize {
    channels.saturating_mul(2)
}

/// Numbers of the kernels of a convolution from so many channels to those of `out`.
const fn kernels(out: Shape, inputs: usize, kernel: usize) -> usize {
    let taps = kernel.saturating_mul(kernel);
    out.channels.saturating_mul(inputs).saturating_mul(taps)
}

/// The shape of what a convolution of this stride makes of `seen`, with the channels of `out`.
const fn strided(out: Shape, seen: Shape, stride: usize) -> Shape {
    Shape {
        channels: out.channels,
        height: seen.height.div_ceil(stride),
        width: seen.width.div_ceil(stride),
        ..seen
    }
}

/// Of a convolution.
fn window(kernel: usize, stride: usize) -> Result<(), Wrong> {
    let either = Expected::Either(1, 3);
    require("kernel", kernel, matches!(kernel, 1 | 3), either)?;
    let either = Expected::Either(1, 2);
    require("stride", stride, matches!(stride, 1 | 2), either)
}

/// Of a convolution over what it sees: a stride ends where it began, in the directions that go round.
fn around(seen: Shape, stride: usize, wrap: Wrap) -> Result<(), Wrong> {
    let sides = [
        ("height", seen.height, wrap.rows()),
        ("width", seen.width, wrap.columns()),
    ];
    for (field, side, wraps) in sides {
        let whole = !wraps || side.is_multiple_of(stride);
        require(field, side, whole, Expected::MultipleOf(stride))?;
    }
    Ok(())
}

/// Of a normalisation: as many channels in each group.
fn grouped(channels: usize, groups: usize) -> Result<(), Wrong> {
    divides("groups", groups, channels)
}

/// Of an attention: q, k and v of each head.
fn split(qkv: Shape, heads: usize) -> Result<(), Wrong> {
    let channels = qkv.channels;
    let thirds = channels.is_multiple_of(3);
    require("channels", channels, thirds, Expected::MultipleOf(3))?;
    divides("heads", heads, channels / 3)
}

/// Requires a field to divide the channels that are split by it; 0 divides none.
fn divides(field: &'static str, value: usize, channels: usize) -> Result<(), Wrong> {
    let fits = value > 0 && channels.is_multiple_of(value);
    require(field, value, fits, Expected::DivisorOf(channels))
}
