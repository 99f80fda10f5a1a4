//! The operations that networks and their training are made of: few and coarse.
//!
//! Shapes are [N, C, H, W]; a vector per image is [N, C, 1, 1]. What can be fused is an attribute of
//! the operation: the residual that a convolution adds, the SiLU behind a normalisation.

use super::operation::{Attribute, operands, operations};
use super::tensor::{ParamId, TensorId};
use super::wrap::Wrap;

/// The longest period over 2π of an embedding of timesteps: that of every published network.
pub(crate) const MAX_PERIOD: f64 = 10_000.0;

/// How many words there are: a dropout's threshold is a probability of so many.
pub(crate) const WORDS: f64 = 4_294_967_296.0;

/// The lowest rate of dropout but 0: below it no word of the masks would say so.
pub(crate) const LEAST_DROPOUT: f64 = 1.0 / WORDS;

/// The probability with which a dropout of a threshold keeps an element.
pub(crate) fn kept(threshold: u32) -> f64 {
    1.0 - f64::from(threshold) / WORDS
}

/// 1/√c, by which an attention scales scores of c rows each.
pub(crate) fn attention_scale(rows: usize) -> f64 {
    1.0 / libm::sqrt(rows as f64)
}

operations! {
    /// An operation of a network or of its training; its fields name what it reads.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[non_exhaustive]
    pub enum Op<T = TensorId, P = ParamId> {
        /// The embedding of timesteps, `[N]` to [N, dim]: cos(t·f_i) for i < dim/2, then sin(t·f_i), f_i =
        /// exp(-ln(10000)·i/(dim/2)).
        "timestep_embedding": TimestepEmbedding {
            /// The timesteps, possibly fractional.
            timesteps: T,
            /// The width of the embedding.
            dim: usize,
        },
        /// The embedding of class labels, added to another one: out = base + table\[label\], [N, C] and
        /// `[N]` labels to [N, C].
        "label_embedding": LabelEmbedding {
            /// The embedding that is added to, [N, C].
            base: T,
            /// The class of each image, `[N]`: words on the processor, whole numbers in f32 on a GPU.
            labels: T,
            /// The table with a row for each class, [classes, C].
            table: P,
        },
        /// A linear layer, [N, K] to [N, M]: out = W·f(input) + b, f the SiLU where `silu`.
        "linear": Linear {
            /// The input, [N, K].
            input: T,
            /// The weight W, [M, K].
            weight: P,
            /// The bias b, `[M]`.
            bias: P,
            /// Whether the SiLU x/(1+e^{-x}) comes first.
            silu: bool,
        },
        /// A convolution, padded so that stride 1 keeps the size, with 0 or from the other side; see [`Conv`].
        "conv": Conv(Conv<T, P>),
        /// Group normalisation, ε = 1e-5, then weight and bias, then scale and shift by the embedding, then
        /// SiLU: SiLU(GN(x)·(1+scale) + shift).
        "group_norm": GroupNorm {
            /// The input, [N, C, H, W].
            input: T,
            /// The weight of each channel, `[C]`.
            weight: P,
            /// The bias of each channel, `[C]`.
            bias: P,
            /// The scale, then the shift by the embedding, [N, 2C].
            scale_shift: Option<T>,
            /// The number of groups G: each is C/G neighbouring channels.
            groups: usize,
            /// Whether the SiLU follows.
            silu: bool,
        },
        /// Multi-head self-attention over the H·W positions. Head h owns rows h·3c..(h+1)·3c of `qkv`,
        /// its q, k and v of c = C/heads rows each: softmax(qᵀk/√c) applied to v.
        "attention": Attention {
            /// The queries, keys and values of all heads, [N, 3C, H, W].
            qkv: T,
            /// The number of heads.
            heads: usize,
        },
        /// A concatenation: the channels of `first`, then those of `second`.
        "concat": Concat {
            /// The tensor whose channels come first, [N, A, H, W].
            first: T,
            /// The tensor whose channels come second, [N, B, H, W].
            second: T,
        },
        /// Average pooling, the means of 2×2: [N, C, H, W] to [N, C, H/2, W/2].
        "average_pool": AveragePool {
            /// The input, [N, C, H, W].
            input: T,
        },
        /// Nearest-neighbour upsampling, each value four times: [N, C, H, W] to [N, C, 2H, 2W].
        "upsample": Upsample {
            /// The input, [N, C, H, W].
            input: T,
        },
        /// Bilinear resizing, corners not aligned, no antialiasing.
        "bilinear": Bilinear {
            /// The input, [N, C, H, W].
            input: T,
            /// The height of the output.
            height: usize,
            /// The width of the output.
            width: usize,
        },

        // What only training needs: a gradient has the shape of what it is a gradient of, and `grad` is that
        // of the operation's result.
        /// The noising of images: x_t = √ᾱ x_0 + √(1-ᾱ) ε, the roots from the image's row.
        "diffuse": Diffuse {
            /// The images x_0, [N, C, H, W].
            x_start: T,
            /// The noise ε, [N, C, H, W].
            noise: T,
            /// The row of each image's loss, [N, [`LossRow::LEN`](crate::diffusion::LossRow::LEN)].
            rows: T,
        },
        /// Dropout: each element is 0 with probability `threshold`/2³², else divided by the complement.
        /// Which are, follows from Philox over (key of the image, layer, element): the backward pass is the
        /// same operation on the gradient, and no mask is kept.
        "dropout": Dropout {
            /// The input, [N, C, H, W].
            input: T,
            /// The key of each image, [N, 4] words: the seed's low and high half, the example, the training
            /// step.
            keys: T,
            /// The number of this dropout in the network.
            layer: u32,
            /// The bound below which an element's random word means that it is dropped.
            threshold: u32,
        },
        /// The loss of each image, [N, 3]: total, mean squared error and bound's term, see
        /// [`LossRow`](crate::diffusion::LossRow).
        "loss": Loss(LossOp<T>),
        /// The gradient of Σ_n weight_n total_n with respect to the network's output.
        "loss_grad": LossGrad(LossOp<T>),
        /// The sum of two tensors of one shape.
        "add": Add {
            /// The first summand.
            first: T,
            /// The second summand.
            second: T,
        },
        /// A slice of a tensor: some of its channels.
        "slice": Slice {
            /// The input, [N, C, H, W].
            input: T,
            /// The first channel that is taken.
            start: usize,
            /// The number of channels that are taken.
            channels: usize,
        },
        /// The gradient of a convolution with respect to its input, before its upsampling.
        "conv_grad_input": ConvGradInput {
            /// The gradient of the convolution's result, [N, M, H', W'].
            grad: T,
            /// The weight of the convolution, [M, K, kernel, kernel].
            weight: P,
            /// The side of the kernel: 1 or 3.
            kernel: usize,
            /// The stride: 1 or 2.
            stride: usize,
            /// The directions in which the convolution went round.
            wrap: Wrap,
            /// The number of channels K of the input.
            channels: usize,
            /// The height H of the input.
            height: usize,
            /// The width W of the input.
            width: usize,
        },
        /// The gradient of a convolution with respect to its weight.
        "conv_grad_weight": ConvGradWeight {
            /// The input of the convolution, [N, K, H, W].
            input: T,
            /// The gradient of the convolution's result, [N, M, H', W'].
            grad: T,
            /// The side of the kernel: 1 or 3.
            kernel: usize,
            /// The stride: 1 or 2.
            stride: usize,
            /// Whether each input value was repeated 2×2 first.
            upsample: bool,
            /// The directions in which the convolution went round.
            wrap: Wrap,
        },
        /// The gradient of a bias, Σ over images and positions: [N, C, H, W] to `[C]`.
        "channel_sum": ChannelSum {
            /// The gradient of what the bias was added to, [N, C, H, W].
            grad: T,
        },
        /// The gradient of a shift, Σ over positions: [N, C, H, W] to [N, C].
        "position_sum": PositionSum {
            /// The gradient of what the shift was added to, [N, C, H, W].
            grad: T,
        },
        /// The gradient of a linear layer with respect to its input, before its SiLU.
        "linear_grad_input": LinearGradInput {
            /// The gradient of the layer's result, [N, M].
            grad: T,
            /// The weight of the layer, [M, K].
            weight: P,
            /// The input of the layer, [N, K].
            input: T,
            /// Whether the SiLU came first.
            silu: bool,
        },
        /// The gradient of a linear layer with respect to its weight.
        "linear_grad_weight": LinearGradWeight {
            /// The input of the layer, [N, K].
            input: T,
            /// The gradient of the layer's result, [N, M].
            grad: T,
            /// Whether the SiLU came first.
            silu: bool,
        },
        /// The gradient of a label embedding with respect to its table.
        "label_grad": LabelGrad {
            /// The gradient of the embedding, [N, C].
            grad: T,
            /// The class of each image, `[N]`.
            labels: T,
            /// The number of classes: rows of the table.
            classes: usize,
        },
        /// The sums that the gradients of a group normalisation share, [N, 2C + 2G]: with z what the SiLU is
        /// applied to and x̂ the normalised input, Σ ∂z and Σ ∂z·x̂ over the positions of each channel,
        /// then the mean and 1/deviation of each group.
        "norm_sums": NormSums(NormOp<T, P>),
        /// The gradient of a group normalisation with respect to its input.
        "norm_grad_input": NormGradInput {
            /// The normalisation, and the gradient of its result.
            norm: NormOp<T, P>,
            /// The sums of that normalisation: the result of [`NormSums`](Self::NormSums).
            sums: T,
        },
        /// The gradient of a group normalisation with respect to scale and shift, [N, 2C].
        "norm_grad_scale_shift": NormGradScaleShift {
            /// The sums of that normalisation, [N, 2C + 2G]: the result of [`NormSums`](Self::NormSums).
            sums: T,
            /// The weight of each channel, `[C]`.
            weight: P,
            /// The bias of each channel, `[C]`.
            bias: P,
            /// The number of channels C.
            channels: usize,
            /// The number of groups G.
            groups: usize,
        },
        /// The gradient of a group normalisation with respect to its weight or bias, `[C]`.
        "norm_grad_param": NormGradParam {
            /// The sums of that normalisation, [N, 2C + 2G]: the result of [`NormSums`](Self::NormSums).
            sums: T,
            /// The scale, then the shift by the embedding, [N, 2C].
            scale_shift: Option<T>,
            /// The parameter whose gradient this is: weight or bias.
            of: NormParam,
            /// The number of channels C.
            channels: usize,
            /// The number of groups G.
            groups: usize,
        },
        /// The gradient of self-attention with respect to q, k and v, [N, 3C, H, W].
        "attention_grad": AttentionGrad {
            /// The queries, keys and values of all heads, [N, 3C, H, W].
            qkv: T,
            /// The result of the attention, [N, C, H, W].
            output: T,
            /// The gradient of that result, [N, C, H, W].
            grad: T,
            /// The number of heads.
            heads: usize,
        },
        /// The gradient of average pooling: each value four times, divided by 4. The last row or column of
        /// an odd size is 0.
        "average_pool_grad": AveragePoolGrad {
            /// The gradient of the means, [N, C, H/2, W/2].
            grad: T,
            /// The height of what was averaged.
            height: usize,
            /// The width of what was averaged.
            width: usize,
        },
        /// The gradient of an upsampling: sums of 2×2.
        "upsample_grad": UpsampleGrad {
            /// The gradient of the upsampled, [N, C, 2H, 2W].
            grad: T,
        },
    }
}

operands! {
    /// A convolution: out = conv(resized input) + bias + shift + residual.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Conv<T = TensorId, P = ParamId> {
        /// The input, [N, K, H, W].
        pub input: T,
        /// The weight, [M, K, kernel, kernel].
        pub weight: P,
        /// The bias, `[M]`.
        pub bias: P,
        /// The side of the kernel: 1 or 3.
        pub kernel: usize,
        /// The stride, 1 or 2; at stride 2 odd sizes round up.
        pub stride: usize,
        /// Whether each input value is first repeated 2×2.
        pub upsample: bool,
        /// The directions in which the input goes round; in the others 0 lies outside.
        pub wrap: Wrap,
        /// The shift of each image's channels, added to every position, [N, M].
        pub shift: Option<T>,
        /// The residual that is added to the result, [N, M, H', W'].
        pub residual: Option<T>,
    }
}

impl<T, P> Conv<T, P> {
    /// The same convolution of other parameters.
    pub(crate) fn with_params<Q>(self, weight: Q, bias: Q) -> Conv<T, Q> {
        Conv {
            input: self.input,
            weight,
            bias,
            kernel: self.kernel,
            stride: self.stride,
            upsample: self.upsample,
            wrap: self.wrap,
            shift: self.shift,
            residual: self.residual,
        }
    }
}

operands! {
    /// The operands of the loss and of its gradient.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct LossOp<T = TensorId> {
        /// The network's output, [N, C or 2C, H, W].
        pub output: T,
        /// The images x_0, [N, C, H, W].
        pub x_start: T,
        /// The noise ε, [N, C, H, W].
        pub noise: T,
        /// The noised images x_t, [N, C, H, W].
        pub x: T,
        /// The row of each image's loss, [N, [`LossRow::LEN`](crate::diffusion::LossRow::LEN)].
        pub rows: T,
    }
}

operands! {
    /// The operands of a group normalisation, and the gradient of its result.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct NormOp<T = TensorId, P = ParamId> {
        /// The input of the normalisation, [N, C, H, W].
        pub input: T,
        /// The gradient of its result, [N, C, H, W].
        pub grad: T,
        /// The weight of each channel, `[C]`.
        pub weight: P,
        /// The bias of each channel, `[C]`.
        pub bias: P,
        /// The scale, then the shift by the embedding, [N, 2C].
        pub scale_shift: Option<T>,
        /// The number of groups G: each is C/G neighbouring channels.
        pub groups: usize,
        /// Whether the SiLU followed.
        pub silu: bool,
    }
}

impl<T, P> NormOp<T, P> {
    /// The same with the number of elements that each parameter has.
    pub(crate) fn with_len(self, len: usize) -> NormOp<T, (P, usize)> {
        NormOp {
            input: self.input,
            grad: self.grad,
            weight: (self.weight, len),
            bias: (self.bias, len),
            scale_shift: self.scale_shift,
            groups: self.groups,
            silu: self.silu,
        }
    }
}

/// A parameter of a normalisation: its weight or its bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NormParam {
    /// The weight, by which each channel is multiplied.
    Weight,
    /// The bias, which is added to each channel.
    Bias,
}

impl NormParam {
    /// Where the sums begin that its gradient is made of, in an image's row of [`Op::NormSums`]: Σ ∂z, then
    /// Σ ∂z·x̂ of so many channels.
    pub(crate) const fn sums_start(self, channels: usize) -> usize {
        match self {
            Self::Weight => channels,
            Self::Bias => 0,
        }
    }
}

impl Attribute for NormParam {
    fn word(self) -> u32 {
        match self {
            Self::Weight => 0,
            Self::Bias => 1,
        }
    }

    fn from_word(word: u32) -> Option<Self> {
        match word {
            0 => Some(Self::Weight),
            1 => Some(Self::Bias),
            _ => None,
        }
    }
}
