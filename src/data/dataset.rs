//! Data sets: so many images of one size, with or without classes.

use std::borrow::Cow;
use std::string::String;
use std::sync::Arc;
use std::vec::Vec;

use super::error::DataError;
use super::fault::Fault;
use super::fingerprint::{self, Broken};
use crate::diffusion::fingerprint::Fingerprint;
use crate::unet::Extents;

/// An image and its class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example<'a> {
    /// The pixels of the image, [C, H, W], 8 bits a value; lent where the data set holds it.
    pub pixels: Cow<'a, [u8]>,
    /// The class of the image, where the data set has classes.
    pub label: Option<u32>,
}

/// A data set: images of one size. Any number of threads may ask for them at once.
pub trait Dataset: Send + Sync {
    /// The number of images.
    fn len(&self) -> usize;

    /// Whether there are no images.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The extents [C, H, W] of each image.
    fn extents(&self) -> Extents;

    /// The number of classes; every label is below it, and no image has one where it is `None`.
    fn classes(&self) -> Option<usize>;

    /// The names of the classes, by their numbers, where they are known.
    fn class_names(&self) -> Option<&[String]> {
        None
    }

    /// Reads an image and its class; the same ones whenever they are asked for.
    ///
    /// # Errors
    /// [`DataError::Index`]; where it must be read first, whatever is wrong with its file.
    fn get(&self, index: usize) -> Result<Example<'_>, DataError>;

    /// Returns a digest of the whole data set: the extents, the classes and their names, every image and
    /// its class, in their order. Another data set has another one, but for one chance in 2^64 (and for who
    /// seeks one that has the same).
    ///
    /// All images are read once, on every core. One that cannot be read, and is to be skipped, is part of it
    /// as that.
    ///
    /// # Errors
    /// Where a broken one is fatal, that of one that cannot be read: a digest without it would be another
    /// once it can be.
    fn fingerprint(&self, broken: Broken) -> Result<u64, DataError> {
        let one = |index| {
            let mut digest = Fingerprint::new();
            match self.get(index) {
                Ok(example) => {
                    fingerprint::add_number(&mut digest, example.label.map(u64::from));
                    digest.add_bytes(&example.pixels);
                }
                Err(error) if broken == Broken::Fatal => return Err(error),
                Err(_) => {}
            }
            Ok(digest)
        };
        let (classes, names) = (self.classes(), self.class_names());
        fingerprint::of(self.extents(), classes, names, self.len(), one)
    }
}

/// A data set of images in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    extents: Extents,
    pixels: Vec<u8>,
    labels: Option<Vec<u32>>,
    classes: Option<usize>,
    class_names: Option<Vec<String>>,
}

impl Images {
    /// Builds a data set of images one after the other, each [C, H, W], and as many labels, each below
    /// `classes`.
    ///
    /// Where there are labels and `classes` is `None`, the largest label is the last class.
    ///
    /// # Errors
    /// [`DataError::Images`] with [`Fault::Length`], [`Fault::LabelCount`] or [`Fault::Label`].
    pub fn new(
        extents: Extents,
        pixels: Vec<u8>,
        labels: Option<Vec<u32>>,
        classes: Option<usize>,
    ) -> Result<Self, DataError> {
        Self::checked(extents, pixels, labels, classes).map_err(DataError::Images)
    }

    pub(super) fn checked(
        extents: Extents,
        pixels: Vec<u8>,
        labels: Option<Vec<u32>>,
        classes: Option<usize>,
    ) -> Result<Self, Fault> {
        let sides = [extents.channels, extents.height, extents.width];
        let elements = sides
            .iter()
            .try_fold(1_usize, |n, &side| n.checked_mul(side));
        // More than can be counted: no bytes are as many.
        let elements = elements.unwrap_or(0);
        if elements == 0 || !pixels.len().is_multiple_of(elements) {
            return Err(Fault::Length {
                bytes: pixels.len() as u64,
                record: elements as u64,
            });
        }
        let images = pixels.len() / elements;
        let count = labels.as_ref().map_or(images, Vec::len);
        if count != images || (labels.is_none() && classes.is_some()) {
            let labels = labels.map_or(0, |labels| labels.len() as u64);
            let images = images as u64;
            return Err(Fault::LabelCount { labels, images });
        }
        let past = |labels: &Vec<u32>| labels.iter().max().map_or(0, |&last| last as usize + 1);
        let classes = classes.or_else(|| labels.as_ref().map(past));
        if let (Some(labels), Some(classes)) = (&labels, classes) {
            check_labels(labels, classes)?;
        }
        Ok(Self {
            extents,
            pixels,
            labels,
            classes,
            class_names: None,
        })
    }

    /// Names the classes, by their numbers: as many as there are.
    ///
    /// # Errors
    /// [`DataError::Images`] with [`Fault::NameCount`].
    pub fn with_class_names(self, names: Vec<String>) -> Result<Self, DataError> {
        let classes = self.classes.unwrap_or(0);
        if names.len() != classes {
            let (names, classes) = (names.len() as u64, classes as u64);
            return Err(DataError::Images(Fault::NameCount { names, classes }));
        }
        Ok(Self {
            class_names: Some(names),
            ..self
        })
    }

    /// The same images, of a network's classes: as many, and none of them another.
    pub(super) fn bound(self, classes: usize) -> Result<Self, Fault> {
        if let Some(labels) = &self.labels {
            check_labels(labels, classes)?;
        }
        let classes = self.labels.as_ref().map(|_| classes);
        Ok(Self {
            classes,
            class_names: None,
            ..self
        })
    }

    /// The same images, without classes.
    pub(super) fn unlabelled(self) -> Self {
        Self {
            labels: None,
            classes: None,
            class_names: None,
            ..self
        }
    }

    /// The pixels of all images, [N, C, H, W].
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The class of each image, where they have classes.
    pub fn labels(&self) -> Option<&[u32]> {
        self.labels.as_deref()
    }
}

fn check_labels(labels: &[u32], classes: usize) -> Result<(), Fault> {
    let mut all = labels.iter().enumerate();
    match all.find(|&(_, &label)| label as usize >= classes) {
        None => Ok(()),
        Some((index, &label)) => Err(Fault::Label {
            index,
            label: label.into(),
            classes: classes as u64,
        }),
    }
}

impl From<Images> for Arc<dyn Dataset> {
    fn from(images: Images) -> Self {
        Arc::new(images)
    }
}

impl Dataset for Images {
    fn len(&self) -> usize {
        self.pixels.len() / self.extents.elements()
    }

    fn extents(&self) -> Extents {
        self.extents
    }

    fn classes(&self) -> Option<usize> {
        self.classes
    }

    fn class_names(&self) -> Option<&[String]> {
        self.class_names.as_deref()
    }

    fn get(&self, index: usize) -> Result<Example<'_>, DataError> {
        let len = self.len();
        let mut images = self.pixels.chunks_exact(self.extents.elements());
        let pixels = images.nth(index).ok_or(DataError::Index { index, len })?;
        let labels = self.labels.as_ref();
        Ok(Example {
            pixels: Cow::Borrowed(pixels),
            label: labels.and_then(|labels| labels.get(index).copied()),
        })
    }
}
