//! A folder of pictures as a data set.

use std::borrow::Cow;
use std::path::Path;
use std::string::String;
use std::sync::Arc;
use std::vec::Vec;

use rayon::prelude::*;

use super::alpha::Alpha;
use super::classes::Classes;
use super::dataset::{Dataset, Example};
use super::decode::{is_transparent, smaller_side};
use super::error::{DataError, Unclear};
use super::fingerprint::{self, Broken};
use super::listing::Listing;
use super::picture;
use crate::diffusion::fingerprint::Fingerprint;
use crate::unet::Extents;

/// The side of larger pictures where nothing says which.
const MOST_SIDE: usize = 64;

/// A data set of the pictures of a folder, each read when it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    listing: Listing,
    extents: Extents,
    alpha: Alpha,
    labels: Option<Vec<u32>>,
    classes: Option<usize>,
    names: Option<Vec<String>>,
}

impl Folder {
    /// Opens the pictures of a folder as images of these extents, fitted as [`load`](super::load) does it; with classes
    /// where `labelled`, told as [`Listing`] says, and where anything tells of them.
    ///
    /// # Errors
    /// [`DataError::Extents`]; those of [`Listing::of`], or of [`Listing::unlabelled`].
    pub fn open(
        path: impl AsRef<Path>,
        extents: Extents,
        labelled: bool,
    ) -> Result<Self, DataError> {
        let classes = if labelled {
            Classes::Own
        } else {
            Classes::None
        };
        Self::open_as(path, extents, classes)
    }

    /// Opens the pictures of a folder with these classes; see [`open`](Self::open).
    ///
    /// # Errors
    /// [`DataError::UnknownClass`] for the first picture whose class a network does not have; those of
    /// [`open`](Self::open).
    pub fn open_as(
        path: impl AsRef<Path>,
        extents: Extents,
        classes: Classes<'_>,
    ) -> Result<Self, DataError> {
        let alpha = Alpha::of(extents.channels);
        Self::pictures(path.as_ref(), extents, alpha, classes)
    }

    /// The pictures of a folder, of whose transparency this becomes, as suits the extents.
    pub(super) fn pictures(
        path: &Path,
        extents: Extents,
        alpha: Alpha,
        classes: Classes<'_>,
    ) -> Result<Self, DataError> {
        let list = |labelled| match labelled {
            true => Listing::of(path),
            false => Listing::unlabelled(path),
        };
        Self::of(&list, extents, alpha, classes)
    }

    /// A picture in a file as a data set of one.
    pub(super) fn picture(
        path: &Path,
        extents: Extents,
        alpha: Alpha,
        classes: Classes<'_>,
    ) -> Result<Self, DataError> {
        let list = |labelled| Listing::one(path, labelled);
        Self::of(&list, extents, alpha, classes)
    }

    /// The pictures of what `list` makes, which is told whether they are labelled.
    fn of(
        list: &dyn Fn(bool) -> Result<Listing, DataError>,
        extents: Extents,
        alpha: Alpha,
        classes: Classes<'_>,
    ) -> Result<Self, DataError> {
        picture::check(extents)?;
        let read = |classes| {
            let listing = list(classes != Classes::None)?;
            Self::bound(listing, extents, alpha, classes)
        };
        let optional = |why| match classes {
            Classes::Own => why == Unclear::Nothing,
            Classes::Network { needed, .. } => !needed,
            Classes::None => false,
        };
        match read(classes) {
            Err(DataError::Unclear { why, .. }) if optional(why) => read(Classes::None),
            folder => folder,
        }
    }

    fn bound(
        listing: Listing,
        extents: Extents,
        alpha: Alpha,
        classes: Classes<'_>,
    ) -> Result<Self, DataError> {
        let (labels, classes, names) = match (listing.named(), classes) {
            (None, _) | (_, Classes::None) => (None, None, None),
            (Some(named), Classes::Own) => {
                let names = named.classes.clone();
                (Some(named.labels.clone()), Some(names.len()), Some(names))
            }
            (
                Some(named),
                Classes::Network {
                    count,
                    names,
                    needed,
                },
            ) => match named.bound(listing.files(), count, names, needed)? {
                Some(labels) => (Some(labels), Some(count), names.map(<[String]>::to_vec)),
                None => (None, None, None),
            },
        };
        Ok(Self {
            listing,
            extents,
            alpha,
            labels,
            classes,
            names,
        })
    }

    /// The listing of the folder's pictures.
    pub const fn listing(&self) -> &Listing {
        &self.listing
    }

    /// The class of each picture, where they have classes.
    pub fn labels(&self) -> Option<&[u32]> {
        self.labels.as_deref()
    }

    /// The same pictures as squares of so many pixels a side as suit most of them: half of them have as many or more in
    /// both directions. It is a multiple of 4, so that a network can halve it twice, but for tiny ones, and at most
    /// [`MOST_SIDE`]. What cannot be read has no say.
    pub(super) fn fitted_to_most(mut self) -> Self {
        let files = self.listing.files().par_iter();
        let mut sides: Vec<usize> = files.filter_map(|file| smaller_side(file).ok()).collect();
        sides.sort_unstable();
        let side = sides.get(sides.len() / 2).copied().unwrap_or(MOST_SIDE);
        let side = match side.min(MOST_SIDE) {
            tiny @ 0..4 => tiny.max(1),
            side => side - side % 4,
        };
        (self.extents.height, self.extents.width) = (side, side);
        self
    }

    /// The same pictures as images of four channels, where they are of three.
    pub(super) const fn with_alpha(mut self) -> Self {
        if self.extents.channels == 3 {
            self.extents.channels = 4;
            self.alpha = Alpha::Keep;
        }
        self
    }

    /// How many pictures are transparent anywhere; one that cannot be read is an error only where it is asked for.
    pub(super) fn transparent(&self) -> usize {
        let files = self.listing.files().par_iter();
        let transparent = files.filter(|file| is_transparent(file).unwrap_or(false));
        transparent.count()
    }

    /// What becomes of transparency.
    pub(super) const fn alpha(&self) -> Alpha {
        self.alpha
    }

    fn label(&self, index: usize) -> Option<u32> {
        self.labels.as_ref()?.get(index).copied()
    }
}

impl From<Folder> for Arc<dyn Dataset> {
    fn from(folder: Folder) -> Self {
        Arc::new(folder)
    }
}

impl Dataset for Folder {
    fn len(&self) -> usize {
        self.listing.files().len()
    }

    fn extents(&self) -> Extents {
        self.extents
    }

    fn classes(&self) -> Option<usize> {
        self.classes
    }

    fn class_names(&self) -> Option<&[String]> {
        self.names.as_deref()
    }

    fn get(&self, index: usize) -> Result<Example<'_>, DataError> {
        let len = self.len();
        let file = self.listing.files().get(index);
        let file = file.ok_or(DataError::Index { index, len })?;
        Ok(Example {
            pixels: Cow::Owned(picture::load_as(file, self.extents, self.alpha)?),
            label: self.label(index),
        })
    }

    /// That of the files' bytes, and of their paths below the folder; one that cannot be decoded is no error here. A
    /// picture that is transparent anywhere is known by its image instead: what lies under alpha 0 is not part of it,
    /// what becomes of the transparency is.
    fn fingerprint(&self, broken: Broken) -> Result<u64, DataError> {
        let one = |index| {
            let mut digest = Fingerprint::new();
            if let Some(path) = self.listing.files().get(index) {
                let label = self.label(index).map(u64::from);
                fingerprint::add_number(&mut digest, label);
                fingerprint::add_bytes(&mut digest, &self.listing.below(path));
                if is_transparent(path).unwrap_or(false) {
                    let image = picture::load_as(path, self.extents, self.alpha)?;
                    fingerprint::add_bytes(&mut digest, &image);
                    return Ok(digest);
                }
                match fingerprint::add_file(&mut digest, path) {
                    Err(fault) if broken == Broken::Fatal => {
                        return Err(DataError::file(path)(fault));
                    }
                    _ => {}
                }
            }
            Ok(digest)
        };
        let (classes, names) = (self.classes(), self.class_names());
        fingerprint::of(self.extents, classes, names, self.len(), one)
    }
}
