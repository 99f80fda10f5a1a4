//! The bits per dimension of a checkpoint on a data set: prior, every term of the bound, and the squared
//! errors beside them.
//!
//! `cargo run --release --example nll --features "cpu checkpoint data" -- --data held_out.npz`

mod bound;
#[path = "../support/plot.rs"]
mod chart;
mod plot;
#[path = "../support/whole.rs"]
mod whole;

use std::io::{self, Write, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bound::{Bound, Terms};
use clap::Parser;
use clap::builder::RangedU64ValueParser;
use iddpm::checkpoint::{Checkpoint, Description, Precision};
use iddpm::data::{self, Classes, Fit, Opened};
use iddpm::diffusion::{Level, ProcessView, Timesteps};
use iddpm::unet::Extents;
use indicatif::{ProgressBar, ProgressStyle};
use npyz::WriterBuilder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use whole::write_whole;

type Failure = Box<dyn std::error::Error>;

/// Evaluates the bits per dimension of a checkpoint on a data set.
#[derive(Parser)]
#[command(
    after_help = "A strided evaluation needs the extra early steps (early50), or the bound is loose."
)]
struct Options {
    /// A checkpoint; the shipped digits where none is given.
    #[arg(long)]
    checkpoint: Option<PathBuf>,
    /// A folder of pictures, one picture, an .npz archive, CIFAR-10's folder or one of its batches (.bin).
    /// Pictures are turned as Exif says and fitted to the network's size; others must have it. A picture's
    /// class is its sub-folder (cat/1.png) or what stands before the first _ of its name (cat_1.png), by
    /// the network's name for it or its number.
    #[arg(long)]
    data: PathBuf,
    /// Images of the data, from the first on.
    #[arg(long, default_value_t = 64, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    count: usize,
    /// Which steps: all, early50 (50 and the early ones), 50, ...
    #[arg(long, default_value = "all")]
    steps: String,
    /// Images at once.
    #[arg(long, default_value_t = 32, value_parser = RangedU64ValueParser::<usize>::new().range(1..=4096))]
    batch: usize,
    /// What the noise follows from.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Evaluates x̂_0 as it is, not clipped to [-1, 1].
    #[arg(long)]
    no_clip: bool,
    /// A folder for vb_terms.npz, xstart_mse_terms.npz and mse_terms.npz, as the public tool writes
    /// them, the noisiest step first, and terms.svg.
    #[arg(long)]
    out: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("nll: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Failure> {
    let shipped = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/assets/digits16.safetensors"
    );
    let path = options.checkpoint.clone().unwrap_or_else(|| shipped.into());
    let checkpoint = Checkpoint::open(&path, Precision::AsStored)
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let diffusion = checkpoint.description().card.diffusion;
    let timesteps = Timesteps::parse(&options.steps)?;
    let empty = Level {
        timestep: 0,
        beta: 0.0,
        alpha_bar: 0.0,
    };
    let mut levels = vec![empty; timesteps.count(diffusion.num_timesteps)?];
    let process = ProcessView::in_slice(&diffusion, timesteps, &mut levels)?;
    let opened = open(&options.data, checkpoint.description())?;
    writeln!(stdout(), "{opened}")?;
    let data = opened.data;
    let count = options.count.min(data.len());
    // Before the work that would be lost.
    if let Some(folder) = &options.out {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("--out {}: {error}", folder.display()))?;
    }
    let mut bound = Bound::new(&checkpoint, process, options.seed, !options.no_clip);

    let bar = ProgressBar::new((count * process.len()) as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} terms ({eta} left)") {
        bar.set_style(style);
    }
    let mut each = Vec::new();
    for first in (0..count).step_by(options.batch) {
        let images = first..(first + options.batch).min(count);
        each.extend(bound.evaluate(data.as_ref(), images, &mut |terms| bar.inc(terms))?);
    }
    bar.finish_and_clear();
    report(&each, process.len())?;
    match &options.out {
        Some(folder) => write(folder, &each),
        None => Ok(()),
    }
}

/// The data as the network takes it: of its size, with its numbers for classes.
fn open(path: &Path, description: &Description) -> Result<Opened, Failure> {
    let extents = Extents {
        channels: description.unet.in_channels,
        height: description.size.height,
        width: description.size.width,
    };
    let classes = match description.unet.num_classes {
        None => Classes::None,
        Some(count) => Classes::Network {
            count,
            names: description.class_names.as_deref(),
            needed: true,
        },
    };
    let fit = Fit::Exactly(extents);
    Ok(data::open(path, &data::Options { fit, classes })?)
}

/// Mean over images, and its standard error.
fn mean(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / count;
    let variance = values.map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    (mean, (variance / count).sqrt())
}

fn report(each: &[Terms], steps: usize) -> io::Result<()> {
    let line = |name: &str, of: &dyn Fn(&Terms) -> f64| {
        let (mean, error) = mean(each.iter().map(of));
        writeln!(stdout(), "{name:<12} {mean:.4} ± {error:.4}")
    };
    writeln!(stdout(), "{} images, {steps} steps, bits/dim:", each.len())?;
    line("total", &|terms| terms.prior + terms.vb.iter().sum::<f64>())?;
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

/// The means over images of each term.
fn write(folder: &Path, each: &[Terms]) -> Result<(), Failure> {
    let means = |of: &dyn Fn(&Terms) -> &[f64]| -> Vec<f64> {
        let mut sums = Vec::new();
        for values in each.iter().map(of) {
            sums.resize(values.len(), 0.0);
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += value / each.len() as f64;
            }
        }
        sums
    };
    let vb = means(&|terms| &terms.vb);
    archive(&folder.join("vb_terms.npz"), &vb)?;
    let x_start_mse = means(&|terms| &terms.x_start_mse);
    archive(&folder.join("xstart_mse_terms.npz"), &x_start_mse)?;
    let epsilon_mse = means(&|terms| &terms.epsilon_mse);
    archive(&folder.join("mse_terms.npz"), &epsilon_mse)?;
    let path = folder.join("terms.svg");
    if plot::draw(&vb, &path)? {
        writeln!(stdout(), "{}", path.display())?;
    }
    Ok(())
}

fn archive(path: &Path, values: &[f64]) -> Result<(), Failure> {
    write_whole(path, |file| {
        let mut archive = ZipWriter::new(file);
        // Without a time of day: the same terms are the same bytes.
        let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
        archive.start_file("arr_0.npy", options)?;
        let shape = [values.len() as u64];
        let options = npyz::WriteOptions::new().default_dtype().shape(&shape);
        let mut array = options.writer(&mut archive).begin_nd()?;
        array.extend(values.iter().copied())?;
        array.finish()?;
        archive.finish()?;
        Ok(())
    })?;
    writeln!(stdout(), "{}", path.display())?;
    Ok(())
}
