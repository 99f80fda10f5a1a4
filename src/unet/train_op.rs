//! The operations that only training needs: noising, dropout, the loss, and the gradients of the
//! others, one for each operand.
//!
//! A gradient has the shape of what it is a gradient of. `grad` is that of the operation's result.

use super::config::GROUPS;
use super::operation::{operands, operations};
use super::tensor::{ParamId, Shape, TensorId};

operations! {
    /// One operation; its fields name what it reads.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum TrainOp<T = TensorId, P = ParamId> {
        /// x_t = √ᾱ x_0 + √(1-ᾱ) ε, the roots from the image's row.
        "diffuse": Diffuse {
            /// x_0, [N, C, H, W].
            x_start: T,
            /// ε, [N, C, H, W].
            noise: T,
            /// [N, [`LossRow::LEN`](crate::diffusion::LossRow::LEN)].
            rows: T,
        },
        /// Each element is 0 with probability `threshold`/2³², else divided by the complement. Which are,
        /// follows from Philox over (key of the image, layer, element): the backward pass is the same
        /// operation on the gradient, and no mask is kept.
        "dropout": Dropout {
            /// [N, C, H, W].
            input: T,
            /// [N, 4] words: the seed's low and high half, the example, the training step.
            keys: T,
            /// Which dropout of the network this is.
            layer: u32,
            /// An element whose random word is below it is dropped.
            threshold: u32,
        },
        /// [N, 3]: total, mean squared error and bound's term of each image, see
        /// [`LossRow`](crate::diffusion::LossRow).
        "loss": Loss(LossOp<T>),
        /// The gradient of Σ_n weight_n total_n with respect to the network's output.
        "loss_grad": LossGrad(LossOp<T>),
        /// The sum of two tensors of one shape.
        "add": Add {
            /// The first.
            first: T,
            /// The second.
            second: T,
        },
        /// Some of the channels of a tensor.
        "slice": Slice {
            /// [N, C, H, W].
            input: T,
            /// The first channel.
            start: usize,
            /// How many.
            channels: usize,
        },
        /// With respect to the input of a convolution, before its upsampling.
        "conv_grad_input": ConvGradInput {
            /// [N, M, H', W'].
            grad: T,
            /// [M, K, kernel, kernel].
            weight: P,
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
        "conv_grad_weight": ConvGradWeight {
            /// [N, K, H, W].
            input: T,
            /// [N, M, H', W'].
            grad: T,
            /// 1 or 3.
            kernel: usize,
            /// 1 or 2.
            stride: usize,
            /// Whether each input value was repeated 2×2.
            upsample: bool,
        },
        /// Σ over images and positions: [N, C, H, W] to `[C]`, the gradient of a bias.
        "channel_sum": ChannelSum {
            /// The gradient of what the bias was added to.
            grad: T,
        },
        /// Σ over positions: [N, C, H, W] to [N, C], the gradient of a shift.
        "position_sum": PositionSum {
            /// The gradient of what the shift was added to.
            grad: T,
        },
        /// With respect to the input of a linear layer, before its SiLU.
        "linear_grad_input": LinearGradInput {
            /// [N, M].
            grad: T,
            /// [M, K].
            weight: P,
            /// [N, K].
            input: T,
            /// Whether the SiLU came first.
            silu: bool,
        },
        /// With respect to the weight of a linear layer.
        "linear_grad_weight": LinearGradWeight {
            /// [N, K].
            input: T,
            /// [N, M].
            grad: T,
            /// Whether the SiLU came first.
            silu: bool,
        },
        /// With respect to the table of a label embedding.
        "label_grad": LabelGrad {
            /// [N, C].
            grad: T,
            /// `[N]`.
            labels: T,
            /// Rows of the table.
            classes: usize,
        },
        /// What the gradients of a group normalisation share, [N, 2C + 2·32]: with z what the SiLU is
        /// applied to and x̂ the normalised input, Σ ∂z and Σ ∂z·x̂ over the positions of each channel, then
        /// the mean and 1/deviation of each group.
        "norm_sums": NormSums(NormOp<T, P>),
        /// With respect to the input of a group normalisation.
        "norm_grad_input": NormGradInput {
            /// The normalisation.
            norm: NormOp<T, P>,
            /// Its [`NormSums`](Self::NormSums).
            sums: T,
        },
        /// With respect to scale and shift, [N, 2C].
        "norm_grad_scale_shift": NormGradScaleShift {
            /// [N, 2C + 2·32].
            sums: T,
            /// `[C]`.
            weight: P,
            /// `[C]`.
            bias: P,
            /// C.
            channels: usize,
        },
        /// With respect to weight or bias, `[C]`.
        "norm_grad_param": NormGradParam {
            /// [N, 2C + 2·32].
            sums: T,
            /// [N, 2C].
            scale_shift: Option<T>,
            /// Which of the two.
            of: NormParam,
            /// C.
            channels: usize,
        },
        /// With respect to q, k and v, [N, 3C, H, W].
        "attention_grad": AttentionGrad {
            /// [N, 3C, H, W].
            qkv: T,
            /// What the attention made of it, [N, C, H, W].
            output: T,
            /// [N, C, H, W].
            grad: T,
            /// Heads.
            heads: usize,
        },
        /// Each value four times, divided by 4: the gradient of means of 2×2. The last row or column of an
        /// odd size is 0.
        "average_pool_grad": AveragePoolGrad {
            /// The gradient of the means.
            grad: T,
            /// Rows of what was averaged.
            height: usize,
            /// Its columns.
            width: usize,
        },
        /// Sums of 2×2: the gradient of an upsampling.
        "upsample_grad": UpsampleGrad {
            /// The gradient of the upsampled.
            grad: T,
        },
    }
}

operands! {
    /// What the loss and its gradient read.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct LossOp<T = TensorId> {
        /// The network's output, [N, C or 2C, H, W].
        pub output: T,
        /// x_0, [N, C, H, W].
        pub x_start: T,
        /// ε, [N, C, H, W].
        pub noise: T,
        /// x_t, [N, C, H, W].
        pub x: T,
        /// [N, [`LossRow::LEN`](crate::diffusion::LossRow::LEN)].
        pub rows: T,
    }
}

operands! {
    /// A group normalisation and the gradient of its result.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct NormOp<T = TensorId, P = ParamId> {
        /// [N, C, H, W].
        pub input: T,
        /// [N, C, H, W].
        pub grad: T,
        /// `[C]`.
        pub weight: P,
        /// `[C]`.
        pub bias: P,
        /// [N, 2C].
        pub scale_shift: Option<T>,
        /// Whether the SiLU followed.
        pub silu: bool,
    }
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
