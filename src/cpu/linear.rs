//! out\[n, m\] = Σ_k W\[m, k\]·f(in\[n, k\]) + b\[m\], f the SiLU or nothing. [N, K] to [N, M].

use super::math::{Number, silu as f};

/// The layer; `inputs` is K.
pub(crate) fn run<W: Number>(
    input: &[f32],
    weight: &[W],
    bias: &[W],
    silu: bool,
    inputs: usize,
    output: &mut [f32],
) {
    let inputs = inputs.max(1);
    let rows = output.chunks_exact_mut(bias.len().max(1));
    for (row, input) in rows.zip(input.chunks_exact(inputs)) {
        let rows = weight.chunks_exact(inputs).zip(bias);
        for (out, (weight, bias)) in row.iter_mut().zip(rows) {
            let products = input.iter().zip(weight).map(|(&x, w)| {
                let x = if silu { f(x) } else { x };
                x * w.value()
            });
            *out = products.sum::<f32>() + bias.value();
        }
    }
}
