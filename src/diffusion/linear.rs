//! A weighted sum of two images, which most of the mathematics is made of.

use super::error::{Error, Slice};

/// A linear map of two images, (x, value) ↦ `x`·x + `value`·value, element by element.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Linear {
    /// The weight of the first argument, as a rule x_t.
    pub x: f64,
    /// The weight of the second argument.
    pub value: f64,
}

impl Linear {
    /// Evaluates the map at one element, in f64.
    pub const fn at(self, x: f64, value: f64) -> f64 {
        self.x * x + self.value * value
    }

    /// Returns the composed map (x, value) ↦ self(x, inner(x, value)).
    #[must_use]
    pub const fn after(self, inner: Self) -> Self {
        Self {
            x: self.x + self.value * inner.x,
            value: self.value * inner.value,
        }
    }

    /// Fills `out` with the map of each pair of elements, in f32.
    ///
    /// # Errors
    /// [`Error::Length`] where the three slices are not of one length; [`Error::NotFinite`] where a
    /// result is not, naming the argument that was not finite there, if one was.
    pub fn fill(self, x: &[f32], value: &[f32], out: &mut [f32]) -> Result<(), Error> {
        self.fill_unchecked(x, value, out)?;
        check_finite(
            Slice::Output,
            out,
            &[(Slice::X, x), (Slice::Prediction, value)],
        )
    }

    /// [`fill`](Self::fill) where what comes of it is checked later.
    pub(super) fn fill_unchecked(
        self,
        x: &[f32],
        value: &[f32],
        out: &mut [f32],
    ) -> Result<(), Error> {
        check_length(Slice::Prediction, value.len(), x.len())?;
        check_length(Slice::Output, out.len(), x.len())?;
        let (of_x, of_value) = (self.x as f32, self.value as f32);
        for ((out, x), value) in out.iter_mut().zip(x).zip(value) {
            *out = of_x * x + of_value * value;
        }
        Ok(())
    }
}

/// Checks that a slice has the length it must have.
pub(crate) fn check_length(slice: Slice, len: usize, expected: usize) -> Result<(), Error> {
    if len == expected {
        return Ok(());
    }
    Err(Error::Length {
        slice,
        len,
        expected,
    })
}

/// Checks that every value of a slice is within bounds, which NaN is not.
pub(super) fn check_range(slice: Slice, values: &[f32], [min, max]: [f32; 2]) -> Result<(), Error> {
    let beyond = |(_, value): &(usize, &f32)| !(min..=max).contains(*value);
    match values.iter().enumerate().find(beyond) {
        None => Ok(()),
        Some((index, &value)) => Err(Error::OutOfRange {
            slice,
            index,
            value,
            min,
            max,
        }),
    }
}

/// Checks that every value of a slice is finite; `causes` are what it was made of, element by element.
pub(crate) fn check_finite(
    slice: Slice,
    values: &[f32],
    causes: &[(Slice, &[f32])],
) -> Result<(), Error> {
    let Some(index) = values.iter().position(|value| !value.is_finite()) else {
        return Ok(());
    };
    let broken = |(_, values): &&(Slice, &[f32])| values.get(index).is_some_and(|v| !v.is_finite());
    let slice = causes.iter().find(broken).map_or(slice, |cause| cause.0);
    Err(Error::NotFinite { slice, index })
}
