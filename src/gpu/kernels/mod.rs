//! One file for each kernel, beside a shader of the same stem: its parameters, what it binds, and how
//! many workgroups a dispatch of it has.

mod form;
pub(crate) mod kernel;

pub(crate) mod attention;
pub(crate) mod attention_shared;
pub(crate) mod average_pool;
pub(crate) mod bilinear;
pub(crate) mod concat;
pub(crate) mod conv;
pub(crate) mod conv_matrix;
pub(crate) mod conv_sum;
pub(crate) mod conv_tiled;
pub(crate) mod group_norm;
pub(crate) mod group_norm_statistics;
pub(crate) mod label_embedding;
pub(crate) mod linear;
pub(crate) mod timestep_embedding;
pub(crate) mod upsample;

pub(crate) mod noise;
pub(crate) mod step;
pub(crate) mod threshold;

#[cfg(test)]
mod twins;

pub use form::{Dialect, Form};
pub use kernel::{Access, Kernel, Uses};

/// Every kernel there is.
pub static KERNELS: [&Kernel; 18] = [
    &attention::KERNEL,
    &attention_shared::KERNEL,
    &average_pool::KERNEL,
    &bilinear::KERNEL,
    &concat::KERNEL,
    &conv::KERNEL,
    &conv_matrix::KERNEL,
    &conv_sum::KERNEL,
    &conv_tiled::KERNEL,
    &group_norm::KERNEL,
    &group_norm_statistics::KERNEL,
    &label_embedding::KERNEL,
    &linear::KERNEL,
    &noise::KERNEL,
    &step::KERNEL,
    &threshold::KERNEL,
    &timestep_embedding::KERNEL,
    &upsample::KERNEL,
];
