//! One forward pass on the device: milliseconds and GFLOP/s, for each variant and
//! precision that the device has.
//!
//! `cargo bench --features gpu --bench gpu -- [channels] [side] [batch]`, by default the CIFAR-10 network.

#![allow(missing_docs, clippy::unwrap_used)]

use std::time::Instant;

use iddpm::gpu::{DeviceWeights, Gpu, Network, Precision, Variants, wgpu};
use iddpm::unet::{Extent, Input, UnetConfig, Weights};

fn main() {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<usize>().ok());
    let mut or = |default| numbers.next().unwrap_or(default);
    let (channels, side, batch) = (or(128), or(32), or(1));
    let config = UnetConfig {
        num_res_blocks: 3,
        ..UnetConfig::new(3, channels)
            .with_multipliers(&[1, 2, 2, 2])
            .with_attention(&[2, 4])
            .with_learned_variance()
    };
    let graph = config.graph(Extent::square(batch, side)).unwrap();
    let zeros = vec![0.01; graph.weights_len()];
    let gpu = Gpu::create_blocking().unwrap();
    let info = gpu.device().adapter_info();
    println!(
        "{} ({:?}): {channels} channels, {side}x{side}, batch {batch}",
        info.name, info.backend
    );
    let features = gpu.device().features();
    for variants in Variants::all(gpu.device(), gpu.matrices()) {
        for precision in [Precision::Full, Precision::HalfWeights, Precision::Half] {
            let has_half = features.contains(wgpu::Features::SHADER_F16);
            if precision == Precision::Half && !has_half {
                continue;
            }
            let gpu = gpu.clone().with_variants(variants);
            let weights = Weights::F32(&zeros);
            let weights = DeviceWeights::upload_blocking(&gpu, &graph, weights, precision).unwrap();
            let network = Network::new_blocking(&gpu, &graph, &weights).unwrap();
            network
                .write(Input::X, &vec![0.5; batch * 3 * side * side])
                .unwrap();
            network
                .write(Input::Timesteps, &vec![500.0; batch])
                .unwrap();
            network.run_blocking().unwrap();
            let mut best = f64::INFINITY;
            for _ in 0..5 {
                let begun = Instant::now();
                network.run_blocking().unwrap();
                best = best.min(begun.elapsed().as_secs_f64());
            }
            let rate = graph.flops() as f64 / best / 1e9;
            println!(
                "{:?}, {:?}, {precision:?}: {:9.2} ms, {rate:8.1} GFLOP/s",
                variants.conv,
                variants.reduction,
                1e3 * best
            );
        }
    }
}
