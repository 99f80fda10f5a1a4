//! Conversions between 8-bit images and numbers in [-1, 1], and between colours as files have them beside an
//! alpha and colours as a network has them: the one place where either is made of the other.
//!
//! In files, and wherever else images come from or go to, alpha is *straight*: a colour is what it is however opaque
//! it is. Within the crate it is *premultiplied*: a colour is as much of itself as is opaque, so that it can be
//! averaged and resized, and so that there is one transparent pixel and not 2^24 of them.

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

/// What a pixel is of which there is nothing yet, in every channel: black, and clear where there is alpha.
pub const NOTHING: f32 = from_u8(0);

/// Whether images of so many channels end in one that says how opaque a pixel is: grey with alpha, and RGBA.
pub const fn has_alpha(channels: usize) -> bool {
    matches!(channels, 2 | 4)
}

/// Paints a colour that is as opaque as `alpha` says, of 255, over a ground: (colour·alpha + ground·(255 - alpha))/255,
/// rounded to the nearest (255 is odd: no result lies in the middle).
pub const fn over(colour: u8, alpha: u8, ground: u8) -> u8 {
    let (colour, alpha, ground) = (colour as u32, alpha as u32, ground as u32);
    ((colour * alpha + ground * (255 - alpha) + 127) / 255) as u8
}

/// Converts a straight colour to a premultiplied one: colour·alpha/255, rounded to the nearest. Under alpha 255 it is the
/// colour, under alpha 0 it is 0.
pub const fn premultiply(colour: u8, alpha: u8) -> u8 {
    over(colour, alpha, 0)
}

/// Converts a premultiplied colour to a straight one: 255·colour/alpha, rounded to the nearest, a half up. Under alpha
/// 255 it is the colour, under alpha 0 it is 0. What is more than its alpha, as a network may draw it, is taken as its
/// alpha: it becomes 255.
///
/// It is undone by [`premultiply`], to the bit. The other way round a straight colour comes back within
/// 255/(2·alpha) + 1/2, as the premultiplied one is within 1/2 of what it stands for.
///
/// ```
/// use iddpm::diffusion::pixels::{premultiply, unpremultiply};
/// assert_eq!((premultiply(200, 51), unpremultiply(40, 51)), (40, 200));
/// assert_eq!((premultiply(200, 0), unpremultiply(7, 0)), (0, 0));
/// ```
pub const fn unpremultiply(colour: u8, alpha: u8) -> u8 {
    if alpha == 0 {
        return 0;
    }
    let alpha = alpha as u32;
    let colour = if (colour as u32) < alpha {
        colour as u32
    } else {
        alpha
    };
    ((2 * 255 * colour + alpha) / (2 * alpha)) as u8
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
