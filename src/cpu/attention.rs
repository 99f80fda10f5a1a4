//! out\[h·c + i, t\] = Σ_s p\[t, s\]·v\[h·3c + 2c + i, s\], p\[t, ·\] = softmax_s(Σ_i q\[i, t\]·k\[i, s\]/√c),
//! q, k and v of head h the rows from h·3c, h·3c + c and h·3c + 2c on. [N, 3C, T] to [N, C, T].
//!
//! A softmax over s in one pass, without a row of scores: with the largest score so far at m,
//! each new score a adds e^{a - m}, and a new largest one scales what was summed before.

use super::math::exp_f32;
use super::part::part;
use crate::unet::Extents;

/// The attention; `extents` are those of an image of the result.
pub(crate) fn run(extents: Extents, heads: usize, qkv: &[f32], output: &mut [f32]) {
    let positions = extents.positions();
    let len = extents.channels / heads.max(1) * positions;
    let heads = output.chunks_exact_mut(len).zip(qkv.chunks_exact(3 * len));
    for (output, qkv) in heads {
        let (q, k, v) = (
            part(qkv, 0, len),
            part(qkv, len, len),
            part(qkv, 2 * len, len),
        );
        let scale = 1.0 / libm::sqrtf((len / positions) as f32);
        output.fill(0.0);
        for t in 0..positions {
            attend(positions, t, scale, [q, k, v], output);
        }
    }
}

/// Column t of a head's result.
fn attend(positions: usize, t: usize, scale: f32, [q, k, v]: [&[f32]; 3], output: &mut [f32]) {
    let (mut largest, mut sum) = (f32::NEG_INFINITY, 0.0_f32);
    for s in 0..positions {
        let q = q.iter().skip(t).step_by(positions);
        let k = k.iter().skip(s).step_by(positions);
        let score = scale * q.zip(k).map(|(q, k)| q * k).sum::<f32>();
        let (keep, weight) = if score > largest {
            let keep = exp_f32(largest - score);
            largest = score;
            (keep, 1.0)
        } else {
            (1.0, exp_f32(score - largest))
        };
        sum = sum * keep + weight;
        let values = v.iter().skip(s).step_by(positions);
        for (out, v) in output.iter_mut().skip(t).step_by(positions).zip(values) {
            *out = *out * keep + weight * v;
        }
    }
    for out in output.iter_mut().skip(t).step_by(positions) {
        *out /= sum;
    }
}
