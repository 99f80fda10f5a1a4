//! Samples of a network, judged.

use iddpm::cpu::{Generation, Inputs, Network, ProgramBuf};
use iddpm::data::Images;
use iddpm::diffusion::pixels::{from_u8, to_u8};
use iddpm::diffusion::{Clip, Method, Noise, OwnedProcess, Sample, Sampler, Timesteps, Variance};
use iddpm::unet::Plan;
use iddpm::{Draw, Model};

use super::bar::bar;
use super::cell::Cell;
use super::judge::Shares;
use super::program::Failure;
use super::scale::Scale;
use super::work::Work;

/// Images that are drawn together.
const AT_ONCE: usize = 32;
/// Images of the data that the noise in a network's prediction is measured on.
const MEASURED: usize = 128;

/// DDIM in 50 steps, and its name in files: of networks that are compared by their means, not by a sampler's variance.
pub(crate) fn ddim50() -> (&'static str, Way) {
    let draw = Draw::new().method(Method::Ddim { eta: 0.0 }).steps("50");
    ("ddim-50", Way::Door(draw, None))
}

/// How samples are drawn.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// As the door draws them, with a variance that is fixed where one is named.
    Door(Draw, Option<Variance>),
    /// By the paper's sampler with the variance of Analytic-DPM, in so many steps.
    Analytic(String),
}

impl Way {
    /// In words, for a file's name and what is in it.
    fn name(&self) -> String {
        match self {
            Self::Door(draw, None) => draw.to_string(),
            Self::Door(draw, Some(variance)) => format!("{draw} variance={variance}"),
            Self::Analytic(steps) => format!("steps={steps} method=analytic"),
        }
    }
}

impl Work<'_> {
    /// Draws images of all classes in turn by a network at its end, and judges them; `name` is that of the file.
    pub(crate) fn shares(&self, cell: Cell, name: &str, way: &Way) -> Result<Shares, Failure> {
        self.shares_on_the_way(cell, Scale::QUARTERS, name, way)
    }

    /// The same of a network as it is after so many quarters of its steps.
    pub(crate) fn shares_on_the_way(
        &self,
        cell: Cell,
        quarters: u64,
        name: &str,
        way: &Way,
    ) -> Result<Shares, Failure> {
        let name = match quarters {
            Scale::QUARTERS => format!("{cell}.drawn-{name}"),
            _ => format!("{cell}.drawn-{name}-quarter-{quarters}"),
        };
        let of = format!(
            "{}; {} images, {}; a classifier of {} steps",
            self.of(cell)?,
            self.scale.samples,
            way.name(),
            self.scale.classifier
        );
        self.kept.get(&name, &of, || {
            let judge = self.judge(cell.set)?;
            let samples = match way {
                Way::Door(draw, None) => self.drawn(&self.model(cell, quarters)?, draw, &name)?,
                Way::Door(draw, variance) => {
                    self.drawn(&self.model_with(cell, *variance)?, draw, &name)?
                }
                Way::Analytic(steps) => self.analytic(cell, steps, &name)?,
            };
            judge.shares(&samples)
        })
    }

    /// Images of all classes in turn.
    fn drawn(&self, model: &Model, draw: &Draw, name: &str) -> Result<Images, Failure> {
        let mut studio = model.on(self.device())?;
        let bar = bar(self.scale.samples as u64, name);
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for first in (0..self.scale.samples).step_by(AT_ONCE) {
            let last = (first + AT_ONCE).min(self.scale.samples);
            let mut run = studio.begin_numbers(draw, first as u64..last as u64)?;
            run.finish()?;
            let images = run.images()?;
            pixels.extend(images.data()?);
            labels.extend(images.samples().iter().filter_map(|sample| sample.label));
            bar.set_position(last as u64);
        }
        bar.finish_and_clear();
        let classes = Some(model.classes());
        Ok(Images::new(model.image(), pixels, Some(labels), classes)?)
    }

    /// Images by the paper's sampler, with the least variance that the network's predictions allow.
    fn analytic(&self, cell: Cell, steps: &str, name: &str) -> Result<Images, Failure> {
        let model = self.model(cell, Scale::QUARTERS)?;
        let diffusion = model.description().card.diffusion;
        let process = diffusion.process(Timesteps::parse(steps)?)?;
        let squares = self.mean_squares(&model, cell, &process)?;
        let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit)?;
        let sampler = sampler.with_optimal_variance(&squares)?;
        let mut network = self.network(&model, AT_ONCE)?;
        let bar = bar(self.scale.samples as u64, name);
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for first in (0..self.scale.samples).step_by(AT_ONCE) {
            let samples: Vec<Sample> = (first..first + AT_ONCE)
                .map(|number| Sample {
                    noise: Noise::new(0),
                    number: number as u64,
                    label: Some((number % model.classes()) as u32),
                })
                .collect();
            let mut run = Generation::new(network, sampler.clone(), &samples)?;
            while run.advance()? {}
            pixels.extend(run.x().iter().map(|&value| to_u8(value)));
            labels.extend(samples.iter().filter_map(|sample| sample.label));
            network = run.into_network();
            bar.set_position(first as u64);
        }
        bar.finish_and_clear();
        // Of the last batch some are more than were asked for.
        pixels.truncate(self.scale.samples * model.image().elements());
        labels.truncate(self.scale.samples);
        let classes = Some(model.classes());
        Ok(Images::new(model.image(), pixels, Some(labels), classes)?)
    }

    /// E‖ε̂‖²/D of a network at each step of a process, on images that it was trained on.
    fn mean_squares(
        &self,
        model: &Model,
        cell: Cell,
        process: &OwnedProcess,
    ) -> Result<Vec<f64>, Failure> {
        let data = &self.data(cell.set)?.trained;
        let elements = model.image().elements();
        let (mut x_start, mut labels) = (Vec::new(), Vec::new());
        // Spread over all of them.
        for place in 0..MEASURED {
            let example = data.get(place * data.len() / MEASURED)?;
            x_start.extend(example.pixels.iter().map(|&value| from_u8(value)));
            labels.extend(example.label);
        }
        let mut network = self.network(model, MEASURED)?;
        let mut noise = vec![0.0; x_start.len()];
        let mut x_t = vec![0.0; x_start.len()];
        let mut output = vec![0.0; MEASURED * process.prediction_len(elements)];
        let mut means = Vec::new();
        for index in 0..process.len() {
            let stream = Noise::new(1).stream(index as u64, 0);
            stream.fill_normals(0, &mut noise);
            let step = process.coefficients(index)?;
            step.diffuse(&x_start, &noise, &mut x_t)?;
            let timesteps = vec![process.model_timestep(index)?; MEASURED];
            let inputs = Inputs {
                x: &x_t,
                timesteps: &timesteps,
                labels: Some(&labels),
                low_res: None,
            };
            network.forward(&inputs, &mut output)?;
            // Behind the prediction are its variance's channels, where it has such.
            let outputs = output.chunks_exact(process.prediction_len(elements));
            let epsilons = outputs.flat_map(|output| output.iter().take(elements));
            let squares: f64 = epsilons.map(|&epsilon| f64::from(epsilon).powi(2)).sum();
            means.push(squares / (MEASURED * elements) as f64);
        }
        Ok(means)
    }

    /// A network on the processor, by itself.
    fn network(&self, model: &Model, batch: usize) -> Result<Network, Failure> {
        let graph = model.description().graph(batch)?;
        let program = ProgramBuf::new(&graph, &Plan::single(&graph))?;
        let weights = model.checkpoint().weights();
        Ok(Network::with_threads(
            program,
            weights,
            self.threads.count(),
        )?)
    }
}
