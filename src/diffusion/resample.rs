//! The laws of timesteps, by which a training example gets one (paper §3.3): uniform, or by importance.

use super::error::{Error, Slice};
use super::linear::check_length;
use super::math::{floor, sqrt};

/// A drawn timestep and what its loss must be multiplied by.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Drawn {
    /// The drawn timestep t: the index of a step in the process that is trained, which keeps every timestep
    /// ([`Timesteps::ALL`](super::Timesteps::ALL)).
    pub timestep: u32,
    /// The importance weight 1/(T p_t), so that the weighted loss estimates the mean over all t without
    /// bias.
    pub weight: f64,
}

/// A law over the timesteps 0..T-1.
pub trait Resampler {
    /// The number of timesteps T.
    fn num_timesteps(&self) -> u32;

    /// The probability p_t of a timestep; 0 beyond T.
    fn probability(&self, timestep: u32) -> f64;

    /// Draws t from a uniform deviate in [0, 1).
    ///
    /// # Errors
    /// [`Error::Probability`] where `uniform` is outside, or the weight of what is drawn is infinite.
    fn draw(&self, uniform: f64) -> Result<Drawn, Error>;

    /// The importance weight 1/(T p_t) of a timestep; ∞ where p_t is 0, or too small to be drawn.
    fn importance_weight(&self, timestep: u32) -> f64 {
        1.0 / (f64::from(self.num_timesteps()) * self.probability(timestep))
    }
}

fn check_uniform(uniform: f64) -> Result<(), Error> {
    if (0.0..1.0).contains(&uniform) {
        return Ok(());
    }
    Err(Error::Probability { value: uniform })
}

/// The uniform law over timesteps: each as likely as any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Uniform {
    num_timesteps: u32,
}

impl Uniform {
    /// The uniform law over T timesteps.
    ///
    /// # Errors
    /// [`Error::TooFewTimesteps`] where T is 0.
    pub const fn new(num_timesteps: u32) -> Result<Self, Error> {
        if num_timesteps == 0 {
            return Err(Error::TooFewTimesteps {
                num_timesteps,
                min: 1,
            });
        }
        Ok(Self { num_timesteps })
    }
}

impl Resampler for Uniform {
    fn num_timesteps(&self) -> u32 {
        self.num_timesteps
    }

    fn probability(&self, timestep: u32) -> f64 {
        if timestep < self.num_timesteps {
            1.0 / f64::from(self.num_timesteps)
        } else {
            0.0
        }
    }

    fn draw(&self, uniform: f64) -> Result<Drawn, Error> {
        check_uniform(uniform)?;
        let timestep = floor(uniform * f64::from(self.num_timesteps)) as u32;
        Ok(Drawn {
            // The product of the largest deviate may round up to T.
            timestep: timestep.min(self.num_timesteps.saturating_sub(1)),
            weight: 1.0,
        })
    }

    fn importance_weight(&self, timestep: u32) -> f64 {
        if timestep < self.num_timesteps {
            1.0
        } else {
            f64::INFINITY
        }
    }
}

/// Importance sampling of timesteps by their losses: p_t ∝ √(E L_t²) over the last losses of each t (paper,
/// eq. 18), mixed with a little uniform.
///
/// Until every t has its full history, all are equally likely. Storage is the caller's, of
/// [`storage_len`](Self::storage_len) numbers: an array, a `heapless` vector, a slice, a `Vec`.
///
/// ```
/// use iddpm::diffusion::resample::{LossSecondMoment, Resampler};
/// let mut law = LossSecondMoment::new([0.0; LossSecondMoment::storage_len(2, 1)], 2, 1, 0.0)?;
/// law.update(&[0, 1], &[1.0, 3.0])?;
/// assert_eq!(law.probability(1), 0.75);
/// assert_eq!(law.draw(0.5)?.timestep, 1);
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct LossSecondMoment<S> {
    num_timesteps: u32,
    history_per_term: u32,
    uniform_probability: f64,
    /// Timesteps whose history is full.
    full: u32,
    /// For each timestep a row: losses held, √(E L²) of them, and the losses, oldest first.
    rows: S,
}

/// The numbers at the head of a row.
const ROW_HEAD: usize = 2;

impl LossSecondMoment<()> {
    /// The length of the storage that T timesteps with a history of `history_per_term` losses need.
    pub const fn storage_len(num_timesteps: u32, history_per_term: u32) -> usize {
        (num_timesteps as usize)
            .saturating_mul((history_per_term as usize).saturating_add(ROW_HEAD))
    }
}

impl<S: AsRef<[f64]> + AsMut<[f64]>> LossSecondMoment<S> {
    /// Begins with an empty history; the public implementation keeps 10 losses and mixes 0.001 uniform in.
    ///
    /// # Errors
    /// [`Error::TooFewTimesteps`], [`Error::HistoryLength`], [`Error::Probability`],
    /// [`Error::Length`] where the storage is not of [`storage_len`](LossSecondMoment::storage_len).
    pub fn new(
        storage: S,
        num_timesteps: u32,
        history_per_term: u32,
        uniform_probability: f64,
    ) -> Result<Self, Error> {
        Uniform::new(num_timesteps)?;
        if history_per_term == 0 {
            return Err(Error::HistoryLength { history_per_term });
        }
        if !(0.0..=1.0).contains(&uniform_probability) {
            return Err(Error::Probability {
                value: uniform_probability,
            });
        }
        let mut rows = storage;
        check_length(
            Slice::Storage,
            rows.as_ref().len(),
            LossSecondMoment::storage_len(num_timesteps, history_per_term),
        )?;
        rows.as_mut().fill(0.0);
        Ok(Self {
            num_timesteps,
            history_per_term,
            uniform_probability,
            full: 0,
            rows,
        })
    }

    /// Records losses, not yet weighted, one for each timestep beside them.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::TimestepOutOfRange`], [`Error::Loss`]; nothing is noted then.
    pub fn update(&mut self, timesteps: &[u32], losses: &[f64]) -> Result<(), Error> {
        check_length(Slice::Losses, losses.len(), timesteps.len())?;
        // A law that was read may be of another length than it says.
        check_length(
            Slice::Storage,
            self.rows.as_ref().len(),
            LossSecondMoment::storage_len(self.num_timesteps, self.history_per_term),
        )?;
        for (&timestep, &loss) in timesteps.iter().zip(losses) {
            if timestep >= self.num_timesteps {
                return Err(Error::TimestepOutOfRange {
                    timestep,
                    num_timesteps: self.num_timesteps,
                });
            }
            // A history whose squares overflow would leave no probabilities, only NaN.
            if !(loss * loss * f64::from(self.history_per_term) * 2.0).is_finite() {
                return Err(Error::Loss { timestep, loss });
            }
        }
        for (&timestep, &loss) in timesteps.iter().zip(losses) {
            self.push(timestep, loss);
        }
        Ok(())
    }

    fn push(&mut self, timestep: u32, loss: f64) {
        let row_len = self.row_len();
        let row = self.rows.as_mut().chunks_exact_mut(row_len);
        let row = row.into_iter().nth(timestep as usize);
        debug_assert!(row.is_some(), "`update` has found no row of {timestep}");
        let Some([held, root, losses @ ..]) = row else {
            return;
        };
        if let Some(slot) = losses.get_mut(*held as usize) {
            *slot = loss;
            *held += 1.0;
            let filled = u32::from(*held as usize == losses.len());
            self.full = self.full.saturating_add(filled);
        } else {
            losses.rotate_left(losses.len().min(1));
            if let Some(newest) = losses.last_mut() {
                *newest = loss;
            }
        }
        let sum: f64 = losses.iter().map(|loss| loss * loss).sum();
        *root = sqrt(sum / losses.len() as f64);
    }

    /// Whether every timestep has its full history.
    pub fn is_warm(&self) -> bool {
        self.full == self.num_timesteps
    }

    /// The number of losses held of a timestep.
    pub fn held(&self, timestep: u32) -> u32 {
        self.row(timestep).map_or(0, |row| row.0 as u32)
    }

    /// The losses held of a timestep, the oldest first.
    pub fn losses(&self, timestep: u32) -> &[f64] {
        // Of a timestep that is not there, none are held.
        self.row(timestep)
            .and_then(|row| row.2.get(..row.0 as usize))
            .unwrap_or_default()
    }

    fn row_len(&self) -> usize {
        (self.history_per_term as usize).saturating_add(ROW_HEAD)
    }

    fn row(&self, timestep: u32) -> Option<(f64, f64, &[f64])> {
        if timestep >= self.num_timesteps {
            return None;
        }
        let mut rows = self.rows.as_ref().chunks_exact(self.row_len());
        match rows.nth(timestep as usize)? {
            [held, root, losses @ ..] => Some((*held, *root, losses)),
            _ => None,
        }
    }

    fn roots(&self) -> impl Iterator<Item = f64> {
        let rows = self.rows.as_ref().chunks_exact(self.row_len());
        rows.filter_map(|row| row.get(1).copied())
    }

    /// The mixed probability of a timestep whose √(E L²) is `root`, of which there are `sum`.
    fn mixed(&self, root: f64, sum: f64) -> f64 {
        let uniform = 1.0 / f64::from(self.num_timesteps);
        if !self.is_warm() || sum <= 0.0 {
            return uniform;
        }
        root / sum * (1.0 - self.uniform_probability) + self.uniform_probability * uniform
    }
}

impl<S: AsRef<[f64]> + AsMut<[f64]>> Resampler for LossSecondMoment<S> {
    fn num_timesteps(&self) -> u32 {
        self.num_timesteps
    }

    fn probability(&self, timestep: u32) -> f64 {
        let sum = self.roots().sum();
        self.row(timestep).map_or(0.0, |row| self.mixed(row.1, sum))
    }

    fn draw(&self, uniform: f64) -> Result<Drawn, Error> {
        check_uniform(uniform)?;
        let sum = self.roots().sum();
        let mut drawn = (0, 0.0);
        let mut below = 0.0;
        for (timestep, root) in (0..self.num_timesteps).zip(self.roots()) {
            let probability = self.mixed(root, sum);
            // The last timestep that can be drawn stands in where rounding leaves Σp below 1.
            if probability > 0.0 {
                drawn = (timestep, probability);
            }
            below += probability;
            if uniform < below {
                break;
            }
        }
        let (timestep, probability) = drawn;
        // A law that was read from elsewhere may be without any probability, or have NaN; one of
        // losses that differ by the whole range of f64 has some whose weight overflows.
        let weight = 1.0 / (f64::from(self.num_timesteps) * probability);
        if !(weight > 0.0 && weight.is_finite()) {
            return Err(Error::Probability { value: probability });
        }
        Ok(Drawn { timestep, weight })
    }
}
