//! The gradients of a convolution as dispatches.

use super::tables::{both, numbers_into};
use super::{Recorder, Stored, Tensor};
use crate::gpu::convolution::suits_large;
use crate::gpu::kernels::declare::{flag, word};
use crate::gpu::kernels::{
    Seen, conv_grad_input, conv_grad_input_matrix, conv_grad_input_tiled, conv_grad_weight,
    conv_grad_weight_matrix, conv_grad_weight_tiled, matrices, sum_parts,
};
use crate::gpu::recording::{Binding, Dispatch, Width};
use crate::gpu::variants::{ConvVariant, MatrixSide};
use crate::gpu::weights::Order;
use crate::unet::{Op, Role, TensorId, Wrap};

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
        match self.variants.conv {
            ConvVariant::Plain => conv_grad_input::dispatch(name, &params, bindings),
            ConvVariant::Matrix(side) if input_suits_matrices(&params, &bindings, side) => {
                let seen = conv_grad_input_matrix::seen(&params, side);
                let large = suits_large(
                    (side, seen),
                    false,
                    self.variants.class.enough_workgroups(),
                    |tile| [conv_grad_input::tiles(&params, tile); 2],
                );
                conv_grad_input_matrix::dispatch(name, &params, bindings, side, large)
            }
            ConvVariant::Matrix(_) | ConvVariant::Tiled => {
                conv_grad_input_tiled::dispatch(name, &params, bindings)
            }
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
        let variant = self.of_weight(&params, &bindings);
        let bias = match variant {
            OfWeight::Matrix { .. } => self.bias_behind(made.binding),
            OfWeight::Plain | OfWeight::Tiled => None,
        };
        let joined = bias.and_then(|bias| Some((both(&[made.binding], &[bias])?, bias)));
        self.held.has_bias = joined.is_some();
        let bias = joined.map(|(_, bias)| bias);
        let [output] = joined.map_or([made.binding], |(spans, _)| spans);
        let bindings = conv_grad_weight::Bindings { output, ..bindings };
        // Where the bias's numbers lie: behind the weight's, and in parts right behind those.
        let place = bias.map_or(0, |bias| numbers_into(&output, &bias));
        let parts = variant.parts(&params);
        if parts == 1 {
            let params = conv_grad_weight::Params {
                bias: place,
                ..params
            };
            return self.push(variant.dispatch(name, &params, bindings));
        }
        let numbers = conv_grad_weight::numbers(&params) as u32;
        let elements = numbers + bias.map_or(0, |_| params.outputs);
        let params = conv_grad_weight::Params {
            parts,
            part_stride: elements,
            bias: bias.map_or(0, |_| numbers),
            ..params
        };
        let part = self.partial(u64::from(elements) * u64::from(parts));
        let in_parts = conv_grad_weight::Bindings {
            output: part,
            ..bindings
        };
        let whole = std::format!("{name}.parts");
        self.push(variant.dispatch(&whole, &params, in_parts));
        let sum = sum_parts::dispatch(
            name,
            &sum_parts::Params {
                elements,
                parts,
                first: numbers,
                apart: place.saturating_sub(numbers),
            },
            sum_parts::Bindings {
                part,
                output: bindings.output,
            },
        );
        self.push_with(sum, 0);
    }

    /// The gradient of the bias, where the operation behind this one makes it of the same gradient, and it lies behind the
    /// weight's in one buffer.
    fn bias_behind(&self, weight: Binding) -> Option<Binding> {
        let nodes = self.graph.nodes();
        let (one, next) = (nodes.get(self.current)?, nodes.get(self.current + 1)?);
        let (Op::ConvGradWeight { grad, .. }, Op::ChannelSum { grad: summed }) = (one.op, next.op)
        else {
            return None;
        };
        let is_last = |id: TensorId| {
            let role = self.graph.tensor(id).map(|tensor| tensor.role);
            matches!(role, Some(Role::Gradient(_)))
        };
        let bias = self.layout.tensor(next.output)?;
        let are_neighbours = bias.buffer == weight.buffer && bias.offset > weight.offset;
        let suits = grad == summed && is_last(one.output) && is_last(next.output) && are_neighbours;
        suits.then_some(bias)
    }

    /// The variant of the gradient with respect to a weight.
    fn of_weight(
        &self,
        params: &conv_grad_weight::Params,
        bindings: &conv_grad_weight::Bindings,
    ) -> OfWeight {
        match self.variants.conv {
            ConvVariant::Plain => OfWeight::Plain,
            ConvVariant::Matrix(side) if weight_suits_matrices(params, bindings, side) => {
                let large = suits_large(
                    (side, Seen::Quads),
                    false,
                    self.variants.class.enough_workgroups(),
                    |tile| {
                        let tiles = conv_grad_weight_matrix::tiles(params, tile);
                        let parts = conv_grad_weight_matrix::parts(params, tile);
                        [tiles, tiles * u64::from(parts)]
                    },
                );
                OfWeight::Matrix { side, large }
            }
            ConvVariant::Matrix(_) | ConvVariant::Tiled => OfWeight::Tiled,
        }
    }
}

/// The variants of the gradient with respect to a weight.
#[derive(Debug, Clone, Copy)]
enum OfWeight {
    Plain,
    Tiled,
    Matrix { side: MatrixSide, large: bool },
}

impl OfWeight {
    /// Into how many parts the positions are best cut.
    fn parts(self, params: &conv_grad_weight::Params) -> u32 {
        match self {
            Self::Plain => 1,
            Self::Tiled => conv_grad_weight_tiled::parts(params),
            Self::Matrix { side, large } => conv_grad_weight_matrix::parts(
                params,
                matrices::tile(side, Seen::Quads, large, false),
            ),
        }
    }

    fn dispatch(
        self,
        name: &str,
        params: &conv_grad_weight::Params,
        bindings: conv_grad_weight::Bindings,
    ) -> Dispatch {
        match self {
            Self::Plain => conv_grad_weight::dispatch(name, params, bindings),
            Self::Tiled => conv_grad_weight_tiled::dispatch(name, params, bindings),
            Self::Matrix { side, large } => {
                conv_grad_weight_matrix::dispatch(name, params, bindings, side, large)
            }
        }
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
            part_stride: 0,
            bias: 0,
        }
    }
}

/// Whether images are f16, the weights too, and a matrix has no fewer rows of them than it has room for. A gradient of such
/// that was summed up in f32 is rounded.
fn input_suits_matrices(
    params: &conv_grad_input::Params,
    bindings: &conv_grad_input::Bindings,
    side: MatrixSide,
) -> bool {
    is_half(bindings.weight)
        && (is_half(bindings.grad) || is_half(bindings.output))
        && params.outputs >= side.length()
}

/// The same of the gradient with respect to the weight.
fn weight_suits_matrices(
    params: &conv_grad_weight::Params,
    bindings: &conv_grad_weight::Bindings,
    side: MatrixSide,
) -> bool {
    is_half(bindings.input) && params.inputs.min(params.outputs) >= side.length()
}

fn is_half(binding: Binding) -> bool {
    binding.width == Width::Half
}
