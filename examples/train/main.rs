//! Trains a network on a folder of pictures, an .npz archive or CIFAR-10.
//!
//! `cargo run --release --example train --features train -- --data sprites/ --run runs/sprites`
//!
//! The run's folder gets its newest states, a log of JSON lines, grids of samples and a plot of the
//! loss. Ctrl-C finishes the step and saves; `--resume` goes on, bit for bit.

#[path = "../support/adapter.rs"]
mod adapter;
mod backend;
#[path = "../support/plot.rs"]
mod chart;
#[path = "../support/device_options.rs"]
mod device_options;
mod grid;
mod log;
mod options;
mod plot;
#[path = "../support/threads.rs"]
mod threads;

use std::io::{Write, stdout};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;
use iddpm::checkpoint::Description;
use iddpm::train::{
    Engine, Progress, Recompute, RunDirectory, Slot, TrainConfig, Trainer, graph_of,
    initial_weights,
};
use iddpm::unet::{Graph, Plan};
use indicatif::{ProgressBar, ProgressStyle};

use log::Log;
use options::Options;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("train: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Failure> {
    options.device.check()?;
    let data = options.open_data()?;
    let description = options.description(data.as_ref())?;
    let config = options.config();
    let folder = RunDirectory::new(&options.run)?;
    let (engine, progress) = engine(options, &folder, &description, &config, data.len())?;
    writeln!(
        stdout(),
        "{} examples of {}",
        data.len(),
        options.data.display()
    )?;
    let mut trainer = Trainer::new(
        engine,
        description,
        config,
        data,
        options.broken(),
        progress,
    )?;

    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    ctrlc::set_handler(move || asked.store(true, Ordering::Relaxed))?;

    // From here on there is something to go on from.
    if trainer.progress().step == 0 {
        folder.save(&trainer, options.keep)?;
    }
    let bar = bar(options.steps, trainer.progress().step);
    let log_path = folder.path().join("log.jsonl");
    let mut log = Log::open(&log_path, trainer.progress().step, options.log_every)?;
    while trainer.progress().step < options.steps && !stop.load(Ordering::Relaxed) {
        let report = match trainer.step() {
            Ok(report) => report,
            Err(error) => {
                bar.abandon();
                log.flush()?;
                let saved = folder.latest()?;
                let from = saved.map_or("nothing was saved".into(), |state| {
                    format!("{} is whole", state.display())
                });
                return Err(format!("{error}; {from}").into());
            }
        };
        for skipped in &report.skipped {
            bar.suspend(|| eprintln!("left out: {skipped}"));
        }
        let step = report.step;
        if let Some(line) = log.add(&report, trainer.config().batch)? {
            bar.set_message(line);
        }
        bar.set_position(step);
        let due = |every: u64| every > 0 && step.is_multiple_of(every);
        if due(options.save_every) {
            folder.save(&trainer, options.keep)?;
        }
        if due(options.sample_every) {
            let path = folder.path().join(format!("samples-{step:08}.png"));
            if let Err(error) = grid::draw(&trainer, &path) {
                bar.suspend(|| eprintln!("{}: {error}", path.display()));
            }
        }
    }
    bar.finish();
    log.flush()?;
    let state = folder.save(&trainer, options.keep)?;
    writeln!(
        stdout(),
        "step {}: {}",
        trainer.progress().step,
        state.display()
    )?;
    match trainer.progress().skipped {
        0 => {}
        skipped => writeln!(stdout(), "{skipped} times an example was left out")?,
    }
    let plot = folder.path().join("loss.svg");
    if plot::draw(&log_path, &plot)? {
        writeln!(stdout(), "{}", plot.display())?;
    }
    Ok(())
}

/// The engine with the weights that the run begins or goes on with.
fn engine(
    options: &Options,
    folder: &RunDirectory,
    description: &Description,
    config: &TrainConfig,
    examples: usize,
) -> Result<(Box<dyn Engine>, Progress), Failure> {
    let graph = graph_of(description, config)?;
    writeln!(
        stdout(),
        "{} parameters, {:.2} GFLOP a step",
        graph.parameter_count(),
        graph.flops() as f64 * 1e-9 * (config.batch / config.microbatch) as f64,
    )?;
    let (mut engine, on) = backend::choose(&options.device, &graph, config)?;
    writeln!(stdout(), "running on {on}")?;
    if config.recompute != Recompute::Nothing {
        let kept = TrainConfig {
            recompute: Recompute::Nothing,
            ..config.clone()
        };
        let kept = graph_of(description, &kept)?;
        let megabytes = |graph: &Graph| Plan::single(graph).elements() as f64 * 4e-6;
        writeln!(
            stdout(),
            "recomputing: {:.0} MB of activations instead of {:.0}, {:.2} times the work",
            megabytes(&graph),
            megabytes(&kept),
            graph.flops() as f64 / kept.flops() as f64,
        )?;
    }
    let progress = match (folder.latest()?, options.resume) {
        (Some(state), true) => {
            let saved = RunDirectory::load(&state)?;
            saved.check_same(description, config, examples)?;
            saved.write_to(&mut engine)?;
            writeln!(stdout(), "going on from {}", state.display())?;
            saved.progress
        }
        (Some(state), false) => {
            let message = "is there already: --resume goes on with it, another --run begins anew";
            return Err(format!("{} {message}", state.display()).into());
        }
        (None, true) => {
            return Err(format!("{}: no state to go on from", options.run.display()).into());
        }
        (None, false) => {
            let weights = initial_weights(&graph, config.seed)?;
            engine.write(Slot::Weights, &weights)?;
            for at in 0..config.ema_rates.len() {
                engine.write(Slot::Ema(at), &weights)?;
            }
            Trainer::<Box<dyn Engine>>::beginning(description, config)?
        }
    };
    Ok((engine, progress))
}

fn bar(steps: u64, done: u64) -> ProgressBar {
    let bar = ProgressBar::new(steps).with_position(done);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} ({eta} left)");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
