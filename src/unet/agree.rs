//! The checks that a graph and a program have in common: what an operation asks of what it reads, beside
//! what follows from the shape of its result.

use core::marker::PhantomData;

use super::op::{GROUPS, LossOp, NormOp, Op};
use super::operation::Word;
use super::rules::seen;
use super::tensor::Shape;
use crate::diffusion::LossRow;

/// A field of an operation that is wrong: its name, its value.
pub(crate) type Wrong = (&'static str, usize);

/// What is known of the operands of operations.
pub(crate) trait Known<T, P> {
    /// The place of a tensor among all, as errors have it.
    fn index(&self, tensor: T) -> usize;

    /// Its shape.
    fn shape(&self, tensor: T) -> Shape;

    /// Rows of a parameter.
    fn rows(&self, param: P) -> usize;

    /// Whether a parameter has so many numbers.
    ///
    /// # Errors
    /// What an error is to say of it.
    fn holds(&self, param: P, numbers: usize) -> Result<(), usize>;
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
        let mut lens = self.numbers(out, known).into_iter();
        let mut wrong = Ok(());
        self.words(&mut |field, word| {
            if let Word::Param(param) = word
                && wrong.is_ok()
            {
                // Of no operation there are more parameters; none has no numbers.
                let held = known.holds(param, lens.next().unwrap_or(0));
                wrong = held.map_err(|value| (field, value));
            }
        });
        wrong
    }

    /// How many numbers each of its parameters has, in the order of its fields.
    pub(crate) fn numbers(self, out: Shape, known: &impl Known<T, P>) -> [usize; 2] {
        match self {
            Self::LabelEmbedding { table, .. } => {
                [known.rows(table).saturating_mul(out.channels), 0]
            }
            Self::Linear { input, .. } => {
                let inputs = known.shape(input).channels;
                [out.channels.saturating_mul(inputs), out.channels]
            }
            Self::Conv(conv) => {
                let inputs = known.shape(conv.input).channels;
                [kernels(out, inputs, conv.kernel), out.channels]
            }
            Self::GroupNorm { .. } => [out.channels; 2],
            Self::ConvGradInput { grad, kernel, .. } => {
                [kernels(known.shape(grad), out.channels, kernel), 0]
            }
            Self::LinearGradInput { grad, .. } => {
                [known.shape(grad).channels.saturating_mul(out.channels), 0]
            }
            Self::NormSums(norm) | Self::NormGradInput { norm, .. } => {
                [known.shape(norm.input).channels; 2]
            }
            Self::NormGradScaleShift { channels, .. } => [channels; 2],
            // One with parameters that is not named here is refused: they have numbers.
            _ => [0; 2],
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
                self.maybe("shift", conv.shift, Shape::vector(batch, out.channels))?;
                self.maybe("residual", conv.residual, out)
            }
            Op::GroupNorm {
                input, scale_shift, ..
            } => self.normalisation(input, scale_shift),
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
                require("channels", end, end <= self.known.shape(input).channels)
            }
            Op::ConvGradInput {
                grad,
                kernel,
                stride,
                ..
            } => {
                window(kernel, stride)?;
                let given = self.known.shape(grad);
                self.tensor_of("grad", grad, strided(given, out, stride))
            }
            Op::ConvGradWeight {
                input,
                grad,
                kernel,
                stride,
                upsample,
            } => {
                window(kernel, stride)?;
                let seen = seen(upsample, self.known.shape(input));
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
            Op::LabelGrad { grad, labels, .. } => {
                self.tensor_of("grad", grad, Shape::vector(batch, out.channels))?;
                self.tensor_of("labels", labels, Shape::vector(batch, 1))
            }
            Op::NormSums(norm) => self.norm(norm),
            Op::NormGradInput { norm, sums } => {
                self.norm(norm)?;
                self.sums(sums, out.channels)
            }
            Op::NormGradScaleShift { sums, channels, .. } => self.sums(sums, channels),
            Op::NormGradParam {
                sums,
                scale_shift,
                channels,
                ..
            } => {
                self.maybe(
                    "scale_shift",
                    scale_shift,
                    Shape::vector(batch, twice(channels)),
                )?;
                self.sums(sums, channels)
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
                let Shape { height, width, .. } = self.known.shape(grad);
                let even = height.is_multiple_of(2) && width.is_multiple_of(2);
                require("grad", self.known.index(grad), even)
            }
        }
    }

    /// Requires a tensor to be of a shape.
    fn tensor_of(&self, field: &'static str, id: T, due: Shape) -> Result<(), Wrong> {
        require(field, self.known.index(id), self.known.shape(id) == due)
    }

    fn maybe(&self, field: &'static str, id: Option<T>, due: Shape) -> Result<(), Wrong> {
        id.map_or(Ok(()), |id| self.tensor_of(field, id, due))
    }

    fn normalisation(&self, input: T, scale_shift: Option<T>) -> Result<(), Wrong> {
        let Shape {
            batch, channels, ..
        } = self.known.shape(input);
        require("channels", channels, channels.is_multiple_of(GROUPS))?;
        self.maybe(
            "scale_shift",
            scale_shift,
            Shape::vector(batch, twice(channels)),
        )
    }

    fn norm(&self, norm: NormOp<T, P>) -> Result<(), Wrong> {
        self.normalisation(norm.input, norm.scale_shift)?;
        self.tensor_of("grad", norm.grad, self.known.shape(norm.input))
    }

    /// What the gradients of a normalisation of so many channels share.
    fn sums(&self, sums: T, channels: usize) -> Result<(), Wrong> {
        let due = Shape::vector(self.batch, twice(channels.saturating_add(GROUPS)));
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
        require("output", self.known.index(loss.output), fits)
    }
}

const fn require(field: &'static str, value: usize, holds: bool) -> Result<(), Wrong> {
    if holds { Ok(()) } else { Err((field, value)) }
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
    require("kernel", kernel, matches!(kernel, 1 | 3))?;
    require("stride", stride, matches!(stride, 1 | 2))
}

/// Of an attention: q, k and v of each head.
fn split(qkv: Shape, heads: usize) -> Result<(), Wrong> {
    let channels = qkv.channels;
    require("channels", channels, channels.is_multiple_of(3))?;
    let fits = heads > 0 && (channels / 3).is_multiple_of(heads);
    require("heads", heads, fits)
}
