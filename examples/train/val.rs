//! Held-out images: which they are, how often they are evaluated, and when a run ends for them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use iddpm::checkpoint::Description;
use iddpm::data::{self, Alpha, Classes, Dataset, Fit, Split};
use iddpm::run::Validated;
use iddpm::train::Broken;

use super::program::Failure;
use super::whole::whole;

/// Steps between two evaluations where none are given.
const EVERY: u64 = 1000;

/// What the command line says of held-out images.
#[derive(Args)]
pub(crate) struct ValOptions {
    /// Images that are not trained on, whose bound in bits/dim is evaluated now and then: a share of the data, as
    /// 0.1, which follows from their pixels alone, or data of its own. The best network by it is best.safetensors in
    /// the run's folder, which the run then stands for.
    #[arg(long, value_name = "SHARE|DATA")]
    val: Option<PathBuf>,
    /// Steps between two evaluations of held-out images, 1000 where none are given.
    #[arg(long, value_parser = whole::<u64>(1..=u64::MAX))]
    val_every: Option<u64>,
    /// Evaluations after which a run ends where none of them was better than the best before; without it none does.
    #[arg(long, value_parser = whole::<u64>(1..=u64::MAX))]
    patience: Option<u64>,
}

/// Data to train on, and the images that are held out of it.
pub(crate) type Halves = (Arc<dyn Dataset>, Option<Arc<dyn Dataset>>);

impl ValOptions {
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let given = [
            ("--val-every", self.val_every),
            ("--patience", self.patience),
        ];
        match given.into_iter().find(|(_, given)| given.is_some()) {
            Some((option, _)) if self.val.is_none() => {
                Err(format!("{option}: no effect without --val").into())
            }
            _ => Ok(()),
        }
    }

    /// Whether images are held out.
    pub(crate) const fn is_given(&self) -> bool {
        self.val.is_some()
    }

    /// Whether images are evaluated at a step.
    pub(crate) fn is_due(&self, step: u64) -> bool {
        step.is_multiple_of(self.val_every.unwrap_or(EVERY))
    }

    /// What is to be said where a run ends for want of a better network.
    pub(crate) fn ends(&self, step: u64, validated: &Validated) -> Option<String> {
        let patience = self.patience?;
        let best = validated.best.step;
        let allowed = patience.saturating_mul(self.val_every.unwrap_or(EVERY));
        (step.saturating_sub(best) >= allowed).then(|| {
            format!("--patience {patience}: none was better than that of step {best}; the run ends")
        })
    }

    /// The share of the data, where it is one that was given.
    fn share(&self) -> Option<f64> {
        self.val.as_deref()?.to_str()?.parse().ok()
    }

    /// The data, without the share that is held out.
    pub(crate) fn halves(&self, data: Arc<dyn Dataset>, broken: Broken) -> Result<Halves, Failure> {
        let Some(share) = self.share() else {
            return Ok((data, None));
        };
        let split = Split::of(data, share, broken).map_err(|error| format!("--val: {error}"))?;
        Ok((split.trained.into(), Some(split.held_out.into())))
    }

    /// The data of its own, as a network takes it.
    pub(crate) fn own(
        &self,
        network: &Description,
        alpha: Option<Alpha>,
    ) -> Result<Option<Arc<dyn Dataset>>, Failure> {
        let Some(path) = self.path() else {
            return Ok(None);
        };
        let names = network.class_names.as_deref();
        let options = data::Options {
            fit: Fit::Exactly(network.image()),
            classes: Classes::of_network(network.unet.num_classes, names, true),
            alpha,
        };
        let opened = data::open(path, &options).map_err(|error| format!("--val {error}"))?;
        Ok(Some(opened.into()))
    }

    /// The path of data of its own.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.val.as_deref().filter(|_| self.share().is_none())
    }
}
