//! The operations that only training needs, as dispatches.

use super::Recorder;
use crate::gpu::kernels::declare::{flag, word};
use crate::gpu::kernels::{
    add, average_pool_grad, channel_sum, diffuse, dropout, label_grad, linear_grad_input,
    linear_grad_weight, loss, loss_grad, norm_grad_param, norm_grad_scale_shift, position_sum,
    slice, upsample_grad,
};
use crate::gpu::recording::Binding;
use crate::gpu::weights::Order;
use crate::unet::{LossOp, NormParam, Role, Shape, TensorId, TrainOp};

impl Recorder<'_> {
    /// Records the dispatches of an operation.
    pub(super) fn train(&mut self, name: &str, op: &TrainOp, made: TensorId) {
        let out = self.shape(made);
        let output = self.at(made);
        let planes = word(out.batch * out.channels);
        let dispatch = match *op {
            TrainOp::Diffuse {
                x_start,
                noise,
                rows,
            } => diffuse::dispatch(
                name,
                &diffuse::Params {
                    batch: word(out.batch),
                    elements: per_image(out),
                },
                diffuse::Bindings {
                    x_start: self.at(x_start),
                    noise: self.at(noise),
                    rows: self.at(rows),
                    output,
                },
            ),
            TrainOp::Dropout {
                input,
                keys,
                layer,
                threshold,
            } => dropout::dispatch(
                name,
                &dropout::Params {
                    batch: word(out.batch),
                    elements: per_image(out),
                    layer,
                    threshold,
                    gain: (1.0 / (1.0 - f64::from(threshold) / 4_294_967_296.0)) as f32,
                },
                dropout::Bindings {
                    input: self.at(input),
                    keys: self.at(keys),
                    output,
                },
            ),
            TrainOp::Loss(op) => loss::dispatch(
                name,
                &self.loss_params(&op),
                self.loss_bindings(&op, output),
            ),
            TrainOp::LossGrad(op) => loss_grad::dispatch(
                name,
                &self.loss_params(&op),
                self.loss_bindings(&op, output),
            ),
            TrainOp::Add { first, second } => {
                let (rows, columns) = match self.order(made) {
                    Order::AsGiven => (1, out.elements()),
                    Order::Transposed { rows, columns } => (rows, columns),
                };
                add::dispatch(
                    name,
                    &add::Params {
                        rows: word(rows),
                        columns: word(columns),
                        padded: word(self.order(made).padded(rows)),
                    },
                    add::Bindings {
                        first: self.at(first),
                        second: self.at(second),
                        output,
                    },
                )
            }
            TrainOp::Slice { input, start, .. } => slice::dispatch(
                name,
                &slice::Params {
                    batch: word(out.batch),
                    input_elements: per_image(self.shape(input)),
                    start: word(start * out.positions()),
                    elements: per_image(out),
                },
                slice::Bindings {
                    input: self.at(input),
                    output,
                },
            ),
            TrainOp::ConvGradInput {
                grad,
                weight,
                kernel,
                stride,
                ..
            } => self.conv_grad_input(name, made, (grad, weight), (kernel, stride)),
            TrainOp::ConvGradWeight {
                input,
                grad,
                kernel,
                stride,
                upsample,
            } => {
                let kind = (kernel, stride, upsample);
                return self.conv_grad_weight(name, made, (input, grad), kind);
            }
            TrainOp::ChannelSum { grad } => channel_sum::dispatch(
                name,
                &channel_sum::Params {
                    batch: word(self.shape(grad).batch),
                    channels: word(self.shape(grad).channels),
                    positions: word(self.shape(grad).positions()),
                },
                channel_sum::Bindings {
                    grad: self.at(grad),
                    output,
                },
            ),
            TrainOp::PositionSum { grad } => position_sum::dispatch(
                name,
                &position_sum::Params {
                    planes,
                    positions: word(self.shape(grad).positions()),
                },
                position_sum::Bindings {
                    grad: self.at(grad),
                    output,
                },
            ),
            TrainOp::LinearGradInput {
                grad,
                weight,
                input,
                silu,
            } => linear_grad_input::dispatch(
                name,
                &linear_grad_input::Params {
                    batch: word(out.batch),
                    inputs: word(out.channels),
                    outputs: word(self.shape(grad).channels),
                    silu: flag(silu),
                },
                linear_grad_input::Bindings {
                    grad: self.at(grad),
                    weight: self.param(weight),
                    input: self.at(input),
                    output,
                },
            ),
            TrainOp::LinearGradWeight { input, grad, silu } => linear_grad_weight::dispatch(
                name,
                &linear_grad_weight::Params {
                    batch: word(self.shape(grad).batch),
                    inputs: word(self.shape(input).channels),
                    outputs: word(self.shape(grad).channels),
                    silu: flag(silu),
                },
                linear_grad_weight::Bindings {
                    input: self.at(input),
                    grad: self.at(grad),
                    output,
                },
            ),
            TrainOp::LabelGrad {
                grad,
                labels,
                classes,
            } => label_grad::dispatch(
                name,
                &label_grad::Params {
                    batch: word(self.shape(grad).batch),
                    channels: word(out.channels),
                    classes: word(classes),
                },
                label_grad::Bindings {
                    grad: self.at(grad),
                    labels: self.at(labels),
                    output,
                },
            ),
            TrainOp::NormSums(norm) => self.norm_sums(name, &norm, output),
            TrainOp::NormGradInput { norm, sums } => {
                self.norm_grad_input(name, &norm, sums, output)
            }
            TrainOp::NormGradScaleShift {
                sums,
                weight,
                bias,
                channels,
            } => norm_grad_scale_shift::dispatch(
                name,
                &norm_grad_scale_shift::Params {
                    batch: word(out.batch),
                    channels: word(channels),
                },
                norm_grad_scale_shift::Bindings {
                    sums: self.at(sums),
                    weight: self.param(weight),
                    bias: self.param(bias),
                    output,
                },
            ),
            TrainOp::NormGradParam {
                sums,
                scale_shift,
                of,
                channels,
            } => norm_grad_param::dispatch(
                name,
                &norm_grad_param::Params {
                    batch: word(self.shape(sums).batch),
                    channels: word(channels),
                    start: match of {
                        NormParam::Weight => word(channels),
                        NormParam::Bias => 0,
                    },
                    modulated: flag(scale_shift.is_some()),
                },
                norm_grad_param::Bindings {
                    sums: self.at(sums),
                    scale_shift: self.or_none(scale_shift),
                    output,
                },
            ),
            TrainOp::AttentionGrad {
                qkv,
                output: made,
                grad,
                heads,
            } => return self.attention_grad(name, [qkv, made, grad], heads, output),
            TrainOp::AveragePoolGrad { grad, .. } => average_pool_grad::dispatch(
                name,
                &average_pool_grad::Params {
                    planes,
                    height: word(out.height),
                    width: word(out.width),
                },
                average_pool_grad::Bindings {
                    grad: self.at(grad),
                    output,
                },
            ),
            TrainOp::UpsampleGrad { grad } => upsample_grad::dispatch(
                name,
                &upsample_grad::Params {
                    planes,
                    height: word(out.height),
                    width: word(out.width),
                },
                upsample_grad::Bindings {
                    grad: self.at(grad),
                    output,
                },
            ),
        };
        self.push(dispatch);
    }

    /// In which order a tensor is to be written.
    pub(super) fn order(&self, id: TensorId) -> Order {
        let role = self
            .graph
            .tensor(id)
            .map_or(Role::Inner, |tensor| tensor.role);
        self.layout.order(role)
    }

    fn loss_params(&self, op: &LossOp) -> loss::Params {
        let image = self.shape(op.x_start);
        loss::Params {
            batch: word(image.batch),
            elements: per_image(image),
            predicted_elements: per_image(self.shape(op.output)),
        }
    }

    fn loss_bindings(&self, op: &LossOp, output: Binding) -> loss::Bindings {
        loss::Bindings {
            predicted: self.at(op.output),
            x_start: self.at(op.x_start),
            noise: self.at(op.noise),
            x: self.at(op.x),
            rows: self.at(op.rows),
            output,
        }
    }
}

/// Numbers of an image.
fn per_image(shape: Shape) -> u32 {
    word(shape.elements() / shape.batch.max(1))
}
