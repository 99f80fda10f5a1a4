//! Resizing of images as the public implementation does it around a network: what a
//! super-resolution network is trained on, and what it makes of its low-resolution input.

use super::error::{NetworkError, NetworkSlice};
use super::given::finite;
use super::plain::{embedding, resize};
use crate::part::part;
use crate::unet::Extents;

fn check(input: &[f32], from: Extents, output: &[f32], to: Extents) -> Result<(), NetworkError> {
    for (slice, extents) in [(NetworkSlice::X, from), (NetworkSlice::Output, to)] {
        if extents.elements() == 0 {
            return Err(NetworkError::NoPixels { slice, extents });
        }
    }
    let (len, expected) = (input.len(), from.elements());
    if len == 0 || !len.is_multiple_of(expected) {
        return Err(NetworkError::Length {
            slice: NetworkSlice::X,
            len,
            expected,
        });
    }
    let expected = (len / expected).saturating_mul(to.elements());
    if output.len() != expected || from.channels != to.channels {
        return Err(NetworkError::Length {
            slice: NetworkSlice::Output,
            len: output.len(),
            expected,
        });
    }
    Ok(())
}

/// Resizes images bilinearly, corners not aligned, no antialiasing: what the network does to its
/// low-resolution input. Any number of images of `from` to as many of `to`.
///
/// ```
/// use iddpm::cpu::{Extents, resize};
/// let square = |side| Extents { channels: 1, height: side, width: side };
/// let mut large = [0.0; 16];
/// resize::bilinear(&[0.0, 1.0, 0.0, 1.0], square(2), &mut large, square(4))?;
/// assert_eq!(large[..4], [0.0, 0.25, 0.75, 1.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`NetworkError::NoPixels`]; [`NetworkError::Length`] where the slices are not whole images, as many in
/// the one as in the other.
pub fn bilinear(
    input: &[f32],
    from: Extents,
    output: &mut [f32],
    to: Extents,
) -> Result<(), NetworkError> {
    check(input, from, output, to)?;
    resize::bilinear(from, to, input, output);
    Ok(())
}

/// Resizes images by means over areas (adaptive average pooling): what training makes low-resolution images
/// with.
///
/// out\[y, x\] is the mean of rows ⌊y·H/H'⌋..⌈(y+1)·H/H'⌉ and of the like columns.
///
/// ```
/// use iddpm::cpu::{Extents, resize};
/// let square = |side| Extents { channels: 1, height: side, width: side };
/// let mut small = [0.0];
/// resize::area(&[0.0, 1.0, 2.0, 3.0], square(2), &mut small, square(1))?;
/// assert_eq!(small, [1.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`bilinear`].
pub fn area(
    input: &[f32],
    from: Extents,
    output: &mut [f32],
    to: Extents,
) -> Result<(), NetworkError> {
    check(input, from, output, to)?;
    let reach = |at: usize, from: usize, to: usize| {
        // Of sides whose product no slice is as long as.
        let (at, from, to) = (at as u128, from as u128, to as u128);
        let start = at * from / to;
        (
            start as usize,
            (((at + 1) * from).div_ceil(to) - start) as usize,
        )
    };
    let planes = input.chunks_exact(from.positions());
    for (output, plane) in output.chunks_exact_mut(to.positions()).zip(planes) {
        for (y, out) in output.chunks_exact_mut(to.width).enumerate() {
            let (top, rows) = reach(y, from.height, to.height);
            let rows = part(plane, top * from.width, rows * from.width);
            for (x, out) in out.iter_mut().enumerate() {
                let (left, columns) = reach(x, from.width, to.width);
                let values = rows
                    .chunks_exact(from.width)
                    .flat_map(|row| part(row, left, columns));
                let count = rows.len() / from.width * columns;
                *out = (values.map(|&v| f64::from(v)).sum::<f64>() / count as f64) as f32;
            }
        }
    }
    Ok(())
}

/// Fills the embedding of timesteps that a network begins with, for any width and longest period: \[N\] to
/// [N, dim].
///
/// ```
/// use iddpm::cpu::resize;
/// let mut embedding = [0.0; 4];
/// resize::timestep_embedding(&[0.0], 4, 10_000.0, &mut embedding)?;
/// assert_eq!(embedding, [1.0, 1.0, 0.0, 0.0]); // cosines, then sines
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`NetworkError::Length`] where `output` is not N·dim long; [`NetworkError::Period`]; before anything
/// is written, [`NetworkError::NotFinite`] for a timestep, and afterwards for a result, as of a period so
/// short that a frequency overflows.
pub fn timestep_embedding(
    timesteps: &[f32],
    dim: usize,
    max_period: f64,
    output: &mut [f32],
) -> Result<(), NetworkError> {
    let expected = timesteps.len().saturating_mul(dim);
    if output.len() != expected {
        return Err(NetworkError::Length {
            slice: NetworkSlice::Output,
            len: output.len(),
            expected,
        });
    }
    if !(max_period > 0.0 && max_period.is_finite()) {
        return Err(NetworkError::Period { max_period });
    }
    finite(NetworkSlice::Timesteps, timesteps)?;
    embedding::timesteps(timesteps, dim, max_period, output);
    finite(NetworkSlice::Output, output)
}
