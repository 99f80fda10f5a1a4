//! Conversions between 8-bit images and numbers in [-1, 1]: the one place where either is made of the
//! other.

use super::error::{Error, Slice};
use super::linear::{check_finite, check_length};

/// Converts an 8-bit value to [-1, 1]: v ↦ v/127.5 - 1.
pub const fn from_u8(value: u8) -> f32 {
    value as f32 / 127.5 - 1.0
}

/// Converts a number in [-1, 1] to 8 bits: x ↦ (x+1)·127.5, clamped to 0..=255 and *truncated*, as the
/// public implementation writes its samples; NaN gives 0.
///
/// Truncation is not the inverse of [`from_u8`]: where v/127.5 - 1 was rounded down, v comes back as
/// v - 1 (63 of the 256 values).
pub const fn to_u8(x: f32) -> u8 {
    // A float to integer cast truncates and saturates.
    ((x + 1.0) * 127.5) as u8
}

/// Converts an 8-bit value to the number next to [`from_u8`]'s that [`to_u8`] takes back to it: what is kept of a
/// picture has its bytes in the end.
///
/// ```
/// use iddpm::diffusion::pixels::{back_from_u8, to_u8};
/// assert!((0..=255).all(|value| to_u8(back_from_u8(value)) == value));
/// ```
pub const fn back_from_u8(value: u8) -> f32 {
    let number = from_u8(value);
    match to_u8(number) < value {
        true => number.next_up(),
        false => number,
    }
}

/// Converts a whole image to 8 bits by [`to_u8`].
///
/// # Errors
/// [`Error::Length`]; [`Error::NotFinite`], before anything is written.
pub fn image_to_u8(x: &[f32], out: &mut [u8]) -> Result<(), Error> {
    check_length(Slice::Output, out.len(), x.len())?;
    check_finite(Slice::X, x, &[])?;
    for (out, &x) in out.iter_mut().zip(x) {
        *out = to_u8(x);
    }
    Ok(())
}

/// Converts a whole image of 8 bits to [-1, 1] by [`from_u8`].
///
/// # Errors
/// [`Error::Length`].
pub fn image_from_u8(image: &[u8], out: &mut [f32]) -> Result<(), Error> {
    check_length(Slice::Output, out.len(), image.len())?;
    for (out, &value) in out.iter_mut().zip(image) {
        *out = from_u8(value);
    }
    Ok(())
}
