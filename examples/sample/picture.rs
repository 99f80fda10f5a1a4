//! The images of a run: as a grid, an archive, a folder; and how they came about.

use std::fs;
use std::path::Path;

use iddpm::checkpoint::Description;
use iddpm::diffusion::pixels::image_to_u8;
use iddpm::files::write_whole;
use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, DynamicImage, Frame, ImageFormat, Rgb, RgbImage};
use npyz::{AutoSerialize, WriterBuilder};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::backend::XStart;
use super::files::{Out, Trajectory};
use super::program::Failure;
use super::sheet::{head_width, sheet, shown};

/// Images of a trajectory's strip.
pub(crate) const MOMENTS: usize = 12;
/// Milliseconds of a frame of an animation, and of its last.
const FRAME_MS: (u32, u32) = (80, 1500);

/// Images beside each other in a grid: the classes where they fit, so that each has its columns.
pub(crate) fn columns(description: &Description) -> usize {
    let classes = description.unet.num_classes;
    classes.filter(|n| (2..=16).contains(n)).unwrap_or(10)
}

/// The images of a run, 8 bits a value, and the predictions along the way.
pub(crate) struct Frames {
    channels: usize,
    height: usize,
    width: usize,
    columns: usize,
    /// Finished images, each channels first.
    images: Vec<u8>,
    /// Predictions of the first batch, one entry a step.
    moments: Vec<Vec<f32>>,
    keep: bool,
    /// Of the classes, where they have names.
    names: Vec<String>,
}

impl Frames {
    pub(crate) fn new(description: &Description, keep: bool) -> Self {
        Self {
            channels: description.unet.in_channels,
            height: description.size.height,
            width: description.size.width,
            columns: columns(description),
            images: Vec::new(),
            moments: Vec::new(),
            keep,
            names: description.class_names.clone().unwrap_or_default(),
        }
    }

    pub(crate) fn preview(&mut self, x_start: XStart<'_>) -> Result<(), Failure> {
        if self.keep && self.images.is_empty() {
            self.moments.push(x_start()?);
        }
        Ok(())
    }

    pub(crate) fn finish(&mut self, x: &[f32]) -> Result<(), Failure> {
        self.images.extend(self.to_bytes(x)?);
        Ok(())
    }

    fn to_bytes(&self, x: &[f32]) -> Result<Vec<u8>, Failure> {
        let mut bytes = vec![0; x.len()];
        image_to_u8(x, &mut bytes)?;
        Ok(bytes)
    }

    fn elements(&self) -> usize {
        self.channels * self.height * self.width
    }

    pub(crate) fn write(&self, out: &Out, labels: &[Option<u32>]) -> Result<(), Failure> {
        match out {
            Out::Grid(path) => {
                let pictures = self.pictures(&self.images);
                save(&sheet(&pictures, &self.heads(labels), self.columns), path)
            }
            Out::Archive(path) => self.write_archive(path, labels),
            Out::Folder(path) => self.write_folder(path, labels),
        }
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

    /// `arr_0` [N, H, W, C] and, with classes, `arr_1` [N]: what the public evaluators read.
    fn write_archive(&self, path: &Path, labels: &[Option<u32>]) -> Result<(), Failure> {
        let count = self.images.len() / self.elements();
        let shape = [count, self.height, self.width, self.channels];
        let labels: Vec<i64> = labels.iter().flatten().map(|&label| label.into()).collect();
        write_whole(path, |file| -> Result<(), Failure> {
            let mut archive = ZipWriter::new(file);
            // Entries without a time of day: the same images are the same bytes. Beyond 4 GiB their
            // lengths need more room.
            let options = SimpleFileOptions::default()
                .last_modified_time(zip::DateTime::default())
                .large_file(self.images.len() >= 1 << 31);
            archive.start_file("arr_0.npy", options)?;
            write_array(&mut archive, &shape, self.interleaved())?;
            if !labels.is_empty() {
                archive.start_file("arr_1.npy", options)?;
                write_array(&mut archive, &[labels.len()], labels)?;
            }
            archive.finish()?;
            Ok(())
        })
    }

    /// All images with their channels last.
    fn interleaved(&self) -> impl Iterator<Item = u8> {
        let plane = self.height * self.width;
        self.images.chunks(self.elements()).flat_map(move |image| {
            let channels = image.len() / plane;
            (0..plane).flat_map(move |at| (0..channels).map(move |c| image[c * plane + at]))
        })
    }

    fn write_folder(&self, path: &Path, labels: &[Option<u32>]) -> Result<(), Failure> {
        fs::create_dir_all(path)?;
        let images = self.images.chunks(self.elements()).zip(labels);
        for (number, (image, label)) in images.enumerate() {
            let class = label.map_or(String::new(), |label| format!("{label}_"));
            save(
                &self.picture(image),
                &path.join(format!("{class}{number:06}.png")),
            )?;
        }
        Ok(())
    }

    /// One image; grey where it has not three channels.
    fn picture(&self, image: &[u8]) -> RgbImage {
        let plane = self.height * self.width;
        RgbImage::from_fn(self.width as u32, self.height as u32, |x, y| {
            let at = y as usize * self.width + x as usize;
            let channel = |c: usize| {
                image[if self.channels == 3 {
                    c * plane + at
                } else {
                    at
                }]
            };
            Rgb([channel(0), channel(1), channel(2)])
        })
    }

    fn pictures(&self, images: &[u8]) -> Vec<RgbImage> {
        let images = images.chunks(self.elements());
        images.map(|image| self.picture(image)).collect()
    }

    /// The predictions of the first batch, of which these are the labels.
    pub(crate) fn write_trajectory(
        &self,
        trajectory: &Trajectory,
        labels: &[Option<u32>],
    ) -> Result<(), Failure> {
        let moments = self
            .moments
            .iter()
            .map(|moment| -> Result<_, Failure> { Ok(self.pictures(&self.to_bytes(moment)?)) });
        let moments: Vec<_> = moments.collect::<Result<_, _>>()?;
        let heads = self.heads(labels);
        match trajectory {
            Trajectory::Strip(path) => write_strip(&moments, &heads, path),
            Trajectory::Animation(path) => write_animation(&moments, &heads, self.columns, path),
        }
    }
}

/// A row for each image, its class above its first; a column for each of some moments, the last among
/// them.
fn write_strip(moments: &[Vec<RgbImage>], heads: &[String], path: &Path) -> Result<(), Failure> {
    let count = moments.len();
    let columns = MOMENTS.min(count).max(1);
    let chosen: Vec<usize> = (1..=columns)
        .map(|column| column * count / columns - 1)
        .collect();
    let images = moments.first().map_or(0, Vec::len);
    let cells = (0..images).flat_map(|row| chosen.iter().map(move |&at| moments[at][row].clone()));
    let firsts = heads.iter().flat_map(|head| {
        let others = std::iter::repeat_n(String::new(), columns - 1);
        std::iter::once(head.clone()).chain(others)
    });
    let (cells, heads): (Vec<_>, Vec<_>) = (cells.collect(), firsts.collect());
    save(&sheet(&cells, &heads, columns), path)
}

fn write_animation(
    moments: &[Vec<RgbImage>],
    heads: &[String],
    columns: usize,
    path: &Path,
) -> Result<(), Failure> {
    write_whole(path, |file| -> Result<(), Failure> {
        let mut gif = GifEncoder::new(file);
        gif.set_repeat(Repeat::Infinite)?;
        for (at, moment) in moments.iter().enumerate() {
            let is_last = at + 1 == moments.len();
            let shown = if is_last { FRAME_MS.1 } else { FRAME_MS.0 };
            let picture = DynamicImage::from(sheet(moment, heads, columns)).into_rgba8();
            let delay = Delay::from_numer_denom_ms(shown, 1);
            gif.encode_frame(Frame::from_parts(picture, 0, 0, delay))?;
        }
        Ok(())
    })
}

fn write_array<T: AutoSerialize>(
    archive: &mut impl std::io::Write,
    shape: &[usize],
    values: impl IntoIterator<Item = T>,
) -> Result<(), Failure> {
    let shape: Vec<u64> = shape.iter().map(|&axis| axis as u64).collect();
    let options = npyz::WriteOptions::new().default_dtype().shape(&shape);
    let mut array = options.writer(archive).begin_nd()?;
    array.extend(values)?;
    Ok(array.finish()?)
}

fn save(picture: &RgbImage, path: &Path) -> Result<(), Failure> {
    write_whole(path, |file| Ok(picture.write_to(file, ImageFormat::Png)?))
}
