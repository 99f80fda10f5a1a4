//! A folder of pictures as a data set.

use std::borrow::Cow;
use std::path::Path;
use std::string::String;

use super::dataset::{Dataset, Example};
use super::error::DataError;
use super::listing::Listing;
use super::picture::{self, load};
use crate::unet::Extents;

/// The pictures of a folder, each read when it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    listing: Listing,
    extents: Extents,
    labelled: bool,
}

impl Folder {
    /// The pictures of a folder as images of these extents, fitted as [`load`] does it; with classes
    /// where `labelled`, told by their names.
    ///
    /// # Errors
    /// [`DataError::Extents`]; those of [`Listing::of`].
    pub fn open(
        path: impl AsRef<Path>,
        extents: Extents,
        labelled: bool,
    ) -> Result<Self, DataError> {
        picture::check(extents)?;
        let listing = Listing::of(path)?;
        Ok(Self {
            listing,
            extents,
            labelled,
        })
    }

    /// Which pictures these are.
    pub const fn listing(&self) -> &Listing {
        &self.listing
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
        self.class_names().map(<[String]>::len)
    }

    fn class_names(&self) -> Option<&[String]> {
        self.labelled.then(|| self.listing.classes())
    }

    fn get(&self, index: usize) -> Result<Example<'_>, DataError> {
        let len = self.len();
        let file = self.listing.files().get(index);
        let file = file.ok_or(DataError::Index { index, len })?;
        let label = self.listing.labels().get(index).copied();
        Ok(Example {
            pixels: Cow::Owned(load(file, self.extents)?),
            label: label.filter(|_| self.labelled),
        })
    }
}
