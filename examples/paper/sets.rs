//! The sets of images: what is trained on, what is evaluated, what samples are compared with, and of two of them the
//! probability of each image.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use iddpm::data::{self, Broken, Dataset, Images};
use iddpm::diffusion::Noise;
use iddpm::unet::Extents;

use super::program::Failure;
use super::sprites::{ITEMS, picture};

/// A set of images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Set {
    /// The digits, or what `--data` names.
    Digits,
    /// Drawn items with transparency, as `make_sprites` draws them.
    Sprites,
    /// A Gaussian field on whole numbers: each pixel is normal around a mean of its neighbours above and to the left.
    Field,
    /// Any of 2^464 listed images, each as likely: 4 by 4 tiles, each of which is one of 2^29 patterns.
    Mosaic,
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Digits => "digits",
            Self::Sprites => "sprites",
            Self::Field => "field",
            Self::Mosaic => "mosaic",
        })
    }
}

/// A set's images.
pub(crate) struct Data {
    pub(crate) trained: Arc<dyn Dataset>,
    /// Images of the same law that are not trained on.
    pub(crate) held_out: Arc<dyn Dataset>,
    /// -log₂ P/D of each of these, where the law is known.
    pub(crate) bits: Option<Vec<f64>>,
    /// A digest of all images: of others all numbers are others.
    pub(crate) digest: u64,
}

impl Data {
    fn new(
        trained: Arc<dyn Dataset>,
        held_out: Arc<dyn Dataset>,
        bits: Option<Vec<f64>>,
    ) -> Result<Self, Failure> {
        let [first, second] = [&trained, &held_out].map(|images| images.fingerprint(Broken::Fatal));
        Ok(Self {
            digest: first?.rotate_left(1) ^ second?,
            trained,
            held_out,
            bits,
        })
    }
}

/// Where the digits lie, in a checkout.
pub(crate) fn digits() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/digits16.npz")
}

/// One in so many images of a file is held out.
const HELD_OUT: usize = 3;
/// Sprites of each class that are trained on, and as many again that are held out.
const SPRITES: u64 = 200;
/// Rows and columns of an image whose probability is known.
const SIDE: usize = 8;
/// Images of a known law to train on.
const KNOWN: usize = 50_000;

impl Set {
    /// The images, `held_out` of them at most where there are as many as one likes.
    pub(crate) fn open(self, path: &Path, held_out: usize) -> Result<Data, Failure> {
        match self {
            Self::Digits => of_file(path),
            Self::Sprites => of_sprites(),
            Self::Field => known(held_out, Field::draw, Field::bits),
            Self::Mosaic => known(held_out, Mosaic::draw, |_| Mosaic::BITS),
        }
    }
}

/// A file's images, of which every third is held out.
fn of_file(path: &Path) -> Result<Data, Failure> {
    let opened = data::open(path, &data::Options::default());
    let opened = opened.map_err(|error| format!("--data {error}"))?;
    if opened.classes().is_none_or(|classes| classes < 2) {
        let path = path.display();
        return Err(format!("--data {path}: samples are judged by two classes or more").into());
    }
    let some = |is: &dyn Fn(usize) -> bool| some_of(&opened, is);
    Data::new(
        some(&|image| image % HELD_OUT != 0)?,
        some(&|image| image % HELD_OUT == 0)?,
        None,
    )
}

/// Some of the images, by their numbers.
fn some_of(data: &dyn Dataset, is: &dyn Fn(usize) -> bool) -> Result<Arc<dyn Dataset>, Failure> {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for index in (0..data.len()).filter(|&index| is(index)) {
        let example = data.get(index)?;
        pixels.extend_from_slice(&example.pixels);
        labels.extend(example.label);
    }
    if pixels.is_empty() {
        return Err(format!("--data: {} images are too few", data.len()).into());
    }
    let images = Images::new(data.extents(), pixels, Some(labels), data.classes())?;
    Ok(Arc::new(images))
}

fn of_sprites() -> Result<Data, Failure> {
    let drawn = |seed| -> Result<Arc<dyn Dataset>, Failure> {
        let mut labels = Vec::new();
        let mut pixels = Vec::new();
        for index in 0..SPRITES {
            for class in 0..ITEMS.len() as u32 {
                let item = picture(seed, class, index);
                labels.push(class);
                for channel in 0..4 {
                    let of = |pixel: &image::Rgba<u8>| pixel.0.get(channel).copied();
                    pixels.extend(item.pixels().filter_map(of));
                }
            }
        }
        let (height, width) = (32, 32);
        let extents = Extents {
            channels: 4,
            height,
            width,
        };
        Ok(Arc::new(Images::new(extents, pixels, Some(labels), None)?))
    };
    Data::new(drawn(0)?, drawn(1)?, None)
}

/// Images of a known law: pixels, and -log₂ P/D of an image.
fn known(
    held_out: usize,
    draw: impl Fn(u64) -> Vec<u8>,
    bits: impl Fn(&[u8]) -> f64,
) -> Result<Data, Failure> {
    let extents = Extents {
        channels: 1,
        height: SIDE,
        width: SIDE,
    };
    let images = |numbers: std::ops::Range<usize>| -> Result<Arc<dyn Dataset>, Failure> {
        let pixels = numbers.flat_map(|number| draw(number as u64)).collect();
        Ok(Arc::new(Images::new(extents, pixels, None, None)?))
    };
    let numbers = KNOWN..KNOWN + held_out;
    let bits = numbers.clone().map(|number| bits(&draw(number as u64)));
    Data::new(
        images(0..KNOWN)?,
        images(numbers.clone())?,
        Some(bits.collect()),
    )
}

/// The Gaussian field. A pixel v has the probability Φ((v + ½ - m)/s) - Φ((v - ½ - m)/s), and 0 and 255 what lies beyond
/// them, with m = 127.5 + a·(up - 127.5) + a·(left - 127.5): so an image has the product of these, whatever it is.
struct Field;

impl Field {
    /// Of a neighbour in the mean.
    const WEIGHT: f64 = 0.45;
    /// s, the deviation from the mean.
    const DEVIATION: f64 = 16.0;
    const MIDDLE: f64 = 127.5;

    /// The mean of a pixel, given those before it.
    fn mean(pixels: &[u8], at: usize) -> f64 {
        let neighbour = |is: bool, back: usize| {
            let pixel = is.then(|| pixels.get(at - back)).flatten();
            pixel.map_or(0.0, |&pixel| f64::from(pixel) - Self::MIDDLE)
        };
        let (left, up) = (
            neighbour(!at.is_multiple_of(SIDE), 1),
            neighbour(at >= SIDE, SIDE),
        );
        Self::MIDDLE + Self::WEIGHT * (left + up)
    }

    fn draw(number: u64) -> Vec<u8> {
        let mut normals = [0.0; SIDE * SIDE];
        Noise::new(1)
            .stream(number, 0)
            .fill_normals(0, &mut normals);
        let mut pixels = Vec::new();
        for (at, normal) in normals.into_iter().enumerate() {
            let value = Self::mean(&pixels, at) + Self::DEVIATION * f64::from(normal);
            pixels.push(value.round().clamp(0.0, 255.0) as u8);
        }
        pixels
    }

    fn bits(pixels: &[u8]) -> f64 {
        let each = pixels.iter().enumerate().map(|(at, &pixel)| {
            let from_mean = f64::from(pixel) - Self::mean(pixels, at);
            // Of the upper half as of the lower one, where nothing cancels.
            let below = |edge: f64| 0.5 * libm::erfc(edge / (Self::DEVIATION * 2.0_f64.sqrt()));
            let (near, far) = (from_mean.abs() - 0.5, from_mean.abs() + 0.5);
            let is_open = match from_mean > 0.0 {
                true => pixel == 255,
                false => pixel == 0,
            };
            let beyond = if is_open { 0.0 } else { below(far) };
            -(below(near) - beyond).log2()
        });
        each.sum::<f64>() / pixels.len() as f64
    }
}

/// The listed images: the pixels of a tile are all dark, below 128, or all bright.
struct Mosaic;

impl Mosaic {
    /// Rows and columns of a tile.
    const TILE: usize = 2;
    /// Values of each kind.
    const VALUES: u8 = 128;
    /// A bit of a tile for its kind, log₂ 128 of each of its pixels for the value within it.
    const BITS: f64 = 1.0 / (Self::TILE * Self::TILE) as f64 + 7.0;

    fn draw(number: u64) -> Vec<u8> {
        let choices = Noise::new(2);
        let (of_tiles, of_pixels) = (choices.stream(number, 0), choices.stream(number, 1));
        let one_of = |count: u8, uniform: f64| (uniform * f64::from(count)) as u8;
        let pixels = (0..SIDE * SIDE).map(|at| {
            let (row, column) = (at / SIDE, at % SIDE);
            let tile = row / Self::TILE * (SIDE / Self::TILE) + column / Self::TILE;
            let kind = one_of(2, of_tiles.uniform_f64(tile as u64));
            Self::VALUES * kind + one_of(Self::VALUES, of_pixels.uniform_f64(at as u64))
        });
        pixels.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Field, Mosaic, SIDE};

    /// The probabilities of a pixel's 256 values are 1 in all, wherever its mean lies.
    #[test]
    fn a_pixel_has_some_value() {
        for neighbour in [0, 100, 255] {
            let sum: f64 = (0..=255)
                .map(|value| {
                    let before = Field::bits(&[neighbour]);
                    let both = 2.0 * Field::bits(&[neighbour, value]);
                    (before - both).exp2()
                })
                .sum();
            assert!((sum - 1.0).abs() < 1e-12, "{neighbour}: {sum}");
        }
    }

    /// What is drawn has the entropy of its law: ½ log₂(2πe s²), as s is many pixels and the edges are far.
    #[test]
    fn the_field_has_its_entropy() {
        let law = 0.5 * (2.0 * std::f64::consts::PI * std::f64::consts::E).log2()
            + Field::DEVIATION.log2();
        let count = 2000;
        let sum: f64 = (0..count).map(|n| Field::bits(&Field::draw(n))).sum();
        // An image's bits/dim deviate by log₂e/√2 for each of 64 pixels.
        let error = 1.443 / (2.0 * 64.0 * count as f64).sqrt();
        assert!((sum / count as f64 - law).abs() < 4.0 * error, "{sum}");
    }

    /// Every value is there, about as often as any other, and the pixels of a tile are of one kind.
    #[test]
    fn a_mosaic_is_of_tiles() {
        let mut counts = std::collections::BTreeMap::new();
        for number in 0..1000 {
            let pixels = Mosaic::draw(number);
            for (at, &pixel) in pixels.iter().enumerate() {
                *counts.entry(pixel).or_insert(0) += 1;
                let first = at / SIDE / 2 * 2 * SIDE + at % SIDE / 2 * 2;
                let kind = |pixel: u8| pixel / Mosaic::VALUES;
                assert_eq!(
                    pixels.get(first).map(|&first| kind(first)),
                    Some(kind(pixel))
                );
            }
        }
        // 250 each on average; four pixels have their kind in common, so the deviation is below 32.
        assert_eq!(counts.len(), 256);
        assert!(counts.values().all(|&count| (100..400).contains(&count)));
    }
}
