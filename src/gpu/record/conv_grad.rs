//! The gradients of a convolution as dispatches.

use super::{Recorder, Stored, Tensor};
use crate::gpu::kernels::declare::{flag, word};
use crate::gpu::kernels::{
    conv_grad_input, conv_grad_input_tiled, conv_grad_weight, conv_grad_weight_tiled, sum_parts,
};
use crate::gpu::recording::Dispatch;
use crate::gpu::variants::ConvVariant;
use crate::gpu::weights::Order;
use crate::unet::Wrap;

/// What the gradient with respect to a convolution's input is made of.
pub(super) struct InputGrad {
    /// The gradient with respect to the result.
    pub(super) grad: Tensor,
    pub(super) weight: Stored,
    /// What is added to it: the gradient that reaches the input another way.
    pub(super) addend: Option<Tensor>,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) wrap: Wrap,
}

/// What the gradient with respect to a convolution's weight is made of.
pub(super) struct WeightGrad {
    pub(super) input: Tensor,
    /// The gradient with respect to the result.
    pub(super) grad: Tensor,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) upsample: bool,
    pub(super) wrap: Wrap,
    /// In which order the weight's numbers lie.
    pub(super) order: Order,
}

impl Recorder<'_> {
    /// The gradient with respect to the input.
    pub(super) fn conv_grad_input(&self, name: &str, made: Tensor, conv: &InputGrad) -> Dispatch {
        let &InputGrad {
            grad,
            weight,
            addend,
            kernel,
            stride,
            wrap,
        } = conv;
        let (out, given) = (made.shape, grad.shape);
        let params = conv_grad_input::Params {
            batch: word(out.batch),
            inputs: word(out.channels),
            height: word(out.height),
            width: word(out.width),
            outputs: word(given.channels),
            out_height: word(given.height),
            out_width: word(given.width),
            side: word(kernel),
            stride: word(stride),
            wrap_y: flag(wrap.rows()),
            wrap_x: flag(wrap.columns()),
            has_addend: flag(addend.is_some()),
        };
        let bindings = conv_grad_input::Bindings {
            grad: grad.binding,
            weight: weight.binding,
            addend: self.or_none_as(addend, made.binding),
            output: made.binding,
        };
        if self.plain() {
            conv_grad_input::dispatch(name, &params, bindings)
        } else {
            conv_grad_input_tiled::dispatch(name, &params, bindings)
        }
    }

    /// Records the gradient with respect to the weight, summed up from parts where there are several.
    pub(super) fn conv_grad_weight(&mut self, name: &str, made: Tensor, conv: &WeightGrad) {
        let params = conv.params();
        let bindings = conv_grad_weight::Bindings {
            input: conv.input.binding,
            grad: conv.grad.binding,
            output: made.binding,
        };
        if self.plain() {
            return self.push(conv_grad_weight::dispatch(name, &params, bindings));
        }
        let parts = conv_grad_weight_tiled::parts(&params);
        if parts == 1 {
            return self.push(conv_grad_weight_tiled::dispatch(name, &params, bindings));
        }
        let params = conv_grad_weight::Params { parts, ..params };
        let elements = u64::from(params.rows) * conv_grad_weight_tiled::columns(&params);
        let part = self.partial(elements * u64::from(parts));
        let in_parts = conv_grad_weight::Bindings {
            output: part,
            ..bindings
        };
        let whole = std::format!("{name}.parts");
        self.push(conv_grad_weight_tiled::dispatch(&whole, &params, in_parts));
        let sum = sum_parts::dispatch(
            name,
            &sum_parts::Params {
                elements: elements as u32,
                parts,
            },
            sum_parts::Bindings {
                part,
                output: bindings.output,
            },
        );
        self.push_with(sum, 0);
    }

    /// Whether kernels without workgroup memory are preferred.
    const fn plain(&self) -> bool {
        matches!(self.variants.conv, ConvVariant::Plain)
    }
}

impl WeightGrad {
    /// Of one part.
    fn params(&self) -> conv_grad_weight::Params {
        let (input, grad) = (self.input.shape, self.grad.shape);
        let columns = input.channels * self.kernel * self.kernel;
        let rows = self.order.padded(grad.channels);
        let (row_stride, column_stride) = match self.order {
            Order::AsGiven => (columns, 1),
            Order::Transposed { .. } => (1, rows),
        };
        conv_grad_weight::Params {
            batch: word(input.batch),
            inputs: word(input.channels),
            height: word(input.height),
            width: word(input.width),
            outputs: word(grad.channels),
            out_height: word(grad.height),
            out_width: word(grad.width),
            side: word(self.kernel),
            stride: word(self.stride),
            upsample: flag(self.upsample),
            wrap_y: flag(self.wrap.rows()),
            wrap_x: flag(self.wrap.columns()),
            rows: word(rows),
            row_stride: word(row_stride),
            column_stride: word(column_stride),
            parts: 1,
        }
    }
}
