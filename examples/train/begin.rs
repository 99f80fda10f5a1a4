//! Where a run begins: with weights drawn from its seed, with those of a checkpoint, or where it was stopped.

use std::path::Path;

use iddpm::checkpoint::{Checkpoint, Description, WeightType, locate};
use iddpm::data::Classes;
use iddpm::train::{
    Engine, Progress, RunDirectory, SavedRun, Slot, TrainConfig, TrainError, Trainer, TrainingData,
    check_network, initial_weights,
};
use iddpm::unet::Graph;

use super::options::Options;
use super::program::{Failure, say};

/// What a run begins with.
pub(crate) enum Beginning {
    /// Weights that are drawn.
    Drawn,
    /// The weights of a checkpoint.
    Given(Box<Checkpoint>),
    /// A state of the run.
    Saved(Box<SavedRun>),
}

impl Beginning {
    /// As the options ask for it, and the folder has it.
    pub(crate) fn find(options: &Options, folder: &RunDirectory) -> Result<Self, Failure> {
        match (folder.latest()?, options.resume, &options.init) {
            (Some(state), true, _) => resumed(options, &state),
            (Some(state), false, _) => Err(format!(
                "{} is there already: --resume goes on with it, another --run begins anew",
                state.display()
            )
            .into()),
            (None, true, _) => {
                let run = options.run.display();
                Err(format!("{run}: no state to go on from").into())
            }
            (None, false, None) => Ok(Self::Drawn),
            (None, false, Some(file)) => given(file),
        }
    }

    /// The network that there is already, whose classes are the data's.
    fn network(&self) -> Option<&Description> {
        match self {
            Self::Drawn => None,
            Self::Given(checkpoint) => Some(checkpoint.description()),
            Self::Saved(saved) => Some(&saved.description),
        }
    }

    /// Which classes images have.
    pub(crate) fn classes(&self, options: &Options) -> Classes<'_> {
        let network = self.network();
        match network.map(|network| (network.unet.num_classes, &network.class_names)) {
            _ if options.no_classes => Classes::None,
            Some((Some(count), names)) => Classes::Network {
                count,
                names: names.as_deref(),
                needed: true,
            },
            Some((None, _)) | None => Classes::Own,
        }
    }

    /// What the classes are called where a network says it.
    pub(crate) fn class_names(&self) -> Option<&[String]> {
        self.network()?.class_names.as_deref()
    }

    /// Refuses what is not this network, these options, this data.
    pub(crate) fn check(
        &self,
        description: &Description,
        config: &TrainConfig,
        data: &TrainingData,
    ) -> Result<(), TrainError> {
        match self {
            Self::Drawn => Ok(()),
            Self::Given(checkpoint) => check_network(checkpoint.description(), description),
            Self::Saved(saved) => saved.check_same(description, config, data),
        }
    }

    /// Fills an engine; where the run is then.
    pub(crate) fn fill(
        self,
        engine: &mut impl Engine,
        graph: &Graph,
        description: &Description,
        config: &TrainConfig,
    ) -> Result<Progress, Failure> {
        match self {
            Self::Saved(saved) => {
                saved.write_to(engine)?;
                return Ok(saved.progress);
            }
            Self::Given(checkpoint) => {
                let (_, _, weights) = checkpoint.into_parts();
                write(engine, &weights.into_f32()?, config)?;
            }
            Self::Drawn => write(engine, &initial_weights(graph, config.seed)?, config)?,
        }
        Ok(Trainer::<Box<dyn Engine>>::beginning(description, config)?)
    }
}

/// Weights, and averages that begin as they are.
fn write(engine: &mut impl Engine, weights: &[f32], config: &TrainConfig) -> Result<(), Failure> {
    engine.write(Slot::Weights, weights)?;
    for at in 0..config.ema_rates.len() {
        engine.write(Slot::Ema(at), weights)?;
    }
    Ok(())
}

fn resumed(options: &Options, state: &Path) -> Result<Beginning, Failure> {
    let saved = SavedRun::load(state)?;
    let (steps, done) = (options.steps, saved.progress.step);
    if steps < done {
        return Err(format!(
            "--steps {steps}: {} is at step {done} already, of which --steps counts each",
            state.display()
        )
        .into());
    }
    let unchecked = match saved.fingerprint {
        Some(_) => "",
        None => {
            "; it was saved before states had digests, so what was changed since, of its files or of \
             the data's images, is not found"
        }
    };
    say(format_args!("going on from {}{unchecked}", state.display()))?;
    if steps == done {
        say(format_args!(
            "--steps {steps}: all of them are done already"
        ))?;
    }
    Ok(Beginning::Saved(Box::new(saved)))
}

fn given(file: &Path) -> Result<Beginning, Failure> {
    let named = |error| format!("--init: {error}");
    let located = locate(file).map_err(named)?;
    let checkpoint = Checkpoint::open(&located.path, WeightType::F32).map_err(named)?;
    if let Some(note) = located.note {
        say(note)?;
    }
    say(format_args!(
        "beginning with the weights of {}",
        located.path.display()
    ))?;
    Ok(Beginning::Given(Box::new(checkpoint)))
}
