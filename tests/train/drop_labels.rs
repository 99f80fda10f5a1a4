//! Labels that are dropped: which examples the network is told of as of no class, on both executors.

use std::ops::Range;

use iddpm::checkpoint::Description;
use iddpm::gpu::Precision;
use iddpm::train::{
    Broken, CpuEngine, Engine, GpuEngine, Slot, TimestepLaw, TrainConfig, TrainError, Trainer,
    graph_of, initial_weights,
};
use iddpm::unet::Graph;

use super::gpu::gpu;
use super::runs::{config, data, description, everything, go_on_as, run_in, steps};
use super::scratch::Scratch;

/// The embedding of a class.
const WIDTH: usize = 128;
const CLASSES: usize = 3;

fn with_null_class() -> Description {
    let mut description = description();
    description.unet.null_class = true;
    description
}

fn dropping(rate: f64) -> TrainConfig {
    TrainConfig {
        drop_labels: rate,
        // Of f16 and the law of t other tests tell.
        half: false,
        timesteps: TimestepLaw::Uniform,
        ..config()
    }
}

fn begin<E: Engine>(
    description: &Description,
    config: &TrainConfig,
    engine: impl Fn(&Graph) -> E,
) -> Result<Trainer<E>, TrainError> {
    let graph = graph_of(description, config)?;
    let mut engine = engine(&graph);
    let weights = initial_weights(&graph, config.seed)?;
    engine.write(Slot::Weights, &weights)?;
    for at in 0..config.ema_rates.len() {
        engine.write(Slot::Ema(at), &weights)?;
    }
    let progress = Trainer::<E>::beginning(description, config)?;
    let (description, config) = (description.clone(), config.clone());
    Trainer::new(engine, description, config, data(), Broken::Fatal, progress)
}

fn processor(graph: &Graph) -> CpuEngine {
    CpuEngine::new(graph, &config().ema_rates, false).unwrap()
}

fn device(graph: &Graph) -> GpuEngine {
    GpuEngine::new_blocking(gpu(), graph, &config().ema_rates, Precision::Full).unwrap()
}

/// Where the rows of the table of classes lie in the weights.
fn rows(description: &Description) -> Vec<Range<usize>> {
    let graph = description.graph(1).unwrap();
    let mut params = graph.params().iter();
    let table = params.find(|param| param.name == "label_emb.weight");
    let table = table.unwrap();
    let row = |at: usize| table.offset + at * WIDTH..table.offset + (at + 1) * WIDTH;
    (0..table.shape[0]).map(row).collect()
}

/// A row is trained where an example is of it, and no other: AdamW moves no weight whose gradient was always 0.
/// What lies behind begins at 0, so the table learns from the third step on.
fn trained_rows<E: Engine>(rate: f64, count: usize, engine: impl Fn(&Graph) -> E) -> Vec<bool> {
    let description = with_null_class();
    let mut trainer = begin(&description, &dropping(rate), engine).unwrap();
    let before = trainer.read(Slot::Weights).unwrap();
    for _ in 0..count {
        trainer.step().unwrap();
    }
    let after = trainer.read(Slot::Weights).unwrap();
    let rows = rows(&description).into_iter();
    rows.map(|row| before[row.clone()] != after[row]).collect()
}

#[test]
fn a_dropped_label_is_the_null_class() {
    let all_but_the_null_class = [true, true, true, false];
    let the_null_class_alone = [false, false, false, true];
    // 32 draws, of which one in a million million is not dropped.
    let nearly_one = 1.0 - 1e-12;
    assert_eq!(trained_rows(0.0, 4, processor), all_but_the_null_class);
    assert_eq!(trained_rows(nearly_one, 4, processor), the_null_class_alone);
    assert_eq!(trained_rows(0.5, 8, processor), [true; CLASSES + 1]);
    assert_eq!(trained_rows(0.0, 4, device), all_but_the_null_class);
    assert_eq!(trained_rows(nearly_one, 4, device), the_null_class_alone);
}

/// Where none is dropped, every other weight has the bits that it has in a network without the null class.
#[test]
fn a_null_class_that_is_not_used_costs_nothing() {
    let of = |description: &Description| {
        let mut trainer = begin(description, &dropping(0.0), processor).unwrap();
        steps(&mut trainer, 3);
        let weights = trainer.read(Slot::Weights).unwrap();
        let graph = description.graph(1).unwrap();
        let rows = rows(description);
        let of_param = |offset: usize, len: usize| weights[offset..][..len].to_vec();
        let params = graph
            .params()
            .iter()
            .map(|param| match param.name == "label_emb.weight" {
                true => of_param(rows[0].start, CLASSES * WIDTH),
                false => of_param(param.offset, param.elements()),
            });
        params.collect::<Vec<_>>()
    };
    assert!(of(&description()) == of(&with_null_class()));
}

/// However a batch is cut, the same labels are dropped: the losses differ by the rounding of sums alone.
#[test]
fn microbatches_drop_the_same_labels() {
    let whole = dropping(0.5);
    let first_step = |microbatch| {
        let config = TrainConfig {
            microbatch,
            ..whole.clone()
        };
        begin(&with_null_class(), &config, processor)
            .unwrap()
            .step()
            .unwrap()
    };
    let (cut, whole) = (first_step(2), first_step(8));
    assert!((cut.loss - whole.loss).abs() < 1e-6 * whole.loss);
    assert!((cut.grad_norm - whole.grad_norm).abs() < 1e-4 * whole.grad_norm);
}

#[test]
fn a_run_goes_on_with_the_same_labels() {
    let (description, config) = (with_null_class(), dropping(0.3));
    let mut whole = begin(&description, &config, processor).unwrap();
    steps(&mut whole, 9);
    let folder = Scratch::new("drop-labels");
    let mut first = begin(&description, &config, processor).unwrap();
    steps(&mut first, 4);
    run_in(&folder).save(&first, 1).unwrap();
    let mut second = go_on_as(folder.path(), &description, &config);
    steps(&mut second, 5);
    assert!(everything(&whole) == everything(&second));
}

/// What is refused, and that a run without it says nothing of it.
#[test]
fn it_asks_for_a_null_class() {
    let refused = begin(&description(), &dropping(0.1), processor).unwrap_err();
    let must = "drop_labels = 0.1, must be 0 for a network without a null class";
    assert_eq!(refused.to_string(), must);
    for rate in [-0.1, 1.0, f64::NAN] {
        let refused = dropping(rate).validate().unwrap_err().to_string();
        assert!(refused.ends_with("must be within [0, 1)"), "{refused}");
    }
    let text = |rate| serde_json::to_string(&dropping(rate)).unwrap();
    assert!(!text(0.0).contains("drop_labels"));
    assert!(text(0.1).contains("\"drop_labels\":0.1"));
    let read: TrainConfig = serde_json::from_str(&text(0.0)).unwrap();
    assert_eq!(read, dropping(0.0));
}
