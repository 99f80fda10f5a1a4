//! Training by the door: stopped anywhere and gone on with, the same bits; what is refused, and in which words.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use iddpm::checkpoint::WeightType;
use iddpm::data::{self, DataError, Dataset, Example, Images, Options};
use iddpm::run::{Beginning, Origin, Recipe, Training, TrainingRun};
use iddpm::train::{MicrobatchRule, RunDirectory, Slot, StepReport, TrainError};
use iddpm::unet::{Extents, Weights};
use iddpm::{Device, Draw, Error, Model};

use crate::scratch::Scratch;

fn data() -> Images {
    let extents = Extents {
        channels: 1,
        height: 8,
        width: 8,
    };
    let pixels = (0..6 * 64_u32).map(|at| (at * 37 % 251) as u8).collect();
    Images::new(extents, pixels, Some(vec![0, 1, 2, 0, 1, 2]), Some(3)).unwrap()
}

fn recipe() -> Recipe {
    let mut recipe = Recipe::default();
    recipe.unet = recipe.unet.with_multipliers(&[1]).with_attention(&[]);
    recipe.config.batch = 2;
    recipe.config.anneal = 0;
    recipe.config.drop_labels = 0.0;
    recipe.save_every = 2;
    recipe
}

fn device() -> Device {
    Device::cpu().with_threads(1)
}

fn begin(folder: impl AsRef<Path>, recipe: &Recipe) -> Result<Training, Error> {
    Training::begin(folder, recipe, data(), device())
}

fn resume(folder: impl AsRef<Path>, recipe: &Recipe) -> Result<Training, Error> {
    Training::resume(folder, recipe, data(), device())
}

fn go_on(_: &StepReport) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// All that a run consists of.
pub(crate) fn everything(run: &TrainingRun) -> Vec<Vec<f32>> {
    let slots = [
        Slot::Weights,
        Slot::FirstMoment,
        Slot::SecondMoment,
        Slot::Ema(0),
    ];
    slots.map(|slot| run.trainer().read(slot).unwrap()).to_vec()
}

pub(crate) fn text<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_run_goes_on_where_it_was() {
    let scratch = Scratch::new("door-training");
    let mut whole = begin(scratch.join("whole"), &recipe()).unwrap();
    assert_eq!(
        (whole.position(), whole.run().origin()),
        (0, &Origin::Drawn)
    );
    assert_eq!(whole.until(5, go_on).unwrap(), 5);
    // Broken off after the third step, and another process later.
    let parts = scratch.join("parts");
    let mut first = Training::begin_or_resume(&parts, &recipe(), data(), device()).unwrap();
    let third = |report: &StepReport| match report.step {
        3 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    assert_eq!(first.until(5, third).unwrap(), 3);
    drop(first);
    // Then step by step.
    let mut second = resume(&parts, &recipe()).unwrap();
    let origin = Origin::Saved {
        state: parts.join("step-00000003"),
        step: 3,
        has_digests: true,
    };
    assert_eq!((second.position(), second.run().origin()), (3, &origin));
    assert_eq!(second.step().unwrap().step, 4);
    let state = second.save_if_due().unwrap().unwrap();
    assert!(state.ends_with("step-00000004") && state.exists());
    second.step().unwrap();
    assert_eq!(second.save_if_due().unwrap(), None);
    assert!(everything(whole.run()) == everything(second.run()));
    drop(second);
    // What was not saved is taken once more.
    let mut third = Training::begin_or_resume(&parts, &recipe(), data(), device()).unwrap();
    assert_eq!(third.position(), 4);
    third.until(5, go_on).unwrap();
    assert!(everything(whole.run()) == everything(third.run()));
}

/// A run that is kept nowhere is the run that is kept, whether it is waited for or not.
#[test]
fn a_run_needs_no_folder() {
    let scratch = Scratch::new("door-nowhere");
    let mut training = begin(scratch.join("run"), &recipe()).unwrap();
    training.until(3, go_on).unwrap();
    let mut run = TrainingRun::begin(&recipe(), data(), device()).unwrap();
    assert_eq!((run.position(), run.origin()), (0, &Origin::Drawn));
    run.step().unwrap();
    let report = pollster::block_on(async {
        run.step_async().await?;
        run.step_async().await
    });
    assert_eq!((report.unwrap().step, run.position()), (3, 3));
    assert!(everything(&run) == everything(training.run()));
    let model = pollster::block_on(run.model_async()).unwrap();
    let kept = training.model().unwrap();
    assert_eq!(model.description(), kept.description());
    assert_eq!(model.checkpoint().weights(), kept.checkpoint().weights());
    // Options that do not go together are refused as they are for a folder.
    let mut wrong = recipe();
    wrong.config.batch = 7;
    assert_eq!(
        text(TrainingRun::begin(&wrong, data(), device())),
        text(begin(scratch.join("wrong"), &wrong))
    );
}

#[test]
fn a_training_gives_a_model() {
    let scratch = Scratch::new("door-model");
    let mut training = begin(scratch.join("run"), &recipe()).unwrap();
    training.until(1, go_on).unwrap();
    let model = training.model().unwrap();
    assert_eq!((model.classes(), model.description().card.step), (3, 1));
    let mut studio = model.on(device()).unwrap();
    let images = studio.sample(&Draw::new().steps("2"), 3).unwrap();
    assert_eq!(images.len(), 3);
    // What is in the folder stands for the same network.
    let opened = Model::open(scratch.join("run")).unwrap();
    assert_eq!(opened.fingerprint().unwrap(), model.fingerprint().unwrap());
    assert_eq!(opened.checkpoint().weights(), model.checkpoint().weights());
    let (folder, run) = training.into_parts();
    assert_eq!(run.position(), 1);
    assert!(folder.path().ends_with("run"));
}

/// A run is neither begun twice nor gone on with where there is none, and a folder has one writer.
#[test]
fn what_is_there_decides() {
    let scratch = Scratch::new("door-there");
    let run = scratch.join("run");
    assert_eq!(
        text(resume(&run, &recipe())),
        format!(
            "{}: no state to go on from: a run must be begun there first",
            run.display()
        )
    );
    assert!(!run.exists());
    let first = begin(&run, &recipe()).unwrap();
    for again in [begin(&run, &recipe()), resume(&run, &recipe())] {
        assert_eq!(
            text(again),
            format!(
                "{}: this process itself trains there; a run has one writer at a time",
                run.display()
            )
        );
    }
    drop(first);
    assert_eq!(
        text(begin(&run, &recipe())),
        format!(
            "{} is there already: that run can be resumed, another folder begins anew",
            run.join("step-00000000").display()
        )
    );
    // A new run that is refused leaves nothing.
    let mut wrong = recipe();
    wrong.config.lr = -1.0;
    assert!(text(begin(scratch.join("wrong"), &wrong)).starts_with("lr = -1, "));
    assert!(!scratch.join("wrong").exists());
    resume(&run, &recipe()).unwrap();
}

/// Another recipe's run is refused, and is as it was.
#[test]
fn another_recipe_is_refused() {
    let scratch = Scratch::new("door-other");
    let run = scratch.join("run");
    drop(begin(&run, &recipe()).unwrap());
    let mut other = recipe();
    other.config.clip = 0.5;
    let error = text(resume(&run, &other));
    assert!(error.contains("clip"), "{error}");
    resume(&run, &recipe()).unwrap();
}

/// Learning rates may be others where a run goes on, which is told; at 0 none is trained.
#[test]
fn rates_may_change() {
    let scratch = Scratch::new("door-rates");
    let run = scratch.join("run");
    let mut annealed = recipe();
    annealed.config.anneal = 2;
    let mut training = begin(&run, &annealed).unwrap();
    let told = "anneal = 2: the learning rate is 0 from step 2 on";
    assert!(text(training.until(3, go_on)).starts_with(told));
    // None of its steps was taken.
    assert_eq!(training.until(2, go_on).unwrap(), 2);
    assert_eq!(training.until(0, go_on).unwrap(), 2);
    assert!(text(training.until(3, go_on)).starts_with(told));
    drop(training);

    let prepared = |recipe: &Recipe| {
        let folder = RunDirectory::open(&run).unwrap();
        Beginning::resume(folder)
            .unwrap()
            .prepare(recipe, data())
            .unwrap()
    };
    assert_eq!(prepared(&annealed).rates_before(), None);
    let changed = prepared(&recipe());
    let before = changed.rates_before().unwrap();
    assert_eq!((before.anneal, changed.config().anneal), (2, 0));
    drop(changed);
    let mut training = resume(&run, &recipe()).unwrap();
    assert_eq!(training.until(3, go_on).unwrap(), 3);
    drop(training);
    // From here on it has these.
    assert_eq!(prepared(&recipe()).rates_before(), None);
}

/// A model's weights, however they are held, are those of the run and of its averages.
#[test]
fn weights_of_a_model() {
    let scratch = Scratch::new("door-init");
    let mut training = begin(scratch.join("a"), &recipe()).unwrap();
    training.until(2, go_on).unwrap();
    drop(training);
    for weight_type in [WeightType::F32, WeightType::F16] {
        let model = Model::open_as(scratch.join("a"), weight_type).unwrap();
        let mut recipe = recipe();
        recipe.init = Some(model.clone());
        let run = scratch.join(&format!("{weight_type:?}"));
        let training = begin(&run, &recipe).unwrap();
        let path = model.path().map(Path::to_path_buf);
        assert_eq!(training.run().origin(), &Origin::Model { path });
        let expected: Vec<f32> = match model.checkpoint().weights() {
            Weights::F32(numbers) => numbers.to_vec(),
            Weights::F16(bits) => {
                let numbers = bits.iter().map(|&bits| half::f16::from_bits(bits).to_f32());
                numbers.collect()
            }
            Weights::F16Bytes(_) => panic!("a checkpoint has numbers"),
        };
        let [weights, first, _, average] = everything(training.run()).try_into().unwrap();
        assert!(weights == expected && average == expected);
        assert!(first.iter().all(|&moment| moment == 0.0));
        // Gone on with, it has its own.
        drop(training);
        let training = Training::begin_or_resume(&run, &recipe, data(), device()).unwrap();
        assert!(matches!(
            training.run().origin(),
            Origin::Saved { step: 0, .. }
        ));
    }
    let mut wide = recipe();
    wide.init = Some(crate::digits());
    let error = text(begin(scratch.join("wide"), &wide));
    assert!(error.contains("in the weights' network"), "{error}");
}

/// Whoever says how large a batch is need not say what runs at once.
#[test]
fn a_microbatch_is_a_bound() {
    let scratch = Scratch::new("door-microbatch");
    let begin = |batch, microbatch, rule| {
        let mut recipe = recipe();
        recipe.config.batch = batch;
        recipe.config.microbatch = microbatch;
        recipe.config.rule = rule;
        let name = format!("{batch}-{microbatch}-{rule:?}");
        let training = begin(scratch.join(&name), &recipe)?;
        Ok(training.run().trainer().config().microbatch)
    };
    let (mean, sum) = (MicrobatchRule::Mean, MicrobatchRule::Sum);
    for (batch, microbatch, rule, taken) in [
        (2, 16, mean, 2),
        (6, 4, mean, 3),
        (5, 4, mean, 1),
        (4, 2, mean, 2),
        (2, 16, sum, 2),
        (6, 3, sum, 3),
    ] {
        assert_eq!(begin(batch, microbatch, rule).unwrap(), taken);
    }
    for (batch, microbatch, rule, says) in [
        (6, 4, sum, "microbatch = 4, must be a divisor of the batch"),
        (6, 0, mean, "microbatch = 0, must be a divisor of the batch"),
        (0, 16, mean, "batch = 0, must be at least 1"),
        (7, 16, mean, "a batch of 7: there are only 6 examples"),
        (usize::MAX, usize::MAX, mean, "there are only 6 examples"),
    ] {
        let error = text(begin(batch, microbatch, rule));
        assert!(error.contains(says), "{error}");
    }
}

/// Networks that enlarge, and those that know no classes.
#[test]
fn other_networks() {
    let scratch = Scratch::new("door-networks");
    let mut recipe = recipe();
    recipe.classes = false;
    recipe.low_res = Some((4, 4));
    let mut training = begin(scratch.join("run"), &recipe).unwrap();
    training.until(1, go_on).unwrap();
    let model = training.model().unwrap();
    assert_eq!((model.classes(), model.low_res()), (0, Some((4, 4))));
    recipe.low_res = Some((8, 8));
    let error = text(begin(scratch.join("same"), &recipe));
    assert!(error.contains("must be below 8x8"), "{error}");
}

/// What is known before there is a device, and what is said of it then.
#[test]
fn a_training_says_what_it_is() {
    let scratch = Scratch::new("door-says");
    let mut recipe = recipe();
    recipe.config.half = true;
    recipe.config.batch = 4;
    recipe.config.microbatch = 2;
    recipe.config.recompute = iddpm::train::Recompute::Blocks;
    let folder = RunDirectory::open(scratch.join("run")).unwrap();
    let beginning = Beginning::begin(folder).unwrap();
    assert_eq!(beginning.origin(&recipe), Origin::Drawn);
    // As files hold it.
    let opened = data::open("data/digits16.npz", &Options::default()).unwrap();
    let prepared = beginning.prepare(&recipe, opened).unwrap();
    let cost = *prepared.cost();
    let kept = cost.kept.unwrap();
    assert!(cost.activations < kept.activations && cost.flops > kept.flops);
    assert!(cost.least <= cost.activations && cost.parameters > 0);
    let image = prepared.description().image();
    assert_eq!((image.channels, image.height, image.width), (1, 16, 16));
    let training = prepared.on(device()).unwrap();
    assert_eq!(training.run().cost(), &cost);
    assert!(training.run().bytes() > cost.activations);
    // The processor has no arithmetic in f16.
    assert_eq!(training.run().precision(), ", f16 for weights alone");
    assert_eq!(
        training.run().device().to_string(),
        "the CPU (asked for), 1 thread"
    );
    assert!(matches!(
        Beginning::resume(training.into_parts().0),
        Err(TrainError::NotBegun { .. })
    ));
}

/// The rows of a network's table of classes.
fn rows(training: &Training) -> Vec<Vec<f32>> {
    let description = training.run().trainer().description();
    let graph = description.graph(1).unwrap();
    let mut params = graph.params().iter();
    let table = params
        .find(|param| param.name == "label_emb.weight")
        .unwrap();
    let weights = training.run().trainer().read(Slot::Weights).unwrap();
    let numbers = &weights[table.offset..][..table.elements()];
    numbers
        .chunks(table.shape[1])
        .map(<[f32]>::to_vec)
        .collect()
}

fn mean(rows: &[Vec<f32>]) -> Vec<f32> {
    let sum = |at: usize| rows.iter().map(|row| f64::from(row[at])).sum::<f64>();
    (0..rows[0].len())
        .map(|at| (sum(at) / rows.len() as f64) as f32)
        .collect()
}

/// Classes of a model go by their names: what it does not know begins as their mean, or as no class.
#[test]
fn classes_of_the_weights_go_by_their_names() {
    let scratch = Scratch::new("door-names");
    let prepared = |run: &str, recipe: &Recipe, names: [&str; 3]| {
        let folder = RunDirectory::open(scratch.join(run)).unwrap();
        let data: Arc<dyn Dataset> = Arc::new(Odd::new(Some(names.map(String::from).to_vec())));
        let prepared = Beginning::begin(folder)
            .unwrap()
            .prepare(recipe, data)
            .unwrap();
        let told = prepared.class_rows().map(ToString::to_string);
        (told, prepared.on(device()).unwrap())
    };
    let mut recipe = recipe();
    let (told, first) = prepared("a", &recipe, ["axe", "bow", "orb"]);
    assert_eq!(told, None);
    let had = rows(&first);

    // As they were, or in another order.
    recipe.init = Some(first.model().unwrap());
    let (told, same) = prepared("same", &recipe, ["axe", "bow", "orb"]);
    assert_eq!(told, None);
    assert!(everything(same.run())[0] == everything(first.run())[0]);
    let (told, other) = prepared("other", &recipe, ["apple", "axe", "bow"]);
    let says = "classes: axe, bow kept; apple begun as the mean of all; orb left out";
    assert_eq!(told.as_deref(), Some(says));
    assert!(rows(&other) == [mean(&had), had[0].clone(), had[1].clone()]);
    // Of all else not a bit is another's, and averages begin as the weights.
    let without = |training: &Training| {
        let table = rows(training).concat();
        let weights = everything(training.run())[0].clone();
        let at = weights
            .windows(table.len())
            .position(|part| part == table)
            .unwrap();
        [&weights[..at], &weights[at + table.len()..]].concat()
    };
    assert!(without(&other) == without(&first));
    assert!(everything(other.run())[3] == everything(other.run())[0]);

    // A null class that there was not; then one that there is.
    recipe.config.drop_labels = 0.1;
    let (told, null) = prepared("null", &recipe, ["axe", "bow", "orb"]);
    let says = "classes: axe, bow, orb kept; no class begun as the mean of all";
    assert_eq!(told.as_deref(), Some(says));
    assert!(rows(&null) == [had.clone(), vec![mean(&had)]].concat());
    recipe.init = Some(null.model().unwrap());
    let (told, again) = prepared("again", &recipe, ["axe", "fan", "orb"]);
    let says = "classes: axe, orb, no class kept; fan begun as no class; bow left out";
    assert_eq!(told.as_deref(), Some(says));
    let [axe, fan, orb, none] = rows(&again).try_into().unwrap();
    assert!([axe, orb] == [had[0].clone(), had[2].clone()] && fan == none && none == mean(&had));
    recipe.config.drop_labels = 0.0;
    let (told, _) = prepared("dropped", &recipe, ["axe", "bow", "orb"]);
    assert_eq!(
        told.as_deref(),
        Some("classes: axe, bow, orb kept; no class left out")
    );
}

/// A network without classes learns them: it draws at first what it drew.
#[test]
fn weights_without_classes() {
    let scratch = Scratch::new("door-unnamed");
    let mut recipe = recipe();
    recipe.classes = false;
    let bare = begin(scratch.join("bare"), &recipe).unwrap();
    recipe.init = Some(bare.model().unwrap());
    recipe.classes = true;
    let training = begin(scratch.join("run"), &recipe).unwrap();
    assert!(rows(&training).concat().iter().all(|&number| number == 0.0));
    let draw = Draw::new().steps("2");
    let drawn = |training: &Training| {
        let mut studio = training.model().unwrap().on(device()).unwrap();
        studio.sample(&draw, 3).unwrap().bytes().unwrap()
    };
    assert_eq!(drawn(&training), drawn(&bare));
    // The other way round its table would be lost.
    recipe.init = Some(training.model().unwrap());
    recipe.classes = false;
    let error = text(begin(scratch.join("lost"), &recipe));
    assert!(error.contains("unet.num_classes"), "{error}");
}

/// What a failed step has left is no model, as it is not saved.
#[test]
fn a_failed_step_leaves_no_model() {
    let scratch = Scratch::new("door-failed");
    let data = Arc::new(Odd::new(None));
    let lent: Arc<dyn Dataset> = data.clone();
    let mut training = Training::begin(scratch.join("run"), &recipe(), lent, device()).unwrap();
    training.step().unwrap();
    training.model().unwrap();
    data.is_broken.store(true, Ordering::Relaxed);
    // Some batches were read ahead.
    while training.step().is_ok() {}
    for refused in [training.save().map(drop), training.model().map(drop)] {
        assert!(
            matches!(refused, Err(Error::Train(TrainError::Ended { .. }))),
            "{refused:?}"
        );
    }
}

/// Images that know what their classes are called, where they do, and cannot be read any more from some moment on.
struct Odd {
    images: Images,
    names: Option<Vec<String>>,
    is_broken: AtomicBool,
}

impl Odd {
    fn new(names: Option<Vec<String>>) -> Self {
        Self {
            images: data(),
            names,
            is_broken: AtomicBool::new(false),
        }
    }
}

impl Dataset for Odd {
    fn len(&self) -> usize {
        self.images.len()
    }
    fn extents(&self) -> Extents {
        self.images.extents()
    }
    fn classes(&self) -> Option<usize> {
        self.images.classes()
    }
    fn class_names(&self) -> Option<&[String]> {
        self.names.as_deref()
    }
    fn get(&self, index: usize) -> Result<Example<'_>, DataError> {
        match self.is_broken.load(Ordering::Relaxed) {
            true => Err(DataError::Index { index, len: 0 }),
            false => self.images.get(index),
        }
    }
}

/// A recipe is sized by the images, from the smallest on, and trains on them.
#[test]
fn recipes_are_sized_by_the_images() {
    let scratch = Scratch::new("door-sized");
    for (height, width, multipliers, attention) in [
        (1, 1, &[1][..], &[1][..]),
        (7, 8, &[1], &[1]),
        (8, 8, &[1, 2], &[1]),
        (16, 16, &[1, 2, 2], &[2]),
        (24, 24, &[1, 2, 2], &[4]),
        (28, 28, &[1, 2, 2], &[4]),
        (30, 30, &[1, 2], &[]),
        (32, 32, &[1, 2, 2, 2], &[4]),
        (32, 64, &[1, 2, 2, 2], &[8]),
        (64, 64, &[1, 2, 2, 2, 2], &[8]),
    ] {
        let extents = Extents {
            channels: 1,
            height,
            width,
        };
        let pixels = vec![100; 3 * height * width];
        let data = Images::new(extents, pixels, None, None).unwrap();
        let recipe = Recipe::of(&data);
        assert_eq!(recipe.unet.channel_mult, multipliers, "{height}x{width}");
        assert_eq!(recipe.unet.attention_factors, attention, "{height}x{width}");
        assert_eq!(recipe.config.batch, 3);
        let run = scratch.join(&format!("{height}x{width}"));
        if height * width <= 64 {
            let mut training = Training::begin(run, &recipe, data, device()).unwrap();
            assert_eq!(training.until(1, go_on).unwrap(), 1);
            assert_eq!(training.model().unwrap().classes(), 0);
        } else {
            let folder = RunDirectory::open(&run).unwrap();
            let prepared = Beginning::begin(folder).unwrap().prepare(&recipe, data);
            assert!(prepared.unwrap().cost().parameters > 0);
        }
    }
    // Of classes, which are dropped now and then; no recipe has to be told of the data that it was made by.
    let recipe = Recipe::of(&data());
    assert!(recipe.config.drop_labels > 0.0);
    let training = Training::begin(scratch.join("classes"), &recipe, data(), device()).unwrap();
    let unet = &training.run().trainer().description().unet;
    assert!((unet.num_classes, unet.null_class) == (Some(3), true));
    // As another network is, whatever the images ask for.
    let model = training.model().unwrap();
    let mut like = Recipe::default().like(model.description());
    like.config.batch = 2;
    like.init = Some(model);
    assert_eq!(like.unet.channel_mult, recipe.unet.channel_mult);
    Training::begin(scratch.join("like"), &like, data(), device()).unwrap();
}
