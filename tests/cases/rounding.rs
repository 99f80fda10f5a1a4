//! What arithmetic in so many bits may be off by.

/// The largest relative error of rounding to f32.
pub(crate) const SINGLE: f64 = 1.0 / (1 << 24) as f64;
/// The largest relative error of rounding to f16.
pub(crate) const HALF: f64 = 1.0 / (1 << 11) as f64;
/// Half the least f16 above 0: the largest error of rounding what is smaller still.
pub(crate) const LEAST_HALF: f64 = 1.0 / (1 << 25) as f64;
/// A few roundings.
pub(crate) const ROUNDINGS: f64 = 4e-7;

/// What a sum of so many products may be off by: each addition rounds what is summed so far, by at most
/// one [`SINGLE`] of it and by 0.3 of one as a rule; n of them in no common direction make 0.3·√n. Four
/// times √n is thirteen such deviations, enough for the worst of a tensor's numbers in whatever order a
/// variant adds, and far from n. A few more for what is added behind the sum.
pub(crate) fn sum_of(n: usize) -> f64 {
    (4.0 * (n as f64).sqrt() + 4.0) * SINGLE
}
