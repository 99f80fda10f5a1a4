//! What is trained and measured, each once.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use iddpm::checkpoint::Checkpoint;
use iddpm::diffusion::Variance;
use iddpm::run::{Beginning, Chosen, Cost, Likelihood, Recipe, Terms, Threads};
use iddpm::train::{GradientNoise, RunDirectory};
use iddpm::{Device, Model, Training};
use serde::{Deserialize, Serialize};

use super::bar::bar;
use super::cell::Cell;
use super::judge::Judge;
use super::kept::Kept;
use super::options::Options;
use super::program::Failure;
use super::scale::Scale;
use super::sets::{Data, Set, digits};

/// Images that are evaluated together.
const AT_ONCE: usize = 32;

/// What is trained and measured, in a folder.
pub(crate) struct Work<'a> {
    options: &'a Options,
    pub(crate) scale: Scale,
    pub(crate) threads: Threads,
    pub(crate) kept: Kept,
    device_name: OnceCell<String>,
    data: RefCell<HashMap<Set, Rc<Data>>>,
    judges: RefCell<HashMap<Set, Rc<Judge>>>,
}

/// What there is to say of a quarter of a training.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Quarter {
    /// How much of its gradients is noise, in the mean over its steps.
    pub(crate) noise: Option<GradientNoise>,
    /// The work of its steps.
    pub(crate) flops: f64,
    pub(crate) parameters: usize,
}

/// The bound of images, in bits/dim.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Bits {
    /// Of each image.
    pub(crate) each: Vec<f64>,
    /// Every term in the mean, the noisiest first; the prior's is not among them.
    pub(crate) terms: Vec<f64>,
}

impl Bits {
    pub(crate) fn mean(&self) -> f64 {
        self.each.iter().sum::<f64>() / self.each.len() as f64
    }
}

impl<'a> Work<'a> {
    pub(crate) fn new(options: &'a Options) -> Result<Self, Failure> {
        Ok(Self {
            options,
            scale: Scale::of(options),
            threads: options.device.threads.choose()?,
            kept: Kept::new(options.out.join("numbers"))
                .map_err(|error| format!("--out: {error}"))?,
            device_name: OnceCell::new(),
            data: RefCell::default(),
            judges: RefCell::default(),
        })
    }

    /// The images of a set.
    pub(crate) fn data(&self, set: Set) -> Result<Rc<Data>, Failure> {
        if let Some(data) = self.data.borrow().get(&set) {
            return Ok(Rc::clone(data));
        }
        let path = self.options.data.clone().unwrap_or_else(digits);
        let data = Rc::new(set.open(&path, self.scale.evaluated)?);
        self.data.borrow_mut().insert(set, Rc::clone(&data));
        Ok(data)
    }

    /// What judges samples of a set.
    pub(crate) fn judge(&self, set: Set) -> Result<Rc<Judge>, Failure> {
        if let Some(judge) = self.judges.borrow().get(&set) {
            return Ok(Rc::clone(judge));
        }
        let judge = Judge::new(&*self.data(set)?, self.scale.classifier, self.threads)?;
        let judge = Rc::new(judge);
        self.judges.borrow_mut().insert(set, Rc::clone(&judge));
        Ok(judge)
    }

    /// How a network is trained; as text, what it follows from.
    fn recipe(&self, cell: Cell) -> Result<(Recipe, String), Failure> {
        let data = self.data(cell.set)?;
        let recipe = cell.recipe(&self.scale, data.trained.as_ref());
        let Recipe {
            unet,
            diffusion,
            config,
            ..
        } = &recipe;
        let of = serde_json::to_string(&(
            cell.steps(&self.scale),
            data.digest,
            self.device_name()?,
            unet,
            diffusion,
            config,
        ))?;
        Ok((recipe, of))
    }

    /// As text, what a network follows from.
    pub(crate) fn of(&self, cell: Cell) -> Result<String, Failure> {
        Ok(self.recipe(cell)?.1)
    }

    /// What is told of that device: numbers of another are others.
    fn device_name(&self) -> Result<String, Failure> {
        if let Some(name) = self.device_name.get() {
            return Ok(name.clone());
        }
        let shipped =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/assets/digits16.safetensors");
        let studio = Model::open(shipped)?.on(self.device())?;
        let name = match studio.device() {
            Chosen::Gpu { .. } => studio.device().to_string(),
            // Of any processor, with any number of threads, they are the same.
            _ => "processor".into(),
        };
        Ok(self.device_name.get_or_init(|| name).clone())
    }

    /// The device that networks are trained and drawn on.
    pub(crate) fn device(&self) -> Device {
        self.options.device.device()
    }

    fn folder(&self, cell: Cell) -> PathBuf {
        // Of another scale it is another network.
        let name = format!("{cell}-{}", cell.steps(&self.scale));
        self.options.out.join("networks").join(name)
    }

    /// The state of a network after so many quarters of its steps.
    fn state(&self, cell: Cell, quarters: u64) -> PathBuf {
        let step = cell.steps(&self.scale) / Scale::QUARTERS * quarters;
        self.folder(cell).join(format!("step-{step:08}"))
    }

    /// Trains a network, unless it is trained; what there is to say of each quarter.
    pub(crate) fn trained(&self, cell: Cell) -> Result<Vec<Quarter>, Failure> {
        let (recipe, of) = self.recipe(cell)?;
        let mut training = None;
        let mut quarters = Vec::new();
        for quarter in 1..=Scale::QUARTERS {
            let name = format!("{cell}.quarter-{quarter}");
            let found = self.kept.get(&name, &of, || {
                self.reach(&mut training, cell, &recipe, quarter)
            });
            quarters.push(found?);
        }
        // A state is saved behind the numbers of the way to it: where only these are there, it is made once more.
        if training.is_none() && !self.state(cell, Scale::QUARTERS).is_dir() {
            self.reach(&mut training, cell, &recipe, Scale::QUARTERS)?;
        }
        if let Some(training) = &mut training {
            training.save()?;
        }
        Ok(quarters)
    }

    /// Trains on to the end of a quarter.
    fn reach(
        &self,
        training: &mut Option<Training>,
        cell: Cell,
        recipe: &Recipe,
        quarter: u64,
    ) -> Result<Quarter, Failure> {
        let training = match training {
            Some(training) => training,
            None => training.insert(self.begin(cell, recipe)?),
        };
        let each = cell.steps(&self.scale) / Scale::QUARTERS;
        let (first, last) = (each * (quarter - 1), each * quarter);
        let bar = bar(each, &format!("{cell}, quarter {quarter}"));
        let mut noise = Vec::new();
        while training.position() < last {
            training.save_if_due()?;
            let report = training.step()?;
            if report.step > first {
                noise.extend(report.noise);
                bar.inc(1);
            }
        }
        bar.finish_and_clear();
        let cost = training.run().cost();
        Ok(Quarter {
            noise: GradientNoise::mean(noise),
            flops: cost.flops as f64 * each as f64,
            parameters: cost.parameters,
        })
    }

    /// What a step of a network costs.
    pub(crate) fn cost(&self, cell: Cell) -> Result<Cost, Failure> {
        let (recipe, _) = self.recipe(cell)?;
        let folder = RunDirectory::open(self.folder(cell))?;
        let data = Arc::clone(&self.data(cell.set)?.trained);
        let prepared = Beginning::begin_or_resume(folder)?.prepare(&recipe, data)?;
        Ok(*prepared.cost())
    }

    fn begin(&self, cell: Cell, recipe: &Recipe) -> Result<Training, Failure> {
        let folder = self.folder(cell);
        let data = Arc::clone(&self.data(cell.set)?.trained);
        let training = Training::begin_or_resume(&folder, recipe, data, self.device());
        let training = training.map_err(|error| {
            let out = self.options.out.display();
            format!("{error}; where --out {out} is of other options, take another folder")
        })?;
        let (found, steps) = (training.position(), cell.steps(&self.scale));
        if found >= steps {
            let folder = folder.display();
            return Err(format!(
                "{folder}: is trained already, and the numbers of its way are gone: remove it, or take another --out"
            )
            .into());
        }
        Ok(training)
    }

    /// A network as it is after so many quarters of its steps.
    pub(crate) fn model(&self, cell: Cell, quarters: u64) -> Result<Model, Failure> {
        self.trained(cell)?;
        Ok(Model::open(self.state(cell, quarters))?)
    }

    /// A network at its end, with a variance that is fixed where one is named.
    pub(crate) fn model_with(
        &self,
        cell: Cell,
        variance: Option<Variance>,
    ) -> Result<Model, Failure> {
        let model = self.model(cell, Scale::QUARTERS)?;
        let Some(variance) = variance else {
            return Ok(model);
        };
        let (mut description, _, weights) = model.checkpoint().clone().into_parts();
        description.card.diffusion.variance = variance;
        Ok(Model::from(Checkpoint::new(description, weights)?))
    }

    /// The bound over so many steps, of held-out images by a network at its end.
    pub(crate) fn bits(
        &self,
        cell: Cell,
        variance: Option<Variance>,
        steps: &str,
    ) -> Result<Bits, Failure> {
        let name = match variance {
            Some(variance) => format!("{cell}.bits-{steps}-{variance}"),
            None => format!("{cell}.bits-{steps}"),
        };
        let of = self.of(cell)?;
        let of = format!("{of}; of {} images", self.scale.evaluated);
        self.kept.get(&name, &of, || {
            self.evaluate(&self.model_with(cell, variance)?, cell.set, steps, &name)
        })
    }

    /// The bound over so many steps after so many quarters of the training.
    pub(crate) fn bits_on_the_way(
        &self,
        cell: Cell,
        quarters: u64,
        steps: &str,
    ) -> Result<Bits, Failure> {
        let name = format!("{cell}.bits-{steps}-quarter-{quarters}");
        let of = self.of(cell)?;
        let of = format!("{of}; of {} images", self.scale.evaluated);
        self.kept.get(&name, &of, || {
            self.evaluate(&self.model(cell, quarters)?, cell.set, steps, &name)
        })
    }

    fn evaluate(&self, model: &Model, set: Set, steps: &str, name: &str) -> Result<Bits, Failure> {
        let data = self.data(set)?;
        let count = self.scale.evaluated.min(data.held_out.len());
        let mut likelihood = Likelihood::new(model, steps, self.threads)?;
        let bar = bar((likelihood.steps() * count) as u64, name);
        let mut each = Vec::new();
        for first in (0..count).step_by(AT_ONCE) {
            let images = first..(first + AT_ONCE).min(count);
            let found = likelihood.evaluate(data.held_out.as_ref(), images, &mut |terms| {
                bar.inc(terms);
            });
            each.extend(found?);
        }
        bar.finish_and_clear();
        Ok(Bits {
            each: each.iter().map(Terms::total).collect(),
            terms: Terms::mean(&each).vb,
        })
    }
}
