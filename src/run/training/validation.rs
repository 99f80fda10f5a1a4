//! The bound on held-out images as a training goes on, and the best network by it.

use std::path::PathBuf;
use std::string::{String, ToString};
use std::sync::Arc;
use std::vec::Vec;

use super::training::Training;
use crate::Error;
use crate::checkpoint::states::BEST;
use crate::checkpoint::{CheckpointError, Description, Dtype, Header, save};
use crate::data::Dataset;
use crate::run::{Likelihood, Mean, Terms, Threads};
use crate::train::TrainError;

/// The note of the best network that has its bound, beside the step that every network has.
const NOTE: &str = "held_out_bits_per_dim";
/// Images that are evaluated at once.
const AT_ONCE: usize = 32;
/// Steps that the bound is evaluated over, and the early ones besides; all, where there are no more.
const STEPS: u32 = 50;

/// The validation of a training: the bound in bits/dim on images that it is not trained on, and the best network
/// by that, which `best.safetensors` in the run's folder keeps.
///
/// The noise of an image is the same each time, so that two values differ by the network alone. What is evaluated and
/// kept is what [`Training::model`] gives: the first average, or where there is none the weights.
///
/// ```no_run
/// use iddpm::data::{Broken, Split};
/// use iddpm::run::{Threads, Validation};
/// # use iddpm::{Device, Recipe, Training, data};
/// # let (recipe, device) = (Recipe::default(), Device::best());
/// let pets = data::open("pets", &data::Options::default())?;
/// let split = Split::of(pets.into(), 0.1, Broken::Fatal)?;
/// let mut training = Training::begin("run", &recipe, split.trained, device)?;
/// let mut validation = Validation::new(&training, split.held_out, Threads::default())?;
/// while training.position() < 20_000 {
///     training.step()?;
///     if training.position() % 1000 == 0
///         && let Some(now) = validation.evaluate(&training, &mut || true)?
///     {
///         println!("{} bits/dim", now.bits);
///     }
/// }
/// # Ok::<(), iddpm::Error>(())
/// ```
pub struct Validation {
    data: Arc<dyn Dataset>,
    threads: Threads,
    best: Option<Best>,
}

/// The best network of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Best {
    /// The number of steps that were done.
    pub step: u64,
    /// Its bound on the held-out images, in bits/dim.
    pub bits: f64,
}

/// An evaluation of the held-out images.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Validated {
    /// The bound, in bits/dim.
    pub bits: Mean,
    /// The best network so far, this one among them.
    pub best: Best,
    /// The file of the best network, where this one is it.
    pub saved: Option<PathBuf>,
}

impl Validation {
    /// Begins with the best network that a run has by now.
    ///
    /// # Errors
    /// [`TrainError::Format`] for a `best.safetensors` that is no run's, [`CheckpointError`] for one that cannot be
    /// read.
    pub fn new(
        training: &Training,
        data: impl Into<Arc<dyn Dataset>>,
        threads: Threads,
    ) -> Result<Self, Error> {
        let path = training.folder().path().join(BEST);
        let best = match path.exists() {
            true => Some(best_of(&path)?),
            false => None,
        };
        Ok(Self {
            data: data.into(),
            threads,
            // A later one is of a run that was set back, which comes to it again.
            best: best.filter(|best| best.step <= training.position()),
        })
    }

    /// The number of images.
    pub fn images(&self) -> usize {
        self.data.len()
    }

    /// Evaluates the network as it is, and saves it where it is the best so far, whole or not at all. `None` where
    /// `go_on`, which is asked now and then, says no.
    ///
    /// # Errors
    /// Those of [`Training::model`] and of [`Likelihood::evaluate`]; [`CheckpointError`] where the file cannot be
    /// written.
    pub fn evaluate(
        &mut self,
        training: &Training,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Validated>, Error> {
        let model = training.model()?;
        let steps = match model.description().card.diffusion.num_timesteps {
            few if few <= STEPS => "all".to_string(),
            _ => std::format!("early{STEPS}"),
        };
        let mut likelihood = Likelihood::new(&model, &steps, self.threads)?;
        let mut totals = Vec::new();
        for first in (0..self.data.len()).step_by(AT_ONCE) {
            if !go_on() {
                return Ok(None);
            }
            let images = first..self.data.len().min(first + AT_ONCE);
            let terms = likelihood.evaluate(self.data.as_ref(), images, &mut |_| ())?;
            totals.extend(terms.iter().map(Terms::total));
        }
        let bits = Mean::of(totals.into_iter());
        let now = Best {
            step: training.position(),
            bits: bits.mean,
        };
        // In this order one that is no number comes behind all others.
        let best = self
            .best
            .filter(|best| best.bits.total_cmp(&now.bits).is_le());
        let saved = match best {
            Some(_) => None,
            None => {
                let path = training.folder().path().join(BEST);
                let mut description: Description = model.description().clone();
                description.notes.insert(NOTE.into(), now.bits.to_string());
                let weights = model.checkpoint().weights();
                save(&path, &description, weights, Dtype::F32)?;
                Some(path)
            }
        };
        let best = *self.best.insert(best.unwrap_or(now));
        Ok(Some(Validated { bits, best, saved }))
    }
}

/// What the file of a best network says of it.
fn best_of(path: &std::path::Path) -> Result<Best, Error> {
    let read = Header::open(path).and_then(|header| header.description());
    let description = read.map_err(|error: CheckpointError| error.in_file(path.display()))?;
    let bits = description
        .notes
        .get(NOTE)
        .and_then(|bits| bits.parse().ok());
    match bits {
        Some(bits) => Ok(Best {
            step: description.card.step,
            bits,
        }),
        None => Err(TrainError::Format {
            path: path.into(),
            message: String::from(
                "has no bound on held-out images, as the best network of a run has: a file of that name is kept \
                 elsewhere",
            ),
        }
        .into()),
    }
}

impl core::fmt::Debug for Validation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "Validation({} images, best {:?})",
            self.images(),
            self.best
        )
    }
}
