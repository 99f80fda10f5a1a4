//! How images are drawn: one, many in a grid, and how they came about.

use std::path::Path;

use iddpm::checkpoint::Description;
use iddpm::diffusion::pixels::image_to_u8;
use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, DynamicImage, Frame, RgbaImage};

use super::drawing::Colours;
use super::files::{Trajectory, put, put_png};
use super::program::Failure;
use super::sheet::{head_width, sheet, shown};

/// Images of a trajectory's strip.
pub(crate) const MOMENTS: usize = 12;
/// Milliseconds of a frame of an animation, and of its last.
const FRAME_MS: (u32, u32) = (80, 1500);
/// From here on a pixel of an animation is opaque: it is so or not at all.
const OPAQUE: u8 = 128;

/// Images beside each other in a grid: the classes where they fit, so that each has its columns.
pub(crate) fn columns(description: &Description) -> usize {
    let classes = description.unet.num_classes;
    classes.filter(|n| (2..=16).contains(n)).unwrap_or(10)
}

/// 8 bits a value.
pub(crate) fn to_bytes(x: &[f32]) -> Result<Vec<u8>, Failure> {
    let mut bytes = vec![0; x.len()];
    image_to_u8(x, &mut bytes)?;
    Ok(bytes)
}

/// How the images of a network are drawn.
#[derive(Debug, Clone)]
pub(crate) struct Drawing {
    colours: Colours,
    width: usize,
    height: usize,
    columns: usize,
    elements: usize,
    /// Of the classes, where they have names.
    names: Vec<String>,
}

impl Drawing {
    /// # Errors
    /// Where its images are no pictures.
    pub(crate) fn of(description: &Description) -> Result<Self, String> {
        let channels = description.unet.in_channels;
        let (width, height) = (description.size.width, description.size.height);
        Ok(Self {
            colours: Colours::of(channels)?,
            width,
            height,
            columns: columns(description),
            elements: channels * width * height,
            names: description.class_names.clone().unwrap_or_default(),
        })
    }

    pub(crate) fn picture(&self, image: &[u8]) -> DynamicImage {
        let (width, height) = (self.width as u32, self.height as u32);
        self.colours.picture(image, width, height)
    }

    fn pictures(&self, images: &[u8]) -> Vec<DynamicImage> {
        let images = images.chunks(self.elements);
        images.map(|image| self.picture(image)).collect()
    }

    /// Images one after the other, with their labels, in rows.
    pub(crate) fn grid(&self, images: &[u8], labels: &[Option<u32>]) -> DynamicImage {
        self.sheet(&self.pictures(images), &self.heads(labels), self.columns)
    }

    /// What stands above each image: its class by name, where that fits, or by number; nothing where no
    /// image has a class.
    fn heads(&self, labels: &[Option<u32>]) -> Vec<String> {
        let width = shown(self.width, self.height).0;
        let head = |label: u32| {
            let name = self.names.get(label as usize);
            let name = name.filter(|name| head_width(name) <= width);
            name.map_or_else(|| label.to_string(), String::clone)
        };
        labels.iter().flatten().map(|&label| head(label)).collect()
    }

    fn sheet(&self, pictures: &[DynamicImage], heads: &[String], columns: usize) -> DynamicImage {
        let sheet = DynamicImage::from(sheet(pictures, heads, columns));
        match self.colours.has_alpha() {
            true => sheet,
            false => sheet.into_rgb8().into(),
        }
    }

    /// Draws predictions of some images, in their order, and writes them.
    pub(crate) fn write_trajectory(
        &self,
        trajectory: &Trajectory,
        moments: &[Vec<f32>],
        labels: &[Option<u32>],
    ) -> Result<(), Failure> {
        let moments = moments
            .iter()
            .map(|moment| -> Result<_, Failure> { Ok(self.pictures(&to_bytes(moment)?)) });
        let moments: Vec<_> = moments.collect::<Result<_, _>>()?;
        let heads = self.heads(labels);
        match trajectory {
            Trajectory::Strip(path) => put_png(path, &self.strip(&moments, &heads)),
            Trajectory::Animation(path) => self.write_animation(&moments, &heads, path),
        }
    }

    /// A row for each image, its class above its first; a column for each of some moments, the last among
    /// them.
    fn strip(&self, moments: &[Vec<DynamicImage>], heads: &[String]) -> DynamicImage {
        let count = moments.len();
        let columns = MOMENTS.min(count).max(1);
        let chosen: Vec<usize> = (1..=columns)
            .map(|column| column * count / columns - 1)
            .collect();
        let images = moments.first().map_or(0, Vec::len);
        let cells =
            (0..images).flat_map(|row| chosen.iter().map(move |&at| moments[at][row].clone()));
        let firsts = heads.iter().flat_map(|head| {
            let others = std::iter::repeat_n(String::new(), columns - 1);
            std::iter::once(head.clone()).chain(others)
        });
        let (cells, heads): (Vec<_>, Vec<_>) = (cells.collect(), firsts.collect());
        self.sheet(&cells, &heads, columns)
    }

    fn write_animation(
        &self,
        moments: &[Vec<DynamicImage>],
        heads: &[String],
        path: &Path,
    ) -> Result<(), Failure> {
        put(path, |file| {
            let mut gif = GifEncoder::new(file);
            gif.set_repeat(Repeat::Infinite)?;
            for (at, moment) in moments.iter().enumerate() {
                let is_last = at + 1 == moments.len();
                let shown = if is_last { FRAME_MS.1 } else { FRAME_MS.0 };
                let mut picture = self.sheet(moment, heads, self.columns).into_rgba8();
                clear_transparent(&mut picture);
                let delay = Delay::from_numer_denom_ms(shown, 1);
                gif.encode_frame(Frame::from_parts(picture, 0, 0, delay))?;
            }
            Ok(())
        })
    }
}

/// Makes every pixel opaque or nothing at all.
fn clear_transparent(picture: &mut RgbaImage) {
    for pixel in picture.pixels_mut() {
        pixel.0 = match pixel.0 {
            [r, g, b, alpha] if alpha >= OPAQUE => [r, g, b, u8::MAX],
            _ => [0; 4],
        };
    }
}
