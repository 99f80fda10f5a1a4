//! Samples judged by numbers: a classifier is trained on real images, and what it makes of samples is compared with
//! what it makes of real images that it has not seen. Where the public evaluator's network is given, it judges in the
//! classifier's place.
//!
//! `cargo run --release --example evaluate --features evaluate -- --real sprites samples.npz`

#[path = "../support/bar.rs"]
mod bar;
#[path = "../support/data_options.rs"]
mod data_options;
mod judge;
#[path = "../support/judging/mod.rs"]
mod judging;
mod options;
#[path = "../support/places.rs"]
mod places;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/real.rs"]
mod real;
#[path = "../support/seed.rs"]
mod seed;
mod table;
#[path = "../support/threads.rs"]
mod threads;
#[path = "../support/whole.rs"]
mod whole;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use iddpm::checkpoint::{Header, locate};
use iddpm::data::{Dataset, Opened};
use iddpm::files::write_bytes;
use iddpm::{Device, Model};

use judge::Judge;
use judging::{Compare, Network, Report, enough, spread, to_real, within_real};
use options::Options;
use program::{Failure, say, warn};

/// A set of samples.
enum Samples {
    There(Opened),
    Of(Network),
}

fn main() -> ExitCode {
    program::run(run)
}

fn run(options: &Options) -> Result<(), Failure> {
    let threads = options.threads.choose()?;
    let real = options.open_real()?;
    say(&real)?;
    // What is wrong with any of them is found before anything is trained.
    let mut samples = Vec::new();
    for path in &options.samples {
        let set = match network(options, path, &real)? {
            Some(network) => Samples::Of(network),
            None => {
                let opened = options.open_samples(path, &real)?;
                say(&opened)?;
                Samples::There(opened)
            }
        };
        samples.push((path, set));
    }
    if let Some(note) = options.seed.note() {
        say(note)?;
    }
    if let Some(path) = &options.json {
        places::tried("--json", path)?;
    }
    say(format_args!("running on the CPU, {threads}"))?;
    for (path, set) in &samples {
        if let Samples::There(opened) = set {
            enough(&path.display().to_string(), opened.len())?;
        }
    }
    let real: Arc<dyn Dataset> = real.into();
    let counts = samples.iter().map(|(_, set)| match set {
        Samples::There(opened) => opened.len(),
        Samples::Of(_) => options.count.unwrap_or(real.len()),
    });
    options.check_memory(real.len(), counts)?;
    let (mut judge, basis) = Judge::of(options, Arc::clone(&real), threads)?;
    if basis.reference.features().are_alike() {
        warn(
            "the real images all have the same features: what is found by them says nothing of images",
        );
    }
    let (mut judged, count) = (Vec::new(), basis.reference.count());
    for (path, set) in &samples {
        let drawn;
        let set: &dyn Dataset = match set {
            Samples::There(opened) => opened,
            Samples::Of(network) => {
                drawn = network.draw(
                    options.count.unwrap_or(count),
                    Device::cpu().with_threads(threads.count()),
                    &mut || Ok(()),
                )?;
                &drawn
            }
        };
        let near = to_real(set, real.as_ref())?;
        judged.push((path.display().to_string(), judge.judge(set)?, near));
    }
    let compare = Compare {
        basis: &basis,
        resamples: options.resamples,
        seed: options.seed.number,
    };
    let mut sets = Vec::new();
    if let Some(others) = &basis.others {
        let places: Vec<usize> = spread(real.len(), others.count()).collect();
        let own = within_real(real.as_ref(), &places)?;
        sets.push(compare.set("real, held out".into(), others, &own)?);
    }
    for (name, judged, near) in judged {
        sets.push(compare.set(name, &judged, &near)?);
    }
    let report = Report::new(&basis, sets);
    // Files first: what reads the output may be gone.
    if let Some(path) = &options.json {
        let mut text = serde_json::to_vec_pretty(&report)?;
        text.push(b'\n');
        let written = write_bytes(path, &text);
        written.map_err(|error| places::named("--json", path, error.error))?;
    }
    table::tell(&report)
}

/// The network that a path stands for; `None` for a path to pictures.
fn network(options: &Options, path: &Path, real: &dyn Dataset) -> Result<Option<Network>, Failure> {
    if !is_network(path) {
        return Ok(None);
    }
    let model = Model::open(path)?;
    let draw = options.drawing(&model)?;
    let network = Network::new(model, draw, real);
    let network = network.map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Some(network))
}

/// Whether a path is to a network rather than to pictures: a file by its name or by its bytes, a folder by what is in it.
fn is_network(path: &Path) -> bool {
    if path.is_dir() {
        return locate(path).is_ok();
    }
    let end = path.extension().and_then(|end| end.to_str());
    matches!(end, Some("safetensors" | "pt" | "pth")) || Header::open(path).is_ok()
}
