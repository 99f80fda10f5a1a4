//! The gradients of the operations, over rows of channels: one file for each family.

pub(crate) mod attention;
pub(crate) mod conv_weight;
pub(crate) mod linear;
pub(crate) mod loss;
pub(crate) mod norm;
pub(crate) mod pointwise;
pub(crate) mod sums;

/// Positions that are summed up together; fixed, so that sums do not depend on threads.
pub(crate) const STRETCH: usize = 32;
