//! One file for each kernel, beside a shader of the same stem: its parameters, what it binds, and how
//! many workgroups a dispatch of it has.

pub(crate) mod declare;
mod form;
mod kernel;
pub(crate) mod matrices;

pub(crate) mod attention;
pub(crate) mod attention_matrix;
pub(crate) mod attention_shared;
pub(crate) mod average_pool;
pub(crate) mod bilinear;
pub(crate) mod concat;
pub(crate) mod conv;
pub(crate) mod conv_matrix;
pub(crate) mod conv_sum;
pub(crate) mod conv_tiled;
pub(crate) mod group_norm;
pub(crate) mod group_norm_concat;
pub(crate) mod group_norm_laws;
pub(crate) mod group_norm_statistics;
pub(crate) mod group_norm_sums;
pub(crate) mod group_norm_whole;
pub(crate) mod label_embedding;
pub(crate) mod linear;
pub(crate) mod timestep_embedding;
pub(crate) mod upsample;

pub(crate) mod add;
pub(crate) mod attention_grad_key;
pub(crate) mod attention_grad_key_matrix;
pub(crate) mod attention_grad_key_shared;
pub(crate) mod attention_grad_query;
pub(crate) mod attention_grad_query_matrix;
pub(crate) mod attention_grad_query_shared;
pub(crate) mod average_pool_grad;
pub(crate) mod channel_sum;
pub(crate) mod conv_grad_input;
pub(crate) mod conv_grad_input_matrix;
pub(crate) mod conv_grad_input_tiled;
pub(crate) mod conv_grad_weight;
pub(crate) mod conv_grad_weight_matrix;
pub(crate) mod conv_grad_weight_tiled;
pub(crate) mod diffuse;
pub(crate) mod dropout;
pub(crate) mod label_grad;
pub(crate) mod linear_grad_input;
pub(crate) mod linear_grad_weight;
pub(crate) mod loss;
pub(crate) mod loss_grad;
pub(crate) mod norm_grad_concat;
pub(crate) mod norm_grad_input;
pub(crate) mod norm_grad_param;
pub(crate) mod norm_grad_scale_shift;
pub(crate) mod norm_grad_whole;
pub(crate) mod norm_sums;
pub(crate) mod position_sum;
pub(crate) mod slice;
pub(crate) mod sum_parts;
pub(crate) mod upsample_grad;

pub(crate) mod accumulate;
pub(crate) mod adamw;
pub(crate) mod ema;
pub(crate) mod gradient_norm;
pub(crate) mod square_sums;

pub(crate) mod go_back;
pub(crate) mod guide;
pub(crate) mod keep;
pub(crate) mod noise;
pub(crate) mod palette;
pub(crate) mod pixels;
pub(crate) mod step;
pub(crate) mod threshold;
pub(crate) mod twice;

#[cfg(test)]
mod twins;

pub use form::Dialect;
pub use kernel::{Access, Form, Kernel, Memory, Named, Seen, Uses};

/// Every kernel there is.
pub static KERNELS: [&Kernel; 66] = [
    &accumulate::KERNEL,
    &adamw::KERNEL,
    &add::KERNEL,
    &attention::KERNEL,
    &attention_grad_key::KERNEL,
    &attention_grad_key_matrix::KERNEL,
    &attention_grad_key_shared::KERNEL,
    &attention_grad_query::KERNEL,
    &attention_grad_query_matrix::KERNEL,
    &attention_grad_query_shared::KERNEL,
    &attention_matrix::KERNEL,
    &attention_shared::KERNEL,
    &average_pool::KERNEL,
    &average_pool_grad::KERNEL,
    &bilinear::KERNEL,
    &channel_sum::KERNEL,
    &concat::KERNEL,
    &conv::KERNEL,
    &conv_grad_input::KERNEL,
    &conv_grad_input_matrix::KERNEL,
    &conv_grad_input_tiled::KERNEL,
    &conv_grad_weight::KERNEL,
    &conv_grad_weight_matrix::KERNEL,
    &conv_grad_weight_tiled::KERNEL,
    &conv_matrix::KERNEL,
    &conv_sum::KERNEL,
    &conv_tiled::KERNEL,
    &diffuse::KERNEL,
    &dropout::KERNEL,
    &ema::KERNEL,
    &go_back::KERNEL,
    &gradient_norm::KERNEL,
    &group_norm::KERNEL,
    &group_norm_concat::KERNEL,
    &group_norm_laws::KERNEL,
    &group_norm_statistics::KERNEL,
    &group_norm_sums::KERNEL,
    &group_norm_whole::KERNEL,
    &guide::KERNEL,
    &keep::KERNEL,
    &label_embedding::KERNEL,
    &label_grad::KERNEL,
    &linear::KERNEL,
    &linear_grad_input::KERNEL,
    &linear_grad_weight::KERNEL,
    &loss::KERNEL,
    &loss_grad::KERNEL,
    &noise::KERNEL,
    &norm_grad_concat::KERNEL,
    &norm_grad_input::KERNEL,
    &norm_grad_param::KERNEL,
    &norm_grad_scale_shift::KERNEL,
    &norm_grad_whole::KERNEL,
    &norm_sums::KERNEL,
    &palette::KERNEL,
    &pixels::KERNEL,
    &position_sum::KERNEL,
    &slice::KERNEL,
    &square_sums::KERNEL,
    &step::KERNEL,
    &sum_parts::KERNEL,
    &threshold::KERNEL,
    &timestep_embedding::KERNEL,
    &twice::KERNEL,
    &upsample::KERNEL,
    &upsample_grad::KERNEL,
];
