//! A training step: forward, backward, AdamW, one moving average. Milliseconds, effective GFLOP/s, memory.
//!
//! `cargo bench --workspace --features train --bench train_step` on the processor, beside the `gemm` crate's rate on the
//! same threads; `-- --gpu` on the device that wgpu prefers, in f32 and, where it can, in f16 with a loss
//! scale; with `--all-variants` in every variant of kernels, with `--kernels` kernel by kernel.
//! `benches/compare.sh --train` runs it beside PyTorch, BENCHMARKS.md has the figures.
//!
//! Floor on the processor. The small network's batch of 8 takes 20.65 GFLOP, nearly all of them in three
//! convolutions of the same size: forward, the gradient of the input, that of the weights. Winograd's tiles
//! help the first two at stride 1 (4 products for 9), so at `gemm`'s rate the floor is about 1.7 times it.
//! But it has 32 and 64 channels: a tile's products are short, its transforms a third of the time, and
//! normalisation, SiLU and their gradients read and write every activation some ten times: 70 MB of them,
//! beyond the caches, 0.7 GB, 40 ms at 18 GB/s.
//!
//! Prediction: 0.6 of `gemm`. PyTorch 2.15 on two threads reaches 0.37.
//!
//! Look back, on two cores with AVX-512 and `gemm`'s kernels for it (2026-11-24): 0.54, PyTorch 0.33, compiled
//! 0.36. The first version had 0.34. What it gained, in ms of 129:
//! - 26: softmax and its gradient in vectors, scores in panels rather than turned round, kernels packed by
//!   vectors.
//! - 12: loops over pixels that were compiled with the plain instructions, since a closure called as `FnOnce`
//!   has a function in between that was not inlined (`diffusion/lanes_detected.rs`).
//! - 5: gradients of weights from where inputs lie, not from copies with channels and positions exchanged.
//! - 5: what ran on one thread: additions, the gradients of linear layers.
//! - 4: sums of a few rows in f32 before f64.
//!
//! The floor's 40 ms of memory are 10 in truth: most tensors of the small network stay in the caches. The
//! convolutions take 46 of the 77 ms, attention 18, packing kernels 5.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic
)]

#[path = "networks/kernels.rs"]
mod kernels;
mod networks;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use iddpm::diffusion::{Diffusion, InlineProcess, LossRow, Objective, Schedule, Timesteps};
use iddpm::gpu::{DeviceNetwork, DeviceWeights, Gpu, Precision, wgpu};
use iddpm::train::{
    AdamW, Batch, CpuEngine, Engine, GpuEngine, OptimizerStep, Recompute, Slot, TrainError,
    training_graph,
};
use iddpm::unet::{Graph, ImageSize, Plan, UnetConfig, Weights};
use networks::gemm_rate::gemm_rate;
use networks::generator::generate;
use networks::timing::{Timing, time};
use networks::{line, weights};
use serde_json::{Value, json};

#[derive(Parser)]
struct Arguments {
    /// Only these cases, by the names that --list prints
    cases: Vec<String>,
    /// On a GPU
    #[arg(long)]
    gpu: bool,
    /// Print the names of the cases, and end
    #[arg(long)]
    list: bool,
    /// The small network at a batch of 1: for software devices
    #[arg(long)]
    small: bool,
    /// Time every variant that the device can run, not only the one chosen for it
    #[arg(long, requires = "gpu")]
    all_variants: bool,
    /// Print where the time of forward and backward goes, kernel by kernel, by the device's clock
    #[arg(long, requires = "gpu")]
    kernels: bool,
    /// Append each measurement to this file, as a line of JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// What cargo passes
    #[arg(long, hide = true)]
    bench: bool,
}

struct Case {
    network: &'static str,
    config: UnetConfig,
    batch: usize,
}

const SIDE: usize = 32;

impl Case {
    fn all(arguments: &Arguments) -> Vec<Self> {
        let network = |channels, blocks| UnetConfig {
            num_res_blocks: blocks,
            ..UnetConfig::new(3, channels)
                .with_multipliers(&[1, 2, 2, 2])
                .with_attention(&[2, 4])
                .with_learned_variance()
        };
        let case = |network, config, batch| Self {
            network,
            config,
            batch,
        };
        if arguments.small {
            return vec![case("train-small", network(32, 2), 1)];
        }
        let batches: &[usize] = if arguments.gpu { &[8, 32, 128] } else { &[8] };
        let small = batches
            .iter()
            .map(|&n| case("train-small", network(32, 2), n));
        let cifar = batches
            .iter()
            .map(|&n| case("train-CIFAR-10", network(128, 3), n));
        if arguments.gpu {
            small.chain(cifar).collect()
        } else {
            small.collect()
        }
    }

    fn name(&self) -> String {
        format!("{}-{}", self.network, self.batch)
    }

    fn graph(&self) -> Graph {
        let network = self
            .config
            .graph(self.batch, ImageSize::square(SIDE))
            .unwrap();
        training_graph(&network, Recompute::Nothing).unwrap()
    }
}

/// The batch: images and noise in ±1, a timestep for each image, none of them 0.
struct Inputs {
    x_start: Vec<f32>,
    noise: Vec<f32>,
    rows: Vec<LossRow>,
    timesteps: Vec<f32>,
}

impl Inputs {
    fn of(case: &Case) -> Self {
        let model = Diffusion::new(Schedule::Cosine, 1000);
        let process = InlineProcess::<1000>::new(&model, Timesteps::ALL).unwrap();
        let len = case.batch * 3 * SIDE * SIDE;
        let indices = (0..case.batch).map(|n| 1 + n * 998 / case.batch);
        Self {
            x_start: generate(0, "x_start", len, 0.0, 1.0),
            noise: generate(0, "noise", len, 0.0, 1.0),
            rows: indices
                .clone()
                .map(|index| LossRow::of(&process, Objective::RescaledMse, index).unwrap())
                .collect(),
            timesteps: indices
                .map(|index| process.model_timestep(index).unwrap())
                .collect(),
        }
    }
}

/// The time of a step, and the losses of the first one, [N, 3].
fn run(
    engine: &mut impl Engine,
    case: &Case,
    graph: &Graph,
    scale: f64,
) -> Result<(Timing, Vec<f32>), TrainError> {
    engine.write(Slot::Weights, &weights(graph))?;
    let inputs = Inputs::of(case);
    let share = scale / case.batch as f64;
    let rows = inputs.rows.iter();
    let rows: Vec<f32> = rows
        .flat_map(|row| row.with_weight(share).words())
        .collect();
    let batch = Batch {
        x_start: &inputs.x_start,
        noise: &inputs.noise,
        rows: &rows,
        timesteps: &inputs.timesteps,
        labels: None,
        low_res: None,
        keys: None,
    };
    let mut loss = vec![0.0; 3 * case.batch];
    let mut first = Vec::new();
    let mut step = 0;
    let timing = time(Duration::from_secs(8), |runs| {
        for _ in 0..runs {
            engine.accumulate(&batch, &mut loss).unwrap();
            if first.is_empty() {
                first.clone_from(&loss);
            }
            step += 1;
            let update = OptimizerStep {
                adamw: AdamW::default(),
                lr: 1e-5,
                step,
                unscale: 1.0 / scale,
                clip: None,
                ema_warm_up: false,
            };
            let report = engine.update(&update).unwrap();
            assert!(report.taken, "{report:?}");
        }
    });
    Ok((timing, first))
}

fn measured(case: &Case, graph: &Graph, mode: &str, timing: Timing, losses: &[f32]) -> Value {
    let inputs = Inputs::of(case);
    let rows: Vec<_> = inputs.rows.iter().map(LossRow::words).collect();
    println!(
        "{:<20} {mode:<6} {:>10.2} {:>10.2} {:>10.1} {:>10.1}",
        case.name(),
        1e3 * timing.median,
        1e3 * timing.fastest,
        case.batch as f64 / timing.median,
        graph.flops() as f64 / timing.median / 1e9,
    );
    json!({
        "implementation": "iddpm",
        "version": env!("CARGO_PKG_VERSION"),
        "case": case.name(),
        "network": case.network,
        "config": case.config,
        "side": SIDE,
        "batch": case.batch,
        "mode": mode,
        "flop": graph.flops(),
        "median": timing.median,
        "fastest": timing.fastest,
        "repeats": timing.repeats,
        "runs": timing.runs,
        "rows": rows,
        "timesteps": inputs.timesteps,
        "output": losses,
    })
}

/// The most memory that this process has had, in MB, where the system says.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024)
}

fn on_processor(case: &Case, json: Option<&PathBuf>) -> Result<(), TrainError> {
    let graph = case.graph();
    let mut engine = CpuEngine::new(&graph, &[0.9999], false)?;
    let (timing, losses) = run(&mut engine, case, &graph, 1.0)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let gemm = gemm_rate(threads);
    let rate = graph.flops() as f64 / timing.fastest / 1e9;
    let mut line = measured(case, &graph, "f32", timing, &losses);
    let planned = 4 * Plan::single(&graph).elements() as u64 / 1_000_000;
    println!(
        "{threads} threads: {rate:.1} GFLOP/s at best, {:.2} of gemm's {gemm:.1}; activations {planned} MB, \
         the process {} MB at most",
        rate / gemm,
        peak_memory().unwrap_or(0),
    );
    line["threads"] = threads.into();
    line["gemm"] = gemm.into();
    line["peak_mb"] = peak_memory().into();
    line::append(json.map(PathBuf::as_path), &line);
    Ok(())
}

fn on_gpu(gpu: &Gpu, case: &Case, arguments: &Arguments) -> Result<(), TrainError> {
    let graph = case.graph();
    let info = gpu.device().adapter_info();
    let has_half = gpu.device().features().contains(wgpu::Features::SHADER_F16);
    for (mode, precision, scale) in [
        ("f32", Precision::Full, 1.0),
        ("f16", Precision::Half, 1024.0),
    ] {
        if precision == Precision::Half && !has_half {
            continue;
        }
        let mut engine = GpuEngine::new_blocking(gpu, &graph, &[0.9999], precision)?;
        let (timing, losses) = run(&mut engine, case, &graph, scale)?;
        let mut line = measured(case, &graph, mode, timing, &losses);
        line["device"] = info.name.clone().into();
        line["kind"] = format!("{:?}", info.device_type).into();
        line["driver"] = format!("{:?}, {} {}", info.backend, info.driver, info.driver_info).into();
        line["variants"] = format!("{:?}", gpu.variants()).into();
        let weights = 4 * engine.training().weights_len() as u64;
        line["peak_mb"] = ((engine.training().bytes() + weights) / 1_000_000).into();
        line::append(arguments.json.as_deref(), &line);
        if arguments.all_variants {
            println!("    {:?}", gpu.variants());
        }
        if arguments.kernels {
            drop(engine);
            let numbers = networks::weights(&graph);
            let numbers = Weights::F32(&numbers);
            let stored = DeviceWeights::upload_blocking(gpu, &graph, numbers, precision)?;
            let network = DeviceNetwork::new_blocking(gpu, &graph, &stored)?;
            if kernels::print(gpu, &network).is_none() {
                println!("    the device has no clock");
            }
        }
    }
    Ok(())
}

fn main() {
    let arguments = Arguments::parse();
    let mut cases = Case::all(&arguments);
    cases.retain(|case| arguments.cases.is_empty() || arguments.cases.contains(&case.name()));
    if arguments.list {
        cases.iter().for_each(|case| println!("{}", case.name()));
        return;
    }
    let gpu = arguments.gpu.then(|| Gpu::create_blocking().unwrap());
    if let Some(gpu) = &gpu {
        println!("{}", gpu.device().adapter_info().name);
    }
    println!("case                 mode    median ms fastest ms   images/s    GFLOP/s");
    line::append(arguments.json.as_deref(), &line::reference());
    for case in &cases {
        let done = match &gpu {
            Some(gpu) if arguments.all_variants => {
                let all = kernels::variants(gpu).into_iter();
                let each = all
                    .map(|variants| on_gpu(&gpu.clone().with_variants(variants), case, &arguments));
                // Each is measured, whatever becomes of the others.
                each.fold(Ok(()), Result::and)
            }
            Some(gpu) => on_gpu(gpu, case, &arguments),
            None => on_processor(case, arguments.json.as_ref()),
        };
        // A batch too large for the device: the others are measured all the same.
        if let Err(error) = done {
            println!("{}: {error}", case.name());
        }
    }
}
