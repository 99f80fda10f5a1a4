//! What every target runs: one 16×16 image in ten steps of the paper's sampler, on core alone.
//!
//! The denoiser is the closed form for normal data, so nothing but this crate is measured.

use core::fmt;

use iddpm::diffusion::exact::GaussianData;
use iddpm::diffusion::{
    Clip, Denoiser, Diffusion, Error, InlineProcess, Method, Noise, Query, Sampler, Schedule,
    Timesteps,
};

const ELEMENTS: usize = 16 * 16;
const STEPS: usize = 10;

/// What the job turns to next; told to the caller, so that the parts can be measured apart.
#[derive(Clone, Copy)]
pub enum Phase {
    /// The process: T = 1000 levels walked, ten kept.
    Table,
    /// The numbers of one step.
    Next,
    Denoise,
    Noise,
    /// Those numbers applied to the pixels.
    Apply,
    Other,
}

/// What came out, in numbers that can be compared between targets.
pub struct Report {
    /// FNV-1a over the bits of the image.
    pub hash: u64,
    pub elements: usize,
    pub steps: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report {
            hash,
            elements,
            steps,
        } = self;
        write!(f, "hash={hash:016x} elements={elements} steps={steps}")
    }
}

pub fn run(phase: impl Fn(Phase)) -> Result<Report, Error> {
    phase(Phase::Table);
    let model = Diffusion::new(Schedule::Cosine, 1000);
    let process = InlineProcess::<STEPS>::new(&model, Timesteps::even(STEPS as u32))?;

    // The variance is learned, so the denoiser returns twice as many channels.
    let (mut x, mut output, mut noise) = ([0.0; ELEMENTS], [0.0; 2 * ELEMENTS], [0.0; ELEMENTS]);
    let mut denoiser = GaussianData::new(process.view(), 0.25, 0.04)?;
    let seed = Noise::new(7);
    phase(Phase::Other);
    seed.stream(0, Noise::INITIAL).fill_normals(0, &mut x);

    let mut sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit)?;
    loop {
        phase(Phase::Next);
        let Some(step) = sampler.next() else { break };
        phase(Phase::Denoise);
        let query = Query {
            timestep: step.timestep(),
            index: step.index(),
            label: None,
        };
        denoiser.denoise(query, &x, &mut output)?;
        phase(Phase::Noise);
        if step.needs_noise() {
            seed.stream(0, step.position()).fill_normals(0, &mut noise);
        }
        phase(Phase::Apply);
        step.apply(&mut x, &output, &noise)?;
    }
    phase(Phase::Other);
    Ok(Report {
        hash: fnv1a(&x),
        elements: ELEMENTS,
        steps: STEPS,
    })
}

fn fnv1a(x: &[f32]) -> u64 {
    x.iter()
        .flat_map(|x| x.to_bits().to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
}
