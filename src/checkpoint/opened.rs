//! The reading of files on disk: regular files alone.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::string::ToString;

use super::content::Content;
use super::description::Description;
use super::error::CheckpointError;
use super::file::io;
use super::foreign::Foreign;
use super::header::Header;
use super::locate::{names_beside, names_within};
use super::read::{Checkpoint, ReadOptions, WeightType};
use super::source::{Either, Source};
use super::states::{FIRST_MOMENT, SECOND_MOMENT, STATE};
use super::torch::{Torch, is_torch};
use crate::files::regular;

impl Checkpoint {
    /// Reads a network's file, tensor by tensor. For a path that may be a run's see
    /// [`locate`](super::locate()).
    ///
    /// ```
    /// use iddpm::checkpoint::{Checkpoint, WeightType};
    /// let path = "examples/assets/sprites32.safetensors";
    /// let sprites = Checkpoint::open(path, WeightType::AsStored)?;
    /// assert_eq!(sprites.description().image().height, 32);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`from_bytes`](Self::from_bytes), with the file, in
    /// [`CheckpointError::InFile`]; [`CheckpointError::Io`], which has it too.
    pub fn open(path: impl AsRef<Path>, precision: WeightType) -> Result<Self, CheckpointError> {
        let options = ReadOptions {
            precision,
            ..ReadOptions::default()
        };
        Self::open_with(path, options)
    }

    /// Reads a network's file as what the caller says that it is: one that does not say it itself, or is
    /// not believed.
    ///
    /// ```no_run
    /// use iddpm::checkpoint::{Checkpoint, WeightType, Preset};
    /// use iddpm::diffusion::WeightSet;
    /// let average = WeightSet::Ema { rate: 0.9999 };
    /// let description = Preset::Cifar10Uncond.describe(average, 500_000)?;
    /// let path = "cifar10_uncond_50M_500K.safetensors";
    /// let checkpoint = Checkpoint::open_as(path, description, WeightType::F32)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`from_bytes_as`](Self::from_bytes_as), and of [`open`](Self::open).
    pub fn open_as(
        path: impl AsRef<Path>,
        description: Description,
        precision: WeightType,
    ) -> Result<Self, CheckpointError> {
        Self::open_with(path, ReadOptions::of(description, precision))
    }

    /// Reads a file with options: one of moments, of several networks, and whatever else they say.
    ///
    /// # Errors
    /// Those of [`from_bytes_with`](Self::from_bytes_with), and of [`open`](Self::open).
    pub fn open_with(
        path: impl AsRef<Path>,
        options: ReadOptions<'_>,
    ) -> Result<Self, CheckpointError> {
        let path = path.as_ref();
        let read = || {
            let (mut file, header) = opened(path)?;
            Self::read(header, &mut file, options)
        };
        read().map_err(|error| match error {
            CheckpointError::OtherContent {
                found, expected, ..
            } => CheckpointError::OtherContent {
                found,
                expected,
                beside: names_beside(path),
            }
            .in_file(path.display()),
            error => error.in_file(path.display()),
        })
    }
}

impl Header {
    /// Reads the header of a file and nothing else.
    ///
    /// ```
    /// use iddpm::checkpoint::Header;
    /// let header = Header::open("examples/assets/sprites32.safetensors")?;
    /// println!("{} tensors", header.tensors().len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`from_bytes`](Self::from_bytes), with the file, in [`CheckpointError::InFile`];
    /// [`CheckpointError::Io`], which has it too.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, CheckpointError> {
        let path = path.as_ref();
        let (_, header) = opened(path).map_err(|error| error.in_file(path.display()))?;
        Ok(header)
    }
}

/// A file of safetensors.
pub(super) struct Plain<'p> {
    path: &'p Path,
    file: BufReader<File>,
}

/// A file of either format.
pub(super) type OnDisk<'p> = Either<Plain<'p>, Torch<BufReader<File>>>;

/// A file, read up to the first of its tensors.
pub(super) fn opened(path: &Path) -> Result<(OnDisk<'_>, Header), CheckpointError> {
    let failed = |error| io("opening", path, &error);
    let (file, len) = match regular::open(path).map_err(failed)? {
        regular::Opened::File(file, len) => (file, len),
        regular::Opened::Folder => {
            let networks = names_within(path);
            return Err(CheckpointError::Folder { networks });
        }
        regular::Opened::Special => {
            let kind = Foreign::Special;
            return Err(CheckpointError::Foreign { kind });
        }
    };
    let file = BufReader::new(file);
    let mut file = Plain { path, file };
    if is_torch(file.first()?) {
        let (torch, header) = Torch::open(file.file)?;
        return Ok((Either::Torch(torch), header));
    }
    let mut header = Header::read(&mut file, len)?;
    header.unsaid = content_by_place(path);
    Ok((Either::Plain(file), header))
}

impl Source for Plain<'_> {
    fn first(&mut self) -> Result<&[u8], CheckpointError> {
        let path = self.path;
        self.file
            .fill_buf()
            .map_err(|error| io("reading", path, &error))
    }

    fn skip(&mut self, bytes: u64) -> Result<(), CheckpointError> {
        // No file is longer than i64 counts.
        let skipped = self
            .file
            .seek_relative(i64::try_from(bytes).unwrap_or(i64::MAX));
        skipped.map_err(|error| io("reading", self.path, &error))
    }

    fn fill(&mut self, into: &mut [u8]) -> Result<(), CheckpointError> {
        self.file
            .read_exact(into)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => CheckpointError::Io {
                    action: "reading",
                    path: self.path.display().to_string(),
                    reason: "it has become shorter since it was opened".into(),
                },
                _ => io("reading", self.path, &error),
            })
    }
}

/// What a file's numbers are that does not say it: moments that were saved before they said so lie
/// under their names in a run's state.
fn content_by_place(path: &Path) -> Content {
    let name = path.file_name().and_then(|name| name.to_str());
    let content = match name {
        Some(FIRST_MOMENT) => Content::FirstMoment,
        Some(SECOND_MOMENT) => Content::SecondMoment,
        _ => return Content::Weights,
    };
    match path.with_file_name(STATE).is_file() {
        true => content,
        false => Content::Weights,
    }
}
