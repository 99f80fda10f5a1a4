//! The bits per dimension of a checkpoint on a data set: prior, every term of the bound, and the squared
//! errors beside them.
//!
//! `cargo run --release --example nll --features "run data" -- --data held_out.npz`

#[path = "../support/plot.rs"]
mod chart;
#[path = "../support/places.rs"]
mod places;
mod plot;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/seed.rs"]
mod seed;
#[path = "../support/shipped.rs"]
mod shipped;
#[path = "../support/threads.rs"]
mod threads;
#[path = "../support/whole.rs"]
mod whole;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use iddpm::Model;
use iddpm::files::create_folder;
use iddpm::run::{Likelihood, Mean, Terms};
use indicatif::{ProgressBar, ProgressStyle};

use program::{Failure, say};
use seed::Seed;
use shipped::sprites;
use threads::ThreadOptions;
use whole::whole;

/// Evaluates the bits per dimension of a checkpoint on a data set.
#[derive(Parser)]
#[command(
    after_help = "A strided evaluation needs the extra early steps (early50), or the bound is loose."
)]
struct Options {
    /// A checkpoint; a run, or a state of one, stands for its average. The shipped sprites where none is given.
    #[arg(long)]
    checkpoint: Option<PathBuf>,
    /// A folder of pictures, one picture, an .npz archive, CIFAR-10's folder or one of its batches (.bin).
    /// Pictures are turned as Exif says and fitted to the network's size; others must have it.
    /// Transparency is kept for a network of four channels, and painted over white for another. A picture's
    /// class is its sub-folder (cat/1.png) or what stands before the first _ of its name (cat_1.png), by
    /// the network's name for it or its number.
    #[arg(long)]
    data: PathBuf,
    /// Images of the data, from the first on; 64 where none are given, or all where there are fewer.
    #[arg(long, value_parser = whole::<usize>(1..=u64::MAX))]
    count: Option<usize>,
    /// Which steps: all, early50 (50 and the early ones), 50, ...
    #[arg(long, default_value = "all")]
    steps: String,
    /// Images at once, 1 to 4096.
    #[arg(long, default_value_t = 32, value_parser = whole::<usize>(1..=4096))]
    batch: usize,
    /// What the noise follows from: a number, or random, which draws one and says it.
    #[arg(long, default_value = "0", allow_hyphen_values = true)]
    seed: Seed,
    #[command(flatten)]
    threads: ThreadOptions,
    /// Evaluates x̂_0 as it is, not clipped to [-1, 1].
    #[arg(long)]
    no_clip: bool,
    /// A folder for vb_terms.npz, xstart_mse_terms.npz and mse_terms.npz, as the public tool writes
    /// them, the noisiest step first, and terms.svg.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Images where it is not said how many.
const COUNT: usize = 64;
/// The plot in the folder that `--out` names.
const PLOT: &str = "terms.svg";

fn main() -> ExitCode {
    program::run(run)
}

fn run(options: &Options) -> Result<(), Failure> {
    let threads = options.threads.choose()?;
    let model = open(options)?;
    let likelihood = Likelihood::new(&model, &options.steps, threads);
    let mut likelihood = likelihood.map_err(|error| format!("--{error}"))?;
    let opened = model.open_data(&options.data);
    let opened = opened.map_err(|error| format!("--data {error}"))?;
    say(&opened)?;
    if let Some(note) = options.seed.note() {
        say(note)?;
    }
    say(format_args!("running on the CPU, {threads}"))?;
    if let Some(folder) = &options.out {
        create_folder(folder).map_err(|error| places::named("--out", folder, error.error))?;
        for name in Terms::FILES.into_iter().chain([PLOT]) {
            places::tried("--out", &folder.join(name))?;
        }
    }
    let data = opened.data;
    let count = match options.count {
        None => COUNT.min(data.len()),
        Some(count) if count <= data.len() => count,
        Some(count) => return Err(format!("--count {count}: there are {}", data.len()).into()),
    };
    likelihood = likelihood.with_seed(options.seed.number);
    if options.no_clip {
        likelihood = likelihood.without_clip();
    }
    let steps = likelihood.steps();
    let bar = ProgressBar::new((count * steps) as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} terms ({eta} left)") {
        bar.set_style(style);
    }
    let mut each = Vec::new();
    for first in (0..count).step_by(options.batch) {
        let images = first..(first + options.batch).min(count);
        each.extend(likelihood.evaluate(data.as_ref(), images, &mut |terms| bar.inc(terms))?);
    }
    bar.finish_and_clear();
    // Files first: what reads the output may be gone.
    let written = match &options.out {
        Some(folder) => write(folder, &Terms::mean(&each))?,
        None => Vec::new(),
    };
    report(&each, steps)?;
    written.iter().try_for_each(|path| say(path.display()))
}

/// The model, once it is said which it is.
fn open(options: &Options) -> Result<Model, Failure> {
    let shipped = || sprites(true);
    let path = options.checkpoint.clone().unwrap_or_else(shipped);
    let model = Model::open(path).map_err(|error| format!("--checkpoint: {error}"))?;
    model.notes().iter().try_for_each(say)?;
    Ok(model)
}

fn report(each: &[Terms], steps: usize) -> Result<(), Failure> {
    let line = |name: &str, of: &dyn Fn(&Terms) -> f64| {
        say(format_args!("{name:<12} {}", Mean::of(each.iter().map(of))))
    };
    say(format_args!(
        "{} image{}, {steps} steps, bits/dim:",
        each.len(),
        if each.len() == 1 { "" } else { "s" }
    ))?;
    line("total", &Terms::total)?;
    line("prior", &|terms| terms.prior)?;
    line("L_0", &|terms| terms.vb.last().copied().unwrap_or(0.0))?;
    line("other terms", &|terms| {
        let (_, others) = terms.vb.split_last().unwrap_or((&0.0, &[]));
        others.iter().sum()
    })?;
    let average = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    line("x_0 mse", &|terms| average(&terms.x_start_mse))?;
    line("epsilon mse", &|terms| average(&terms.epsilon_mse))
}

/// Writes the terms, and plots them where there is anything to plot; the files.
fn write(folder: &Path, terms: &Terms) -> Result<Vec<PathBuf>, Failure> {
    terms.write(folder)?;
    let mut written: Vec<PathBuf> = Terms::FILES.map(|name| folder.join(name)).into();
    let path = folder.join(PLOT);
    if plot::draw(&terms.vb, &path)? {
        written.push(path);
    }
    Ok(written)
}
