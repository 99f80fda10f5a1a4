//! The sampling loop, with a word to the caller before each of its parts, so that they can be measured apart.

use core::fmt;

use iddpm::diffusion::{Denoiser, Noise, Query, RunError, Step};

/// Elements of an image, of either job: 16×16.
pub const ELEMENTS: usize = 16 * 16;

/// What a job turns to next.
#[derive(Clone, Copy)]
pub enum Phase {
    /// The process: T levels walked, ten kept.
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

/// Draws image 0 of a seed, of a class where the network knows any, in the steps that are given; `output` is as long as what
/// the denoiser returns.
pub fn draw<D: Denoiser>(
    mut steps: impl Iterator<Item = Step>,
    denoiser: &mut D,
    label: Option<u32>,
    output: &mut [f32],
    phase: impl Fn(Phase),
) -> Result<Report, RunError<D::Error>> {
    let (mut x, mut noise) = ([0.0; ELEMENTS], [0.0; ELEMENTS]);
    let seed = Noise::new(7);
    phase(Phase::Other);
    seed.stream(0, Noise::INITIAL).fill_normals(0, &mut x);

    let mut taken = 0;
    loop {
        phase(Phase::Next);
        let Some(step) = steps.next() else { break };
        phase(Phase::Denoise);
        let query = Query {
            timestep: step.timestep(),
            index: step.index(),
            label,
        };
        denoiser
            .denoise(query, &x, output)
            .map_err(RunError::Denoiser)?;
        phase(Phase::Noise);
        if step.needs_noise() {
            seed.stream(0, step.position()).fill_normals(0, &mut noise);
        }
        phase(Phase::Apply);
        step.apply(&mut x, output, &noise)?;
        taken += 1;
    }
    phase(Phase::Other);
    Ok(Report {
        hash: fnv1a(&x),
        elements: ELEMENTS,
        steps: taken,
    })
}

fn fnv1a(x: &[f32]) -> u64 {
    x.iter()
        .flat_map(|x| x.to_bits().to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
}
