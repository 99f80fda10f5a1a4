//! What runs the network, and why it was chosen.

use iddpm::checkpoint::Checkpoint;
use iddpm::cpu;
use iddpm::diffusion::{Sample, Sampler};

use super::device_options::processor;
use super::options::Options;
use super::{Failure, gpu};

/// Something that generates a batch of images.
pub(crate) trait Backend {
    /// What it runs on, and why.
    fn name(&self) -> String;

    /// Generates a batch; `preview` is called with every x̂_0 of the batch after each step.
    fn generate(
        &mut self,
        sampler: &Sampler<'_>,
        samples: &[Sample],
        low_res: Option<&[f32]>,
        preview: &mut dyn FnMut(&[f32]),
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
            Err(why) => Box::new(Cpu { checkpoint, why }),
        },
    )
}

/// The processor, all cores.
struct Cpu<'c> {
    checkpoint: &'c Checkpoint,
    why: String,
}

impl Backend for Cpu<'_> {
    fn name(&self) -> String {
        processor(&self.why)
    }

    fn generate(
        &mut self,
        sampler: &Sampler<'_>,
        samples: &[Sample],
        low_res: Option<&[f32]>,
        preview: &mut dyn FnMut(&[f32]),
    ) -> Result<Vec<f32>, Failure> {
        let graph = self.checkpoint.description().graph(samples.len())?;
        let network = cpu::Network::new(&graph, self.checkpoint.weights())?;
        let mut generation = cpu::Generation::new(network, sampler.clone(), samples)?;
        if let Some(image) = low_res {
            generation = generation.with_low_res(&image.repeat(samples.len()));
        }
        while generation.advance()? {
            preview(generation.x_start());
        }
        Ok(generation.x().to_vec())
    }
}
