//! Images that were drawn.

use std::string::String;
use std::sync::Arc;
use std::vec::Vec;

use super::model::{Look, Model};
use super::planes::planes;
use crate::Error;
use crate::diffusion::Sample;
use crate::diffusion::pixels::{has_alpha, image_to_u8, unpremultiply};
use crate::memory::{collected, extend, zeros};
use crate::unet::Extents;

/// Images, their numbers and their classes.
///
/// ```
/// use iddpm::{Device, Draw, Model};
/// # #[rustfmt::skip]
/// let file = include_bytes!(
/// # concat!(env!("CARGO_MANIFEST_DIR"), "/",
///     "examples/assets/sprites32_4_steps.safetensors"
/// # )
/// );
/// let mut studio = Model::from_bytes(file)?.on(Device::cpu())?;
/// let images = studio.sample(&Draw::new().class("sword"), 2)?;
/// // [N, H, W, C], 8 bits each, as image libraries and engines have them.
/// assert_eq!(images.bytes()?.len(), 2 * 32 * 32 * 4);
/// assert_eq!(images.class_name(0), Some("sword".into()));
/// # let folder = std::env::temp_dir();
/// images.save(folder.join("swords.png"))?; // or .gif, .npz, or a new folder: "swords/"
/// # std::fs::remove_file(folder.join("swords.png")).unwrap();
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Images {
    /// [N, C, H, W] in [-1, 1].
    pixels: Vec<f32>,
    image: Extents,
    samples: Vec<Sample>,
    look: Arc<Look>,
    /// Whether their pictures in files list their colours, where those are few: they were drawn in a palette's.
    is_indexed: bool,
}

impl PartialEq for Images {
    /// The same pixels of the same noise, numbers and classes.
    fn eq(&self, other: &Self) -> bool {
        self.image == other.image && self.samples == other.samples && self.pixels == other.pixels
    }
}

impl Images {
    pub(super) fn none(model: &Model) -> Self {
        Self {
            pixels: Vec::new(),
            image: model.image(),
            samples: Vec::new(),
            look: Arc::clone(model.look()),
            is_indexed: false,
        }
    }

    /// Images whose pictures in files list their colours, or not.
    pub(super) const fn indexed(mut self, is_indexed: bool) -> Self {
        self.is_indexed = is_indexed;
        self
    }

    pub(super) const fn is_indexed(&self) -> bool {
        self.is_indexed
    }

    pub(super) fn new(model: &Model, pixels: Vec<f32>, samples: &[Sample]) -> Result<Self, Error> {
        let mut images = Self::none(model);
        extend(&mut images.samples, samples)?;
        images.pixels = pixels;
        Ok(images)
    }

    /// Images of another size than the model's.
    pub(super) fn of_size(
        model: &Model,
        image: Extents,
        pixels: Vec<f32>,
        samples: &[Sample],
    ) -> Result<Self, Error> {
        let mut images = Self::new(model, pixels, samples)?;
        images.image = image;
        images.look = Arc::new(model.look().of_size(image));
        Ok(images)
    }

    /// Adds those of another run of the same model.
    pub(super) fn extend(&mut self, others: Self) -> Result<(), Error> {
        self.is_indexed = others.is_indexed;
        extend(&mut self.samples, &others.samples)?;
        Ok(extend(&mut self.pixels, &others.pixels)?)
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Width and height of an image.
    pub const fn size(&self) -> (usize, usize) {
        (self.image.width, self.image.height)
    }

    pub(super) const fn look(&self) -> &Arc<Look> {
        &self.look
    }

    /// The number of channels.
    pub const fn channels(&self) -> usize {
        self.image.channels
    }

    /// The images as the network has them: [N, C, H, W], in [-1, 1] where they were clipped; colours that have an alpha
    /// are premultiplied.
    pub fn planes(&self) -> &[f32] {
        &self.pixels
    }

    /// Returns the images in 8 bits a value, [N, H, W, C]; of 2 and of 4 channels the last is alpha, which is straight.
    ///
    /// # Errors
    /// [`NotFinite`](crate::diffusion::Error::NotFinite); [`MemoryError`](crate::memory::MemoryError).
    pub fn bytes(&self) -> Result<Vec<u8>, Error> {
        self.in_bytes(&self.pixels)
    }

    /// [`bytes`](Self::bytes) of one image; `None` for a number that is none of the images'.
    pub(super) fn bytes_of(&self, image: usize) -> Option<Result<Vec<u8>, Error>> {
        let elements = self.image.elements().max(1);
        let planes = self.pixels.chunks_exact(elements).nth(image)?;
        Some(self.in_bytes(planes))
    }

    fn in_bytes(&self, planes: &[f32]) -> Result<Vec<u8>, Error> {
        let mut bytes = zeros(planes.len())?;
        image_to_u8(planes, &mut bytes)?;
        let mut bytes = self.interleaved(&bytes)?;
        self.straighten(&mut bytes, unpremultiply);
        Ok(bytes)
    }

    /// Returns the images as data sets have them: 8 bits a value, [N, C, H, W], premultiplied where they have alpha. They
    /// are what is read of a file that they were written to.
    ///
    /// # Errors
    /// [`NotFinite`](crate::diffusion::Error::NotFinite); [`MemoryError`](crate::memory::MemoryError).
    pub fn data(&self) -> Result<Vec<u8>, Error> {
        let bytes = self.bytes()?;
        let each = self.pixels.len().checked_div(self.len()).unwrap_or(0);
        let mut data = collected(bytes.len(), [])?;
        for image in bytes.chunks_exact(each.max(1)) {
            data.extend(planes(image, self.channels())?);
        }
        Ok(data)
    }

    /// Returns the images in f32, [N, H, W, C], straight where they have alpha, as [`bytes`](Self::bytes).
    ///
    /// # Errors
    /// [`MemoryError`](crate::memory::MemoryError).
    pub fn floats(&self) -> Result<Vec<f32>, Error> {
        let mut floats = self.interleaved(&self.pixels)?;
        self.straighten(&mut floats, straight);
        Ok(floats)
    }

    /// Replaces colours beside an alpha, where there is one.
    fn straighten<T: Copy>(&self, values: &mut [T], straight: impl Fn(T, T) -> T) {
        let channels = self.image.channels;
        if !has_alpha(channels) {
            return;
        }
        for pixel in values.chunks_exact_mut(channels) {
            if let Some((&mut alpha, colours)) = pixel.split_last_mut() {
                for colour in colours {
                    *colour = straight(*colour, alpha);
                }
            }
        }
    }

    /// Numbers of planes with the channels of a pixel beside each other.
    fn interleaved<T: Copy>(&self, planes: &[T]) -> Result<Vec<T>, Error> {
        let Extents {
            channels,
            height,
            width,
        } = self.image;
        let plane = height * width;
        let images = planes.chunks((channels * plane).max(1));
        let pixels = images.flat_map(|image| {
            (0..plane).flat_map(move |at| image.iter().skip(at).step_by(plane.max(1)).copied())
        });
        Ok(collected(planes.len(), pixels)?)
    }

    /// The number, noise and class of each image.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// The class of an image by its name, or its number where it has none.
    pub fn class_name(&self, image: usize) -> Option<String> {
        let label = self.samples.get(image)?.label?;
        let names = self.look.class_names.as_deref();
        let name = names.and_then(|names| names.get(label as usize)).cloned();
        Some(name.unwrap_or_else(|| std::format!("{label}")))
    }
}

/// A premultiplied colour as a straight one, in [-1, 1] as its alpha: -1, black, where nothing is opaque.
fn straight(colour: f32, alpha: f32) -> f32 {
    if alpha <= -1.0 {
        return -1.0;
    }
    let colour = (colour + 1.0) / (alpha + 1.0);
    2.0 * colour.clamp(0.0, 1.0) - 1.0
}
