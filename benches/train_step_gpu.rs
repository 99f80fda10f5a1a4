//! Training steps on a GPU: milliseconds, images and GFLOP a second, memory; a line of JSON each.
//!
//! `cargo bench --features train --bench train_step_gpu -- [small] [cifar10] [f32] [f16] [batch]...`, by
//! default both networks in both precisions at batches of 8, 32 and 128; on a software device the small one
//! in f32 at a batch of 8. The small one is 32×32, 32 channels, 2 blocks, multipliers 1, 2, 2, 2, attention
//! at 16 and 8, learned variance; the other has 128 channels and 3 blocks. In f16 with a loss scale, the
//! weights that are trained in f32.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::Instant;

use iddpm::diffusion::{Diffusion, InlineProcess, LossRow, Objective, Schedule, Timesteps};
use iddpm::gpu::{Gpu, Precision, wgpu};
use iddpm::train::{
    AdamW, Batch, Engine, GpuEngine, Recompute, Slot, TrainError, Update, initial_weights,
    training_graph,
};
use iddpm::unet::{Extent, UnetConfig};
use serde_json::json;

const SIDE: usize = 32;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let gpu = Gpu::create_blocking().unwrap();
    let info = gpu.device().adapter_info();
    eprintln!("{} ({:?}, {})", info.name, info.backend, info.driver_info);
    let is_software = info.device_type == wgpu::DeviceType::Cpu;
    let named = |name: &str| arguments.iter().any(|argument| argument == name);
    let batches: Vec<usize> = arguments.iter().filter_map(|a| a.parse().ok()).collect();
    let batches = match (batches.is_empty(), is_software) {
        (false, _) => batches,
        (true, true) => vec![8],
        (true, false) => vec![8, 32, 128],
    };
    let chosen =
        |name: &str, other: &str, by_default: bool| named(name) || (by_default && !named(other));
    let has_half = gpu.device().features().contains(wgpu::Features::SHADER_F16);
    for (name, other, config, by_default) in [
        ("small", "cifar10", network(32, 2), true),
        ("cifar10", "small", network(128, 3), !is_software),
    ] {
        for (digits, others, precision, by_default_too) in [
            ("f32", "f16", Precision::Full, true),
            ("f16", "f32", Precision::Half, has_half && !is_software),
        ] {
            if !chosen(name, other, by_default) || !chosen(digits, others, by_default_too) {
                continue;
            }
            for &batch in &batches {
                if let Err(error) = measure(&gpu, (name, &config), batch, (digits, precision)) {
                    eprintln!("{name}, batch {batch}, {digits}: {error}");
                }
            }
        }
    }
}

fn network(channels: usize, blocks: usize) -> UnetConfig {
    UnetConfig {
        num_res_blocks: blocks,
        ..UnetConfig::new(3, channels)
            .with_multipliers(&[1, 2, 2, 2])
            .with_attention(&[2, 4])
            .with_learned_variance()
    }
}

fn measure(
    gpu: &Gpu,
    (name, config): (&str, &UnetConfig),
    batch: usize,
    (mode, precision): (&str, Precision),
) -> Result<(), TrainError> {
    let scale = match precision {
        Precision::Half => 1024.0,
        Precision::Full | Precision::HalfWeights => 1.0,
    };
    let network = config.graph(Extent::square(batch, SIDE))?;
    let graph = training_graph(&network, Recompute::Nothing)?;
    let begun = Instant::now();
    let mut engine = GpuEngine::new_blocking(gpu, &graph, &[0.9999], precision)?;
    engine.write(Slot::Weights, &initial_weights(&graph, 1))?;
    let made = begun.elapsed().as_secs_f64();

    let process =
        InlineProcess::<1000>::new(&Diffusion::new(Schedule::Cosine, 1000), Timesteps::ALL)?;
    let (mut rows, mut timesteps) = (Vec::new(), Vec::new());
    for n in 0..batch {
        let index = 1 + n * 998 / batch;
        let row = LossRow::of(&process, Objective::RescaledMse, index)?;
        rows.extend(row.with_weight(scale / batch as f64).words());
        timesteps.push(process.model_timestep(index)?);
    }
    let image = 3 * SIDE * SIDE;
    let wave = |step: f32| (0..batch * image).map(move |at| (at as f32 * step).sin());
    let (x_start, noise): (Vec<f32>, Vec<f32>) = (wave(0.01).collect(), wave(1.7).collect());
    let batch_of = Batch {
        x_start: &x_start,
        noise: &noise,
        rows: &rows,
        timesteps: &timesteps,
        labels: None,
        low_res: None,
        keys: None,
    };
    let mut loss = vec![0.0; 3 * batch];
    let mut step = 0;
    let mut run = || -> Result<f64, TrainError> {
        let begun = Instant::now();
        engine.accumulate(&batch_of, &mut loss)?;
        step += 1;
        let report = engine.update(&Update {
            adamw: AdamW::default(),
            lr: 1e-4,
            step,
            unscale: 1.0 / scale,
            clip: None,
            ema_warm_up: false,
        })?;
        assert!(report.taken, "{report:?}");
        Ok(begun.elapsed().as_secs_f64())
    };
    // The first compiles what a driver leaves until then.
    let first = run()?;
    let count = ((10.0 / first) as usize).clamp(2, 50);
    let mut times = Vec::new();
    for _ in 0..count {
        times.push(run()?);
    }
    times.sort_by(f64::total_cmp);
    let median = times[times.len() / 2];
    let line = json!({
        "implementation": "iddpm",
        "version": env!("CARGO_PKG_VERSION"),
        "case": format!("train {name}, batch {batch}"),
        "network": name,
        "config": config,
        "side": SIDE,
        "batch": batch,
        "mode": mode,
        "flop": graph.flops(),
        "median": median,
        "fastest": times[0],
        "runs": times.len(),
        "images_per_second": batch as f64 / median,
        "gflop_per_second": graph.flops() as f64 / median / 1e9,
        "dispatches": engine.training().recording().dispatches.len(),
        "bytes_beside_weights": engine.training().bytes(),
        "seconds_to_make": made,
    });
    println!("{line}");
    Ok(())
}
