//! The embeddings of timesteps and of classes, and the gradient of the table of classes.

use super::{Real, View, fill};
use crate::cpu::math::{Number, cos, exp, sin};
use crate::part::{part, parts, split_mut};
use crate::unet::Shape;

/// out\[n\] = [cos(t_n·f_0), cos(t_n·f_1), .., sin(t_n·f_0), ..], f_i = P^{-i/h}, h = ⌊dim/2⌋, P the
/// longest period over 2π; a last 0 where dim is odd. \[N\] to [N, dim].
///
/// Evaluated in f64: in f32 the argument's rounding at t ≈ 1000 alone costs 1e-4.
///
/// The embedding of timesteps, `dim` numbers for each; `output` has N·dim elements.
pub(crate) fn timesteps<R: Real>(of: &[R], dim: usize, max_period: f64, output: &mut [R]) {
    let half = dim / 2;
    let log_period = libm::log(max_period);
    for (row, &t) in output.chunks_exact_mut(dim.max(1)).zip(of) {
        row.fill(R::default());
        let (cosines, sines) = split_mut(row, half);
        for (i, (cosine, sine)) in cosines.iter_mut().zip(sines).enumerate() {
            let angle = t.exact() * exp(-log_period * i as f64 / half as f64);
            (*cosine, *sine) = (R::nearest(cos(angle)), R::nearest(sin(angle)));
        }
    }
}

/// out\[n\] = base\[n\] + table\[label_n\]: \[N, C\] and \[N\] to \[N, C\].
///
/// Adds the row of each image's class; `channels` is C.
pub(crate) fn labels<R: Real, W: Number>(
    base: &[R],
    of: &[u32],
    table: &[W],
    channels: usize,
    output: &mut [R],
) {
    for ((row, base), &label) in parts(output, channels, base, channels).zip(of) {
        let embedding = part(table, label as usize * channels, channels);
        for ((out, &base), &weight) in row.iter_mut().zip(base).zip(embedding) {
            *out = base + R::of(weight);
        }
    }
}

/// ∂table\[class, c\] = Σ over the images of the class of ∂out\[n, c\].
pub(crate) fn table<R: Real>(made: Shape, grad: View<'_, R>, labels: &[u32], output: &mut [R]) {
    fill(made, output, |class, c, _, _| {
        let images = labels.iter().enumerate();
        let of_class = images.filter(|&(_, &label)| label as usize == class);
        of_class.map(|(n, _)| grad.of(n, c)).sum()
    });
}
