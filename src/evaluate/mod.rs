//! Samples judged by numbers: features of images, the share of them that are of their class, distances of sets.
//!
//! A [`Classifier`] is trained on the data set at hand, so that there are numbers without any download. What it makes
//! of images is [`Judged`]: the probability of each class, and [`Features`], by which [`frechet`] tells how far two
//! sets of images are apart. Numbers of two classifiers are of different features and cannot be compared.
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
mod error;
mod features;
mod frechet;
mod judged;
mod moments;
mod network;

pub use classifier::{Classifier, ClassifierConfig};
pub use error::EvaluateError;
pub use features::Features;
pub use frechet::{Frechet, frechet};
pub use judged::Judged;
