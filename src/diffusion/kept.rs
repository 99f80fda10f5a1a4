//! What a run makes of a picture that is given to it: where it begins, and what of it is kept.

use super::error::{Error, Slice};
use super::linear::{Linear, check_finite, check_length, check_range};
use super::step::Step;

/// A picture of which a run keeps a part, in the caller's memory: D elements each.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Known<'a> {
    /// The picture, in [-1, 1].
    pub picture: &'a [f32],
    /// How far each element is drawn anew: 0 keeps the picture, 1 is the run's own, in between is a mixture.
    pub mask: &'a [f32],
}

impl Known<'_> {
    /// Checks that picture and mask are of so many elements each, finite, and the mask within [0, 1].
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::NotFinite`], [`Error::OutOfRange`].
    pub fn check(self, elements: usize) -> Result<(), Error> {
        check_length(Slice::Picture, self.picture.len(), elements)?;
        check_length(Slice::Mask, self.mask.len(), elements)?;
        check_finite(Slice::Picture, self.picture, &[])?;
        check_range(Slice::Mask, self.mask, [0.0, 1.0])
    }
}

impl Step {
    /// The weights of picture and noise in what is kept, so that it is as noisy as x is after the step; `None` where
    /// the run keeps nothing.
    pub const fn kept(&self) -> Option<Linear> {
        self.kept
    }

    /// The weights of x and noise by which x goes back to where its stretch began
    /// ([`Resampling`](super::Resampling)), once what is kept is in place; `None` where it does not.
    pub const fn back(&self) -> Option<Linear> {
        self.back
    }

    /// Puts what is kept of a picture in place, once the step was applied: x ← m·x + (1 - m)·(√ᾱ·picture + √(1-ᾱ)·z) with
    /// the ᾱ of x after the step, so that after the last it is the picture, bit for bit; x̂_0, if it is given,
    /// likewise with the picture itself.
    ///
    /// `noise` is D normal deviates of the step number
    /// [`position`](Self::position) | [`Noise::KEPT`](super::Noise::KEPT).
    ///
    /// # Errors
    /// [`Error::KeepMissing`] for a step of a run that keeps nothing; those of [`Known::check`], and [`Error::Length`] of
    /// the noise, before anything is changed; [`Error::NotFinite`] where x or x̂_0 then is not, naming the noise where
    /// that was not.
    pub fn keep(
        &self,
        known: Known<'_>,
        noise: &[f32],
        x: &mut [f32],
        x_start: &mut [f32],
    ) -> Result<(), Error> {
        let Some(weights) = self.kept else {
            return Err(Error::KeepMissing);
        };
        let len = x.len();
        known.check(len)?;
        check_length(Slice::Noise, noise.len(), len)?;
        let (of_picture, of_noise) = (weights.x as f32, weights.value as f32);
        let images = known.picture.iter().zip(known.mask).zip(noise);
        for (x, ((picture, mask), noise)) in x.iter_mut().zip(images) {
            *x = mask * *x + (1.0 - mask) * (of_picture * picture + of_noise * noise);
        }
        let previews = known.picture.iter().zip(known.mask);
        for (x_start, (picture, mask)) in x_start.iter_mut().zip(previews) {
            *x_start = mask * *x_start + (1.0 - mask) * picture;
        }
        check_finite(Slice::X, x, &[(Slice::Noise, noise)])?;
        check_finite(Slice::XStart, x_start, &[])
    }

    /// Takes x back by the forward process to the noise with which its stretch of steps began, where it is to be walked
    /// again. Does nothing elsewhere.
    ///
    /// `noise` is D normal deviates of the step number
    /// [`position`](Self::position) | [`Noise::BACK`](super::Noise::BACK).
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::NotFinite`].
    pub fn go_back(&self, noise: &[f32], x: &mut [f32]) -> Result<(), Error> {
        let Some(weights) = self.back else {
            return Ok(());
        };
        check_length(Slice::Noise, noise.len(), x.len())?;
        let (of_x, of_noise) = (weights.x as f32, weights.value as f32);
        for (x, noise) in x.iter_mut().zip(noise) {
            *x = of_x * *x + of_noise * noise;
        }
        check_finite(Slice::X, x, &[(Slice::Noise, noise)])
    }
}
