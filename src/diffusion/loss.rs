//! Training objectives (paper §3.1–3.4): the value of the loss of one image.

use super::error::{Error, Slice};
use super::likelihood::{Noised, finite, mean, square, term};
use super::linear::check_length;
use super::names::plain_names;
use super::prediction::Clip;
use super::process::Process;
use super::schedule::Level;

/// The training objective: which loss is minimised.
///
/// Its name is `mse`, `rescaled_mse`, `kl` or `rescaled_kl`; the paper's `simple`, `hybrid` and `vlb`
/// are read as well.
///
/// ```
/// use iddpm::diffusion::Objective;
/// assert_eq!("hybrid".parse(), Ok(Objective::RescaledMse));
/// assert_eq!(Objective::RescaledMse.to_string(), "rescaled_mse");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Objective {
    /// The mean squared error of the prediction, plus the bound's term where the variance is learned. With
    /// a fixed variance it is L_simple.
    Mse,
    /// The hybrid loss L_hybrid: as `Mse`, with the bound's term × S/1000, S the steps of the process.
    RescaledMse,
    /// The bound's term alone, in bits/dim.
    Kl,
    /// The bound's term × S, S the steps of the process: an estimate of the whole bound, L_vlb.
    RescaledKl,
}

plain_names! {
    "objective", Objective[4]:
    Mse = "mse" | "simple", RescaledMse = "rescaled_mse" | "hybrid",
    Kl = "kl", RescaledKl = "rescaled_kl" | "vlb"
}

/// The loss of one image, and what it is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Loss {
    /// The loss of the image, which is minimised.
    pub total: f64,
    /// The mean squared error, where it is part of the loss.
    pub mse: Option<f64>,
    /// The bound's term as it enters the loss, where it is part of it.
    pub vb: Option<f64>,
}

impl Objective {
    /// The factor of the bound's term in the loss, of a process of so many steps.
    pub(super) fn bound_factor(self, steps: usize) -> f64 {
        match self {
            Self::Mse | Self::Kl => 1.0,
            Self::RescaledMse => steps as f64 / 1000.0,
            Self::RescaledKl => steps as f64,
        }
    }

    /// Whether the bound's term is the loss, and trains the mean: else it is part of it only where the
    /// variance is learned, beside the squared error, and trains the variance.
    pub(super) const fn is_bound_alone(self) -> bool {
        match self {
            Self::Kl | Self::RescaledKl => true,
            Self::Mse | Self::RescaledMse => false,
        }
    }

    /// Returns the loss at step `index` of one image, x̂_0 not clipped.
    ///
    /// In the two `Mse` objectives the gradient of the bound's term must not flow into the mean:
    /// there it trains the variance only.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::StepOutOfRange`], [`Error::NotFinite`]; [`Error::SingleStep`] where
    /// the bound is part of the loss.
    pub fn loss<S: AsRef<[Level]>>(
        self,
        process: &Process<S>,
        index: usize,
        image: Noised<'_>,
        output: &[f32],
    ) -> Result<Loss, Error> {
        let factor = self.bound_factor(process.len());
        let causes = image.causes(output);
        let vb = || -> Result<f64, Error> {
            let term = term(process, index, image, output, Clip::None)?;
            finite(term.vb * factor, &causes)
        };
        if self.is_bound_alone() {
            let total = vb()?;
            return Ok(Loss {
                total,
                mse: None,
                vb: None,
            });
        }
        let mse = prediction_mse(process, index, image, output)?;
        let vb = if process.variance().is_learned() {
            Some(vb()?)
        } else {
            None
        };
        Ok(Loss {
            // Absent: the error alone.
            total: finite(mse + vb.unwrap_or(0.0), &causes)?,
            mse: Some(mse),
            vb,
        })
    }
}

/// Mean of (target - output)² over the elements of an image.
fn prediction_mse<S: AsRef<[Level]>>(
    process: &Process<S>,
    index: usize,
    image: Noised<'_>,
    output: &[f32],
) -> Result<f64, Error> {
    image.check()?;
    let step = process.coefficients(index)?;
    let elements = image.x_start.len();
    check_length(
        Slice::Prediction,
        output.len(),
        process.prediction_len(elements),
    )?;
    let [of_x_start, of_noise, of_x] = process.prediction().target(&step);
    let triples = image.x_start.iter().zip(image.noise).zip(image.x_t);
    let errors = triples
        .zip(output)
        .map(|(((&x_start, &noise), &x_t), &output)| {
            let signal = of_x_start * f64::from(x_start) + of_noise * f64::from(noise);
            square(signal + of_x * f64::from(x_t) - f64::from(output))
        });
    finite(mean(errors), &image.causes(output))
}
