//! The gradients of a convolution as dispatches.

use super::{Recorder, Stored, Tensor};
use crate::gpu::kernels::declare::{flag, word};
use crate::gpu::kernels::{
    conv_grad_input, conv_grad_input_tiled, conv_grad_weight, conv_grad_weight_tiled, sum_parts,
};
use crate::gpu::recording::Dispatch;
use crate::gpu::variants::ConvVariant;
use crate::gpu::weights::Order;
use crate::unet::Shape;

impl Recorder<'_> {
    /// The gradient with respect to the input.
    pub(super) fn conv_grad_input(
        &self,
        name: &str,
        made: Tensor,
        (grad, weight): (Tensor, Stored),
        (kernel, stride): (usize, usize),
    ) -> Dispatch {
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
        };
        let bindings = conv_grad_input::Bindings {
            grad: grad.binding,
            weight: weight.binding,
            output: made.binding,
        };
        if self.plain() {
            conv_grad_input::dispatch(name, &params, bindings)
        } else {
            conv_grad_input_tiled::dispatch(name, &params, bindings)
        }
    }

    /// Records the gradient with respect to the weight, summed up from parts where there are several.
    pub(super) fn conv_grad_weight(
        &mut self,
        name: &str,
        (made, order): (Tensor, Order),
        (input, grad): (Tensor, Tensor),
        kind: (usize, usize, bool),
    ) {
        let shapes = (input.shape, grad.shape);
        let params = conv_grad_weight_params(shapes, kind, order);
        let bindings = conv_grad_weight::Bindings {
            input: input.binding,
            grad: grad.binding,
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

/// Of one part.
fn conv_grad_weight_params(
    (input, grad): (Shape, Shape),
    (kernel, stride, upsample): (usize, usize, bool),
    order: Order,
) -> conv_grad_weight::Params {
    let columns = input.channels * kernel * kernel;
    let rows = order.padded(grad.channels);
    let (row_stride, column_stride) = match order {
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
        side: word(kernel),
        stride: word(stride),
        upsample: flag(upsample),
        rows: word(rows),
        row_stride: word(row_stride),
        column_stride: word(column_stride),
        parts: 1,
    }
}
