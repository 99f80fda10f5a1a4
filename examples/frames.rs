//! Generates an image within the frames of a host that has other things to do, as a game has: each frame gets
//! a few milliseconds of the device, the preview goes to a texture of the host's. A host need not wait for it;
//! this one does, to measure what it took.
//!
//! `cargo run --release --example frames --features gpu -- --milliseconds 4`

#[path = "support/class.rs"]
mod class;
#[path = "support/network.rs"]
mod network;
#[path = "support/program.rs"]
mod program;
#[path = "support/seed.rs"]
mod seed;
#[path = "support/whole.rs"]
mod whole;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use iddpm::checkpoint::{Description, WeightType};
use iddpm::diffusion::{Clip, Method, Noise, Sample, Sampler, Timesteps};
use iddpm::gpu::wgpu;
use iddpm::gpu::{self, DeviceGeneration, DeviceWeights, Gpu, NoiseSource, Shown};
use iddpm::unet::Weights;
use program::{Failure, say};
use seed::Seed;
use whole::whole;

/// Generates an image within the frames of a host.
#[derive(Parser)]
struct Options {
    /// Milliseconds of the device for each frame: above 0, and up to 1000.
    #[arg(long, default_value_t = 4.0, value_parser = milliseconds)]
    milliseconds: f64,
    /// Sampling steps.
    #[arg(long, default_value_t = 20, value_parser = whole::<u32>(2..=1_000_000))]
    steps: u32,
    /// The class that is drawn, by number or by name, where the network has such; the first where none is given.
    #[arg(long, allow_hyphen_values = true)]
    class: Option<String>,
    /// What the noise follows from: a number, or random, which draws one and says it.
    #[arg(long, default_value = "0", allow_hyphen_values = true)]
    seed: Seed,
    /// A checkpoint; a run, or a state of one, stands for its average. The shipped sprites where none is given.
    #[arg(long)]
    checkpoint: Option<PathBuf>,
}

impl Options {
    fn label(&self, description: &Description) -> Result<Option<u32>, Failure> {
        match (&self.class, description.unet.num_classes) {
            (Some(class), _) => class::number_of(class, description).map(Some),
            (None, classes) => Ok(classes.map(|_| 0)),
        }
    }
}

fn milliseconds(text: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    let sound = number.filter(|number| *number > 0.0 && *number <= MOST_MILLISECONDS);
    sound.ok_or_else(|| format!("not a number above 0 and up to {MOST_MILLISECONDS}"))
}

/// Beyond a second it is no frame.
const MOST_MILLISECONDS: f64 = 1000.0;
/// Milliseconds of a frame: what is left of it, the host spends otherwise.
const FRAME: f64 = 1000.0 / 60.0;

fn main() -> ExitCode {
    program::run(generate)
}

fn generate(options: &Options) -> Result<(), Failure> {
    let shipped = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/assets/sprites32.safetensors"
    );
    let path = options.checkpoint.as_deref().unwrap_or(Path::new(shipped));
    let (_, checkpoint) = network::open(path, WeightType::AsStored, |line| say(line))?;
    let description = checkpoint.description();
    if description.unet.super_resolution {
        return Err("this network enlarges images: sample --low-res runs it".into());
    }
    let diffusion = description.card.diffusion;
    let process = diffusion
        .process(Timesteps::even(options.steps))
        .map_err(|error| format!("--steps {}: {error}", options.steps))?;
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit)?;
    let sample = Sample {
        noise: Noise::new(options.seed.number),
        number: 0,
        label: options.label(description)?,
    };

    if let Some(note) = options.seed.note() {
        say(note)?;
    }

    // A game has its device already: here it is one of our own.
    let gpu = Gpu::create_blocking()?;
    let graph = description.graph(1)?;
    let (weights, precision) = match checkpoint.weights() {
        Weights::F16(_) => (checkpoint.weights(), gpu::Precision::HalfWeights),
        Weights::F32(_) => (checkpoint.weights(), gpu::Precision::Full),
    };
    let weights = DeviceWeights::upload_blocking(&gpu, &graph, weights, precision)?;
    let source = NoiseSource::Philox;
    let mut generation =
        DeviceGeneration::new_blocking(&gpu, &graph, &weights, &sampler, &[sample], source)?;
    let texture = gpu.device().create_texture(&wgpu::TextureDescriptor {
        label: Some("preview"),
        size: wgpu::Extent3d {
            width: description.size.width as u32,
            height: description.size.height as u32,
            depth_or_array_layers: 1,
        },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba8UnormSrgb,
        usage: wgpu::TextureUsages::COPY_DST | wgpu::TextureUsages::TEXTURE_BINDING,
        view_formats: &[],
    });
    say(format_args!(
        "{}: {:.2} G of work a step, {} steps, {} ms a frame",
        gpu.device().adapter_info().name,
        generation.work_of_step() as f64 / 1e9,
        generation.evaluations(),
        options.milliseconds
    ))?;

    // Work for each millisecond: careful at first, then what the last frame showed.
    let mut rate = generation.work_of_step() as f64 / 1000.0;
    let mut frames: Vec<f64> = Vec::new();
    while !generation.is_done() {
        let begun = Instant::now();
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        let budget = (rate * options.milliseconds) as u64;
        let work = generation.record_work(&mut encoder, budget);
        generation.paint(
            &mut encoder,
            Shown::XStart,
            0,
            &texture,
            wgpu::Origin3d::ZERO,
        )?;
        // The host's own drawing would be recorded here, with the texture bound.
        gpu.queue().submit([encoder.finish()]);
        let done = Arc::new(AtomicBool::new(false));
        let says = Arc::clone(&done);
        gpu.queue()
            .on_submitted_work_done(move || says.store(true, Ordering::Release));
        while !done.load(Ordering::Acquire) {
            gpu.device().poll(wgpu::PollType::Poll)?;
            std::thread::sleep(Duration::from_micros(50));
        }
        let took = 1000.0 * begun.elapsed().as_secs_f64();
        // Half of what was shown, half of what was thought: one slow frame is no rule.
        rate = 0.5 * rate + 0.5 * work as f64 / took;
        frames.push(took);
        std::thread::sleep(Duration::from_secs_f64((FRAME - took).max(0.0) / 1000.0));
    }
    let x = generation.x_blocking()?;
    frames.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let last = frames.len().saturating_sub(1) as f64;
        frames.get((last * share) as usize).copied().unwrap_or(0.0)
    };
    say(format_args!(
        "{} frames; milliseconds from recording to done: median {:.1}, nine of ten below {:.1}, longest {:.1}",
        frames.len(),
        at(0.5),
        at(0.9),
        at(1.0)
    ))?;
    let (least, most) = (
        x.iter().copied().fold(f32::INFINITY, f32::min),
        x.iter().copied().fold(f32::NEG_INFINITY, f32::max),
    );
    say(format_args!(
        "an image of {} numbers from {least:.3} to {most:.3}",
        x.len()
    ))
}
