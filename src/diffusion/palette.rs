//! A few colours that an image is to be of.

use super::error::{Error, Slice};
use super::linear::{check_length, check_range};
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
    /// Checks that there is a colour, and that all are whole and within [-1, 1]: what goes to them is clipped no more.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::OutOfRange`].
    pub fn check(self) -> Result<(), Error> {
        let Self { colours, channels } = self;
        if channels == 0 || colours.is_empty() || !colours.len().is_multiple_of(channels) {
            return Err(Error::Length {
                slice: Slice::Colours,
                len: colours.len(),
                expected: channels,
            });
        }
        check_range(Slice::Colours, colours, [-1.0, 1.0])
    }

    /// Checks that an image of so many elements is of whole pixels.
    pub(super) fn check_image(self, elements: usize) -> Result<(), Error> {
        let expected = elements - elements % self.channels.max(1);
        check_length(Slice::XStart, elements, expected)
    }

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
    /// Those of [`check`](Self::check); [`Error::Length`] where image and colours are not of so many channels.
    pub fn snap(self, image: &mut [f32]) -> Result<(), Error> {
        self.check()?;
        self.check_image(image.len())?;
        let Self { colours, channels } = self;
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
