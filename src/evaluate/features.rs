//! The features of images: so many numbers of each.

use std::vec::Vec;

use super::error::EvaluateError;
use crate::Error;
use crate::data::Dataset;
use crate::diffusion::pixels::from_u8;
use crate::memory::collected;

/// The features of a set of images, [N, width], and the class that each image is to be of, where that is known.
///
/// ```
/// use iddpm::evaluate::Features;
/// let features = Features::new(2, vec![0.0, 1.0, 2.0, 3.0])?.with_labels(vec![0, 5])?;
/// assert_eq!(features.count(), 2);
/// let last = features.of_some([1]);
/// assert_eq!((last.numbers(), last.labels()), (&[2.0, 3.0][..], Some(&[5][..])));
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    width: usize,
    numbers: Vec<f32>,
    labels: Option<Vec<u32>>,
    /// The network that they are of, where that is told.
    network: Option<u64>,
}

impl Features {
    /// Takes the features of images, `width` numbers of each.
    ///
    /// # Errors
    /// [`EvaluateError::Length`], [`EvaluateError::NotFinite`].
    pub fn new(width: usize, numbers: Vec<f32>) -> Result<Self, EvaluateError> {
        if width == 0 || !numbers.len().is_multiple_of(width) {
            let (len, each) = (numbers.len(), width);
            return Err(EvaluateError::Length { len, each });
        }
        match numbers.iter().position(|number| !number.is_finite()) {
            None => Ok(Self {
                width,
                numbers,
                labels: None,
                network: None,
            }),
            Some(at) => Err(EvaluateError::NotFinite {
                image: at / width,
                feature: at % width,
            }),
        }
    }

    /// Takes the pixels of a data set's images for features, each in [-1, 1], with the classes of the images.
    ///
    /// # Errors
    /// [`EvaluateError::Labels`]; [`DataError`](crate::data::DataError) where an image cannot be read; where there is too
    /// little memory.
    pub fn of_pixels(data: &dyn Dataset) -> Result<Self, Error> {
        let width = data.extents().elements();
        let mut numbers = collected(data.len().saturating_mul(width), [])?;
        let mut labels = Vec::new();
        for index in 0..data.len() {
            let example = data.get(index)?;
            numbers.extend(example.pixels.iter().map(|&value| from_u8(value)));
            labels.extend(example.label);
        }
        let features = Self::new(width, numbers)?;
        Ok(match data.classes() {
            Some(_) => features.with_labels(labels)?,
            None => features,
        })
    }

    /// The same, of images each of which is to be of a class.
    ///
    /// # Errors
    /// [`EvaluateError::Labels`].
    pub fn with_labels(self, labels: Vec<u32>) -> Result<Self, EvaluateError> {
        let (found, expected) = (labels.len(), self.count());
        if found != expected {
            return Err(EvaluateError::Labels { found, expected });
        }
        let labels = Some(labels);
        Ok(Self { labels, ..self })
    }

    /// The same, of a network that is known by this number: they are compared with none of another's.
    #[must_use]
    pub fn of_network(self, network: u64) -> Self {
        let network = Some(network);
        Self { network, ..self }
    }

    /// The number by which the network that they are of is known, where it is told.
    pub const fn network(&self) -> Option<u64> {
        self.network
    }

    /// The number of images.
    pub fn count(&self) -> usize {
        self.numbers.len() / self.width
    }

    /// The number of features of an image.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// The features of all images, those of one behind those of another.
    pub fn numbers(&self) -> &[f32] {
        &self.numbers
    }

    /// The class that each image is to be of, where that is known.
    pub fn labels(&self) -> Option<&[u32]> {
        self.labels.as_deref()
    }

    /// Whether all images have the same features: what is found by such says nothing of the images.
    ///
    /// ```
    /// use iddpm::evaluate::Features;
    /// assert!(Features::new(2, vec![1.0, 2.0, 1.0, 2.0])?.are_alike());
    /// assert!(!Features::new(2, vec![1.0, 2.0, 1.0, 3.0])?.are_alike());
    /// # Ok::<(), iddpm::Error>(())
    /// ```
    pub fn are_alike(&self) -> bool {
        let mut rows = self.rows();
        let first = rows.next();
        rows.all(|row| Some(row) == first)
    }

    /// The features of each image.
    pub fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.numbers.chunks_exact(self.width)
    }

    /// Returns the features of some of the images, by their places; of a place that there is not there are none.
    #[must_use]
    pub fn of_some(&self, places: impl IntoIterator<Item = usize> + Clone) -> Self {
        let labels = self.labels.as_ref();
        Self {
            width: self.width,
            numbers: of_some(&self.numbers, self.width, places.clone()),
            labels: labels.map(|labels| of_some(labels, 1, places)),
            network: self.network,
        }
    }
}

/// Refuses to compare features of different networks.
pub(super) fn comparable(first: &Features, second: &Features) -> Result<(), EvaluateError> {
    if let (Some(first), Some(second)) = (first.network, second.network)
        && first != second
    {
        return Err(EvaluateError::Networks { first, second });
    }
    let (first, second) = (first.width, second.width);
    match first == second {
        true => Ok(()),
        false => Err(EvaluateError::Widths { first, second }),
    }
}

/// What there is of some images, of a list that has so many items of each.
pub(super) fn of_some<T: Copy>(
    items: &[T],
    each: usize,
    places: impl IntoIterator<Item = usize>,
) -> Vec<T> {
    let rows = places.into_iter();
    let rows = rows.filter_map(|place| items.chunks_exact(each).nth(place));
    rows.flatten().copied().collect()
}
