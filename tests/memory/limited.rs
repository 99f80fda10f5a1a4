//! A process that may take 3 GB, and what would take more: an error with both numbers, never an abort.

use std::path::Path;
use std::process::{Command, Output};

use iddpm::checkpoint::{self, Checkpoint, Dtype, WeightType};
use iddpm::cpu::{Generation, Gradients, Network, NetworkError, ProgramBuf};
use iddpm::diffusion::resample::LossSecondMoment;
use iddpm::diffusion::{Clip, Diffusion, InlineProcess, Method, Noise, Sample, Sampler, Timesteps};
use iddpm::memory::{self, MemoryError};
use iddpm::train::{
    CpuEngine, TimestepLaw, TrainConfig, TrainError, Trainer, TrainingData, graph_of,
    initial_weights,
};
use iddpm::unet::{ConfigError, Graph, Plan, Weights};

use super::description;
use super::program::program;
use super::scratch::Scratch;

/// Kilobytes.
const LIMIT: u64 = 3_000_000;

/// Says which case a child is to try.
const CASE: &str = "IDDPM_TEST_MEMORY";

type Case = (&'static str, fn() -> MemoryError);

const CASES: [Case; 8] = [
    ("a network of 2048x2048", network_of_large_images),
    ("a network on threads", network_on_threads),
    ("images beside a network", images),
    ("gradients", gradients),
    ("an engine", engine),
    ("weights to begin with", weights),
    ("losses of every t", losses),
    ("a slot that is read", slot),
];

/// What is not made: it may be far too large to be printed.
fn refused<T, E>(result: Result<T, E>) -> E {
    result.err().expect("less memory than that")
}

fn of_network(error: NetworkError) -> MemoryError {
    match error {
        NetworkError::Memory(error) => error,
        other => panic!("{other}"),
    }
}

fn of_training(error: TrainError) -> MemoryError {
    match error {
        TrainError::Memory(error) => error,
        TrainError::Network(error) => of_network(error),
        other => panic!("{other}"),
    }
}

/// The bytes of a file that says 2048×2048: small, since weights do not depend on it.
fn large_images() -> Vec<u8> {
    let description = description(32, 2048);
    let weights = vec![0.01; description.graph(1).unwrap().weights_len()];
    let bytes = checkpoint::to_bytes(&description, Weights::F32(&weights), Dtype::F32).unwrap();
    assert!(bytes.len() < 3_000_000);
    bytes
}

fn network_of_large_images() -> MemoryError {
    let file = Checkpoint::from_bytes(&large_images(), WeightType::AsStored).unwrap();
    let graph = file.description().graph(2).unwrap();
    of_network(refused(Network::new(&graph, file.weights())))
}

fn network_on_threads() -> MemoryError {
    let graph = description(64, 1024).graph(4).unwrap();
    let weights = vec![0.01; graph.weights_len()];
    let program = ProgramBuf::new(&graph, &Plan::single(&graph)).unwrap();
    for threads in [1, 2] {
        let made = Network::with_threads(program.clone(), Weights::F32(&weights), threads);
        of_network(refused(made));
    }
    let made = Network::with_threads(program, Weights::F32(&weights), 0);
    of_network(refused(made))
}

/// Takes memory until less than this is left.
fn leave(bytes: u64) -> Vec<Vec<u8>> {
    let mut taken = Vec::new();
    while memory::available().unwrap() > bytes {
        taken.push(vec![
            0;
            (memory::available().unwrap() - bytes + 4096) as usize
        ]);
    }
    taken
}

fn images() -> MemoryError {
    let graph = description(32, 128).graph(16).unwrap();
    let numbers = vec![0.01; graph.weights_len()];
    let network = Network::new(&graph, Weights::F32(&numbers)).unwrap();
    let diffusion = description(32, 128).card.diffusion;
    let process = InlineProcess::<4>::new(&diffusion, Timesteps::even(4)).unwrap();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    let samples: Vec<Sample> = (0..16)
        .map(|number| Sample {
            noise: Noise::new(1),
            number,
            label: None,
        })
        .collect();
    let needed = Generation::needs(&network.program().unwrap(), &sampler);
    let taken = leave(needed);
    let error = refused(Generation::new(network, sampler, &samples));
    drop(taken);
    of_network(error)
}

fn config() -> TrainConfig {
    TrainConfig {
        batch: 2,
        microbatch: 2,
        ..TrainConfig::default()
    }
}

fn large_channels() -> Graph {
    graph_of(&description(2048, 8), &config()).unwrap()
}

fn largest_channels() -> Graph {
    graph_of(&description(8192, 8), &config()).unwrap()
}

fn gradients() -> MemoryError {
    let graph = graph_of(
        &description(32, 512),
        &TrainConfig {
            batch: 4,
            microbatch: 4,
            ..config()
        },
    );
    let graph = graph.unwrap();
    for threads in [1, 2] {
        of_network(refused(Gradients::with_threads(&graph, threads)));
    }
    of_network(refused(Gradients::new(&graph)))
}

fn engine() -> MemoryError {
    of_training(refused(CpuEngine::new(&large_channels(), &[0.999], false)))
}

fn weights() -> MemoryError {
    of_training(refused(initial_weights(&largest_channels(), 0)))
}

fn losses() -> MemoryError {
    let mut description = description(32, 8);
    description.card.diffusion = Diffusion {
        num_timesteps: u32::MAX,
        ..description.card.diffusion
    };
    assert!(LossSecondMoment::storage_len(u32::MAX, 10) > u32::MAX as usize);
    let config = TrainConfig {
        timesteps: TimestepLaw::LossSecondMoment,
        ..config()
    };
    let begun = Trainer::<CpuEngine>::beginning(&description, &config);
    of_training(refused(begun))
}

/// An engine fits, the copy of its weights does not.
fn slot() -> MemoryError {
    use iddpm::data::Images;
    use iddpm::train::{Broken, Slot};
    let description = description(512, 8);
    let graph = graph_of(&description, &config()).unwrap();
    let engine = CpuEngine::new(&graph, &[], false).unwrap();
    let extents = iddpm::unet::Extents {
        channels: 1,
        height: 8,
        width: 8,
    };
    let data = Images::new(extents, vec![0; 4 * 64], None, None).unwrap();
    let progress = Trainer::<CpuEngine>::beginning(&description, &config()).unwrap();
    let data = std::sync::Arc::new(data);
    let trainer = Trainer::new(
        engine,
        description,
        config(),
        TrainingData::new(data, Broken::Fatal).unwrap(),
        Broken::Fatal,
        progress,
    );
    let trainer = trainer.unwrap();
    let taken = leave(4 * graph.weights_len() as u64);
    let error = refused(trainer.read(Slot::Weights));
    drop(taken);
    assert!(trainer.read(Slot::Weights).is_ok());
    of_training(error)
}

fn limited(program: &Path, arguments: &[&str], case: &str) -> Output {
    let mut child = Command::new("sh");
    let script = format!("ulimit -v {LIMIT} && exec \"$0\" \"$@\"");
    child.args(["-c", &script]).arg(program).args(arguments);
    child.env(CASE, case).output().unwrap()
}

/// What a child does: each case, and then a network that fits.
#[test]
fn child() {
    let Some(name) = std::env::var_os(CASE) else {
        return;
    };
    let (_, case) = CASES.iter().find(|(case, _)| name == *case).unwrap();
    let error = case();
    println!("refused: {error}");
    assert!(error.available.is_some_and(|free| free < error.bytes));
    assert!(error.available.unwrap() < 1000 * LIMIT);
    let graph = description(32, 8).graph(1).unwrap();
    let numbers = vec![0.01; graph.weights_len()];
    let mut network = Network::new(&graph, Weights::F32(&numbers)).unwrap();
    let inputs = iddpm::cpu::Inputs {
        x: &[0.5; 64],
        timesteps: &[1.0],
        labels: None,
        low_res: None,
    };
    network.forward(&inputs, &mut [0.0; 64]).unwrap();
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "ulimit and /proc")]
fn the_library_refuses_and_lives() {
    let this = std::env::current_exe().unwrap();
    for (case, _) in CASES {
        let output = limited(&this, &["--exact", "limited::child", "--nocapture"], case);
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{case}: {said}{errors}");
        let refused = said
            .lines()
            .find(|line| line.contains("refused: "))
            .unwrap();
        println!("{case}: {refused}");
        assert!(refused.contains("of memory are needed, and ") && refused.contains("are free"));
    }
}

/// Without any limit: more than there is anywhere.
#[test]
fn what_no_machine_has() {
    let graph = large_channels();
    let needed = CpuEngine::needs(&graph, 1, false).unwrap();
    assert!(needed > 10_000_000_000, "{needed}");
    if memory::available().is_some_and(|free| free < needed) {
        let error = of_training(refused(CpuEngine::new(&graph, &[0.999], false)));
        assert_eq!(error.bytes, needed);
        assert!(error.available.is_some_and(|free| free < needed));
    }
    // As many images at once are refused before they are counted.
    let refused = description(32, 2048)
        .unet
        .graph(4096, description(32, 2048).size);
    assert_eq!(
        refused,
        Err(ConfigError::Batch {
            batch: 4096,
            most: 5
        })
    );
}

/// The programs, as a user runs them.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "ulimit and /proc")]
fn programs_say_it() {
    let scratch = Scratch::new("memory");
    let file = scratch.write("large.safetensors", &large_images());
    let file = file.to_str().unwrap();
    let out = scratch.join("o.npz");
    let sample = program("sample");
    let run = scratch.join("run");
    let mut pixels = Vec::new();
    let image = image::GrayImage::new(8, 8);
    let mut encoded = std::io::Cursor::new(&mut pixels);
    image
        .write_to(&mut encoded, image::ImageFormat::Png)
        .unwrap();
    for name in ["data/0.png", "data/1.png"] {
        scratch.write(name, &pixels);
    }
    let data = scratch.join("data");
    let common = [
        "--backend",
        "cpu",
        "--steps",
        "2",
        "--out",
        out.to_str().unwrap(),
    ];
    let of_sample = |more: &[&str]| {
        let arguments = [&common[..], &["--checkpoint", file], more].concat();
        limited(&sample, &arguments, "")
    };
    let of_train = [
        "--backend",
        "cpu",
        "--size",
        "8",
        "--grey",
        "--multipliers",
        "1",
        "--attention",
        "1",
        "--heads",
        "1",
        "--batch",
        "2",
        "--channels",
        "2048",
        "--no-classes",
        "--steps",
        "1",
        "--data",
        data.to_str().unwrap(),
        "--run",
        run.to_str().unwrap(),
    ];
    let memory = "of memory are needed, and ";
    for (output, due) in [
        (of_sample(&["--count", "2", "--batch", "2"]), memory),
        (of_sample(&["--count", "1000", "--batch", "1000"]), memory),
        (limited(&program("train"), &of_train, ""), memory),
    ] {
        let said = String::from_utf8_lossy(&output.stderr);
        println!("{said}");
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(due), "{said}");
    }
}
