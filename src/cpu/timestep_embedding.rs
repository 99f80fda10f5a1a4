//! out\[n\] = [cos(t_n·f_0), cos(t_n·f_1), .., sin(t_n·f_0), ..], f_i = P^{-i/h}, h = ⌊dim/2⌋, P the
//! longest period over 2π; a last 0 where dim is odd. \[N\] to [N, dim].
//!
//! Evaluated in f64: in f32 the argument's rounding at t ≈ 1000 alone costs 1e-4.

use super::math::{cos, exp, sin};

/// P of every published network.
pub(crate) const MAX_PERIOD: f64 = 10_000.0;

/// The embedding of timesteps, `dim` numbers for each; `output` has N·dim elements.
pub(crate) fn run(timesteps: &[f32], dim: usize, max_period: f64, output: &mut [f32]) {
    let half = dim / 2;
    let log_period = libm::log(max_period);
    for (row, &t) in output.chunks_exact_mut(dim.max(1)).zip(timesteps) {
        row.fill(0.0);
        let (cosines, sines) = row.split_at_mut(half);
        for (i, (cosine, sine)) in cosines.iter_mut().zip(sines).enumerate() {
            let angle = f64::from(t) * exp(-log_period * i as f64 / half as f64);
            (*cosine, *sine) = (cos(angle) as f32, sin(angle) as f32);
        }
    }
}
