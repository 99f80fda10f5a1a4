//! One 16×16 image in ten steps of the paper's sampler, on core alone: on a microcontroller, where it is measured, and
//! on the host, which says what must come out.
//!
//! The denoiser is the closed form for normal data, so nothing but the sampler is measured.

#![cfg_attr(target_os = "none", no_std, no_main)]

use firmware::drawing::{Phase, Report, draw};
use iddpm::diffusion::exact::GaussianData;
use iddpm::diffusion::{
    Clip, Diffusion, Error, InlineProcess, Method, RunError, Sampler, Schedule, Timesteps,
};

const STEPS: usize = 10;

fn job(phase: impl Fn(Phase)) -> Result<Report, RunError<Error>> {
    phase(Phase::Table);
    let model = Diffusion::new(Schedule::Cosine, 1000);
    let process = InlineProcess::<STEPS>::new(&model, Timesteps::even(STEPS as u32))?;
    let mut denoiser = GaussianData::new(process.view(), 0.25, 0.04)?;
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit)?;
    draw(sampler, &mut denoiser, None, phase)
}

#[cfg(target_os = "none")]
#[cortex_m_rt::entry]
fn main() -> ! {
    use firmware::board;
    board::end(job(board::mark).map(|report| board::report(&report)))
}

#[cfg(not(target_os = "none"))]
fn main() {
    println!("{}", job(|_| ()).expect("the job's inputs are sound"));
}
