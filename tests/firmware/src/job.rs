//! One 16×16 image in ten steps of the paper's sampler, on core alone.
//!
//! The denoiser is the closed form for normal data, so nothing but the sampler is measured.

use iddpm::diffusion::exact::GaussianData;
use iddpm::diffusion::{
    Clip, Diffusion, Error, InlineProcess, Method, RunError, Sampler, Schedule, Timesteps,
};

use crate::drawing::{ELEMENTS, Phase, Report, draw};

const STEPS: usize = 10;

pub fn run(phase: impl Fn(Phase)) -> Result<Report, RunError<Error>> {
    phase(Phase::Table);
    let model = Diffusion::new(Schedule::Cosine, 1000);
    let process = InlineProcess::<STEPS>::new(&model, Timesteps::even(STEPS as u32))?;
    let mut denoiser = GaussianData::new(process.view(), 0.25, 0.04)?;
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit)?;
    // The variance is learned, so the denoiser returns twice as many channels.
    draw(
        sampler,
        &mut denoiser,
        None,
        &mut [0.0; 2 * ELEMENTS],
        phase,
    )
}
