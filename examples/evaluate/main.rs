//! Samples judged by numbers: a classifier is trained on real images, and what it makes of samples is compared with
//! what it makes of real images that it has not seen.
//!
//! `cargo run --release --example evaluate --features evaluate -- --real sprites samples.npz`

#[path = "../support/data_options.rs"]
mod data_options;
mod drawn;
mod options;
#[path = "../support/places.rs"]
mod places;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/real.rs"]
mod real;
mod report;
#[path = "../support/seed.rs"]
mod seed;
#[path = "../support/threads.rs"]
mod threads;
#[path = "../support/whole.rs"]
mod whole;

use std::process::ExitCode;
use std::sync::Arc;

use iddpm::data::{Broken, Dataset, Opened, Split};
use iddpm::evaluate::{
    Classifier, ClassifierConfig, EvaluateError, Features, Judged, Nearest, density_coverage,
    frechet, kernel_distance, nearest, nearest_within, precision_recall,
};
use iddpm::files::write_bytes;
use indicatif::{ProgressBar, ProgressStyle};

use drawn::{Network, network};
use options::Options;
use program::{Failure, say};
use report::{Near, Report, Set};

/// Neighbours of precision and recall, and of density and coverage, as the literature has them.
const PRECISION: usize = 3;
const DENSITY: usize = 5;

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
    let real: Arc<dyn Dataset> = real.into();
    let pixels = Features::of_pixels(real.as_ref())?;
    let split = Split::of(real, options.held_out, Broken::Fatal);
    let split = split.map_err(|error| format!("--held-out {}: {error}", options.held_out))?;
    let Split {
        trained, held_out, ..
    } = split;
    let count = trained.len();
    // As the reference and the others are made of it below.
    enough("real, held out", held_out.len() / 2)?;
    for (path, set) in &samples {
        if let Samples::There(opened) = set {
            enough(&path.display().to_string(), opened.len())?;
        }
    }
    let mut classifier = train(options, trained.into(), threads)?;

    let held_out = classifier.judge_data(&held_out)?;
    // Every other one, in the order of the data: as many of each class.
    let compare = Compare {
        options,
        reference: held_out.of_some((0..held_out.count()).step_by(2)),
        others: held_out.of_some((1..held_out.count()).step_by(2)),
    };
    let own = nearest_within(&pixels, spread(pixels.count(), compare.others.count()))?;
    let mut sets = vec![compare.set("real, held out".into(), &compare.others, &own)?];
    for (path, set) in &samples {
        let drawn;
        let set: &dyn Dataset = match set {
            Samples::There(opened) => opened,
            Samples::Of(network) => {
                drawn =
                    network.draw(options.count.unwrap_or(compare.reference.count()), threads)?;
                &drawn
            }
        };
        let judged = classifier.judge_data(set)?;
        let near = nearest(&Features::of_pixels(set)?, &pixels)?;
        sets.push(compare.set(path.display().to_string(), &judged, &near)?);
    }
    let report = Report {
        features: format!(
            "features of classifier {:016x}, trained on {}, {} steps, seed {}",
            classifier.fingerprint(),
            options.real.display(),
            options.steps,
            options.seed
        ),
        trained: count,
        reference: compare.reference.count(),
        held_out_accuracy: held_out.accuracy().map(Into::into),
        sets,
    };
    // Files first: what reads the output may be gone.
    if let Some(path) = &options.json {
        let mut text = serde_json::to_vec_pretty(&report)?;
        text.push(b'\n');
        let written = write_bytes(path, &text);
        written.map_err(|error| places::named("--json", path, error.error))?;
    }
    report.say()
}

/// The classifier, trained under a bar.
fn train(
    options: &Options,
    data: Arc<dyn Dataset>,
    threads: iddpm::run::Threads,
) -> Result<Classifier, Failure> {
    let config = ClassifierConfig {
        steps: options.steps,
        seed: options.seed.number,
        ..ClassifierConfig::default()
    };
    let bar = ProgressBar::new(config.steps);
    let style = "{bar:30} {pos}/{len} steps of the classifier, loss {msg} ({eta} left)";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    let classifier = Classifier::train(data, &config, threads, &mut |step, loss| {
        bar.set_message(format!("{loss:.3}"));
        bar.set_position(step);
    });
    bar.finish_and_clear();
    classifier.map_err(|error| format!("--real {}: {error}", options.real.display()).into())
}

/// Refuses a set of fewer images than a neighbourhood is of, before anything is trained.
fn enough(name: &str, count: usize) -> Result<(), Failure> {
    let least = PRECISION.max(DENSITY) + 1;
    if count < least {
        let error = EvaluateError::TooFew { count, least };
        return Err(format!("{name}: {error}").into());
    }
    Ok(())
}

/// So many places of all, spread over them: as many of each class.
fn spread(all: usize, count: usize) -> impl Iterator<Item = usize> + Clone {
    (0..count).map(move |at| at * all / count)
}

/// What sets of images are compared with.
struct Compare<'a> {
    options: &'a Options,
    reference: Judged,
    /// Real images that neither the classifier nor the reference is of.
    others: Judged,
}

impl Compare<'_> {
    fn set(&self, name: String, judged: &Judged, near: &[Nearest]) -> Result<Set, Failure> {
        let named = |error: EvaluateError| -> Failure { format!("{name}: {error}").into() };
        let found = self.compare(judged, near).map_err(named)?;
        Ok(Set { name, ..found })
    }

    fn compare(&self, judged: &Judged, near: &[Nearest]) -> Result<Set, EvaluateError> {
        let (all, count) = (self.others.count(), judged.count().min(self.others.count()));
        let as_many = self.others.of_some(spread(all, count));
        let (reference, features) = (self.reference.features(), judged.features());
        let Options {
            resamples, seed, ..
        } = self.options;
        let distance = |features| frechet(reference, features, *resamples, seed.number);
        let shares = precision_recall(reference, features, PRECISION)?;
        let dense = density_coverage(reference, features, DENSITY)?;
        let mut near: Vec<f64> = near.iter().map(Nearest::rms).collect();
        near.sort_by(f64::total_cmp);
        let near = |place: usize| near.get(place).copied().unwrap_or(f64::NAN);
        Ok(Set {
            name: String::new(),
            images: judged.count(),
            accuracy: judged.accuracy().map(Into::into),
            frechet: distance(features)?.into(),
            frechet_of_real: distance(as_many.features())?.into(),
            kernel: kernel_distance(reference, features, *resamples, seed.number)?.into(),
            precision: shares.precision.into(),
            recall: shares.recall.into(),
            density: dense.density.into(),
            coverage: dense.coverage.into(),
            inception_score: judged.inception_score(*resamples, seed.number)?.into(),
            nearest: Near {
                median: near(judged.count() / 2),
                least: near(0),
            },
        })
    }
}
