//! Each operation as dispatches: one exhaustive match, as declared in the table of operations.

use super::attention_grad::AttentionGrad;
use super::conv_grad::{InputGrad, WeightGrad};
use super::norm::Norm;
use super::{Recorder, Stored, Tensor};
use crate::gpu::error::GpuError;
use crate::gpu::kernels::declare::word;
use crate::gpu::kernels::{
    add, attention, attention_matrix, attention_shared, average_pool, average_pool_grad, bilinear,
    channel_sum, concat, diffuse, dropout, label_embedding, label_grad, loss, loss_grad,
    position_sum, slice, timestep_embedding, upsample, upsample_grad,
};
use crate::gpu::recording::{Binding, Contents};
use crate::gpu::variants::AttentionVariant;
use crate::gpu::weights::Order;
use crate::unet::op::{attention_scale, kept};
use crate::unet::{LossOp, Op, Shape};

impl Recorder<'_> {
    /// Records what makes a tensor, named after it, its numbers in an order.
    pub(super) fn operation(
        &mut self,
        name: &str,
        op: Op<Tensor, Stored>,
        (made, order): (Tensor, Order),
    ) -> Result<(), GpuError> {
        let Tensor {
            binding: output,
            shape: out,
        } = made;
        let planes = word(out.batch * out.channels);
        let dispatch = match op {
            Op::TimestepEmbedding { timesteps, dim } => {
                let table = timestep_embedding::frequencies(dim);
                let words = table.len();
                let frequencies =
                    self.recording
                        .add_buffer("frequencies", words, Contents::Constant(table));
                timestep_embedding::dispatch(
                    name,
                    &timestep_embedding::Params {
                        batch: word(out.batch),
                        dim: word(dim),
                    },
                    timestep_embedding::Bindings {
                        timesteps: timesteps.binding,
                        frequencies,
                        output,
                    },
                )
            }
            Op::LabelEmbedding {
                base,
                labels,
                table,
            } => label_embedding::dispatch(
                name,
                &label_embedding::Params {
                    batch: word(out.batch),
                    channels: word(out.channels),
                    classes: word(table.rows),
                },
                label_embedding::Bindings {
                    base: base.binding,
                    labels: labels.binding,
                    table: table.binding,
                    output,
                },
            ),
            Op::Linear { input, silu, .. } => return self.linear(input, silu),
            Op::Conv(conv) => return self.conv(name, conv, made),
            Op::GroupNorm {
                input,
                weight,
                bias,
                scale_shift,
                groups,
                silu,
            } => {
                let norm = Norm {
                    input,
                    weight: weight.binding,
                    bias: bias.binding,
                    scale_shift,
                    groups,
                    silu,
                };
                self.group_norm(name, &norm, made)?
            }
            Op::Attention { qkv, heads } => {
                let rows = out.channels / heads.max(1);
                let params = attention::Params {
                    batch: word(out.batch),
                    heads: word(heads),
                    rows: word(rows),
                    positions: word(out.positions()),
                    scale: attention_scale(rows) as f32,
                };
                let bindings = attention::Bindings {
                    qkv: qkv.binding,
                    output,
                };
                match self.variants.attention {
                    AttentionVariant::Matrix(side)
                        if attention_matrix::suits(&[qkv.binding, output], params.positions) =>
                    {
                        attention_matrix::dispatch(name, &params, bindings, side)
                    }
                    AttentionVariant::Matrix(_) | AttentionVariant::Shared => {
                        attention_shared::dispatch(name, &params, bindings)
                    }
                    AttentionVariant::Plain => attention::dispatch(name, &params, bindings),
                }
            }
            Op::Concat { first, second } if self.ends_in_next() => {
                self.held.parts = Some((first, second));
                return Ok(());
            }
            Op::Concat { first, second } => concat::dispatch(
                name,
                &concat::Params {
                    batch: word(out.batch),
                    first_elements: per_image(first.shape),
                    second_elements: per_image(second.shape),
                },
                concat::Bindings {
                    first: first.binding,
                    second: second.binding,
                    output,
                },
            ),
            Op::AveragePool { input } => average_pool::dispatch(
                name,
                &average_pool::Params {
                    planes,
                    height: word(input.shape.height),
                    width: word(input.shape.width),
                },
                average_pool::Bindings {
                    input: input.binding,
                    output,
                },
            ),
            Op::Upsample { input } => upsample::dispatch(
                name,
                &upsample::Params {
                    planes,
                    height: word(input.shape.height),
                    width: word(input.shape.width),
                },
                upsample::Bindings {
                    input: input.binding,
                    output,
                },
            ),
            Op::Bilinear {
                input,
                height,
                width,
            } => bilinear::dispatch(
                name,
                &bilinear::Params {
                    planes,
                    height: word(input.shape.height),
                    width: word(input.shape.width),
                    out_height: word(height),
                    out_width: word(width),
                },
                bilinear::Bindings {
                    input: input.binding,
                    output,
                },
            ),
            Op::Diffuse {
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
                    x_start: x_start.binding,
                    noise: noise.binding,
                    rows: rows.binding,
                    output,
                },
            ),
            Op::Dropout {
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
                    gain: (1.0 / kept(threshold)) as f32,
                },
                dropout::Bindings {
                    input: input.binding,
                    keys: keys.binding,
                    output,
                },
            ),
            Op::Loss(op) => loss::dispatch(name, &loss_params(&op), loss_bindings(&op, output)),
            Op::LossGrad(op) => {
                loss_grad::dispatch(name, &loss_params(&op), loss_bindings(&op, output))
            }
            Op::Add { .. } if self.is_done() => return Ok(()),
            Op::Add { first, second } => {
                let (rows, columns) = match order {
                    Order::AsGiven => (1, out.elements()),
                    Order::Transposed { rows, columns } => (rows, columns),
                };
                add::dispatch(
                    name,
                    &add::Params {
                        rows: word(rows),
                        columns: word(columns),
                        padded: word(order.padded(rows)),
                    },
                    add::Bindings {
                        first: first.binding,
                        second: second.binding,
                        output,
                    },
                )
            }
            Op::Slice { .. } if self.is_done() => return Ok(()),
            Op::Slice { input, start, .. } => slice::dispatch(
                name,
                &slice::Params {
                    batch: word(out.batch),
                    input_elements: per_image(input.shape),
                    start: word(start * out.positions()),
                    elements: per_image(out),
                },
                slice::Bindings {
                    input: input.binding,
                    output,
                },
            ),
            Op::ConvGradInput {
                grad,
                weight,
                kernel,
                stride,
                wrap,
                ..
            } => {
                let (addend, made) = self.summed(self.current, made)?;
                let conv = InputGrad {
                    grad,
                    weight,
                    addend,
                    kernel,
                    stride,
                    wrap,
                };
                self.conv_grad_input(name, made, &conv)
            }
            Op::ConvGradWeight {
                input,
                grad,
                kernel,
                stride,
                upsample,
                wrap,
            } => {
                let conv = WeightGrad {
                    input,
                    grad,
                    kernel,
                    stride,
                    upsample,
                    wrap,
                    order,
                };
                self.conv_grad_weight(name, made, &conv);
                return Ok(());
            }
            Op::ChannelSum { .. } if self.held.has_bias => {
                self.held.has_bias = false;
                return Ok(());
            }
            Op::ChannelSum { grad } => channel_sum::dispatch(
                name,
                &channel_sum::Params {
                    batch: word(grad.shape.batch),
                    channels: word(grad.shape.channels),
                    positions: word(grad.shape.positions()),
                },
                channel_sum::Bindings {
                    grad: grad.binding,
                    output,
                },
            ),
            Op::PositionSum { grad } => position_sum::dispatch(
                name,
                &position_sum::Params {
                    planes,
                    positions: word(grad.shape.positions()),
                },
                position_sum::Bindings {
                    grad: grad.binding,
                    output,
                },
            ),
            Op::LinearGradInput { .. } => return self.linear_grad_input(name),
            Op::LinearGradWeight { .. } => return self.linear_grad_params(name),
            Op::LabelGrad {
                grad,
                labels,
                classes,
            } => label_grad::dispatch(
                name,
                &label_grad::Params {
                    batch: word(grad.shape.batch),
                    channels: word(out.channels),
                    classes: word(classes),
                },
                label_grad::Bindings {
                    grad: grad.binding,
                    labels: labels.binding,
                    output,
                },
            ),
            Op::NormSums(norm) => self.norm_sums(name, &norm, output)?,
            Op::NormGradInput { .. } if self.is_done() => return Ok(()),
            Op::NormGradInput { norm, sums } => self.norm_grad_input(name, &norm, sums, made)?,
            Op::NormGradScaleShift { .. } => return self.norm_grad_scale_shifts(name),
            Op::NormGradParam { .. } => return self.norm_grad_params(name),
            Op::AttentionGrad {
                qkv,
                output: made,
                grad,
                heads,
            } => {
                let attention = AttentionGrad {
                    qkv,
                    made,
                    grad,
                    heads,
                };
                self.attention_grad(name, &attention, output);
                return Ok(());
            }
            Op::AveragePoolGrad { grad, .. } => average_pool_grad::dispatch(
                name,
                &average_pool_grad::Params {
                    planes,
                    height: word(out.height),
                    width: word(out.width),
                },
                average_pool_grad::Bindings {
                    grad: grad.binding,
                    output,
                },
            ),
            Op::UpsampleGrad { grad } => upsample_grad::dispatch(
                name,
                &upsample_grad::Params {
                    planes,
                    height: word(out.height),
                    width: word(out.width),
                },
                upsample_grad::Bindings {
                    grad: grad.binding,
                    output,
                },
            ),
        };
        self.push(dispatch);
        Ok(())
    }
}

fn loss_params(op: &LossOp<Tensor>) -> loss::Params {
    let image = op.x_start.shape;
    loss::Params {
        batch: word(image.batch),
        elements: per_image(image),
        predicted_elements: per_image(op.output.shape),
    }
}

const fn loss_bindings(op: &LossOp<Tensor>, output: Binding) -> loss::Bindings {
    loss::Bindings {
        predicted: op.output.binding,
        x_start: op.x_start.binding,
        noise: op.noise.binding,
        x: op.x.binding,
        rows: op.rows.binding,
        output,
    }
}

/// Numbers of an image.
fn per_image(shape: Shape) -> u32 {
    word(shape.elements() / shape.batch.max(1))
}
