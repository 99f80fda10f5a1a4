//! Images as files: a grid, an archive, a folder; and how they came about.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use iddpm::checkpoint::Description;
use iddpm::diffusion::pixels::image_to_u8;
use image::codecs::gif::{GifEncoder, Repeat};
use image::{Frame, ImageFormat, Rgb, RgbImage, imageops};
use npyz::WriterBuilder;
use npyz::npz::NpzWriter;

use super::Failure;

/// Images beside each other in a grid.
const COLUMNS: usize = 10;
/// Pixels between them.
const GAP: u32 = 2;
/// Images of a trajectory's strip.
const MOMENTS: usize = 12;

/// The images of a run, 8 bits a value, and the predictions along the way.
pub(crate) struct Frames {
    channels: usize,
    height: usize,
    width: usize,
    /// Finished images, each channels first.
    images: Vec<u8>,
    /// Predictions of the first batch, one entry a step.
    moments: Vec<Vec<f32>>,
    keep: bool,
    batch: usize,
}

impl Frames {
    pub(crate) fn new(description: &Description, keep: bool) -> Self {
        Self {
            channels: description.unet.in_channels,
            height: description.size.height,
            width: description.size.width,
            images: Vec::new(),
            moments: Vec::new(),
            keep,
            batch: 0,
        }
    }

    pub(crate) fn begin(&mut self, batch: usize) {
        self.batch = batch;
    }

    pub(crate) fn preview(&mut self, x_start: &[f32]) {
        if self.keep && self.images.is_empty() {
            self.moments.push(x_start.to_vec());
        }
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

    /// Writes by what the path says: `.npz`, `.png`, or a folder.
    pub(crate) fn write(&self, path: &Path, labels: &[Option<u32>]) -> Result<(), Failure> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("npz") => self.write_npz(path, labels),
            Some("png") => save(&self.grid(labels), path),
            None => self.write_folder(path, labels),
            Some(other) => Err(format!("--out: .{other} is none of .png, .npz, a folder").into()),
        }
    }

    /// `arr_0` [N, H, W, C] and, with classes, `arr_1` [N]: what the public evaluators read.
    fn write_npz(&self, path: &Path, labels: &[Option<u32>]) -> Result<(), Failure> {
        let count = self.images.len() / self.elements();
        let shape = [count, self.height, self.width, self.channels].map(|n| n as u64);
        let unfinished = beside(path);
        let mut archive = NpzWriter::new(BufWriter::new(File::create(&unfinished)?));
        let mut images = archive
            .array("arr_0", Default::default())?
            .default_dtype()
            .shape(&shape)
            .begin_nd()?;
        images.extend(self.interleaved())?;
        images.finish()?;
        let labels: Vec<i64> = labels.iter().flatten().map(|&label| label.into()).collect();
        if !labels.is_empty() {
            let mut classes = archive
                .array("arr_1", Default::default())?
                .default_dtype()
                .shape(&[labels.len() as u64])
                .begin_nd()?;
            classes.extend(labels)?;
            classes.finish()?;
        }
        let mut file = archive.zip_writer().finish()?;
        file.flush()?;
        Ok(fs::rename(unfinished, path)?)
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

    /// The images in rows of ten, their classes above each where they have such.
    fn grid(&self, labels: &[Option<u32>]) -> RgbImage {
        let pictures: Vec<_> = self
            .images
            .chunks(self.elements())
            .map(|image| self.picture(image))
            .collect();
        sheet(&pictures, labels, COLUMNS)
    }

    pub(crate) fn write_trajectory(&self, path: &Path) -> Result<(), Failure> {
        let sheets = |moment: &Vec<f32>| -> Result<Vec<RgbImage>, Failure> {
            let bytes = self.to_bytes(moment)?;
            Ok(bytes
                .chunks(self.elements())
                .map(|image| self.picture(image))
                .collect())
        };
        if path.extension().is_some_and(|extension| extension == "gif") {
            let unfinished = beside(path);
            let mut gif = GifEncoder::new(BufWriter::new(File::create(&unfinished)?));
            gif.set_repeat(Repeat::Infinite)?;
            for moment in &self.moments {
                let frame = sheet(&sheets(moment)?, &[], COLUMNS);
                gif.encode_frame(Frame::new(image::DynamicImage::from(frame).into_rgba8()))?;
            }
            drop(gif);
            return Ok(fs::rename(unfinished, path)?);
        }
        // A row for each image, a column for each of some moments, the last among them.
        let count = self.moments.len();
        let columns = MOMENTS.min(count);
        let chosen = (1..=columns).map(|column| column * count / columns - 1);
        let moments: Vec<_> = chosen
            .map(|at| sheets(&self.moments[at]))
            .collect::<Result<_, _>>()?;
        let images = moments.first().map_or(0, Vec::len);
        let rows =
            (0..images).flat_map(|row| moments.iter().map(move |moment| moment[row].clone()));
        save(&sheet(&rows.collect::<Vec<_>>(), &[], columns.max(1)), path)
    }
}

/// Pictures in rows, each enlarged to a visible size, under its label.
fn sheet(pictures: &[RgbImage], labels: &[Option<u32>], columns: usize) -> RgbImage {
    let Some(first) = pictures.first() else {
        return RgbImage::new(1, 1);
    };
    let zoom = (64 / first.width().max(first.height())).max(1);
    let (width, height) = (first.width() * zoom, first.height() * zoom);
    let head = if labels.iter().any(Option::is_some) {
        2 * GLYPH_HEIGHT + GAP
    } else {
        0
    };
    let columns = columns.min(pictures.len()) as u32;
    let rows = (pictures.len() as u32).div_ceil(columns);
    let (cell_width, cell_height) = (width + GAP, height + head + GAP);
    let size = (columns * cell_width + GAP, rows * cell_height + GAP);
    let mut sheet = RgbImage::from_pixel(size.0, size.1, Rgb([32, 32, 40]));
    for (at, picture) in (0..).zip(pictures) {
        let (left, top) = (
            at % columns * cell_width + GAP,
            at / columns * cell_height + GAP,
        );
        if let Some(Some(label)) = labels.get(at as usize) {
            write_number(&mut sheet, left, top, *label);
        }
        let large = imageops::resize(picture, width, height, imageops::FilterType::Nearest);
        imageops::replace(&mut sheet, &large, left.into(), (top + head).into());
    }
    sheet
}

const GLYPH_HEIGHT: u32 = 5;

/// The digits in 3×5 pixels, a row of three bits each, from the top.
const GLYPHS: [[u8; 5]; 10] = [
    [7, 5, 5, 5, 7],
    [2, 6, 2, 2, 7],
    [7, 1, 7, 4, 7],
    [7, 1, 7, 1, 7],
    [5, 5, 7, 1, 1],
    [7, 4, 7, 1, 7],
    [7, 4, 7, 5, 7],
    [7, 1, 2, 2, 2],
    [7, 5, 7, 5, 7],
    [7, 5, 7, 1, 7],
];

/// Writes a number in glyphs of twice their size.
fn write_number(sheet: &mut RgbImage, left: u32, top: u32, number: u32) {
    for (place, digit) in (0..).zip(number.to_string().bytes()) {
        let glyph = GLYPHS[usize::from(digit - b'0')];
        for y in 0..2 * GLYPH_HEIGHT {
            for x in 0..6 {
                let set = glyph[y as usize / 2] >> (2 - x / 2) & 1 == 1;
                let at = (left + 8 * place + x, top + y);
                if set && at.0 < sheet.width() && at.1 < sheet.height() {
                    sheet.put_pixel(at.0, at.1, Rgb([230, 200, 80]));
                }
            }
        }
    }
}

/// Where a file is written before it takes its place, so that it is there whole or not at all.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

fn save(picture: &RgbImage, path: &Path) -> Result<(), Failure> {
    let unfinished = beside(path);
    picture.save_with_format(&unfinished, ImageFormat::Png)?;
    Ok(fs::rename(unfinished, path)?)
}
