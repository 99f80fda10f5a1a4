//! The operations that networks and their training are made of: few and coarse.
//!
//! Shapes are [N, C, H, W]; a vector per image is [N, C, 1, 1]. What can be fused is an attribute of
//! the operation: the residual that a convolution adds, the SiLU behind a normalisation.

use super::operation::{Attribute, operands, operations};
use super::tensor::{ParamId, TensorId};

/// Channels are normalised in this many groups.
pub const GROUPS: usize = 32;

operations! {
    /// One operation; its fields name what it reads.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Op<T = TensorId, P = ParamId> {
        /// `[N]` timesteps to [N, dim]: cos(t·f_i) for i < dim/2, then sin(t·f_i),
        /// f_i = exp(-ln(10000)·i/(dim/2)).
        "timestep_embedding": TimestepEmbedding {
            /// Timesteps, possibly fractional.
            timesteps: T,
            /// Width of the embedding.
            dim: usize,
        },
        /// out = base + table\[label\]: [N, C] and `[N]` labels to [N, C].
        "label_embedding": LabelEmbedding {
            /// What is added to.
            base: T,
            /// The classes, as whole numbers in f32.
            labels: T,
            /// [classes, C].
            table: P,
        },
        /// out = W·f(input) + b, f the SiLU where `silu`: [N, K] to [N, M].
        "linear": Linear {
            /// [N, K].
            input: T,
            /// [M, K].
            weight: P,
            /// `[M]`.
            bias: P,
            /// Whether x/(1+e^{-x}) comes first.
            silu: bool,
        },
        /// A convolution, zero-padded so that stride 1 keeps the size; see [`Conv`].
        "conv": Conv(Conv<T, P>),
        /// Group normalisation over 32 groups, ε = 1e-5, then weight and bias, then scale and shift by
        /// the embedding, then SiLU: SiLU(GN(x)·(1+scale) + shift).
        "group_norm": GroupNorm {
            /// [N, C, H, W].
            input: T,
            /// `[C]`.
            weight: P,
            /// `[C]`.
            bias: P,
            /// [N, 2C]: scale, then shift.
            scale_shift: Option<T>,
            /// Whether the SiLU follows.
            silu: bool,
        },
        /// Multi-head self-attention over the H·W positions. Head h owns rows h·3c..(h+1)·3c of `qkv`,
        /// its q, k and v of c = C/heads rows each: softmax(qᵀk/√c) applied to v.
        "attention": Attention {
            /// [N, 3C, H, W].
            qkv: T,
            /// Heads.
            heads: usize,
        },
        /// Channels of `first`, then of `second`.
        "concat": Concat {
            /// [N, A, H, W].
            first: T,
            /// [N, B, H, W].
            second: T,
        },
        /// Means of 2×2: [N, C, H, W] to [N, C, H/2, W/2].
        "average_pool": AveragePool {
            /// The input.
            input: T,
        },
        /// Each value four times: [N, C, H, W] to [N, C, 2H, 2W].
        "upsample": Upsample {
            /// The input.
            input: T,
        },
        /// Bilinear resizing, corners not aligned, no antialiasing.
        "bilinear": Bilinear {
            /// The input.
            input: T,
            /// Rows of the output.
            height: usize,
            /// Columns of the output.
            width: usize,
        },

        // What only training needs: a gradient has the shape of what it is a gradient of, and `grad` is that
        // of the operation's result.
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
    /// out = conv(resized input) + bias + shift + residual.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Conv<T = TensorId, P = ParamId> {
        /// [N, K, H, W].
        pub input: T,
        /// [M, K, kernel, kernel].
        pub weight: P,
        /// `[M]`.
        pub bias: P,
        /// Side of the kernel: 1 or 3.
        pub kernel: usize,
        /// 1 or 2; at stride 2 odd sizes round up.
        pub stride: usize,
        /// Whether each input value is first repeated 2×2.
        pub upsample: bool,
        /// [N, M], added to every position.
        pub shift: Option<T>,
        /// [N, M, H', W'], added.
        pub residual: Option<T>,
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
