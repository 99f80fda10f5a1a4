//! One evaluation of the network: at which timestep, and what is done with the result.

use super::error::{Error, Slice};
use super::linear::{Linear, check_finite, check_length};
use super::prediction::Clip;
use super::update::{NoiseScale, Pixels, Update};
use crate::part::part;

/// One evaluation of the network: at which timestep, and what to do with the result.
#[must_use = "a step that is not applied leaves x where it was while the cursor moves on"]
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Step {
    pub(super) position: u32,
    pub(super) index: usize,
    pub(super) timestep: f32,
    pub(super) clip: Clip,
    pub(super) output_per_element: usize,
    pub(super) update: Update,
    pub(super) kept: Option<Linear>,
    pub(super) back: Option<Linear>,
}

impl Step {
    /// The number of this evaluation in the run, from 0. It is the step number of the noise.
    pub const fn position(&self) -> u32 {
        self.position
    }

    /// The index of the step in the process at which the network is evaluated.
    pub const fn index(&self) -> usize {
        self.index
    }

    /// The timestep the network must see, possibly fractional.
    pub const fn timestep(&self) -> f32 {
        self.timestep
    }

    /// Whether the step adds noise.
    pub fn needs_noise(&self) -> bool {
        self.update.noise != NoiseScale::None
    }

    /// How x̂_0 is clipped in this step.
    pub const fn clip(&self) -> Clip {
        self.clip
    }

    /// The weights of this step, for a kernel to apply.
    pub const fn update(&self) -> &Update {
        &self.update
    }

    /// Turns the x of one image into the next x. `output` is the network's, `noise` D normal
    /// deviates (or empty where [`needs_noise`](Self::needs_noise) is false).
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::NotFinite`], as [`Update::apply`]; a method that
    /// [needs a history](super::Method::needs_history) wants [`apply_with_history`](Self::apply_with_history).
    pub fn apply(&self, x: &mut [f32], output: &[f32], noise: &[f32]) -> Result<(), Error> {
        self.apply_with_history(x, output, noise, &mut [])
    }

    /// Turns the x of one image into the next x as [`apply`](Self::apply), for methods that keep something
    /// between steps.
    ///
    /// `history` has D elements, of any value before the first step; it belongs to the run's state.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    pub fn apply_with_history(
        &self,
        x: &mut [f32],
        output: &[f32],
        noise: &[f32],
        history: &mut [f32],
    ) -> Result<(), Error> {
        let pixels = self.pixels(x, output, noise, history)?;
        self.update.apply(self.clip, pixels)
    }

    /// Fills `x_start` with the clipped x̂_0: a preview of the image, as it looks from here.
    ///
    /// # Errors
    /// [`Error::Length`]; [`Error::NotFinite`], naming the input that was not finite there, if one
    /// was.
    pub fn x_start(&self, x: &[f32], output: &[f32], x_start: &mut [f32]) -> Result<(), Error> {
        self.check_output(x.len(), output)?;
        check_finite(Slice::Prediction, part(output, 0, x.len()), &[])?;
        self.update.x_start_unchecked(x, output, x_start)?;
        self.clip.apply_unchecked(x_start)?;
        check_finite(Slice::XStart, x_start, &[(Slice::X, x)])
    }

    /// Turns the x of one image into the next x as [`apply_with_history`](Self::apply_with_history), with a
    /// hook of the caller's that may change x̂_0 before it is clipped (guidance, inpainting); `x_start` is
    /// the scratch it is handed in, and holds the clipped x̂_0 afterwards.
    ///
    /// An ancestral step of a network that predicts x_{t-1} does not use x̂_0: there the hook and the
    /// clipping change nothing.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    pub fn apply_with_hook(
        &self,
        x: &mut [f32],
        output: &[f32],
        noise: &[f32],
        history: &mut [f32],
        x_start: &mut [f32],
        hook: impl FnOnce(&mut [f32]),
    ) -> Result<(), Error> {
        let pixels = self.pixels(x, output, noise, history)?;
        self.update.check(&pixels)?;
        self.update.x_start_unchecked(pixels.x, output, x_start)?;
        hook(x_start);
        self.clip.apply_unchecked(x_start)?;
        self.update.apply_x_start(x_start, pixels)
    }

    fn check_output(&self, elements: usize, output: &[f32]) -> Result<(), Error> {
        check_length(
            Slice::Prediction,
            output.len(),
            self.output_per_element * elements,
        )
    }

    fn pixels<'p>(
        &self,
        x: &'p mut [f32],
        output: &'p [f32],
        noise: &'p [f32],
        history: &'p mut [f32],
    ) -> Result<Pixels<'p>, Error> {
        self.check_output(x.len(), output)?;
        Ok(Pixels {
            x,
            output,
            noise,
            history,
        })
    }
}
