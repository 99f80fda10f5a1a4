//! The errors of judging samples.

use core::fmt;
use std::path::PathBuf;
use std::string::String;

use crate::text::Number;
use crate::unet::Extents;

/// Why images were not judged.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum EvaluateError {
    /// A classifier was to be trained on data with fewer than two classes.
    Classes {
        /// The number of classes that the data has.
        found: usize,
    },
    /// Data that has classes does not tell that of each image.
    Labels {
        /// The number of images whose class is told.
        found: usize,
        /// The number of images.
        expected: usize,
    },
    /// A classifier was to be trained in no steps.
    NoSteps,
    /// The training of a classifier came to numbers that are not finite.
    Diverged {
        /// The number of the step, from 1 on.
        step: u64,
    },
    /// Images are of another size than others that they are compared with, or that a classifier was trained on.
    Extents {
        /// The extents of the images.
        found: Extents,
        /// The extents of the others.
        expected: Extents,
    },
    /// A slice holds no whole number of images, or of features.
    Length {
        /// The length of the slice.
        len: usize,
        /// The length of one image, or of the features of one.
        each: usize,
    },
    /// Two sets of features are of different networks.
    Networks {
        /// The number by which the network of the first set is known.
        first: u64,
        /// The number by which the network of the second set is known.
        second: u64,
    },
    /// Two sets of features are of different widths: they are no features of one network.
    Widths {
        /// The number of features of an image of the first set.
        first: usize,
        /// The number of features of an image of the second set.
        second: usize,
    },
    /// A set has too few images for what is asked of it.
    TooFew {
        /// The number of images that there are.
        count: usize,
        /// The least number of images.
        least: usize,
    },
    /// There are to be too few resamples for an error.
    TooFewResamples {
        /// The number of resamples that are asked for.
        count: usize,
        /// The least number of resamples.
        least: usize,
    },
    /// A probability is not between 0 and 1.
    Probability {
        /// The place of the image among those of its set.
        image: usize,
        /// The class.
        class: usize,
        /// What it is.
        value: f32,
    },
    /// The probabilities of an image are not 1 in all.
    Sum {
        /// The place of the image among those of its set.
        image: usize,
        /// Their sum.
        sum: f64,
    },
    /// A neighbourhood is to be of no neighbours.
    NoNeighbours,
    /// A variance among a network's weights is below 0.
    Variance {
        /// The path of the network's file.
        path: PathBuf,
        /// The name of the tensor.
        tensor: String,
        /// The place of the first such number.
        index: usize,
        /// What it is.
        value: f32,
    },
    /// A feature is not finite.
    NotFinite {
        /// The place of the image among those of its set.
        image: usize,
        /// The place of the feature among those of the image.
        feature: usize,
    },
}

impl fmt::Display for EvaluateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Classes { found } => write!(
                f,
                "the data has {found} classes: a classifier tells two or more apart"
            ),
            Self::Labels { found, expected } => write!(
                f,
                "{expected} images of which {found} have a class: each must have one"
            ),
            Self::NoSteps => f.write_str("steps = 0, must be 1 or more"),
            Self::Diverged { step } => write!(
                f,
                "the gradient of step {step} is not finite: a lower learning rate may help"
            ),
            Self::Extents { found, expected } => {
                write!(f, "images of {found}: the others are {expected}")
            }
            Self::Length { len, each } => {
                write!(f, "{len} numbers, must be a multiple of {each}")
            }
            Self::Networks { first, second } => write!(
                f,
                "features of network {first:016x} and of network {second:016x}: those of one are compared"
            ),
            Self::Widths { first, second } => write!(
                f,
                "sets of {first} and of {second} features: those of one network are compared"
            ),
            Self::TooFew { count, least } => {
                let plural = if *count == 1 { "" } else { "s" };
                write!(f, "{count} image{plural}, must be {least} or more")
            }
            Self::TooFewResamples { count, least } => {
                write!(
                    f,
                    "{count} resamples of two images or more: an error is of {least} such"
                )
            }
            Self::Probability {
                image,
                class,
                value,
            } => write!(
                f,
                "the probability of class {class} for image {image} is {}, must be from 0 to 1",
                Number(*value)
            ),
            Self::Sum { image, sum } => write!(
                f,
                "the probabilities of image {image} are {} in all, must be 1",
                Number(*sum)
            ),
            Self::NoNeighbours => f.write_str("neighbours = 0, must be 1 or more"),
            Self::Variance {
                path,
                tensor,
                index,
                value,
            } => write!(
                f,
                "{}: tensor {tensor} is {} at index {index}: a variance is not below 0",
                path.display(),
                Number(*value)
            ),
            Self::NotFinite { image, feature } => {
                write!(f, "feature {feature} of image {image} is not finite")
            }
        }
    }
}

impl core::error::Error for EvaluateError {}
