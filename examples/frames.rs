//! Generates an image within the frames of a host that has other things to do, as a game has: each frame gets
//! a few milliseconds of the device, the preview goes to a texture of the host's. A host need not wait for it;
//! this one does, to measure what it took.
//!
//! `cargo run --release --example frames --features gpu -- --milliseconds 4`

#[path = "support/milliseconds.rs"]
mod milliseconds;
#[path = "support/program.rs"]
mod program;
#[path = "support/seed.rs"]
mod seed;
#[path = "support/shipped.rs"]
mod shipped;
#[path = "support/texture.rs"]
mod texture;
#[path = "support/whole.rs"]
mod whole;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use iddpm::gpu::{Gpu, wgpu};
use iddpm::run::Budget;
use iddpm::{Device, Draw, Images, Model, Run};
use milliseconds::milliseconds;
use program::{Failure, say};
use seed::Seed;
use shipped::sprites;
use texture::texture;
use whole::whole;

/// Generates an image within the frames of a host.
#[derive(Parser)]
struct Options {
    /// Milliseconds of the device for each frame: above 0, and up to 1000.
    #[arg(long, default_value_t = 4.0, value_parser = milliseconds)]
    milliseconds: f64,
    /// Sampling steps; as few as make good images where none are given: four of the shipped sprites.
    #[arg(long, value_parser = whole::<u32>(2..=1_000_000))]
    steps: Option<u32>,
    /// The class that is drawn, by number or by name, where the network has such; the first where none is given.
    #[arg(long, allow_hyphen_values = true)]
    class: Option<String>,
    /// What the noise follows from: a number, or random, which draws one and says it.
    #[arg(long, default_value = "0", allow_hyphen_values = true)]
    seed: Seed,
    /// A checkpoint; a run, or a state of one, stands for its average. The shipped sprites where none is given: distilled to
    /// four steps, or with --steps not.
    #[arg(long)]
    checkpoint: Option<PathBuf>,
}

/// Milliseconds of a frame: what is left of it, the host spends otherwise.
const FRAME: f64 = 1000.0 / 60.0;

fn main() -> ExitCode {
    program::run(generate)
}

fn generate(options: &Options) -> Result<(), Failure> {
    let model = open(options)?;
    // A game has its device already: here it is one of our own.
    let gpu = Gpu::create_blocking()?;
    let (device, queue) = (gpu.device().clone(), gpu.queue().clone());
    let mut studio = model.on(Device::from(gpu))?;
    let mut draw = Draw::new().seed(options.seed.number);
    if let Some(steps) = options.steps {
        draw = draw.steps(steps.to_string());
    }
    if let Some(class) = &options.class {
        draw = draw.class(class);
    }
    let mut run = studio.begin(&draw, 1).map_err(|error| match error {
        iddpm::Error::Draw(error) if error.option().is_some() => format!("--{error}").into(),
        error => Failure::from(error),
    })?;
    let size = (model.image().width, model.image().height);
    let texture = texture(&device, size, wgpu::TextureFormat::Rgba8UnormSrgb);
    say(format_args!(
        "{}{}, {} steps, {} ms a frame",
        studio.device(),
        studio.precision(),
        run.steps(),
        options.milliseconds
    ))?;
    let mut frames = Vec::new();
    while !run.is_done() {
        let begun = Instant::now();
        let mut encoder = device.create_command_encoder(&Default::default());
        run.record(&mut encoder, Budget::milliseconds(options.milliseconds))?;
        run.paint(&mut encoder, &texture)?;
        // The host's own drawing would be recorded here, with the texture bound.
        queue.submit([encoder.finish()]);
        wait(&device, &queue)?;
        let took = 1000.0 * begun.elapsed().as_secs_f64();
        run.took(took);
        frames.push(took);
        std::thread::sleep(Duration::from_secs_f64((FRAME - took).max(0.0) / 1000.0));
    }
    report(&run, frames)
}

fn open(options: &Options) -> Result<Model, Failure> {
    let shipped = || sprites(options.steps.is_some());
    let path = options.checkpoint.clone().unwrap_or_else(shipped);
    let model = Model::open(path).map_err(|error| format!("--checkpoint: {error}"))?;
    model.notes().iter().try_for_each(say)?;
    if model.low_res().is_some() {
        return Err("this network enlarges images: sample --low-res runs it".into());
    }
    if let Some(note) = options.seed.note() {
        say(note)?;
    }
    Ok(model)
}

/// Waits for what was submitted, which a game does not.
fn wait(device: &wgpu::Device, queue: &wgpu::Queue) -> Result<(), Failure> {
    let done = Arc::new(AtomicBool::new(false));
    let says = Arc::clone(&done);
    queue.on_submitted_work_done(move || says.store(true, Ordering::Release));
    while !done.load(Ordering::Acquire) {
        device.poll(wgpu::PollType::Poll)?;
        std::thread::sleep(Duration::from_micros(50));
    }
    Ok(())
}

fn report(run: &Run, mut frames: Vec<f64>) -> Result<(), Failure> {
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
    let pacing = run.pacing()?;
    say(format_args!(
        "{:.1} ms a step by the {}, the last frame {:.1} ms",
        pacing.milliseconds_per_step,
        if pacing.has_clock {
            "device's clock"
        } else {
            "host's"
        },
        pacing.last_milliseconds,
    ))?;
    let images: Images = run.images()?;
    let x = images.planes();
    let (least, most) = (
        x.iter().copied().fold(f32::INFINITY, f32::min),
        x.iter().copied().fold(f32::NEG_INFINITY, f32::max),
    );
    say(format_args!(
        "an image of {} numbers from {least:.3} to {most:.3}",
        x.len()
    ))
}
