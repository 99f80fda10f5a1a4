//! Whether a graph can run: what every executor asks before it counts on a number of it.

use super::config::GROUPS;
use super::error::GraphError;
use super::graph::{Graph, Node};
use super::op::{Conv, LossOp, NormOp, Op};
use super::tensor::{ParamId, Role, Shape, TensorId};
use crate::diffusion::LossRow;

/// A tensor or a parameter has fewer elements: kernels and programs number them in 32 bits.
pub const ELEMENTS_LIMIT: usize = 1 << 31;

/// A field of an operation that is wrong: its name, its value.
type Wrong = (&'static str, usize);

impl Graph {
    /// Checks that every size is within what executors count in, and every operation one that they know.
    /// Graphs of [`UnetConfig::graph`](super::UnetConfig::graph) are such; one that was built by hand is
    /// checked by what runs it.
    ///
    /// # Errors
    /// A [`GraphError`] with the first that is wrong.
    pub fn check(&self) -> Result<(), GraphError> {
        let counted = |elements| (1..ELEMENTS_LIMIT).contains(&elements);
        let batch = self.batch();
        if !counted(batch) {
            return Err(GraphError::Batch { batch });
        }
        for (param, elements) in self.params().iter().map(|p| p.elements()).enumerate() {
            if !counted(elements) {
                return Err(GraphError::Param { param, elements });
            }
        }
        for (tensor, found) in self.tensors().iter().enumerate() {
            let elements = found.shape.elements();
            if !counted(elements) {
                return Err(GraphError::Tensor { tensor, elements });
            }
        }
        for (operation, node) in self.nodes().iter().enumerate() {
            self.check_node(node)
                .map_err(|(field, value)| GraphError::Operation {
                    operation,
                    field,
                    value,
                })?;
        }
        Ok(())
    }

    fn check_node(&self, node: &Node) -> Result<(), Wrong> {
        // An operation reads what was there before it, of every image.
        let later = |id: &TensorId| id.index() >= node.output.index();
        if let Some(id) = node.op.inputs().find(later) {
            return Err(("tensor", id.index()));
        }
        if let Some(id) = node.op.params().find(|&id| self.param(id).is_none()) {
            return Err(("parameter", id.index()));
        }
        let is_sum = matches!(node.op, Op::Add { .. });
        let other_batch = |id: &TensorId| !is_sum && self.shape(*id).batch != self.batch();
        if let Some(id) = node.op.inputs().find(other_batch) {
            return Err(("batch", self.shape(id).batch));
        }
        if let Some(Role::Gradient(param)) = self.tensor(node.output).map(|made| made.role) {
            self.numbers("gradient", param, self.shape(node.output).elements())?;
        }
        self.check_operands(node.op, self.shape(node.output))
    }

    /// What an operation asks of what it reads, beside what follows from the shape of its result.
    fn check_operands(&self, op: Op, out: Shape) -> Result<(), Wrong> {
        let batch = self.batch();
        match op {
            Op::TimestepEmbedding { timesteps, .. } => {
                self.tensor_of("timesteps", timesteps, Shape::vector(batch, 1))
            }
            Op::LabelEmbedding {
                base,
                labels,
                table,
            } => {
                self.tensor_of("base", base, Shape::vector(batch, out.channels))?;
                self.tensor_of("labels", labels, Shape::vector(batch, 1))?;
                let rows = self.param(table).map_or(0, |table| table.rows());
                self.numbers("table", table, rows.saturating_mul(out.channels))
            }
            Op::Linear {
                input,
                weight,
                bias,
                ..
            } => {
                let inputs = self.shape(input).channels;
                self.tensor_of("input", input, Shape::vector(batch, inputs))?;
                self.numbers("weight", weight, out.channels.saturating_mul(inputs))?;
                self.numbers("bias", bias, out.channels)
            }
            Op::Conv(conv) => {
                window(conv.kernel, conv.stride)?;
                let inputs = self.shape(conv.input).channels;
                self.numbers("weight", conv.weight, kernels(out, inputs, conv.kernel))?;
                self.numbers("bias", conv.bias, out.channels)?;
                self.maybe("shift", conv.shift, Shape::vector(batch, out.channels))?;
                self.maybe("residual", conv.residual, out)
            }
            Op::GroupNorm {
                input,
                weight,
                bias,
                scale_shift,
                ..
            } => self.normalisation(input, [weight, bias], scale_shift),
            Op::Attention { qkv, heads } => split(self.shape(qkv), heads),
            Op::Concat { first, second } => {
                let channels = self.shape(second).channels;
                let due = Shape {
                    channels,
                    ..self.shape(first)
                };
                self.tensor_of("second", second, due)
            }
            Op::Diffuse {
                x_start,
                noise,
                rows,
            } => {
                self.tensor_of("noise", noise, self.shape(x_start))?;
                self.tensor_of("rows", rows, Shape::vector(batch, LossRow::LEN))
            }
            Op::Dropout { keys, .. } => self.tensor_of("keys", keys, Shape::vector(batch, 4)),
            Op::Loss(loss) | Op::LossGrad(loss) => self.loss(loss),
            Op::Add { first, second } => self.tensor_of("second", second, self.shape(first)),
            Op::Slice {
                input,
                start,
                channels,
            } => {
                let end = start.saturating_add(channels);
                require("channels", end, end <= self.shape(input).channels)
            }
            Op::ConvGradInput {
                grad,
                weight,
                kernel,
                stride,
                ..
            } => {
                window(kernel, stride)?;
                let given = self.shape(grad);
                self.tensor_of("grad", grad, strided(given, out, stride))?;
                self.numbers("weight", weight, kernels(given, out.channels, kernel))
            }
            Op::ConvGradWeight {
                input,
                grad,
                kernel,
                stride,
                upsample,
            } => {
                window(kernel, stride)?;
                let seen = Conv::seen(upsample, self.shape(input));
                self.tensor_of("grad", grad, strided(self.shape(grad), seen, stride))
            }
            Op::AveragePool { .. }
            | Op::Upsample { .. }
            | Op::Bilinear { .. }
            | Op::ChannelSum { .. }
            | Op::PositionSum { .. } => Ok(()),
            Op::LinearGradInput {
                grad,
                weight,
                input,
                ..
            } => {
                let (outputs, inputs) = (self.shape(grad).channels, out.channels);
                self.tensor_of("grad", grad, Shape::vector(batch, outputs))?;
                self.tensor_of("input", input, Shape::vector(batch, inputs))?;
                self.numbers("weight", weight, outputs.saturating_mul(inputs))
            }
            Op::LinearGradWeight { input, grad, .. } => {
                let channels = |id| self.shape(id).channels;
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
            Op::NormGradScaleShift {
                sums,
                weight,
                bias,
                channels,
            } => {
                self.numbers("weight", weight, channels)?;
                self.numbers("bias", bias, channels)?;
                self.sums(sums, channels)
            }
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
                split(self.shape(qkv), heads)?;
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
                let Shape { height, width, .. } = self.shape(grad);
                let even = height.is_multiple_of(2) && width.is_multiple_of(2);
                require("grad", grad.index(), even)
            }
        }
    }

    /// Requires a tensor to be of a shape.
    fn tensor_of(&self, field: &'static str, id: TensorId, due: Shape) -> Result<(), Wrong> {
        require(field, id.index(), self.shape(id) == due)
    }

    fn maybe(&self, field: &'static str, id: Option<TensorId>, due: Shape) -> Result<(), Wrong> {
        id.map_or(Ok(()), |id| self.tensor_of(field, id, due))
    }

    /// Requires a parameter to have so many numbers.
    fn numbers(&self, field: &'static str, id: ParamId, due: usize) -> Result<(), Wrong> {
        let found = self.param(id).map_or(0, |param| param.elements());
        require(field, found, found == due)
    }

    fn normalisation(
        &self,
        input: TensorId,
        [weight, bias]: [ParamId; 2],
        scale_shift: Option<TensorId>,
    ) -> Result<(), Wrong> {
        let Shape {
            batch, channels, ..
        } = self.shape(input);
        require("channels", channels, channels.is_multiple_of(GROUPS))?;
        self.numbers("weight", weight, channels)?;
        self.numbers("bias", bias, channels)?;
        self.maybe(
            "scale_shift",
            scale_shift,
            Shape::vector(batch, twice(channels)),
        )
    }

    fn norm(&self, norm: NormOp) -> Result<(), Wrong> {
        self.normalisation(norm.input, [norm.weight, norm.bias], norm.scale_shift)?;
        self.tensor_of("grad", norm.grad, self.shape(norm.input))
    }

    /// What the gradients of a normalisation of so many channels share.
    fn sums(&self, sums: TensorId, channels: usize) -> Result<(), Wrong> {
        let due = Shape::vector(self.batch(), twice(channels.saturating_add(GROUPS)));
        self.tensor_of("sums", sums, due)
    }

    fn loss(&self, loss: LossOp) -> Result<(), Wrong> {
        let image = self.shape(loss.x_start);
        self.tensor_of("noise", loss.noise, image)?;
        self.tensor_of("x", loss.x, image)?;
        self.tensor_of("rows", loss.rows, Shape::vector(self.batch(), LossRow::LEN))?;
        let learned = Shape {
            channels: twice(image.channels),
            ..image
        };
        let found = self.shape(loss.output);
        let fits = found == image || found == learned;
        require("output", loss.output.index(), fits)
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
