//! Samples judged by numbers: features of images, the share of them that are of their class, distances of sets.
//!
//! A [`Classifier`] is trained on the data set at hand, so that there are numbers without any download. What it makes
//! of images is [`Judged`]: the probability of each class, and [`Features`], by which [`frechet()`] and
//! [`kernel_distance`] tell how far two sets of images are apart, [`precision_recall`] and [`density_coverage`] how much
//! of one is in the other, and
//! [`nearest_image`] what was learnt by heart. Numbers of two classifiers are of different
//! features and cannot be compared. Published distances are of the features of an [`Inception`] network, whose weights
//! are a file of the user's.
//!
//! ```no_run
//! use iddpm::data::{self, Broken, Options, Split};
//! use iddpm::evaluate::{Classifier, ClassifierConfig, frechet};
//! use iddpm::run::Threads;
//! let pets = data::open("pets", &Options::square(32))?;
//! let samples = data::open("samples", &Options::square(32))?;
//! let Split { trained, held_out, .. } = Split::of(pets.into(), 0.5, Broken::Fatal)?;
//! let config = ClassifierConfig::default();
//! let mut classifier = Classifier::train(trained.into(), &config, Threads::default(), &mut |_, _| {})?;
//! let real = classifier.judge_data(&held_out)?;
//! let drawn = classifier.judge_data(&samples)?;
//! println!("{}", frechet(real.features(), drawn.features(), 30, config.seed)?);
//! # Ok::<(), iddpm::Error>(())
//! ```

mod classifier;
mod classifier_file;
mod distances;
mod error;
mod estimate;
mod features;
mod frechet;
mod images;
mod inception;
mod judged;
mod kernel;
mod moments;
mod neighbours;
mod network;
mod softmax;

pub use classifier::{Classifier, ClassifierConfig};
pub use error::EvaluateError;
pub use estimate::Estimate;
pub use features::Features;
pub use frechet::frechet;
pub use images::{nearest_image, nearest_other_image};
pub use inception::Inception;
pub use judged::Judged;
pub use kernel::kernel_distance;
pub use neighbours::{
    DensityCoverage, Nearest, PrecisionRecall, density_coverage, nearest, nearest_within,
    precision_recall,
};
