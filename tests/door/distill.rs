//! Students by the door: they begin as their teachers, go on bit for bit, draw in the steps that they were distilled to,
//! and what is refused, in which words.

use std::ops::ControlFlow;
use std::sync::Arc;

use iddpm::checkpoint::{Checkpoint, Description, WeightBuffer};
use iddpm::data::{DataError, Dataset, Example, Images};
use iddpm::diffusion::{Objective, Prediction, Variance};
use iddpm::run::{Likelihood, Recipe, Threads, Training, TrainingRun};
use iddpm::train::{StepReport, TimestepLaw, TrainError, graph_of, initial_weights};
use iddpm::unet::{Extents, UnetConfig};
use iddpm::{Device, Draw, Error, Model};

use crate::enlarging_network::enlarging;
use crate::scratch::Scratch;
use crate::training::{everything, text};

fn data_of(classes: usize) -> Images {
    let extents = Extents {
        channels: 1,
        height: 8,
        width: 8,
    };
    let pixels = (0..6 * 64_u32).map(|at| (at * 37 % 251) as u8).collect();
    let labels = (0..6).map(|at| at % classes as u32).collect();
    Images::new(extents, pixels, Some(labels), Some(classes)).unwrap()
}

fn data() -> Images {
    data_of(3)
}

fn device() -> Device {
    Device::cpu().with_threads(1)
}

/// For data of three classes, of which labels are dropped; a variance is learned.
fn recipe() -> Recipe {
    let mut recipe = Recipe::of(&data());
    recipe.unet = recipe.unet.with_multipliers(&[1]).with_attention(&[]);
    recipe.unet.num_res_blocks = 1;
    recipe.config.batch = 2;
    recipe.config.anneal = 0;
    recipe.config.drop_labels = 0.3;
    recipe
}

/// A network of no training, none of whose layers is 0.
fn teacher_of(recipe: &Recipe) -> Model {
    let run = TrainingRun::begin(recipe, data(), device()).unwrap();
    let description: Description = run.trainer().description().clone();
    let graph = graph_of(&description, run.trainer().config()).unwrap();
    let mut weights = initial_weights(&graph, 1).unwrap();
    for (at, weight) in weights.iter_mut().enumerate() {
        // What begins at 0 as well; padding behind a parameter stays.
        *weight += 0.02 * ((at * 7919 % 101) as f32 / 50.0 - 1.0);
    }
    for param in graph.params() {
        let end = param.offset + param.elements();
        weights[end..end.next_multiple_of(64)].fill(0.0);
    }
    Model::from(Checkpoint::new(description, WeightBuffer::F32(weights)).unwrap())
}

fn teacher() -> Model {
    teacher_of(&recipe())
}

fn student(teacher: &Model, steps: u32) -> Result<TrainingRun, Error> {
    TrainingRun::begin(
        &recipe().distilling(teacher.clone(), steps),
        data(),
        device(),
    )
}

/// A step costs what its student and the evaluations of its teacher do.
#[test]
fn a_teacher_is_counted() {
    let student = |teacher: &Model, steps| {
        let mut recipe = recipe().distilling(teacher.clone(), steps);
        recipe.config.microbatch = 1;
        TrainingRun::begin(&recipe, data(), device()).unwrap()
    };
    let teacher = teacher();
    let first = student(&teacher, 8);
    let first_model = first.model().unwrap();
    let second = student(&first_model, 3);
    // Of all its steps the teacher takes two for each of 8; of these 8 are taken three or two for each of 3.
    for (run, teacher, evaluations) in [(&first, &teacher, 2), (&second, &first_model, 3)] {
        let cost = run.cost();
        let own = graph_of(run.trainer().description(), run.trainer().config()).unwrap();
        let taught = teacher.description().graph(1).unwrap();
        let of_teacher = cost.teacher.unwrap();
        // Two images, one at a time.
        assert_eq!(of_teacher.flops, 2 * evaluations * taught.flops());
        assert_eq!(cost.flops, 2 * own.flops() + of_teacher.flops);
        assert!(of_teacher.bytes > 4 * taught.weights_len() as u64);
        assert!(run.bytes() >= cost.activations + of_teacher.bytes);
    }
    let alone = TrainingRun::begin(&recipe(), data(), device()).unwrap();
    assert!(alone.cost().teacher.is_none());
}

fn drawn(model: &Model, draw: &Draw) -> Vec<f32> {
    let mut studio = model.on(device()).unwrap();
    studio.sample(draw, 3).unwrap().floats().unwrap()
}

/// Before anything is learnt a student draws what its teacher draws in the same steps, for each class and for none; where
/// nothing is said these are its own.
#[test]
fn a_student_begins_as_its_teacher() {
    let teacher = teacher();
    let student = student(&teacher, 4).unwrap().model().unwrap();
    let description = student.description();
    let grid = description.grid.as_ref().unwrap();
    assert_eq!(grid.timesteps(), [999, 749, 499, 249]);
    let diffusion = description.card.diffusion;
    assert_eq!(diffusion.prediction, Prediction::V);
    assert_eq!(diffusion.variance, Variance::FixedLarge);
    assert_eq!(description.unet.out_channels, 1);
    for draw in [Draw::new(), Draw::new().guidance(2.0).class("1").seed(3)] {
        let explicit = draw.clone().steps("trailing4").method("ddim");
        let expected = drawn(&teacher, &explicit);
        assert!(drawn(&student, &draw) == expected);
        assert!(drawn(&student, &explicit) == expected);
        // Two of its steps are a subset.
        let two = draw.clone().steps("2");
        let explicit = draw.clone().steps("custom:999,499").method("ddim");
        assert!(drawn(&student, &two) == drawn(&teacher, &explicit));
        assert_eq!(draw.evaluations(&student).unwrap(), 4);
    }
}

/// What a file says of it is read again, and a student of a student knows some of its teacher's steps.
#[test]
fn a_chain_goes_through_files() {
    let scratch = Scratch::new("door-distill-chain");
    let mut teacher = teacher();
    for (steps, kept) in [(5, vec![999, 799, 599, 399, 199]), (2, vec![999, 399])] {
        let folder = scratch.join(&steps.to_string());
        let recipe = recipe().distilling(teacher.clone(), steps);
        let mut run = Training::begin(&folder, &recipe, data(), device()).unwrap();
        let all = |_: &StepReport| ControlFlow::Continue(());
        run.until(2, all).unwrap();
        drop(run);
        let student = Model::open(&folder).unwrap();
        let grid = student.description().grid.as_ref().unwrap();
        assert_eq!(grid.timesteps(), kept);
        assert_eq!(Draw::new().evaluations(&student).unwrap(), steps);
        assert_ne!(
            student.fingerprint().unwrap(),
            teacher.fingerprint().unwrap()
        );
        teacher = student;
    }
}

#[test]
fn a_student_goes_on_where_it_was() {
    let scratch = Scratch::new("door-distill-resumed");
    let teacher = teacher();
    let recipe = recipe().distilling(teacher.clone(), 3);
    let all = |_: &StepReport| ControlFlow::Continue(());
    let mut whole = TrainingRun::begin(&recipe, data(), device()).unwrap();
    let losses: Vec<f64> = (0..4).map(|_| whole.step().unwrap().loss).collect();
    assert!(losses.iter().all(|&loss| loss > 0.0), "{losses:?}");
    let parts = scratch.join("parts");
    for until in [1, 3, 4] {
        let mut part = Training::begin_or_resume(&parts, &recipe, data(), device()).unwrap();
        part.until(until, all).unwrap();
        if until == 4 {
            assert!(everything(part.run()) == everything(&whole));
        }
    }
    // As a future, on more threads.
    let awaited = async {
        let mut run = TrainingRun::begin_async(&recipe, data(), Device::cpu()).await?;
        for _ in 0..4 {
            run.step_async().await?;
        }
        Ok::<_, Error>(run)
    };
    let awaited = pollster::block_on(awaited).unwrap();
    assert!(everything(&awaited) == everything(&whole));

    let mut stranger = recipe.clone();
    stranger.init = Some(teacher_of(&{
        let mut other = self::recipe();
        other.diffusion.rescale_timesteps = false;
        other
    }));
    let refused = text(Training::resume(&parts, &stranger, data(), device()));
    assert!(refused.contains("rescale_timesteps"), "{refused}");
    let (description, _, weights) = teacher.checkpoint().clone().into_parts();
    let mut numbers = weights.into_f32().unwrap();
    numbers[0] += 1.0;
    let other = Checkpoint::new(description, WeightBuffer::F32(numbers)).unwrap();
    stranger.init = Some(Model::from(other));
    let refused = text(Training::resume(&parts, &stranger, data(), device()));
    assert!(
        refused.starts_with("teacher is \"") && refused.contains("the run was begun with \""),
        "{refused}"
    );
    let without = self::recipe();
    let refused = text(Training::resume(&parts, &without, data(), device()));
    assert!(refused.contains("the run was begun with"), "{refused}");
    let mut more = recipe.clone();
    more.distill = Some(4);
    let refused = text(Training::resume(&parts, &more, data(), device()));
    assert!(
        refused.starts_with("grid is [999,749,499,249], the run was begun with [999,666,332]"),
        "{refused}"
    );
}

/// The teacher is told what the student is told: of a class that its teacher draws unlike others the student learns that.
#[test]
fn a_student_learns_each_class() {
    let teacher = teacher();
    let mut recipe = recipe().distilling(teacher, 2);
    recipe.config.batch = 6;
    recipe.config.microbatch = 6;
    recipe.config.lr = 3e-3;
    recipe.config.warm_up = 0;
    recipe.config.ema_rates = vec![0.9];
    let mut run = TrainingRun::begin(&recipe, data(), device()).unwrap();
    let mut mean = |steps: u32| {
        let losses = (0..steps).map(|_| run.step().unwrap().loss);
        losses.sum::<f64>() / f64::from(steps)
    };
    let (first, _, last) = (mean(10), mean(60), mean(10));
    assert!(last < 0.5 * first, "{first} to {last}");
}

/// A teacher that enlarges, and predicts the noise, of a student that is shown the same and predicts v.
#[test]
fn a_student_enlarges_as_its_teacher() {
    let mut recipe = recipe().distilling(Model::from(enlarging(1)), 3);
    recipe.classes = false;
    let mut run = TrainingRun::begin(&recipe, data(), device()).unwrap();
    for _ in 0..2 {
        let loss = run.step().unwrap().loss;
        assert!(loss > 0.0 && loss.is_finite(), "{loss}");
    }
    let student = run.model().unwrap();
    let description = student.description();
    assert_eq!(description.size.low_res, Some((4, 4)));
    assert_eq!(description.card.diffusion.prediction, Prediction::V);
    assert_eq!(Draw::new().evaluations(&student).unwrap(), 3);
}

#[test]
fn what_a_student_cannot_draw_is_refused() {
    let model = student(&teacher(), 4).unwrap().model().unwrap();
    let told = |draw: Draw| text(model.on(device()).unwrap().begin(&draw, 1));
    let others =
        "; this network was distilled to 4, custom:999,749,499,249, and takes some of these";
    for (steps, why) in [
        ("5", "5 steps of only 4 timesteps"),
        ("0", "0 steps kept"),
        ("ddim25", "timestep 0 is none of those"),
        ("trailing5", "timestep 199 is none of those"),
        ("custom:999,500", "timestep 500 is none of those"),
        ("many", "steps"),
    ] {
        let told = told(Draw::new().steps(steps));
        assert!(
            told.starts_with("steps ") && told.contains(why) && told.ends_with(others),
            "{told}"
        );
    }
    for method in ["dpm", "heun", "ancestral", "ddim:0.5", "ddim_reverse"] {
        assert_eq!(
            told(Draw::new().method(method)),
            format!(
                "method {method}: this network was distilled to steps of ddim, and takes no others"
            )
        );
    }
    // All of its own.
    let all = Likelihood::new(&model, "all", Threads::default()).unwrap();
    assert_eq!(all.steps(), 4);
    let bound = text(Likelihood::new(&model, "early50", Threads::default()));
    assert!(bound.ends_with(others), "{bound}");
}

#[test]
fn what_cannot_teach_is_refused() {
    let teacher = teacher();
    let told = |recipe: &Recipe| text(TrainingRun::begin(recipe, data(), device()));
    let distilling = |steps| recipe().distilling(teacher.clone(), steps);
    assert_eq!(told(&distilling(1001)), "1001 steps of only 1000 timesteps");
    assert!(told(&distilling(0)).starts_with("0 steps kept"));
    let few = student(&teacher, 4).unwrap().model().unwrap();
    let more = recipe().distilling(few, 5);
    assert_eq!(
        told(&more),
        "a student of 5 steps: its teacher draws in 4, and fewer than those are learnt"
    );
    let as_many = recipe().distilling(more.init.unwrap(), 4);
    let refused = TrainingRun::begin(&as_many, data(), device());
    assert!(matches!(
        refused,
        Err(Error::Train(TrainError::NotFewer {
            steps: 4,
            teacher: 4
        }))
    ));

    let mut alone = distilling(4);
    alone.init = None;
    assert_eq!(
        told(&alone),
        "distill = 4, must be given with init, the model that is learnt from"
    );
    let mut vlb = distilling(4);
    vlb.config.objective = Objective::RescaledMse;
    assert_eq!(
        told(&vlb),
        "objective = rescaled_mse, must be mse for a student, which learns a teacher's steps and no variance"
    );
    let mut by_losses = distilling(4);
    by_losses.config.timesteps = TimestepLaw::LossSecondMoment;
    assert_eq!(
        told(&by_losses),
        "timesteps = loss_second_moment, must be uniform for a network with a grid of timesteps"
    );
    let mut wider = distilling(4);
    wider.unet = UnetConfig {
        model_channels: 64,
        ..wider.unet
    };
    assert_eq!(
        told(&wider),
        "unet.model_channels is 32 in the weights' network, 64 in the one that is to be trained"
    );
    let mut previous = recipe();
    previous.diffusion.prediction = Prediction::PreviousX;
    let previous = recipe().distilling(teacher_of(&previous), 4);
    let refused = TrainingRun::begin(&previous, data(), device());
    assert!(matches!(refused, Err(Error::Train(TrainError::NoTeacher))));
    let other_classes = TrainingRun::begin(&distilling(4), data_of(2), device());
    assert!(text(other_classes).starts_with("unet.num_classes is 3 in the weights' network, 2"),);
    let mut named = teacher.checkpoint().clone().into_parts();
    named.0.class_names = Some(["a", "b", "c"].map(String::from).to_vec());
    let named = Model::from(Checkpoint::new(named.0, named.2).unwrap());
    let others = Arc::new(Named(data(), ["a", "c", "b"].map(String::from)));
    let recipe = recipe().distilling(named, 4);
    assert_eq!(
        text(TrainingRun::begin(
            &recipe,
            others as Arc<dyn Dataset>,
            device()
        )),
        "class_names is [\"a\", \"b\", \"c\"] in the weights' network, [\"a\", \"c\", \"b\"] in the one that is to be \
         trained"
    );
}

/// Data whose classes have names.
struct Named(Images, [String; 3]);

impl Dataset for Named {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn extents(&self) -> Extents {
        self.0.extents()
    }

    fn classes(&self) -> Option<usize> {
        self.0.classes()
    }

    fn class_names(&self) -> Option<&[String]> {
        Some(&self.1)
    }

    fn get(&self, index: usize) -> Result<Example<'_>, DataError> {
        self.0.get(index)
    }
}
