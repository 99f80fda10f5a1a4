//! A data set, and what is to be said of it.

use core::fmt;
use std::boxed::Box;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::string::String;
use std::sync::Arc;
use std::vec::Vec;

use super::alpha::{Alpha, Transparency};
use super::dataset::{Dataset, Example, Images};
use super::error::DataError;
use super::fault::Shown;
use super::fingerprint::Broken;
use super::folder::Folder;
use super::kind::Kind;
use super::passed::Passed;
use crate::text::OneLine;
use crate::unet::Extents;

/// A data set that was opened, and what is to be said of it. It is a [`Dataset`] itself.
///
/// As text, a line for whoever began what reads it, one where images are transparent or alpha is kept, and one where
/// something was passed over:
///
/// ```text
/// 12 images of pets, a folder of pictures: 32x32, 3 channels; 2 classes: cat (8), dog (4)
/// transparent: 5 images, painted over #ffffff
/// passed over: 6 .webp, 2 hidden
/// ```
pub struct Opened {
    /// The data set itself.
    pub data: Box<dyn Dataset>,
    /// The kind of data that it is read from.
    pub kind: Kind,
    /// The entries that were passed over.
    pub passed: Passed,
    /// Where they are read from.
    path: PathBuf,
    /// The images of each class that has any.
    counts: BTreeMap<u32, usize>,
    /// What the classes are called, where that is known.
    names: Vec<String>,
    /// Where images have alpha, or are of pictures that may.
    transparency: Option<Transparency>,
}

/// Classes that are named.
const NAMED: usize = 20;

impl Opened {
    pub(super) fn pictures(path: &Path, kind: Kind, folder: Folder, transparent: usize) -> Self {
        let passed = folder.listing().passed().clone();
        let names = folder.class_names().map(<[String]>::to_vec);
        let counts = counts(folder.labels());
        let transparency = Some(Transparency {
            images: transparent,
            alpha: folder.alpha(),
        });
        Self {
            data: Box::new(folder),
            kind,
            passed,
            path: path.to_path_buf(),
            counts,
            // Unknown: none.
            names: names.unwrap_or_default(),
            transparency,
        }
    }

    /// Images whose classes are called so, where that is known.
    pub(super) fn images(
        path: &Path,
        kind: Kind,
        images: Images,
        names: Option<&[String]>,
        transparency: Option<Transparency>,
    ) -> Self {
        let counts = counts(images.labels());
        Self {
            data: Box::new(images),
            kind,
            passed: Passed::default(),
            path: path.to_path_buf(),
            counts,
            // Unknown: none.
            names: names.unwrap_or_default().to_vec(),
            transparency,
        }
    }

    /// The number of images of each class that has any.
    pub const fn counts(&self) -> &BTreeMap<u32, usize> {
        &self.counts
    }

    /// The number of images that are transparent anywhere, as their files have them: kept so, or painted over a ground.
    pub fn transparent(&self) -> usize {
        self.transparency
            .map_or(0, |transparency| transparency.images)
    }
}

impl Dataset for Opened {
    fn len(&self) -> usize {
        self.data.len()
    }

    fn extents(&self) -> Extents {
        self.data.extents()
    }

    fn classes(&self) -> Option<usize> {
        self.data.classes()
    }

    fn class_names(&self) -> Option<&[String]> {
        self.data.class_names()
    }

    fn get(&self, index: usize) -> Result<Example<'_>, DataError> {
        self.data.get(index)
    }

    fn fingerprint(&self, broken: Broken) -> Result<u64, DataError> {
        self.data.fingerprint(broken)
    }
}

impl From<Opened> for Arc<dyn Dataset> {
    fn from(opened: Opened) -> Self {
        Self::from(opened.data)
    }
}

fn counts(labels: Option<&[u32]>) -> BTreeMap<u32, usize> {
    let mut counts = BTreeMap::new();
    // Absent: no image has a class.
    for &label in labels.unwrap_or_default() {
        *counts.entry(label).or_default() += 1;
    }
    counts
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened({self})")
    }
}

impl fmt::Display for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let images = self.data.len();
        let plural = if images == 1 { "" } else { "s" };
        let (path, kind) = (self.path.display(), self.kind);
        let extents = self.data.extents();
        write!(
            f,
            "{images} image{plural} of {path}, {kind}: {}; ",
            Shown(&extents)
        )?;
        match (self.counts.len(), self.data.classes()) {
            (_, None) => f.write_str("no classes")?,
            (1, Some(1)) => f.write_str("1 class: ")?,
            (present, Some(all)) if present == all => write!(f, "{all} classes: ")?,
            (present, Some(all)) => write!(f, "{present} of {all} classes: ")?,
        }
        for (at, (class, count)) in self.counts.iter().take(NAMED).enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            match self.names.get(*class as usize) {
                Some(name) => write!(f, "{comma}{} ({count})", OneLine(name))?,
                None => write!(f, "{comma}{class} ({count})")?,
            }
        }
        match self.counts.len().saturating_sub(NAMED) {
            0 => {}
            others => write!(f, " and {others} more")?,
        }
        let is_told = |it: &Transparency| it.images > 0 || it.alpha == Alpha::Keep;
        if let Some(transparency) = self.transparency.filter(is_told) {
            write!(f, "\n{transparency}")?;
        }
        match self.passed.is_empty() {
            true => Ok(()),
            false => write!(f, "\npassed over: {}", self.passed),
        }
    }
}
