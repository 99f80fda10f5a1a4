//! The operations that change the size or the order of rows of channels.

use crate::cpu::plain::resize::Between;
use crate::part::part;
use crate::unet::Extents;

/// From [N, C, H, W] to [N, H, W, C].
pub(crate) fn channels_last(extents: Extents, input: &[f32], output: &mut [f32]) {
    let image = extents.elements();
    let images = output
        .chunks_exact_mut(image)
        .zip(input.chunks_exact(image));
    for (output, input) in images {
        let planes = input.chunks_exact(extents.positions()).enumerate();
        for (c, plane) in planes {
            let column = output.iter_mut().skip(c).step_by(extents.channels);
            for (out, &value) in column.zip(plane) {
                *out = value;
            }
        }
    }
}

/// From [N, H, W, C] to [N, C, H, W].
pub(crate) fn channels_first(extents: Extents, input: &[f32], output: &mut [f32]) {
    let image = extents.elements();
    let images = output
        .chunks_exact_mut(image)
        .zip(input.chunks_exact(image));
    for (output, input) in images {
        let planes = output.chunks_exact_mut(extents.positions()).enumerate();
        for (c, plane) in planes {
            let column = input.iter().skip(c).step_by(extents.channels);
            for (out, &value) in plane.iter_mut().zip(column) {
                *out = value;
            }
        }
    }
}

/// Means of 2×2; `from` are the extents of an image of the input.
pub(crate) fn average_pool(from: Extents, input: &[f32], output: &mut [f32]) {
    let (channels, row) = (from.channels, from.width * from.channels);
    let out_row = from.width / 2 * channels;
    let images = input.chunks_exact(from.elements());
    let outputs = output.chunks_exact_mut((from.height / 2 * out_row).max(1));
    for (output, image) in outputs.zip(images) {
        let pairs = output
            .chunks_exact_mut(out_row)
            .zip(image.chunks_exact(2 * row));
        for (output, pair) in pairs {
            let (upper, lower) = pair.split_at(row);
            for (x, out) in output.chunks_exact_mut(channels).enumerate() {
                let at = 2 * x * channels;
                let upper = part(upper, at, 2 * channels).split_at(channels);
                let lower = part(lower, at, 2 * channels).split_at(channels);
                let rows = upper.0.iter().zip(upper.1).zip(lower.0.iter().zip(lower.1));
                for (out, ((a, b), (c, d))) in out.iter_mut().zip(rows) {
                    *out = 0.25 * ((a + b) + (c + d));
                }
            }
        }
    }
}

/// Each row four times; `from` are the extents of an image of the input.
pub(crate) fn upsample(from: Extents, input: &[f32], output: &mut [f32]) {
    let row = from.width * from.channels;
    let rows = input.chunks_exact(row);
    for (pair, row_of_input) in output.chunks_exact_mut(4 * row).zip(rows) {
        for out in pair.chunks_exact_mut(2 * row) {
            let values = row_of_input.chunks_exact(from.channels);
            for (out, value) in out.chunks_exact_mut(2 * from.channels).zip(values) {
                for out in out.chunks_exact_mut(from.channels) {
                    out.copy_from_slice(value);
                }
            }
        }
    }
}

/// Bilinear resizing, as the plain one.
pub(crate) fn bilinear(from: Extents, to: Extents, input: &[f32], output: &mut [f32]) {
    let channels = from.channels;
    let images = output
        .chunks_exact_mut(to.elements())
        .zip(input.chunks_exact(from.elements()));
    for (output, image) in images {
        for (at, out) in output.chunks_exact_mut(channels).enumerate() {
            let rows = Between::<f32>::of(at / to.width, from.height, to.height);
            let columns = Between::<f32>::of(at % to.width, from.width, to.width);
            let pixel = |y: usize, x: usize| part(image, (y * from.width + x) * channels, channels);
            let along = |y: usize| {
                let pairs = pixel(y, columns.first).iter().zip(pixel(y, columns.second));
                pairs.map(|(a, b)| (1.0 - columns.weight) * a + columns.weight * b)
            };
            let pairs = along(rows.first).zip(along(rows.second));
            for (out, (upper, lower)) in out.iter_mut().zip(pairs) {
                *out = (1.0 - rows.weight) * upper + rows.weight * lower;
            }
        }
    }
}
