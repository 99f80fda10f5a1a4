//! Half precision for x_t, predictions and noise: 16 bits, half the memory of a paused image.

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

use super::error::{Error, Slice};
use super::linear::{check_finite, check_length};

/// Rounds f32 numbers to f16: 11 significant bits, up to 65504.
///
/// # Errors
/// [`Error::Length`]; [`Error::NotFinite`] with the index of a value that f16 cannot hold.
pub fn to_f16(x: &[f32], out: &mut [f16]) -> Result<(), Error> {
    check_length(Slice::Output, out.len(), x.len())?;
    out.convert_from_f32_slice(x);
    check_rounded(out.iter().map(|value| value.is_finite()))
}

/// Rounds f32 numbers to bf16: 8 significant bits, the range of f32.
///
/// # Errors
/// [`Error::Length`]; [`Error::NotFinite`] with the index of a value that bf16 cannot hold.
pub fn to_bf16(x: &[f32], out: &mut [bf16]) -> Result<(), Error> {
    check_length(Slice::Output, out.len(), x.len())?;
    out.convert_from_f32_slice(x);
    check_rounded(out.iter().map(|value| value.is_finite()))
}

/// Widens f16 numbers to f32, exactly.
///
/// # Errors
/// [`Error::Length`]; [`Error::NotFinite`] with the index of a value that is NaN or infinite.
pub fn from_f16(x: &[f16], out: &mut [f32]) -> Result<(), Error> {
    check_length(Slice::Output, out.len(), x.len())?;
    x.convert_to_f32_slice(out);
    check_finite(Slice::Output, out, &[])
}

/// Widens bf16 numbers to f32, exactly.
///
/// # Errors
/// [`Error::Length`]; [`Error::NotFinite`] with the index of a value that is NaN or infinite.
pub fn from_bf16(x: &[bf16], out: &mut [f32]) -> Result<(), Error> {
    check_length(Slice::Output, out.len(), x.len())?;
    x.convert_to_f32_slice(out);
    check_finite(Slice::Output, out, &[])
}

fn check_rounded(mut finite: impl Iterator<Item = bool>) -> Result<(), Error> {
    match finite.position(|finite| !finite) {
        None => Ok(()),
        Some(index) => Err(Error::NotFinite {
            slice: Slice::Output,
            index,
        }),
    }
}
