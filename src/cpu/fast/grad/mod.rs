//! The gradients of the operations, over rows of channels: one file for each family.

pub(crate) mod attention;
pub(crate) mod conv_weight;
pub(crate) mod linear;
pub(crate) mod loss;
pub(crate) mod norm;
pub(crate) mod pointwise;
pub(crate) mod sums;

use crate::part::split_mut;

/// Positions that are summed up together; fixed, so that sums do not depend on threads.
pub(crate) const STRETCH: usize = 32;

/// Adds rows of `len` sums to the first of them, and returns it.
pub(crate) fn add_up(rows: &mut [f64], len: usize) -> &[f64] {
    let (first, others) = split_mut(rows, len);
    for other in others.chunks_exact(len) {
        for (sum, other) in first.iter_mut().zip(other) {
            *sum += other;
        }
    }
    first
}
