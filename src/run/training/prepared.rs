//! A training whose recipe and data were checked, before it has a device.

use super::checked::Checked;
use super::class_rows::ClassRows;
use super::cost::Cost;
use super::origin::Origin;
use super::training::Training;
use crate::Error;
use crate::checkpoint::Description;
use crate::run::Device;
use crate::train::{RunDirectory, TrainConfig};
use crate::waiting::block_on;

/// A training that was checked, and is to be put on a device.
#[derive(Debug)]
pub struct Prepared {
    pub(super) folder: RunDirectory,
    pub(super) checked: Checked,
    pub(super) save_every: u64,
    pub(super) keep: usize,
}

impl Prepared {
    /// The description of the network that is trained.
    pub const fn description(&self) -> &Description {
        &self.checked.description
    }

    /// The options of the run, with the microbatch that it has.
    pub const fn config(&self) -> &TrainConfig {
        &self.checked.config
    }

    /// The options that the run had until here, where its learning rates are others from here on; `None` where they
    /// stay.
    pub const fn rates_before(&self) -> Option<&TrainConfig> {
        self.checked.rates_before.as_ref()
    }

    /// Where the rows of the table of classes come from; `None` where its classes are those of the weights.
    pub const fn class_rows(&self) -> Option<&ClassRows> {
        self.checked.class_rows()
    }

    /// Where the weights come from.
    pub const fn origin(&self) -> &Origin {
        &self.checked.origin
    }

    /// What a step costs.
    pub const fn cost(&self) -> &Cost {
        &self.checked.cost
    }

    /// Puts the training on a device. Nothing is saved yet: [`Training::save`] does so.
    ///
    /// # Errors
    /// [`DrawError`](crate::run::DrawError) where the device cannot be had, [`TrainError`](crate::train::TrainError)
    /// where it is not enough.
    pub fn on(self, device: Device) -> Result<Training, Error> {
        Ok(Training {
            folder: self.folder,
            run: block_on(self.checked.on(device))?,
            save_every: self.save_every,
            keep: self.keep,
        })
    }
}
