//! The checks whether network, options, data and progress go together.

use super::config::{TimestepLaw, TrainConfig, check};
use super::error::TrainError;
use super::progress::Progress;
use crate::checkpoint::Description;
use crate::data::Dataset;
use crate::diffusion::resample::Resampler;
use crate::text::Number;

/// A network that makes an image of a larger one, or of one as large, is a slip.
pub(super) fn check_low_res(description: &Description) -> Result<(), TrainError> {
    let sides = description.size;
    match sides.low_res {
        Some(low_res) if sides.shrinks() => Err(TrainError::LowRes {
            low_res,
            size: (sides.height, sides.width),
        }),
        Some(_) | None => Ok(()),
    }
}

/// Checks whether a network can be trained on a data set in such batches, which
/// [`Trainer::new`](super::Trainer::new) asks too: asked before an engine is made, it spares that.
///
/// # Errors
/// [`TrainError::Extents`], [`TrainError::Classes`], [`TrainError::BatchTooLarge`]; [`TrainError::Option`] where
/// labels are to be dropped and the network has no null class, or where t of a network with a grid would have a law of its
/// losses.
pub fn check_data(
    description: &Description,
    config: &TrainConfig,
    data: &dyn Dataset,
) -> Result<(), TrainError> {
    let (found, expected) = (data.extents(), description.image());
    if found != expected {
        return Err(TrainError::Extents { found, expected });
    }
    // Where the network takes no class, those of the data are not looked at.
    if let Some(expected) = description.unet.num_classes {
        // Absent: 0 classes.
        let found = data.classes().unwrap_or(0);
        if found != expected || found < 2 {
            return Err(TrainError::Classes { found, expected });
        }
    }
    check(
        "drop_labels",
        Number(config.drop_labels),
        config.drop_labels == 0.0 || description.unet.null_label().is_some(),
        "0 for a network without a null class",
    )?;
    let uniform = config.timesteps == TimestepLaw::Uniform;
    check(
        "timesteps",
        "loss_second_moment",
        uniform || description.grid.is_none(),
        "uniform for a network with a grid of timesteps",
    )?;
    let (batch, examples) = (config.batch, data.len());
    if batch > examples {
        return Err(TrainError::BatchTooLarge { batch, examples });
    }
    Ok(())
}

/// Whether a run of these options can be there.
pub(super) fn check_progress(
    description: &Description,
    config: &TrainConfig,
    progress: &Progress,
) -> Result<(), TrainError> {
    let wrong = |what| Err(TrainError::Progress { what });
    let steps = description.card.diffusion.num_timesteps;
    let history = progress.history.as_ref().map(Resampler::num_timesteps);
    let wanted = match config.timesteps {
        TimestepLaw::Uniform => None,
        TimestepLaw::LossSecondMoment => Some(steps),
    };
    if history != wanted {
        return wrong("its losses of each t are not those that the law of t asks for");
    }
    if progress.loss_scale.is_some() != config.half {
        return wrong("a loss scale goes with f16, and f16 with a loss scale");
    }
    if progress.taken > progress.step {
        return wrong("more steps were taken than done");
    }
    // So that no count of examples, and none that is reached from here, is beyond 64 bits.
    let examples = progress.step.checked_mul(config.batch as u64);
    if examples.is_none_or(|examples| examples > u64::MAX / 2) {
        return wrong("as many examples cannot be counted");
    }
    Ok(())
}
