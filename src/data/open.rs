//! The opening of any data as a data set: a folder of pictures, a picture, an archive, CIFAR-10.

use std::path::Path;
use std::string::ToString;

use super::alpha::{Alpha, Transparency};
use super::cifar10;
use super::classes::Classes;
use super::contents::Contents;
use super::dataset::Images;
use super::error::DataError;
use super::fault::Fault;
use super::file;
use super::folder::Folder;
use super::kind::Kind;
use super::npz::{self, Asked};
use super::opened::Opened;
use crate::unet::Extents;

/// The options of opening data: what its images and classes are to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options<'a> {
    /// The channels and sides that images are to have.
    pub fit: Fit<'a>,
    /// The classes that images are to have.
    pub classes: Classes<'a>,
    /// What becomes of transparency. Where nothing is said, it is kept where there is any, in images of four channels
    /// ([`Fit::Own`]); pictures that must become images without alpha are painted over white ([`Alpha::WHITE`]).
    /// [`Alpha::Keep`] makes images of four channels where [`Fit::Pictures`] has three.
    pub alpha: Option<Alpha>,
}

impl Default for Options<'_> {
    /// All as the data has it.
    fn default() -> Self {
        Self::own(None)
    }
}

impl Options<'_> {
    /// Fits pictures to a square of so many pixels a side, in colours; other data is as it is. The classes and the
    /// transparency are the data's own.
    pub const fn square(side: usize) -> Self {
        Self::own(Some(side))
    }

    const fn own(side: Option<usize>) -> Self {
        Self {
            fit: Fit::Own {
                side,
                grey: false,
                given: &[],
            },
            classes: Classes::Own,
            alpha: None,
        }
    }

    /// The extents of the images that pictures become, and what becomes of their transparency.
    fn pictures(&self) -> Result<(Extents, Alpha), DataError> {
        let extents = match self.fit {
            Fit::Exactly(extents) | Fit::Pictures { extents, .. } => extents,
            Fit::Own { side, grey, .. } => {
                // Of another, where none is given, when the pictures are known.
                let side = side.unwrap_or(1);
                let (channels, height, width) = (if grey { 1 } else { 3 }, side, side);
                Extents {
                    channels,
                    height,
                    width,
                }
            }
        };
        let channels = match (self.fit, self.alpha) {
            (Fit::Exactly(_), _) => extents.channels,
            (_, Some(Alpha::Keep)) if extents.channels == 3 => 4,
            _ => extents.channels,
        };
        let alpha = self.alpha.unwrap_or(Alpha::of(channels));
        match alpha.suits(channels) {
            true => Ok((
                Extents {
                    channels,
                    ..extents
                },
                alpha,
            )),
            false => Err(DataError::Alpha { alpha, channels }),
        }
    }
}

/// The channels and sides that images are to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit<'a> {
    /// The extents that images must have: pictures are fitted to them, and data of others is refused before
    /// it is read.
    Exactly(Extents),
    /// The extents that data has of its own; pictures are fitted to `extents`.
    Pictures {
        /// The channels and sides of pictures.
        extents: Extents,
        /// The options that were given to choose these, as whoever gave them calls them (`--size`); data
        /// with channels and sides of its own is refused where there are any.
        given: &'a [&'a str],
    },
    /// The extents that data has of its own; pictures become squares, of four channels where any of them is transparent.
    Own {
        /// The rows and columns of what pictures become; where none are given, as many as half of the pictures have or
        /// more in both directions: a multiple of 4, at most 64.
        side: Option<usize>,
        /// Whether pictures are read as grey, in one channel.
        grey: bool,
        /// The options that were given to choose these, as in [`Pictures`](Self::Pictures).
        given: &'a [&'a str],
    },
}

/// Opens whatever data a path leads to.
///
/// A folder is one of pictures ([`Listing`](super::Listing) says which), or CIFAR-10's where its batches lie in it. A file
/// is known by what is in it: a picture, or an archive as [`npz`] reads them; one of CIFAR-10's batches is
/// by its name, which ends in `.bin`.
///
/// ```no_run
/// use iddpm::data::{self, Options};
/// let opened = data::open("sprites", &Options::square(64))?;
/// println!("{opened}");
/// # Ok::<(), data::DataError>(())
/// ```
///
/// # Errors
/// [`DataError::Unknown`], [`DataError::PythonCifar10`], [`DataError::NoEffect`],
/// [`DataError::Unlabelled`], [`DataError::Alpha`], [`DataError::Opaque`]; [`DataError::File`] with [`Fault::Extents`] where images are not as they must
/// be, with [`Fault::Label`] where a network has not their class; those of [`Folder::open_as`],
/// [`npz::open`], [`cifar10::files`].
pub fn open(path: impl AsRef<Path>, options: &Options<'_>) -> Result<Opened, DataError> {
    let path = path.as_ref();
    let source = Source { path, options };
    if path.is_dir() {
        return match cifar10::is_folder(path) {
            true => source.cifar10_folder(),
            false => source.folder(),
        };
    }
    let head = file::head(path).map_err(DataError::file(path))?;
    match Contents::of(&head) {
        Some(Contents::Picture(_)) => source.pictures(Kind::Picture),
        Some(Contents::Zip) => source.archive(),
        _ if cifar10::is_python(path) => source.python_cifar10(),
        Some(Contents::Other(found)) => source.unknown(found),
        None if source.has_suffix("npz") => source.archive(),
        None if source.has_suffix("bin") => source.cifar10(|| cifar10::files([path.into()])),
        None if head.is_empty() => source.unknown("empty"),
        None => source.unknown("of none of these by its first bytes"),
    }
}

/// A path, and what is asked of it.
struct Source<'a> {
    path: &'a Path,
    options: &'a Options<'a>,
}

impl Source<'_> {
    fn folder(&self) -> Result<Opened, DataError> {
        match self.pictures(Kind::Folder) {
            Err(DataError::EmptyFolder { .. }) if cifar10::holds_python(self.path) => {
                self.python_cifar10()
            }
            opened => opened,
        }
    }

    fn pictures(&self, kind: Kind) -> Result<Opened, DataError> {
        let (extents, alpha) = self.options.pictures()?;
        let classes = self.options.classes;
        let folder = match kind {
            Kind::Picture => Folder::picture(self.path, extents, alpha, classes)?,
            Kind::Folder | Kind::Archive | Kind::Cifar10 => {
                Folder::pictures(self.path, extents, alpha, classes)?
            }
        };
        let folder = match self.options.fit {
            Fit::Own { side: None, .. } => folder.fitted_to_most(),
            _ => folder,
        };
        let transparent = folder.transparent();
        let folder = match (self.options.fit, self.options.alpha) {
            (Fit::Own { .. }, None) if transparent > 0 => folder.with_alpha(),
            _ => folder,
        };
        Ok(Opened::pictures(self.path, kind, folder, transparent))
    }

    fn archive(&self) -> Result<Opened, DataError> {
        self.check_given(Kind::Archive)?;
        let asked = Asked {
            extents: match self.options.fit {
                Fit::Exactly(extents) => Some(extents),
                Fit::Pictures { .. } | Fit::Own { .. } => None,
            },
            alpha: self.options.alpha,
        };
        let (images, transparency) = npz::open_as(self.path, asked)?;
        self.images(Kind::Archive, images, transparency)
    }

    fn cifar10_folder(&self) -> Result<Opened, DataError> {
        let passed = cifar10::others(self.path)?;
        let mut opened = self.cifar10(|| cifar10::train(self.path))?;
        opened.passed = passed;
        Ok(opened)
    }

    fn cifar10(
        &self,
        read: impl FnOnce() -> Result<Images, DataError>,
    ) -> Result<Opened, DataError> {
        self.check_given(Kind::Cifar10)?;
        if let Fit::Exactly(expected) = self.options.fit
            && expected != cifar10::EXTENTS
        {
            let found = cifar10::EXTENTS;
            let fault = Fault::Extents { found, expected };
            return Err(DataError::file(self.path)(fault));
        }
        self.images(Kind::Cifar10, read()?, None)
    }

    fn images(
        &self,
        kind: Kind,
        images: Images,
        transparency: Option<Transparency>,
    ) -> Result<Opened, DataError> {
        if let (Some(alpha), None) = (self.options.alpha, transparency) {
            let path = self.path.into();
            return Err(DataError::Opaque { path, kind, alpha });
        }
        let images = match self.options.classes {
            Classes::None => images.unlabelled(),
            Classes::Own => images,
            Classes::Network { count, needed, .. } => {
                if needed && images.labels().is_none() {
                    let (path, classes) = (self.path.into(), count);
                    return Err(DataError::Unlabelled { path, classes });
                }
                images.bound(count).map_err(DataError::file(self.path))?
            }
        };
        let names = match self.options.classes {
            Classes::Network { names, .. } => names,
            Classes::None | Classes::Own => None,
        };
        Ok(Opened::images(self.path, kind, images, names, transparency))
    }

    fn check_given(&self, kind: Kind) -> Result<(), DataError> {
        match self.options.fit {
            Fit::Pictures { given, .. } | Fit::Own { given, .. } if !given.is_empty() => {
                Err(DataError::NoEffect {
                    path: self.path.into(),
                    kind,
                    options: given.iter().map(ToString::to_string).collect(),
                })
            }
            Fit::Pictures { .. } | Fit::Own { .. } | Fit::Exactly(_) => Ok(()),
        }
    }

    fn python_cifar10(&self) -> Result<Opened, DataError> {
        let path = self.path.into();
        Err(DataError::PythonCifar10 { path })
    }

    fn unknown(&self, found: &'static str) -> Result<Opened, DataError> {
        let path = self.path.into();
        Err(DataError::Unknown { path, found })
    }

    /// In capitals or not.
    fn has_suffix(&self, suffix: &str) -> bool {
        let found = self.path.extension();
        found.is_some_and(|found| found.eq_ignore_ascii_case(suffix))
    }
}
