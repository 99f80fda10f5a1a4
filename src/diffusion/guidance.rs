//! Guidance without a classifier (Ho & Salimans 2022): towards a class, away from what is drawn without one.

use super::error::{Error, Slice};
use super::linear::{check_length, check_range};

/// The largest scale of guidance.
pub const MOST_GUIDANCE: f32 = 100.0;

/// Moves an output for a class away from the output for none: c ← u + s·(c - u), for the prediction of every element;
/// what follows, the variance channels, stays the class's.
///
/// `scale` 1 is the class's output to within the rounding of u + (c - u), 0 the one without a class; more exaggerates
/// what the class adds. The
/// prediction may be any of the kinds there are: they are linear in each other at the same x.
///
/// ```
/// let mut output = [0.5, 0.25, 7.0, 8.0]; // two elements and their variance channels
/// iddpm::diffusion::guide(2.0, 2, &[0.25, 0.5, 1.0, 1.0], &mut output)?;
/// assert_eq!(output, [0.75, 0.0, 7.0, 8.0]);
/// # Ok::<(), iddpm::Error>(())
/// ```
///
/// # Errors
/// [`Error::OutOfRange`] for a scale that is not within 0 to [`MOST_GUIDANCE`]; [`Error::Length`] where the two outputs
/// are not of one length, of `elements` or more.
pub fn guide(
    scale: f32,
    elements: usize,
    unconditional: &[f32],
    output: &mut [f32],
) -> Result<(), Error> {
    check_scales(&[scale])?;
    check_length(Slice::Prediction, unconditional.len(), output.len())?;
    if output.len() < elements {
        check_length(Slice::Prediction, output.len(), elements)?;
    }
    for (output, unconditional) in output.iter_mut().zip(unconditional).take(elements) {
        *output = unconditional + scale * (*output - unconditional);
    }
    Ok(())
}

/// Checks that guidance can have these scales.
pub(super) fn check_scales(scales: &[f32]) -> Result<(), Error> {
    check_range(Slice::Scales, scales, [0.0, MOST_GUIDANCE])
}
