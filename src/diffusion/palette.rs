//! A few colours that an image is to be of.

use super::error::{Error, Slice};
use super::linear::check_length;
use crate::part::part;

/// Colours in the caller's memory: a number in [-1, 1] for each channel of each.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Colours<'a> {
    /// The colours, one after the other.
    pub colours: &'a [f32],
    /// The channels of an image, and of each of them.
    pub channels: usize,
}

impl Colours<'_> {
    /// Takes each pixel of an image, channels first, to its nearest colour: that of the least sum of squared differences,
    /// the first of several. As the hook of [`Step::apply_with_hook`](super::Step::apply_with_hook) it lets the steps that
    /// are left know of it.
    ///
    /// ```
    /// use iddpm::diffusion::Colours;
    /// let black_and_white = Colours { colours: &[-1.0, 1.0], channels: 1 };
    /// let mut image = [-0.3, 0.2, 0.9];
    /// black_and_white.snap(&mut image)?;
    /// assert_eq!(image, [-1.0, 1.0, 1.0]);
    /// # Ok::<(), iddpm::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Length`] where there is no colour, or image and colours are not of so many channels.
    pub fn snap(self, image: &mut [f32]) -> Result<(), Error> {
        let Self { colours, channels } = self;
        let whole = |len: usize| len.is_multiple_of(channels);
        if channels == 0 || colours.is_empty() || !whole(colours.len()) {
            return Err(Error::Length {
                slice: Slice::Colours,
                len: colours.len(),
                expected: channels,
            });
        }
        if !whole(image.len()) {
            let expected = image.len() / channels * channels;
            check_length(Slice::XStart, image.len(), expected)?;
        }
        let pixels = image.len() / channels;
        for pixel in 0..pixels {
            let (mut best, mut least) = (part(colours, 0, channels), f32::INFINITY);
            for colour in colours.chunks_exact(channels) {
                let given = image.iter().skip(pixel).step_by(pixels);
                let distance = given.zip(colour).map(|(x, c)| (x - c) * (x - c));
                let distance = distance.sum();
                if distance < least {
                    (best, least) = (colour, distance);
                }
            }
            let pixel = image.iter_mut().skip(pixel).step_by(pixels);
            for (x, colour) in pixel.zip(best) {
                // What is no number stays none, to be found.
                if !x.is_nan() {
                    *x = *colour;
                }
            }
        }
        Ok(())
    }
}
