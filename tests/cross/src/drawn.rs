//! One digit: by the plain loops, whose bits are the same everywhere; by the door, whose network has other bits on
//! other processors, so that only its beginning is compared with another machine's.

use std::fs;
use std::path::Path;

use iddpm::checkpoint::{Checkpoint, WeightType};
use iddpm::cpu::{self, Inputs, NetworkError, ProgramBuf};
use iddpm::diffusion::pixels::image_to_u8;
use iddpm::diffusion::{Clip, Denoiser, Image, Method, Noise, Query, Sample, Sampler, Timesteps};
use iddpm::unet::{ImageSize, Plan};
use iddpm::{Device, Draw, Model, Saved};

use crate::{DIGITS, Result};

const STEPS: u32 = 2;
const SEED: u64 = 7;
const CLASS: u32 = 3;

/// Writes what is the same everywhere; returns how far the fast path's image is from that of the plain loops.
pub fn write(folder: &Path) -> Result<f32> {
    let x = plain()?;
    let bits: Vec<u8> = x.iter().flat_map(|x| x.to_bits().to_le_bytes()).collect();
    fs::write(folder.join("digit.f32"), bits)?;
    let mut pixels = vec![0; x.len()];
    image_to_u8(&x, &mut pixels)?;
    fs::write(folder.join("digit.u8"), pixels)?;

    let fast = by_the_door(folder)?;
    let apart = x.iter().zip(&fast).map(|(a, b)| (a - b).abs());
    let apart = apart.fold(0.0, f32::max);
    if x.len() != fast.len() || apart > 2e-4 {
        return Err(
            format!("the fast path's image is {apart} from that of the plain loops").into(),
        );
    }
    Ok(apart)
}

/// The network of the digits for images half as wide: an emulator takes a minute for a step of the plain loops.
fn small_digits() -> Result<Checkpoint> {
    let (mut description, _, weights) =
        Checkpoint::from_bytes(DIGITS, WeightType::AsStored)?.into_parts();
    description.size = ImageSize::square(8);
    Ok(Checkpoint::new(description, weights)?)
}

struct Plain {
    checkpoint: Checkpoint,
    program: ProgramBuf,
    workspace: Vec<f32>,
}

impl Denoiser for Plain {
    type Error = NetworkError;

    fn denoise(
        &mut self,
        query: Query,
        x: &[f32],
        output: &mut [f32],
    ) -> core::result::Result<(), NetworkError> {
        let inputs = Inputs {
            x,
            timesteps: &[query.timestep],
            labels: query.label.as_ref().map(core::slice::from_ref),
            low_res: None,
        };
        let (program, weights) = (self.program.view()?, self.checkpoint.weights());
        cpu::run(&program, weights, &inputs, &mut self.workspace, output)
    }
}

fn plain() -> Result<Vec<f32>> {
    let checkpoint = small_digits()?;
    let graph = checkpoint.description().graph(1)?;
    let program = ProgramBuf::new(&graph, &Plan::single(&graph))?;
    let (workspace, outputs) = (
        program.view()?.workspace_len(),
        program.view()?.output_len(),
    );
    let elements = checkpoint.description().image().elements();

    let diffusion = checkpoint.description().card.diffusion;
    let process = diffusion.process(Timesteps::even(STEPS))?;
    let mut sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit)?;
    let mut network = Plain {
        checkpoint,
        program,
        workspace: vec![0.0; workspace],
    };
    let sample = Sample {
        noise: Noise::new(SEED),
        number: 0,
        label: Some(CLASS),
    };
    let (mut x, mut output) = (vec![0.0; elements], vec![0.0; outputs]);
    let mut noise = vec![0.0; elements];
    sample.begin(&mut x);
    let mut image = Image {
        x: &mut x,
        output: &mut output,
        noise: &mut noise,
        history: &mut [],
    };
    while sample.advance(&mut sampler, &mut network, &mut image)? {}
    Ok(x)
}

/// Writes a run before its first step, as a file and as pictures; reads it and goes on, with another pause.
fn by_the_door(folder: &Path) -> Result<Vec<f32>> {
    let mut studio = Model::from(small_digits()?).on(Device::cpu().with_threads(2))?;
    let draw = Draw::new()
        .class(CLASS.to_string())
        .steps(STEPS.to_string())
        .method("ancestral")
        .seed(SEED);
    let mut run = studio.begin(&draw, 1)?;
    run.save()?.write(folder.join("begun.run"))?;
    for name in ["begun.png", "begun.npz", "begun.gif"] {
        run.images()?.save(folder.join(name))?;
    }
    let mut resumed = studio.resume(&Saved::read(folder.join("begun.run"))?)?;
    resumed.advance()?;
    // In the middle the numbers are of the fast path: what was written must be what is read.
    let middle = resumed.save()?;
    let read = Saved::from_bytes(&middle.to_bytes()?)?;
    if read != middle {
        return Err("a run that was saved is read as another".into());
    }
    let mut last = studio.resume(&read)?;
    while last.advance()? {}
    Ok(last.images()?.planes().to_vec())
}
