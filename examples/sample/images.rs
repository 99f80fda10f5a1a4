//! What becomes of finished images.

use std::path::PathBuf;

use iddpm::checkpoint::Description;
use iddpm::diffusion::Sample;
use iddpm::files::{FreshFolder, Writer, create_folder};
use iddpm::memory;
use npyz::{AutoSerialize, WriterBuilder};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::data::Naming;
use super::files::{Out, put, put_png};
use super::pictures::{Drawing, to_bytes};
use super::places;
use super::program::Failure;

/// Images on their way to where they go: kept for one file, or written to a folder as they are made.
pub(crate) enum Images {
    Grid(PathBuf, Kept, Drawing),
    Archive(PathBuf, Kept),
    Folder(Pictures),
}

/// A folder, and how many images are in it.
pub(crate) struct Pictures {
    folder: FreshFolder,
    naming: Naming,
    drawing: Drawing,
    made: usize,
}

/// Finished images, 8 bits a value, each channels first; and their classes.
pub(crate) struct Kept {
    shape: [usize; 3],
    pixels: Vec<u8>,
    labels: Vec<Option<u32>>,
}

impl Images {
    /// Makes the folder, or room for so many images.
    pub(crate) fn new(out: &Out, description: &Description, count: usize) -> Result<Self, Failure> {
        let drawing = || Drawing::of(description).map_err(|why| format!("--out: {why}"));
        Ok(match out {
            Out::Grid(path) => {
                let drawing = drawing()?;
                Self::Grid(path.clone(), Kept::new(description, count)?, drawing)
            }
            Out::Archive(path) => Self::Archive(path.clone(), Kept::new(description, count)?),
            Out::Folder(path) => {
                let drawing = drawing()?;
                let naming = Naming::new(description.class_names.as_deref());
                Self::Folder(Pictures {
                    folder: FreshFolder::take(path)
                        .map_err(|error| places::named("--out", path, error.error))?,
                    naming,
                    drawing,
                    made: 0,
                })
            }
        })
    }

    /// Takes a batch.
    pub(crate) fn add(&mut self, x: &[f32], samples: &[Sample]) -> Result<(), Failure> {
        let bytes = to_bytes(x)?;
        match self {
            Self::Grid(_, kept, _) | Self::Archive(_, kept) => {
                kept.pixels.extend(bytes);
                kept.labels
                    .extend(samples.iter().map(|sample| sample.label));
                Ok(())
            }
            Self::Folder(pictures) => {
                let images = bytes.chunks(bytes.len() / samples.len());
                let mut images = images.zip(samples);
                images.try_for_each(|(image, sample)| pictures.add(image, sample))
            }
        }
    }

    /// What there is already.
    pub(crate) fn made(&self) -> usize {
        match self {
            Self::Grid(..) | Self::Archive(..) => 0,
            Self::Folder(pictures) => pictures.made,
        }
    }

    /// Writes what was kept.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Grid(path, kept, drawing) => {
                put_png(&path, &drawing.grid(&kept.pixels, &kept.labels))
            }
            Self::Archive(path, kept) => put(&path, |file| kept.write(file)),
            Self::Folder(_) => Ok(()),
        }
    }
}

impl Pictures {
    fn add(&mut self, image: &[u8], sample: &Sample) -> Result<(), Failure> {
        let path = self.naming.path(sample.label, sample.number);
        let path = self.folder.path().join(path);
        if let Some(class) = path.parent() {
            create_folder(class)?;
        }
        put_png(&path, &self.drawing.picture(image))?;
        self.made += 1;
        Ok(())
    }
}

impl Kept {
    fn new(description: &Description, count: usize) -> Result<Self, Failure> {
        let size = description.size;
        let shape = [size.height, size.width, description.unet.in_channels];
        let mut pixels = Vec::new();
        let bytes = count * shape.iter().product::<usize>();
        memory::check(bytes as u64).map_err(|error| format!("--count {count}: {error}"))?;
        pixels
            .try_reserve_exact(bytes)
            .map_err(|_| format!("--count {count}: no memory for {bytes} bytes of images"))?;
        Ok(Self {
            shape,
            pixels,
            labels: Vec::with_capacity(count),
        })
    }

    /// `arr_0` [N, H, W, C] and, with classes, `arr_1` [N]: what the public evaluators read.
    fn write(&self, file: &mut Writer) -> Result<(), Failure> {
        let [height, width, channels] = self.shape;
        let shape = [self.labels.len(), height, width, channels];
        let labels = self.labels.iter().flatten();
        let labels: Vec<i64> = labels.map(|&label| label.into()).collect();
        let mut archive = ZipWriter::new(file);
        // Entries without a time of day: the same images are the same bytes. Beyond 4 GiB their lengths
        // need more room.
        let options = SimpleFileOptions::default()
            .last_modified_time(zip::DateTime::default())
            .large_file(self.pixels.len() >= 1 << 31);
        archive.start_file("arr_0.npy", options)?;
        write_array(&mut archive, &shape, self.interleaved())?;
        if !labels.is_empty() {
            archive.start_file("arr_1.npy", options)?;
            write_array(&mut archive, &[labels.len()], labels)?;
        }
        archive.finish()?;
        Ok(())
    }

    /// All images with their channels last.
    fn interleaved(&self) -> impl Iterator<Item = u8> {
        let [height, width, channels] = self.shape;
        let plane = height * width;
        self.pixels.chunks(channels * plane).flat_map(move |image| {
            (0..plane).flat_map(move |at| (0..channels).map(move |c| image[c * plane + at]))
        })
    }
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
