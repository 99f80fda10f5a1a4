//! out\[n\] = base\[n\] + table\[label_n\]: \[N, C\] and \[N\] to \[N, C\].

use super::math::Number;
use super::part::part;

/// Adds the row of each image's class; `channels` is C.
pub(crate) fn run<W: Number>(
    base: &[f32],
    labels: &[u32],
    table: &[W],
    channels: usize,
    output: &mut [f32],
) {
    let channels = channels.max(1);
    let rows = output.chunks_exact_mut(channels);
    for ((row, base), &label) in rows.zip(base.chunks_exact(channels)).zip(labels) {
        let embedding = part(table, label as usize * channels, channels);
        for ((out, base), weight) in row.iter_mut().zip(base).zip(embedding) {
            *out = base + weight.value();
        }
    }
}
