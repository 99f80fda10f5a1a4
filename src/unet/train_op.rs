//! The operations that only training needs: noising, dropout, the loss, and the gradients of the
//! others, one for each operand.
//!
//! A gradient has the shape of what it is a gradient of. `grad` is that of the operation's result.

use super::config::GROUPS;
use super::tensor::{ParamId, Shape, TensorId};

/// One operation; its fields name what it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainOp {
    /// x_t = √ᾱ x_0 + √(1-ᾱ) ε, the roots from the image's row.
    Diffuse {
        /// x_0, [N, C, H, W].
        x_start: TensorId,
        /// ε, [N, C, H, W].
        noise: TensorId,
        /// [N, [`LossRow::LEN`](crate::diffusion::LossRow::LEN)].
        rows: TensorId,
    },
    /// Each element is 0 with probability `threshold`/2³², else divided by the complement. Which are,
    /// follows from Philox over (key of the image, layer, element): the backward pass is the same
    /// operation on the gradient, and no mask is kept.
    Dropout {
        /// [N, C, H, W].
        input: TensorId,
        /// [N, 4] words: the seed's low and high half, the example, the training step.
        keys: TensorId,
        /// Which dropout of the network this is.
        layer: u32,
        /// An element whose random word is below it is dropped.
        threshold: u32,
    },
    /// [N, 3]: total, mean squared error and bound's term of each image, see
    /// [`LossRow`](crate::diffusion::LossRow).
    Loss(LossOp),
    /// The gradient of Σ_n weight_n total_n with respect to the network's output.
    LossGrad(LossOp),
    /// The sum of two tensors of one shape.
    Add {
        /// The first.
        first: TensorId,
        /// The second.
        second: TensorId,
    },
    /// Some of the channels of a tensor.
    Slice {
        /// [N, C, H, W].
        input: TensorId,
        /// The first channel.
        start: usize,
        /// How many.
        channels: usize,
    },
    /// With respect to the input of a convolution, before its upsampling.
    ConvGradInput {
        /// [N, M, H', W'].
        grad: TensorId,
        /// [M, K, kernel, kernel].
        weight: ParamId,
        /// 1 or 3.
        kernel: usize,
        /// 1 or 2.
        stride: usize,
        /// K.
        channels: usize,
        /// H.
        height: usize,
        /// W.
        width: usize,
    },
    /// With respect to the weight of a convolution.
    ConvGradWeight {
        /// [N, K, H, W].
        input: TensorId,
        /// [N, M, H', W'].
        grad: TensorId,
        /// 1 or 3.
        kernel: usize,
        /// 1 or 2.
        stride: usize,
        /// Whether each input value was repeated 2×2.
        upsample: bool,
    },
    /// Σ over images and positions: [N, C, H, W] to `[C]`, the gradient of a bias.
    ChannelSum {
        /// The gradient of what the bias was added to.
        grad: TensorId,
    },
    /// Σ over positions: [N, C, H, W] to [N, C], the gradient of a shift.
    PositionSum {
        /// The gradient of what the shift was added to.
        grad: TensorId,
    },
    /// With respect to the input of a linear layer, before its SiLU.
    LinearGradInput {
        /// [N, M].
        grad: TensorId,
        /// [M, K].
        weight: ParamId,
        /// [N, K].
        input: TensorId,
        /// Whether the SiLU came first.
        silu: bool,
    },
    /// With respect to the weight of a linear layer.
    LinearGradWeight {
        /// [N, K].
        input: TensorId,
        /// [N, M].
        grad: TensorId,
        /// Whether the SiLU came first.
        silu: bool,
    },
    /// With respect to the table of a label embedding.
    LabelGrad {
        /// [N, C].
        grad: TensorId,
        /// `[N]`.
        labels: TensorId,
        /// Rows of the table.
        classes: usize,
    },
    /// What the gradients of a group normalisation share, [N, 2C + 2·32]: with z what the SiLU is
    /// applied to and x̂ the normalised input, Σ ∂z and Σ ∂z·x̂ over the positions of each channel, then
    /// the mean and 1/deviation of each group.
    NormSums(NormOp),
    /// With respect to the input of a group normalisation.
    NormGradInput {
        /// The normalisation.
        norm: NormOp,
        /// Its [`NormSums`](Self::NormSums).
        sums: TensorId,
    },
    /// With respect to scale and shift, [N, 2C].
    NormGradScaleShift {
        /// [N, 2C + 2·32].
        sums: TensorId,
        /// `[C]`.
        weight: ParamId,
        /// `[C]`.
        bias: ParamId,
        /// C.
        channels: usize,
    },
    /// With respect to weight or bias, `[C]`.
    NormGradParam {
        /// [N, 2C + 2·32].
        sums: TensorId,
        /// [N, 2C].
        scale_shift: Option<TensorId>,
        /// Which of the two.
        of: NormParam,
        /// C.
        channels: usize,
    },
    /// With respect to q, k and v, [N, 3C, H, W].
    AttentionGrad {
        /// [N, 3C, H, W].
        qkv: TensorId,
        /// What the attention made of it, [N, C, H, W].
        output: TensorId,
        /// [N, C, H, W].
        grad: TensorId,
        /// Heads.
        heads: usize,
    },
    /// Each value four times, divided by 4: the gradient of means of 2×2. The last row or column of an
    /// odd size is 0.
    AveragePoolGrad {
        /// The gradient of the means.
        grad: TensorId,
        /// Rows of what was averaged.
        height: usize,
        /// Its columns.
        width: usize,
    },
    /// Sums of 2×2: the gradient of an upsampling.
    UpsampleGrad {
        /// The gradient of the upsampled.
        grad: TensorId,
    },
}

/// What the loss and its gradient read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LossOp {
    /// The network's output, [N, C or 2C, H, W].
    pub output: TensorId,
    /// x_0, [N, C, H, W].
    pub x_start: TensorId,
    /// ε, [N, C, H, W].
    pub noise: TensorId,
    /// x_t, [N, C, H, W].
    pub x: TensorId,
    /// [N, [`LossRow::LEN`](crate::diffusion::LossRow::LEN)].
    pub rows: TensorId,
}

/// A group normalisation and the gradient of its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NormOp {
    /// [N, C, H, W].
    pub input: TensorId,
    /// [N, C, H, W].
    pub grad: TensorId,
    /// `[C]`.
    pub weight: ParamId,
    /// `[C]`.
    pub bias: ParamId,
    /// [N, 2C].
    pub scale_shift: Option<TensorId>,
    /// Whether the SiLU followed.
    pub silu: bool,
}

/// A parameter of a normalisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NormParam {
    /// The factor.
    Weight,
    /// The summand.
    Bias,
}

impl TrainOp {
    /// What drawings call it.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Diffuse { .. } => "diffuse",
            Self::Dropout { .. } => "dropout",
            Self::Loss(_) => "loss",
            Self::LossGrad(_) => "loss_grad",
            Self::Add { .. } => "add",
            Self::Slice { .. } => "slice",
            Self::ConvGradInput { .. } => "conv_grad_input",
            Self::ConvGradWeight { .. } => "conv_grad_weight",
            Self::ChannelSum { .. } => "channel_sum",
            Self::PositionSum { .. } => "position_sum",
            Self::LinearGradInput { .. } => "linear_grad_input",
            Self::LinearGradWeight { .. } => "linear_grad_weight",
            Self::LabelGrad { .. } => "label_grad",
            Self::NormSums(_) => "norm_sums",
            Self::NormGradInput { .. } => "norm_grad_input",
            Self::NormGradScaleShift { .. } => "norm_grad_scale_shift",
            Self::NormGradParam { .. } => "norm_grad_param",
            Self::AttentionGrad { .. } => "attention_grad",
            Self::AveragePoolGrad { .. } => "average_pool_grad",
            Self::UpsampleGrad { .. } => "upsample_grad",
        }
    }

    /// The tensors it reads, in the order of its fields.
    pub(crate) fn inputs(&self) -> [Option<TensorId>; 5] {
        let one = |a| [Some(a), None, None, None, None];
        let two = |a, b| [Some(a), Some(b), None, None, None];
        let three = |a, b, c| [Some(a), Some(b), Some(c), None, None];
        match *self {
            Self::Diffuse {
                x_start,
                noise,
                rows,
            } => three(x_start, noise, rows),
            Self::Dropout { input, keys, .. } => two(input, keys),
            Self::Loss(loss) | Self::LossGrad(loss) => [
                Some(loss.output),
                Some(loss.x_start),
                Some(loss.noise),
                Some(loss.x),
                Some(loss.rows),
            ],
            Self::Add { first, second } => two(first, second),
            Self::Slice { input, .. } => one(input),
            Self::ConvGradInput { grad, .. }
            | Self::ChannelSum { grad }
            | Self::PositionSum { grad }
            | Self::AveragePoolGrad { grad, .. }
            | Self::UpsampleGrad { grad } => one(grad),
            Self::ConvGradWeight { input, grad, .. }
            | Self::LinearGradWeight { input, grad, .. } => two(input, grad),
            Self::LinearGradInput { grad, input, .. } => two(grad, input),
            Self::LabelGrad { grad, labels, .. } => two(grad, labels),
            Self::NormSums(norm) => [
                Some(norm.input),
                Some(norm.grad),
                norm.scale_shift,
                None,
                None,
            ],
            Self::NormGradInput { norm, sums } => [
                Some(norm.input),
                Some(norm.grad),
                norm.scale_shift,
                Some(sums),
                None,
            ],
            Self::NormGradScaleShift { sums, .. } => one(sums),
            Self::NormGradParam {
                sums, scale_shift, ..
            } => [Some(sums), scale_shift, None, None, None],
            Self::AttentionGrad {
                qkv, output, grad, ..
            } => three(qkv, output, grad),
        }
    }

    /// The parameters it reads, in the order of its fields.
    pub(crate) const fn params(&self) -> [Option<ParamId>; 2] {
        match *self {
            Self::ConvGradInput { weight, .. } | Self::LinearGradInput { weight, .. } => {
                [Some(weight), None]
            }
            Self::NormSums(NormOp { weight, bias, .. })
            | Self::NormGradInput {
                norm: NormOp { weight, bias, .. },
                ..
            }
            | Self::NormGradScaleShift { weight, bias, .. } => [Some(weight), Some(bias)],
            Self::Diffuse { .. }
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
            | Self::UpsampleGrad { .. } => [None, None],
        }
    }

    /// The shape of its result, from those of what it reads.
    pub(crate) fn shape(&self, tensor: impl Fn(TensorId) -> Shape) -> Shape {
        let vector = |batch, channels| Shape {
            batch,
            channels,
            height: 1,
            width: 1,
        };
        match *self {
            Self::Diffuse { x_start: like, .. }
            | Self::Dropout { input: like, .. }
            | Self::LossGrad(LossOp { output: like, .. })
            | Self::Add { first: like, .. }
            | Self::LinearGradInput { input: like, .. }
            | Self::NormGradInput {
                norm: NormOp { input: like, .. },
                ..
            }
            | Self::AttentionGrad { qkv: like, .. } => tensor(like),
            Self::Loss(loss) => vector(tensor(loss.output).batch, 3),
            Self::Slice {
                input, channels, ..
            } => Shape {
                channels,
                ..tensor(input)
            },
            Self::ConvGradInput {
                grad,
                channels,
                height,
                width,
                ..
            } => Shape {
                channels,
                height,
                width,
                ..tensor(grad)
            },
            Self::ConvGradWeight {
                input,
                grad,
                kernel,
                ..
            } => Shape {
                batch: tensor(grad).channels,
                channels: tensor(input).channels,
                height: kernel,
                width: kernel,
            },
            Self::ChannelSum { grad } => vector(1, tensor(grad).channels),
            Self::PositionSum { grad } => vector(tensor(grad).batch, tensor(grad).channels),
            Self::LinearGradWeight { input, grad, .. } => {
                vector(tensor(grad).channels, tensor(input).channels)
            }
            Self::LabelGrad { grad, classes, .. } => vector(classes, tensor(grad).channels),
            Self::NormSums(norm) => {
                let input = tensor(norm.input);
                let channels = input.channels.saturating_add(GROUPS);
                vector(input.batch, channels.saturating_mul(2))
            }
            Self::NormGradScaleShift { sums, channels, .. } => {
                vector(tensor(sums).batch, channels.saturating_mul(2))
            }
            Self::NormGradParam { channels, .. } => vector(1, channels),
            Self::AveragePoolGrad {
                grad,
                height,
                width,
            } => Shape {
                height,
                width,
                ..tensor(grad)
            },
            Self::UpsampleGrad { grad } => Shape {
                height: tensor(grad).height / 2,
                width: tensor(grad).width / 2,
                ..tensor(grad)
            },
        }
    }

    /// Multiplications and additions, as those of [`Graph::flops`](super::Graph::flops).
    pub(crate) fn flops(&self, tensor: impl Fn(TensorId) -> Shape, out: Shape) -> u64 {
        let product = |shape: Shape, depth: usize| shape.flops(2, depth);
        let taps =
            |channels: usize, kernel: usize| channels.saturating_mul(kernel).saturating_mul(kernel);
        match *self {
            Self::ConvGradInput { grad, kernel, .. } => {
                product(tensor(grad), taps(out.channels, kernel))
            }
            Self::ConvGradWeight {
                input,
                grad,
                kernel,
                ..
            } => product(tensor(grad), taps(tensor(input).channels, kernel)),
            Self::LinearGradInput { grad, .. } => product(tensor(grad), out.channels),
            Self::LinearGradWeight { grad, .. } => product(out, tensor(grad).batch),
            // Four products of the size of the two of the attention itself.
            Self::AttentionGrad { output, .. } => {
                let made = tensor(output);
                made.flops(8, made.positions())
            }
            Self::Diffuse { .. }
            | Self::Dropout { .. }
            | Self::Loss(_)
            | Self::LossGrad(_)
            | Self::Add { .. }
            | Self::Slice { .. }
            | Self::ChannelSum { .. }
            | Self::PositionSum { .. }
            | Self::LabelGrad { .. }
            | Self::NormSums(_)
            | Self::NormGradInput { .. }
            | Self::NormGradScaleShift { .. }
            | Self::NormGradParam { .. }
            | Self::AveragePoolGrad { .. }
            | Self::UpsampleGrad { .. } => 0,
        }
    }
}
