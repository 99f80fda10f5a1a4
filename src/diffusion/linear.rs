//! A weighted sum of two images, which most of the mathematics is made of.

use super::error::{Error, Slice};

/// (x, value) ↦ `x`·x + `value`·value, element by element.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Linear {
    /// The weight of the first argument, as a rule x_t.
    pub x: f64,
    /// The weight of the second.
    pub value: f64,
}

impl Linear {
    /// The map at one element, in f64.
    pub const fn at(self, x: f64, value: f64) -> f64 {
        self.x * x + self.value * value
    }

    /// (x, value) ↦ self(x, inner(x, value)).
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
    /// [`Error::Length`] where the three slices are not of one length.
    pub fn fill(self, x: &[f32], value: &[f32], out: &mut [f32]) -> Result<(), Error> {
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
