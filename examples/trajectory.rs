//! Samples digits without a network, and draws how they come about.
//!
//! The data law is the uniform one over a hundred listed digits, whose optimal denoiser is known in
//! closed form. Each sample gives two rows: x_t above, the prediction x̂_0 below, noise at the left.
//!
//! `cargo run --example trajectory --features std`

#[path = "support/places.rs"]
mod places;
#[path = "support/png.rs"]
mod png;
#[path = "support/program.rs"]
mod program;
#[path = "support/real.rs"]
mod real;
#[path = "support/seed.rs"]
mod seed;
#[path = "support/whole.rs"]
mod whole;
#[path = "support/words.rs"]
mod words;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use clap::builder::{PathBufValueParser, TypedValueParser};
use iddpm::diffusion::exact::ListedImages;
use iddpm::diffusion::pixels::{from_u8, to_u8};
use iddpm::diffusion::{
    Clip, Denoiser, Diffusion, Method, Noise, Query, Sample, Sampler, Schedule, Timesteps,
};
use image::{GrayImage, Luma, imageops};
use program::{Failure, say};
use real::real;
use seed::Seed;
use whole::whole;
use words::{Word, words};

/// Pixels along the side of a digit.
const SIDE: u32 = 16;
const ELEMENTS: usize = (SIDE * SIDE) as usize;
/// How much the picture is enlarged.
const ZOOM: u32 = 3;

#[derive(Parser)]
#[command(about = "Samples digits from a closed-form denoiser and draws the trajectory")]
struct Options {
    /// How many steps, or which: 50; 10,15,20 of each third; ddim25; trailing20; quadratic30; ...
    #[arg(long, default_value = "50")]
    steps: String,
    /// How each step is taken.
    #[arg(long, default_value = "ancestral", value_parser = words::<Method>(&METHODS))]
    method: Method,
    /// η of the method ddim: 0 is deterministic, 1 as noisy as ancestral sampling; 0 where none is given.
    #[arg(long, value_parser = real)]
    eta: Option<f64>,
    /// What all randomness follows from: a number, or random, which draws one and says it.
    #[arg(long, default_value = "0", allow_hyphen_values = true)]
    seed: Seed,
    /// How many digits, 1 to 100.
    #[arg(long, default_value_t = 8, value_parser = whole::<u32>(1..=100))]
    count: u32,
    /// How many moments of each trajectory are drawn, 1 to 100.
    #[arg(long, default_value_t = 12, value_parser = whole::<u32>(1..=100))]
    columns: u32,
    /// Where the picture goes: a PNG.
    #[arg(long, default_value = "trajectory.png", value_parser = PathBufValueParser::new().try_map(png::path))]
    out: PathBuf,
}

const METHODS: [Word; 4] = [
    ("ancestral", "With new noise in each step"),
    ("ddim", "With no noise but the first, or some (--eta)"),
    ("dpm", "DPM-Solver++ of second order"),
    ("heun", "Heun's method, two evaluations in a step"),
];

fn main() -> ExitCode {
    program::run(draw)
}

fn draw(options: &Options) -> Result<(), Failure> {
    let method = match (options.method, options.eta) {
        (Method::Ddim { .. }, Some(eta)) => Method::Ddim { eta },
        (_, Some(_)) => return Err("--eta: only --method ddim has one".into()),
        (method, None) => method,
    };
    places::tried("--out", &options.out)?;
    let digits = load_digits()?;
    let model = Diffusion::new(Schedule::Cosine, 1000);
    let process = Timesteps::parse(&options.steps)
        .and_then(|timesteps| model.process(timesteps))
        .map_err(|error| format!("--steps {}: {error}", options.steps))?;
    let mut denoiser = ListedImages::new(process.view(), &digits, ELEMENTS)?;

    let mut picture = Picture::new(options.columns, 2 * options.count);
    let mut x_start = [0.0; ELEMENTS];
    let (mut output, mut noise, mut history) =
        ([0.0; 2 * ELEMENTS], [0.0; ELEMENTS], [0.0; ELEMENTS]);
    let mut nearest = Vec::new();
    for number in 0..options.count {
        let sample = Sample {
            noise: Noise::new(options.seed.number),
            number: number.into(),
            label: None,
        };
        let mut x = [0.0; ELEMENTS];
        sample.begin(&mut x);
        let sampler = Sampler::new(&process, method, Clip::Unit).map_err(|error| match error {
            iddpm::diffusion::Error::Eta { eta } => format!("--eta {eta}: must be within [0, 1]"),
            error => format!("--steps {}: {error}", options.steps),
        })?;
        let evaluations = sampler.evaluations();
        for step in sampler {
            let query = Query {
                timestep: step.timestep(),
                index: step.index(),
                label: None,
            };
            denoiser.denoise(query, &x, &mut output)?;
            step.x_start(&x, &output, &mut x_start)?;
            if let Some(column) = column_of(step.position(), evaluations, picture.columns) {
                picture.draw(column, 2 * number, &x);
                picture.draw(column, 2 * number + 1, &x_start);
            }
            if step.needs_noise() {
                sample
                    .noise
                    .stream(sample.number, step.position())
                    .fill_normals(0, &mut noise);
            }
            step.apply_with_history(&mut x, &output, &noise, &mut history)?;
        }
        picture.draw(picture.columns - 1, 2 * number, &x);
        nearest.push(denoiser.nearest(&x)? / 10);
    }
    picture.save(&options.out)?;
    if let Some(note) = options.seed.note() {
        say(note)?;
    }
    say(format_args!(
        "seed {} gave the digits {nearest:?}",
        options.seed
    ))?;
    say(options.out.display())
}

/// The column in which an evaluation is drawn, if it is: evenly spread, the last one always.
fn column_of(position: u32, evaluations: u32, columns: u32) -> Option<u32> {
    let column = |position: u32| (position + 1) * columns / evaluations.max(columns);
    let here = column(position);
    (here > 0 && (position == 0 || column(position - 1) != here)).then(|| here - 1)
}

/// The hundred digits, one after the other, in [-1, 1].
fn load_digits() -> Result<Vec<f32>, image::ImageError> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/assets/digits.png");
    let sheet = image::open(path)?.into_luma8();
    let (columns, rows) = (sheet.width() / SIDE, sheet.height() / SIDE);
    let mut digits = Vec::new();
    for cell in 0..columns * rows {
        let (left, top) = (cell % columns * SIDE, cell / columns * SIDE);
        let digit = imageops::crop_imm(&sheet, left, top, SIDE, SIDE).to_image();
        digits.extend(digit.pixels().map(|pixel| from_u8(pixel.0[0])));
    }
    Ok(digits)
}

/// Digits in rows and columns, one dark pixel apart.
struct Picture {
    columns: u32,
    image: GrayImage,
}

impl Picture {
    fn new(columns: u32, rows: u32) -> Self {
        let size = |cells: u32| cells * (SIDE + 1) + 1;
        Self {
            columns,
            image: GrayImage::from_pixel(size(columns), size(rows), Luma([40])),
        }
    }

    fn draw(&mut self, column: u32, row: u32, x: &[f32]) {
        let (left, top) = (column * (SIDE + 1) + 1, row * (SIDE + 1) + 1);
        for (at, &value) in (0..).zip(x) {
            let pixel = Luma([to_u8(value)]);
            self.image
                .put_pixel(left + at % SIDE, top + at / SIDE, pixel);
        }
    }

    fn save(&self, path: &Path) -> Result<(), Failure> {
        let (width, height) = (self.image.width() * ZOOM, self.image.height() * ZOOM);
        let large = imageops::resize(&self.image, width, height, imageops::FilterType::Nearest);
        png::write(path, &large.into())
    }
}
