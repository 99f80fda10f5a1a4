//! Runs that are resumed, given other options or bad data: against runs that are left alone.

use std::future::{pending, ready};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use iddpm::checkpoint::{Description, ImageSize};
use iddpm::data::{DataError, Dataset, Example, Images};
use iddpm::diffusion::{Diffusion, ModelCard, Prediction, Schedule, WeightSet};
use iddpm::train::{
    Awaited, Batch, Broken, CpuEngine, Engine, OptimizerStep, Progress, Recompute, Report,
    RunDirectory, SavedRun, Slot, TimestepLaw, TrainConfig, TrainError, Trainer, TrainingData,
    check_network, graph_of, initial_weights,
};
use iddpm::unet::{Extents, UnetConfig};

use super::cases::generate;
use super::scratch::Scratch;

const SIDE: usize = 8;
pub(crate) const EXAMPLES: usize = 13;

pub(crate) fn description() -> Description {
    let unet = UnetConfig {
        num_res_blocks: 1,
        ..UnetConfig::new(1, 32)
            .with_learned_variance()
            .with_classes(3)
    };
    let card = ModelCard {
        diffusion: Diffusion::new(Schedule::Cosine, 5),
        weights: WeightSet::Raw,
        step: 0,
    };
    Description::new(unet, ImageSize::square(SIDE), card)
}

/// Everything that has a state of its own is in it: importance sampling that warms up within the run, a
/// loss scale, dropout, mirrored images, microbatches, two averages.
pub(crate) fn config() -> TrainConfig {
    TrainConfig {
        batch: 8,
        microbatch: 4,
        warm_up: 5,
        anneal: 40,
        ema_rates: vec![0.9, 0.5],
        timesteps: TimestepLaw::LossSecondMoment,
        dropout: 0.1,
        flip: true,
        half: true,
        recompute: Recompute::Cheap,
        seed: 5,
        ..TrainConfig::default()
    }
}

pub(crate) fn images() -> Images {
    let extents = Extents {
        channels: 1,
        height: SIDE,
        width: SIDE,
    };
    let pixels = generate(4, "pixels", EXAMPLES * SIDE * SIDE, 128.0, 127.0);
    let pixels = pixels.iter().map(|&value| value as u8).collect();
    let labels = (0..EXAMPLES as u32).map(|n| n % 3).collect();
    Images::new(extents, pixels, Some(labels), Some(3)).unwrap()
}

fn begin_with(
    description: &Description,
    config: &TrainConfig,
    data: Arc<dyn Dataset>,
    broken: Broken,
) -> Result<Trainer<CpuEngine>, TrainError> {
    let graph = graph_of(description, config)?;
    let mut engine = CpuEngine::new(&graph, &config.ema_rates, config.half)?;
    let weights = initial_weights(&graph, config.seed)?;
    engine.write(Slot::Weights, &weights)?;
    for at in 0..config.ema_rates.len() {
        engine.write(Slot::Ema(at), &weights)?;
    }
    let progress = Trainer::<CpuEngine>::beginning(description, config)?;
    Trainer::new(
        engine,
        description.clone(),
        config.clone(),
        TrainingData::new(data, broken)?,
        broken,
        progress,
    )
}

pub(crate) fn begin(config: &TrainConfig) -> Trainer<CpuEngine> {
    begin_with(&description(), config, Arc::new(images()), Broken::Fatal).unwrap()
}

pub(crate) fn data() -> TrainingData {
    TrainingData::new(Arc::new(images()), Broken::Fatal).unwrap()
}

/// Goes on with the newest state of a folder.
pub(crate) fn go_on(folder: &Path, config: &TrainConfig) -> Trainer<CpuEngine> {
    go_on_as(folder, &description(), config)
}

/// As above, of a network.
pub(crate) fn go_on_as(
    folder: &Path,
    description: &Description,
    config: &TrainConfig,
) -> Trainer<CpuEngine> {
    let saved = SavedRun::load(SavedRun::latest_in(folder).unwrap().unwrap()).unwrap();
    saved.check_same(description, config, &data()).unwrap();
    let graph = graph_of(&saved.description, config).unwrap();
    let mut engine = CpuEngine::new(&graph, &config.ema_rates, config.half).unwrap();
    saved.write_to(&mut engine).unwrap();
    Trainer::new(
        engine,
        description.clone(),
        config.clone(),
        data(),
        Broken::Fatal,
        saved.progress,
    )
    .unwrap()
}

pub(crate) fn steps(trainer: &mut Trainer<CpuEngine>, count: usize) {
    for _ in 0..count {
        trainer.step().unwrap();
    }
}

/// Everything a run consists of.
pub(crate) fn everything(trainer: &Trainer<CpuEngine>) -> (Progress, Vec<Vec<u32>>) {
    let slots = [
        Slot::Weights,
        Slot::FirstMoment,
        Slot::SecondMoment,
        Slot::Ema(0),
        Slot::Ema(1),
    ];
    let bits = |slot| -> Vec<u32> {
        let numbers = trainer.read(slot).unwrap();
        numbers.iter().map(|number| number.to_bits()).collect()
    };
    (trainer.progress().clone(), slots.map(bits).into())
}

pub(crate) fn run_in(scratch: &Scratch) -> RunDirectory {
    RunDirectory::open(scratch.path()).unwrap()
}

#[test]
fn a_run_that_is_resumed_is_the_run_that_was_not_stopped() {
    let config = config();
    let mut whole = begin(&config);
    steps(&mut whole, 24);
    assert!(whole.progress().history.as_ref().unwrap().is_warm());

    let folder = Scratch::new("resumed");
    let mut first = begin(&config);
    steps(&mut first, 11);
    run_in(&folder).save(&first, 1).unwrap();
    drop(first);
    let mut second = go_on(folder.path(), &config);
    steps(&mut second, 13);
    assert!(everything(&whole) == everything(&second));
}

#[test]
fn microbatches_do_not_change_the_mean() {
    let cut = TrainConfig {
        half: false,
        timesteps: TimestepLaw::Uniform,
        ..config()
    };
    let whole = TrainConfig {
        microbatch: cut.batch,
        ..cut.clone()
    };
    let (mut cut, mut whole) = (begin(&cut), begin(&whole));
    let (cut, whole) = (cut.step().unwrap(), whole.step().unwrap());
    // Sums of the same numbers in another order.
    assert!((cut.grad_norm - whole.grad_norm).abs() < 1e-4 * whole.grad_norm);
    assert!((cut.loss - whole.loss).abs() < 1e-6 * whole.loss);
}

/// The one field, with both values.
#[test]
fn other_options_are_refused_by_name() {
    let folder = Scratch::new("options");
    let mut trainer = begin(&config());
    steps(&mut trainer, 1);
    let state = run_in(&folder).save(&trainer, 1).unwrap();
    let saved = SavedRun::load(&state).unwrap();
    saved
        .check_same(&description(), &config(), &data())
        .unwrap();
    let refuse = |description: &Description, config: &TrainConfig| {
        let error = saved.check_same(description, config, &data()).unwrap_err();
        match error {
            TrainError::OtherConfiguration { field, begun, now } => (field, begun, now),
            error => panic!("{error}"),
        }
    };
    let fields = |field: &str, begun: &str, now: &str| (field.into(), begun.into(), now.into());

    let mut other = config();
    other.adamw.weight_decay = 0.1;
    let found = refuse(&description(), &other);
    assert_eq!(found, fields("adamw.weight_decay", "0.0", "0.1"));
    let mut other = config();
    other.half = false;
    let found = refuse(&description(), &other);
    assert_eq!(found, fields("half", "true", "false"));

    let mut other = description();
    other.unet.num_res_blocks = 2;
    let found = refuse(&other, &config());
    assert_eq!(found, fields("unet.num_res_blocks", "1", "2"));
    let mut other = description();
    other.card.diffusion.prediction = Prediction::V;
    let found = refuse(&other, &config());
    assert_eq!(
        found,
        fields("diffusion.prediction", "\"epsilon\"", "\"v\"")
    );
    let mut other = description();
    other.class_names = Some(["a", "b", "c"].map(String::from).into());
    let found = refuse(&other, &config());
    assert_eq!(found, fields("class_names", "null", "[\"a\",\"b\",\"c\"]"));
}

/// As many images, of which one pixel, one label, or the order is another; or fewer.
#[test]
fn other_data_is_refused() {
    let folder = Scratch::new("other-data");
    let state = run_in(&folder).save(&begin(&config()), 1).unwrap();
    let saved = SavedRun::load(&state).unwrap();
    let one = images();
    let (pixels, labels) = (one.pixels().to_vec(), one.labels().unwrap().to_vec());
    let check = |pixels: Vec<u8>, labels: Vec<u32>| {
        let images = Images::new(one.extents(), pixels, Some(labels), Some(3)).unwrap();
        let data = TrainingData::new(Arc::new(images), Broken::Fatal).unwrap();
        saved.check_same(&description(), &config(), &data)
    };
    check(pixels.clone(), labels.clone()).unwrap();

    let mut pixel = pixels.clone();
    pixel[400] ^= 1;
    let mut label = labels.clone();
    label.swap(0, 1);
    let mut order = pixels.clone();
    order.rotate_left(SIDE * SIDE);
    for (pixels, labels) in [
        (pixel, labels.clone()),
        (pixels.clone(), label),
        (order, labels.clone()),
    ] {
        let error = check(pixels, labels).unwrap_err();
        assert!(matches!(error, TrainError::OtherData { .. }), "{error}");
        assert!(error.to_string().contains("data"), "{error}");
    }
    let fewer = pixels[SIDE * SIDE..].to_vec();
    let error = check(fewer, labels[1..].to_vec()).unwrap_err();
    assert!(
        matches!(error, TrainError::OtherConfiguration { ref field, .. } if field == "examples"),
        "{error}"
    );
}

/// Weights begin a run of their own network alone, whichever of its weights they are.
#[test]
fn weights_of_another_network_are_refused() {
    let mut weights = description();
    weights.card.step = 7;
    weights.card.weights = WeightSet::Ema { rate: 0.5 };
    weights.class_names = Some(["a", "b", "c"].map(String::from).into());
    check_network(&weights, &description()).unwrap();
    weights.unet.num_heads = 2;
    let error = check_network(&weights, &description()).unwrap_err();
    assert!(
        matches!(error, TrainError::OtherNetwork { ref field, ref found, ref expected }
            if field == "unet.num_heads" && found == "2" && expected == "4"),
        "{error}"
    );
}

/// Schedules that are tables have no form by which they could be told to be the same.
#[test]
fn what_cannot_be_compared_is_not_the_same() {
    let with = |betas: &'static [f64]| {
        let mut of_table = description();
        of_table.card.diffusion = Diffusion::new(Schedule::Betas(betas), 5);
        of_table
    };
    let (one, other) = (with(&[0.1; 5]), with(&[0.2; 5]));
    let error = check_network(&one, &other).unwrap_err();
    assert!(
        matches!(error, TrainError::NotJson { ref field, .. } if field == "diffusion"),
        "{error}"
    );
    assert!(error.to_string().starts_with("diffusion can be"), "{error}");
    let folder = Scratch::new("not-json");
    let state = run_in(&folder).save(&begin(&config()), 1).unwrap();
    let saved = SavedRun::load(&state).unwrap();
    let error = saved.check_same(&one, &config(), &data()).unwrap_err();
    assert!(matches!(error, TrainError::NotJson { .. }), "{error}");
}

/// An engine that is lost after so many microbatches.
struct Failing {
    engine: CpuEngine,
    microbatches: usize,
    fails: Fails,
}

#[derive(Debug, Clone, Copy)]
enum Fails {
    WithAnError,
    ByNotComingBack,
}

impl Engine for Failing {
    fn accumulate_async<'a>(
        &'a mut self,
        batch: &'a Batch<'a>,
        loss: &'a mut [f32],
    ) -> Awaited<'a, ()> {
        if self.microbatches == 0 {
            return match self.fails {
                Fails::WithAnError => Box::pin(ready(Err(TrainError::NotFinite { step: 0 }))),
                Fails::ByNotComingBack => Box::pin(pending()),
            };
        }
        self.microbatches -= 1;
        self.engine.accumulate_async(batch, loss)
    }

    fn update_async<'a>(&'a mut self, update: &'a OptimizerStep) -> Awaited<'a, Report> {
        self.engine.update_async(update)
    }

    fn gradient_norm_async(&mut self, unscale: f64) -> Awaited<'_, f64> {
        self.engine.gradient_norm_async(unscale)
    }

    fn read_async<'a>(&'a self, slot: Slot, into: &'a mut [f32]) -> Awaited<'a, ()> {
        self.engine.read_async(slot, into)
    }

    fn write(&mut self, slot: Slot, numbers: &[f32]) -> Result<(), TrainError> {
        self.engine.write(slot, numbers)
    }
}

/// A step that failed in its second microbatch has noted the losses of its first: no undisturbed run is there. So it
/// is with one that nobody waited for any longer.
#[test]
fn a_run_that_ended_within_a_step_is_not_saved() {
    ended(Fails::WithAnError);
    ended(Fails::ByNotComingBack);
}

fn ended(fails: Fails) {
    let config = config();
    let folder = Scratch::new("ended");
    let mut run = run_in(&folder);
    let first = run.save(&begin(&config), 1).unwrap();
    let saved = SavedRun::load(&first).unwrap();
    let graph = graph_of(&saved.description, &config).unwrap();
    let engine = CpuEngine::new(&graph, &config.ema_rates, config.half).unwrap();
    let mut failing = Failing {
        engine,
        microbatches: 3,
        fails,
    };
    saved.write_to(&mut failing).unwrap();
    let (description, progress) = (description(), saved.progress);
    let mut trainer = Trainer::new(
        failing,
        description,
        config,
        data(),
        Broken::Fatal,
        progress,
    )
    .unwrap();
    trainer.step().unwrap();
    let sound = trainer.progress().clone();
    let mut context = Context::from_waker(Waker::noop());
    let is_done = pin!(trainer.step_async()).poll(&mut context);
    match fails {
        Fails::WithAnError => assert!(matches!(is_done, Poll::Ready(Err(_))), "{is_done:?}"),
        Fails::ByNotComingBack => assert!(is_done.is_pending()),
    }
    assert!(*trainer.progress() != sound);
    let error = trainer.step().unwrap_err();
    assert!(matches!(error, TrainError::Ended { step: 1 }), "{error}");
    let error = run.save(&trainer, 1).unwrap_err();
    assert!(matches!(error, TrainError::Ended { step: 1 }), "{error}");
    assert_eq!(folder.names(), [".lock", "latest", "step-00000000"]);
    SavedRun::load(first).unwrap();
}

/// What an error wraps is its source, whichever it is.
#[test]
fn errors_have_their_source() {
    use std::error::Error as _;
    let index = || DataError::Index { index: 13, len: 13 };
    let memory = iddpm::memory::MemoryError {
        bytes: 7,
        available: None,
    };
    let with: [TrainError; 4] = [
        TrainError::Data(index()),
        TrainError::Memory(memory),
        TrainError::Checkpoint(iddpm::checkpoint::CheckpointError::Memory(memory)),
        TrainError::AllSkipped {
            examples: 1,
            first: Some(index()),
        },
    ];
    for error in with {
        let source = error.source().unwrap().to_string();
        assert!(error.to_string().ends_with(&source), "{error}");
    }
    assert!(TrainError::Ended { step: 1 }.source().is_none());
}

/// What is wrong with an example.
#[derive(Clone, Copy, PartialEq)]
enum Wrong {
    /// It cannot be read.
    Unreadable,
    /// It has a number too many.
    Long,
}

/// Thirteen examples, with one of which something is wrong while that is so.
struct OneWrong(Images, Wrong, AtomicBool);

impl Dataset for OneWrong {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn extents(&self) -> Extents {
        self.0.extents()
    }

    fn classes(&self) -> Option<usize> {
        self.0.classes()
    }

    fn get(&self, index: usize) -> Result<Example<'_>, DataError> {
        let is_wrong = index == 6 && self.2.load(Ordering::SeqCst);
        if is_wrong && self.1 == Wrong::Unreadable {
            return self.0.get(EXAMPLES);
        }
        let mut example = self.0.get(index)?;
        if is_wrong {
            example.pixels.to_mut().push(0);
        }
        Ok(example)
    }
}

fn one_wrong(how: Wrong, is_wrong: bool) -> Arc<OneWrong> {
    Arc::new(OneWrong(images(), how, AtomicBool::new(is_wrong)))
}

#[test]
fn a_broken_example_is_fatal_or_counted_as_asked() {
    let is_told = |error: TrainError| {
        let index = DataError::Index { index: 13, len: 13 };
        assert!(matches!(error, TrainError::Data(error) if error == index));
    };
    let data = |is_wrong| one_wrong(Wrong::Unreadable, is_wrong);
    // At once, or whenever it comes to be so.
    let at_once = begin_with(&description(), &config(), data(true), Broken::Fatal);
    is_told(at_once.unwrap_err());
    let later = data(false);
    let fatal = begin_with(&description(), &config(), later.clone(), Broken::Fatal);
    later.2.store(true, Ordering::SeqCst);
    let mut fatal = fatal.unwrap();
    is_told((0..8).find_map(|_| fatal.step().err()).unwrap());
    let skipping = begin_with(&description(), &config(), data(true), Broken::Skip);
    let mut skipping = skipping.unwrap();
    steps(&mut skipping, 13);
    // Eight passes over the data in 13 steps of 8.
    assert_eq!(skipping.progress().skipped, 8);
}

/// No example is shifted into the next one's place.
#[test]
fn an_image_of_another_length_is_an_error() {
    let data = one_wrong(Wrong::Long, true);
    let expected = data.extents().elements();
    let mut run = begin_with(&description(), &config(), data, Broken::Skip).unwrap();
    let error = (0..8).find_map(|_| run.step().err()).unwrap();
    let is_told = |error: &TrainError| {
        matches!(*error, TrainError::Example { index: 6, len, expected: due }
            if len == expected + 1 && due == expected)
    };
    assert!(is_told(&error), "{error}");
}

#[test]
fn data_that_does_not_fit_is_refused() {
    let begin = |description: &Description, config: &TrainConfig| {
        begin_with(description, config, Arc::new(images()), Broken::Fatal).unwrap_err()
    };
    let mut other = description();
    other.size = ImageSize::square(16);
    assert!(matches!(
        begin(&other, &config()),
        TrainError::Extents { .. }
    ));
    let mut other = description();
    other.unet.num_classes = Some(4);
    assert!(matches!(
        begin(&other, &config()),
        TrainError::Classes {
            found: 3,
            expected: 4
        }
    ));
    let large = TrainConfig {
        batch: 16,
        ..config()
    };
    assert!(matches!(
        begin(&description(), &large),
        TrainError::BatchTooLarge {
            batch: 16,
            examples: 13
        }
    ));
    let single = images();
    let pixels = single.pixels().to_vec();
    let single = Images::new(single.extents(), pixels, Some(vec![0; EXAMPLES]), Some(1)).unwrap();
    let mut of_one = description();
    of_one.unet.num_classes = Some(1);
    let refused = begin_with(&of_one, &config(), Arc::new(single), Broken::Fatal).unwrap_err();
    assert!(matches!(
        refused,
        TrainError::Classes {
            found: 1,
            expected: 1
        }
    ));
}

#[test]
fn options_out_of_range_are_named() {
    let config = config();
    for (name, wrong) in [
        (
            "batch",
            TrainConfig {
                batch: 0,
                ..config.clone()
            },
        ),
        (
            "microbatch",
            TrainConfig {
                microbatch: 3,
                ..config.clone()
            },
        ),
        (
            "lr",
            TrainConfig {
                lr: f64::NAN,
                ..config.clone()
            },
        ),
        (
            "clip",
            TrainConfig {
                clip: -1.0,
                ..config.clone()
            },
        ),
        (
            "ema_rates",
            TrainConfig {
                ema_rates: vec![1.0],
                ..config.clone()
            },
        ),
        (
            "ema_rates",
            TrainConfig {
                ema_rates: vec![0.9, 0.5, 0.9],
                ..config.clone()
            },
        ),
        (
            "dropout",
            TrainConfig {
                dropout: 1.0,
                ..config.clone()
            },
        ),
    ] {
        let error = graph_of(&description(), &wrong).unwrap_err();
        assert!(
            matches!(error, TrainError::Option { name: found, .. } if found == name),
            "{error}"
        );
    }
}

/// A network that is to enlarge must make something larger, in both directions.
#[test]
fn a_low_resolution_image_is_smaller() {
    let with = |low_res| {
        let mut enlarging = description();
        enlarging.unet.super_resolution = true;
        enlarging.size.low_res = Some(low_res);
        graph_of(&enlarging, &config())
    };
    assert!(with((7, 4)).is_ok());
    for low_res in [(8, 4), (4, 8), (64, 64)] {
        let error = with(low_res).unwrap_err();
        assert!(matches!(error, TrainError::LowRes { .. }), "{error}");
        let (rows, columns) = low_res;
        let text = error.to_string();
        assert!(text.contains(&format!("{columns}x{rows}")), "{text}");
        assert!(text.contains("8x8"), "{text}");
    }
}

fn spoil(trainer: Trainer<CpuEngine>, config: &TrainConfig) -> Trainer<CpuEngine> {
    let folder = Scratch::new("spoilt");
    let state = run_in(&folder).save(&trainer, 1).unwrap();
    let saved = SavedRun::load(&state).unwrap();
    let graph = graph_of(&saved.description, config).unwrap();
    let mut engine = CpuEngine::new(&graph, &config.ema_rates, config.half).unwrap();
    saved.write_to(&mut engine).unwrap();
    let mut weights = trainer.read(Slot::Weights).unwrap();
    weights[0] = f32::NAN;
    engine.write(Slot::Weights, &weights).unwrap();
    let progress = saved.progress;
    Trainer::new(
        engine,
        description(),
        config.clone(),
        data(),
        Broken::Fatal,
        progress,
    )
    .unwrap()
}

#[test]
fn a_loss_that_is_not_finite_ends_the_run_or_lowers_the_scale() {
    for timesteps in [TimestepLaw::Uniform, TimestepLaw::LossSecondMoment] {
        let plain = TrainConfig {
            anneal: 0,
            half: false,
            timesteps,
            ..config()
        };
        let mut trainer = spoil(begin(&plain), &plain);
        let before = trainer.read(Slot::FirstMoment).unwrap();
        let error = trainer.step().unwrap_err();
        assert!(
            matches!(error, TrainError::NotFinite { step: 1 }),
            "{error}"
        );
        assert_eq!(trainer.read(Slot::FirstMoment).unwrap(), before);
        // The batch was read and its sum is there: no step can follow.
        let error = trainer.step().unwrap_err();
        assert!(matches!(error, TrainError::Ended { step: 0 }), "{error}");

        let half = TrainConfig {
            half: true,
            ..plain
        };
        let mut trainer = spoil(begin(&half), &half);
        let history = trainer.progress().history.clone();
        let report = trainer.step().unwrap();
        assert!(!report.taken && !report.grad_norm.is_finite());
        assert_eq!(trainer.progress().loss_scale.unwrap().log2, 19.0);
        assert_eq!((trainer.progress().step, trainer.progress().taken), (1, 0));
        assert_eq!(trainer.progress().history, history);
        // From 2^20 down to 2^-24, and no further: weights that are not finite do not come back.
        for step in 2..=44 {
            assert!(!trainer.step().unwrap().taken, "{step}");
        }
        let error = trainer.step().unwrap_err();
        assert!(
            matches!(error, TrainError::NotFinite { step: 45 }),
            "{error}"
        );
    }
}

#[test]
fn a_run_that_is_where_it_cannot_be() {
    let sound = begin(&config()).progress().clone();
    let wrong = [
        Progress {
            history: None,
            ..sound.clone()
        },
        Progress {
            loss_scale: None,
            ..sound.clone()
        },
        Progress {
            taken: 1,
            ..sound.clone()
        },
        Progress {
            step: u64::MAX,
            ..sound
        },
    ];
    for progress in wrong {
        let graph = graph_of(&description(), &config()).unwrap();
        let engine = CpuEngine::new(&graph, &config().ema_rates, true).unwrap();
        let trainer = Trainer::new(
            engine,
            description(),
            config(),
            data(),
            Broken::Fatal,
            progress,
        );
        let error = trainer.unwrap_err();
        assert!(matches!(error, TrainError::Progress { .. }), "{error}");
    }
    assert!(config().lr_at(u64::MAX).abs() < f64::EPSILON);
}

#[test]
fn the_golden_learning_rates() {
    let path = super::case::golden_directory().join("grad/lr_anneal.json");
    let case: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let entries = case["params"]["entries"].as_array().unwrap();
    assert!(!entries.is_empty());
    for entry in entries {
        let whole = |key: &str| entry[key].as_u64().unwrap();
        let config = TrainConfig {
            lr: entry["lr"].as_f64().unwrap(),
            warm_up: 0,
            anneal: whole("lr_anneal_steps"),
            ..TrainConfig::default()
        };
        let lr = config.lr_at(whole("step") + whole("resume_step"));
        let expected = entry["lr_used"].as_f64().unwrap();
        assert!((lr - expected).abs() <= 1e-15 * expected, "{lr} {expected}");
    }
}
