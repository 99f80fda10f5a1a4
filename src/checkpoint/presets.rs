//! The description of a published model; such a model by its name.

use core::str::FromStr;

use super::description::Description;
use super::error::CheckpointError;
use super::flags::Flags;
use crate::diffusion::WeightSet;

pub use super::published::Preset;

impl Preset {
    /// Describes a file of the model's weights.
    ///
    /// Which weights a published file holds, it does not say.
    ///
    /// # Errors
    /// None: what these flags say is sound.
    pub fn describe(self, weights: WeightSet, step: u64) -> Result<Description, CheckpointError> {
        self.flags().parse::<Flags>()?.describe(weights, step)
    }
}

impl FromStr for Preset {
    type Err = CheckpointError;

    fn from_str(name: &str) -> Result<Self, CheckpointError> {
        let mut presets = Self::ALL.into_iter();
        presets
            .find(|preset| preset.name() == name)
            .ok_or_else(|| CheckpointError::UnknownPreset { name: name.into() })
    }
}
