//! Layers as parts of a graph: an operation, and the parameters that it has of its own, named after it.

use alloc::format;
use alloc::string::String;

use super::graph::Graph;
use super::op::{Conv, Op};
use super::params::Init;
use super::tensor::{ParamId, TensorId};
use super::wrap::Wrap;

impl Graph {
    /// A normalisation in so many groups, with scale and shift and the SiLU behind it where there are such.
    pub(crate) fn norm(
        &mut self,
        name: &str,
        input: TensorId,
        groups: usize,
        scale_shift: Option<TensorId>,
        silu: bool,
    ) -> TensorId {
        let channels = self.shape(input).channels;
        let weight = self.layer_param(name, "weight", &[channels], Init::One);
        let bias = self.layer_param(name, "bias", &[channels], Init::Zero);
        self.add(
            name,
            Op::GroupNorm {
                input,
                weight,
                bias,
                scale_shift,
                groups,
                silu,
            },
        )
    }

    /// A linear layer, the SiLU before it where there is one.
    pub(crate) fn linear(
        &mut self,
        name: &str,
        input: TensorId,
        width: usize,
        silu: bool,
    ) -> TensorId {
        let fan_in = self.shape(input).channels;
        let weight = self.layer_param(name, "weight", &[width, fan_in], Init::Uniform { fan_in });
        let bias = self.layer_param(name, "bias", &[width], Init::Uniform { fan_in });
        self.add(
            name,
            Op::Linear {
                input,
                weight,
                bias,
                silu,
            },
        )
    }

    /// A 3×3 convolution that adds nothing.
    pub(crate) fn conv3(
        &mut self,
        name: &str,
        input: TensorId,
        channels: usize,
        stride: usize,
    ) -> TensorId {
        let (weight, bias) = self.conv_params(name, input, channels, 3, false);
        let conv = Conv {
            stride,
            ..Conv::new(input, weight, bias)
        };
        self.add(name, Op::Conv(conv))
    }

    /// Weight and bias of a convolution, which begin at 0 or uniform.
    pub(crate) fn conv_params(
        &mut self,
        name: &str,
        input: TensorId,
        channels: usize,
        kernel: usize,
        zero: bool,
    ) -> (ParamId, ParamId) {
        let inputs = self.shape(input).channels;
        let init = if zero {
            Init::Zero
        } else {
            Init::Uniform {
                fan_in: inputs.saturating_mul(kernel * kernel),
            }
        };
        let weight = self.layer_param(name, "weight", &[channels, inputs, kernel, kernel], init);
        let bias = self.layer_param(name, "bias", &[channels], init);
        (weight, bias)
    }

    /// A parameter of a layer: its weight or its bias.
    pub(crate) fn layer_param(
        &mut self,
        name: &str,
        part: &str,
        shape: &[usize],
        init: Init,
    ) -> ParamId {
        let name: String = format!("{name}.{part}");
        self.add_param(name, shape, init)
    }
}

impl Conv {
    /// A 3×3 convolution of stride 1 that adds nothing.
    pub(crate) const fn new(input: TensorId, weight: ParamId, bias: ParamId) -> Self {
        Self {
            input,
            weight,
            bias,
            kernel: 3,
            stride: 1,
            upsample: false,
            wrap: Wrap::None,
            shift: None,
            residual: None,
        }
    }
}
