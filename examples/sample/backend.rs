//! What runs the network, and why it was chosen.

use iddpm::checkpoint::Checkpoint;
use iddpm::cpu::{self, ProgramBuf};
use iddpm::diffusion::{Sample, Sampler};
use iddpm::unet::Plan;

use super::device_options::Processor;
use super::gpu;
use super::options::Options;
use super::program::Failure;

/// What is called after each step, with what gives every x̂_0 of the batch to who wants it.
pub(crate) type AfterStep<'a> = &'a mut dyn FnMut(XStart<'_>) -> Result<(), Failure>;
pub(crate) type XStart<'a> = &'a dyn Fn() -> Result<Vec<f32>, Failure>;

/// Something that generates a batch of images.
pub(crate) trait Backend {
    /// What it runs on, and why.
    fn name(&self) -> String;

    /// Generates a batch.
    fn generate(
        &mut self,
        sampler: &Sampler<'_>,
        samples: &[Sample],
        low_res: Option<&[f32]>,
        after_step: AfterStep<'_>,
    ) -> Result<Vec<f32>, Failure>;
}

/// The backend that was asked for, or the best there is.
pub(crate) fn choose<'c>(
    options: &Options,
    checkpoint: &'c Checkpoint,
) -> Result<Box<dyn Backend + 'c>, Failure> {
    Ok(
        match options.device.choose(|| gpu::open(options, checkpoint))? {
            Ok(backend) => backend,
            Err(processor) => Box::new(Cpu {
                checkpoint,
                processor,
                network: None,
            }),
        },
    )
}

/// The processor.
struct Cpu<'c> {
    checkpoint: &'c Checkpoint,
    processor: Processor,
    /// That of the last batch, and how many images it takes.
    network: Option<(usize, cpu::Network)>,
}

impl Backend for Cpu<'_> {
    fn name(&self) -> String {
        self.processor.to_string()
    }

    fn generate(
        &mut self,
        sampler: &Sampler<'_>,
        samples: &[Sample],
        low_res: Option<&[f32]>,
        after_step: AfterStep<'_>,
    ) -> Result<Vec<f32>, Failure> {
        let network = match self.network.take() {
            Some((batch, network)) if batch == samples.len() => network,
            _ => {
                let graph = self.checkpoint.description().graph(samples.len())?;
                let program = ProgramBuf::new(&graph, &Plan::single(&graph))?;
                let threads = self.processor.threads.count;
                cpu::Network::with_threads(program, self.checkpoint.weights(), threads)?
            }
        };
        let mut generation = cpu::Generation::new(network, sampler.clone(), samples)?;
        if let Some(images) = low_res {
            generation = generation.with_low_res(images)?;
        }
        while generation.advance()? {
            after_step(&|| Ok(generation.x_start().to_vec()))?;
        }
        let images = generation.x().to_vec();
        self.network = Some((samples.len(), generation.into_network()));
        Ok(images)
    }
}
