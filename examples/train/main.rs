//! Trains a network on a folder of pictures, an .npz archive or CIFAR-10.
//!
//! `cargo run --release --example train --features train -- --data sprites/ --run runs/sprites`
//!
//! The run's folder gets its newest states, a log of JSON lines, grids of samples and a plot of the
//! loss. Ctrl-C, SIGTERM and SIGHUP finish the step and save; `--resume` goes on, bit for bit.

#[cfg(feature = "evaluate")]
#[path = "../support/bar.rs"]
mod bar;
mod begin;
#[path = "../support/plot.rs"]
mod chart;
#[path = "../support/data_options.rs"]
mod data_options;
#[path = "../support/device_options.rs"]
mod device_options;
mod distill;
#[cfg_attr(not(feature = "evaluate"), path = "no_evaluation.rs")]
mod evaluation;
mod events;
mod fields;
mod files;
mod grid;
#[cfg(feature = "evaluate")]
#[path = "../support/judging/mod.rs"]
#[allow(dead_code, unused_imports, reason = "of what several programs share")]
mod judging;
mod log;
mod network;
mod options;
mod plot;
#[path = "../support/program.rs"]
#[allow(dead_code, reason = "of what several programs share")]
mod program;
mod rates;
#[path = "../support/real.rs"]
mod real;
mod samples;
#[path = "../support/seed.rs"]
mod seed;
mod session;
mod settings;
mod shown;
#[path = "../support/signals.rs"]
mod signals;
#[path = "../support/threads.rs"]
mod threads;
mod val;
#[path = "../support/whole.rs"]
mod whole;
#[path = "../support/words.rs"]
mod words;

use std::process::ExitCode;
use std::sync::Arc;

use iddpm::data::Dataset;
use iddpm::run::{Beginning, Chosen, Cost, Prepared, Recipe, Training, Validation};
use iddpm::train::RunDirectory;

use clap::ArgMatches;

use distill::Stage;
use files::Files;
use options::Options;
use program::{Failure, say};
use rates::Rates;
use session::Session;
use signals::Stopped;

fn main() -> ExitCode {
    match settings::words(std::env::args_os().collect()) {
        Ok(words) => program::run_with(words, run),
        Err(error) => program::fail(&*error),
    }
}

fn run(options: &Options, given: &ArgMatches) -> Result<ExitCode, Failure> {
    options.check()?;
    let valid = options.recipe().config.validate();
    valid.map_err(|error| options.explain(None, error))?;
    // What reads data, and the optimiser; the network has as many of its own.
    let threads = options.device.threads.choose()?.count();
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()?;
    if let Some(note) = options.seed.note() {
        say(note)?;
    }
    if let Some(file) = &options.distill.distill {
        return distill::run(options, given, file);
    }
    distill::check_no_chain(&options.run)?;
    let stopped = train(options, given, None)?;
    Ok(stopped.map_or(ExitCode::SUCCESS, Stopped::status))
}

/// Trains in one folder: that of the run, or of a stage of its chain. What it was stopped by, if it was.
fn train(
    options: &Options,
    given: &ArgMatches,
    stage: Option<&Stage>,
) -> Result<Option<Stopped>, Failure> {
    let mut recipe = options.recipe();
    // Until the end: nobody else writes there.
    let folder = stage.map_or(&options.run, |stage| &stage.folder);
    let folder = RunDirectory::open(folder).map_err(|error| format!("--run: {error}"))?;
    let files = Files::of(folder.path(), &options.run, options.samples.every() > 0)?;
    let beginning = begin::begin(options, folder, &mut recipe, stage)?;
    let (prepared, held_out) = prepare(options, beginning, recipe, stage)?;
    say_cost(prepared.cost())?;
    let rates = say_rates(&prepared)?;
    let training = prepared.on(options.device.device())?;
    say_device(&training)?;
    let validation = match held_out {
        Some(images) => {
            say(format_args!("{} images are held out", images.len()))?;
            let threads = options.device.threads.choose()?;
            Some(Validation::new(&training, images, threads)?)
        }
        None => None,
    };
    Session::begin(options, files, training, given, rates, validation)?.run()
}

/// The data, the network that is trained on it, and the images that are held out.
fn prepare(
    options: &Options,
    beginning: Beginning,
    mut recipe: Recipe,
    stage: Option<&Stage>,
) -> Result<(Prepared, Option<Arc<dyn Dataset>>), Failure> {
    let opened = options.open_data(&beginning, &recipe)?;
    let kind = opened.kind;
    options.check_broken(kind)?;
    say(&opened)?;
    let (data, held_out) = options.val.halves(opened.into(), recipe.broken)?;
    options.size(&mut recipe, &beginning, data.as_ref())?;
    if let Some(stage) = stage {
        recipe = recipe.distilling(stage.teacher.clone(), stage.steps);
    }
    let prepared = beginning.prepare(&recipe, data);
    let prepared = prepared.map_err(|error| match error {
        iddpm::Error::Train(error) => options.explain(Some(kind), error),
        iddpm::Error::Data(error) => format!("--data: {error}").into(),
        error => Failure::from(error),
    })?;
    prepared.class_rows().map_or(Ok(()), say)?;
    let own = options
        .val
        .own(prepared.description(), options.pictures.alpha)?;
    Ok((prepared, held_out.or(own)))
}

/// The learning rates, where they are others from here on.
fn say_rates(prepared: &Prepared) -> Result<Option<Rates>, Failure> {
    let Some(before) = prepared.rates_before() else {
        return Ok(None);
    };
    let (before, now) = (Rates::from(before), Rates::from(prepared.config()));
    say(format_args!(
        "learning rate from here on: {now}; it was {before}"
    ))?;
    Ok(Some(now))
}

fn say_cost(cost: &Cost) -> Result<(), Failure> {
    let gigaflops = |flops: u64| flops as f64 * 1e-9;
    let taught = cost.teacher.map(|teacher| {
        let (flops, megabytes) = (gigaflops(teacher.flops), teacher.bytes as f64 * 1e-6);
        format!(", of which its teacher's are {flops:.2}; that takes {megabytes:.0} MB")
    });
    say(format_args!(
        "{} parameters, {:.2} GFLOP a step{}",
        cost.parameters,
        gigaflops(cost.flops),
        taught.unwrap_or_default(),
    ))
}

/// What runs the network, and the memory that it takes.
fn say_device(training: &Training) -> Result<(), Failure> {
    let megabytes = |bytes: u64| bytes as f64 * 1e-6;
    let run = training.run();
    let (cost, all) = (run.cost(), megabytes(run.bytes()));
    let memory = match run.device() {
        Chosen::Gpu { .. } => format!("{all:.0} MB beside the weights"),
        _ => format!(
            "{:.0} MB of activations (at least {:.0}), {all:.0} MB in all",
            megabytes(cost.activations),
            megabytes(cost.least),
        ),
    };
    let (device, precision) = (run.device(), run.precision());
    say(format_args!("running on {device}{precision}; {memory}"))?;
    if let Some(kept) = cost.kept {
        say(format_args!(
            "recomputing: {:.0} MB of activations instead of {:.0}, {:.2} times the work",
            megabytes(cost.activations),
            megabytes(kept.activations),
            cost.flops as f64 / kept.flops as f64,
        ))?;
    }
    Ok(())
}
