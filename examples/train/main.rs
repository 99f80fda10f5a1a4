//! Trains a network on a folder of pictures, an .npz archive or CIFAR-10.
//!
//! `cargo run --release --example train --features train -- --data sprites/ --run runs/sprites`
//!
//! The run's folder gets its newest states, a log of JSON lines, grids of samples and a plot of the
//! loss. Ctrl-C, SIGTERM and SIGHUP finish the step and save; `--resume` goes on, bit for bit.

mod backend;
mod begin;
#[path = "../support/plot.rs"]
mod chart;
#[path = "../support/device_options.rs"]
mod device_options;
mod fields;
mod files;
mod grid;
mod log;
mod options;
mod plot;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/real.rs"]
mod real;
#[path = "../support/seed.rs"]
mod seed;
mod session;
mod shown;
#[path = "../support/signals.rs"]
mod signals;
#[path = "../support/threads.rs"]
mod threads;
#[path = "../support/whole.rs"]
mod whole;
#[path = "../support/words.rs"]
mod words;

use std::process::ExitCode;
use std::sync::Arc;

use iddpm::checkpoint::Description;
use iddpm::data::{Dataset, Kind};
use iddpm::train::{
    Engine, Recompute, RunDirectory, TrainConfig, Trainer, TrainingData, check_data, graph_of,
};
use iddpm::unet::{Graph, Plan};

use begin::Beginning;
use files::Files;
use options::Options;
use program::{Failure, say};
use session::Session;

fn main() -> ExitCode {
    program::run(run)
}

fn run(options: &Options) -> Result<ExitCode, Failure> {
    options.check()?;
    let config = options.config();
    config
        .validate()
        .map_err(|error| options.explain(None, error))?;
    // What reads data, and the optimiser; the network has as many of its own.
    let threads = options.device.threads.choose()?.count;
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()?;
    // Until the end: nobody else writes there.
    let folder = RunDirectory::open(&options.run).map_err(|error| format!("--run: {error}"))?;
    let files = Files::of(folder.path(), options.sample_every() > 0)?;
    let beginning = Beginning::find(options, &folder)?;
    if let Some(note) = options.seed.note() {
        say(note)?;
    }
    let (kind, data, description) = data(options, &beginning, &config)?;
    let explain = |error| options.explain(Some(kind), error);
    let same = beginning.check(&description, &config, &data);
    same.map_err(explain)?;
    let graph = graph_of(&description, &config).map_err(explain)?;
    let mut engine = engine(options, &description, &graph, &config)?;
    let progress = beginning.fill(&mut engine, &graph, &description, &config)?;
    let broken = options.broken();
    let trainer = Trainer::new(engine, description, config, data, broken, progress);
    let trainer = trainer.map_err(explain)?;
    Session::begin(options, folder, files, trainer)?.run()
}

/// What the data is read from, the data, and the network that is trained on it.
fn data(
    options: &Options,
    beginning: &Beginning,
    config: &TrainConfig,
) -> Result<(Kind, TrainingData, Description), Failure> {
    let opened = options.open_data(beginning.classes(options))?;
    let kind = opened.kind;
    options.check_broken(kind)?;
    say(&opened)?;
    let data: Arc<dyn Dataset> = Arc::from(opened.data);
    let classes = data.classes().filter(|_| !options.no_classes);
    let names = beginning.class_names().or(data.class_names());
    let description = Description {
        class_names: names.map(<[String]>::to_vec).filter(|_| classes.is_some()),
        ..options.description(data.extents(), classes)
    };
    check_data(&description, config, data.as_ref())
        .map_err(|error| options.explain(Some(kind), error))?;
    let data = TrainingData::new(data, options.broken());
    let data = data.map_err(|error| format!("--data: {error}"))?;
    Ok((kind, data, description))
}

/// What runs the network, and says so.
fn engine(
    options: &Options,
    description: &Description,
    graph: &Graph,
    config: &TrainConfig,
) -> Result<Box<dyn Engine>, Failure> {
    say(format_args!(
        "{} parameters, {:.2} GFLOP a step",
        graph.parameter_count(),
        graph.flops() as f64 * 1e-9 * (config.batch / config.microbatch) as f64,
    ))?;
    let (engine, on) = backend::choose(&options.device, graph, config)?;
    say(format_args!("running on {on}"))?;
    if config.recompute != Recompute::Nothing {
        let kept = TrainConfig {
            recompute: Recompute::Nothing,
            ..config.clone()
        };
        let kept = graph_of(description, &kept)?;
        let megabytes = |graph: &Graph| Plan::single(graph).elements() as f64 * 4e-6;
        say(format_args!(
            "recomputing: {:.0} MB of activations instead of {:.0}, {:.2} times the work",
            megabytes(graph),
            megabytes(&kept),
            graph.flops() as f64 / kept.flops() as f64,
        ))?;
    }
    Ok(engine)
}
