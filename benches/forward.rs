//! How fast a network is evaluated, beside the `gemm` crate's f32 product on the same threads, in the
//! same run. GFLOP/s are effective: the operations of the direct way over the time taken.
//!
//! Floor. 16.8 GFLOP a CIFAR-10 image, 16.3 of them convolutions, nearly all 3×3 at stride 1.
//! Winograd's F(2×2, 3×3) needs 4 products in place of 9, so at the rate of `gemm` the floor is
//! about 2.1 times `gemm`; its transforms read and write 16 numbers for each 4 outputs, some 10 %
//! of the products' time at 128 channels. At batch 1 the 52.5 million weights, 16/9 as many when
//! transformed, must come from memory: 0.37 GB, 20 ms at 18 GB/s.
//!
//! Prediction: 1.3 times `gemm` at batch 8, below it at batch 1.
//!
//! Measured (2 cores of a Xeon with AVX-512, several other programs beside it, so ratios that
//! swing, not rates; `gemm` without its feature `x86-v4`, that is in AVX2):
//!
//! | | 1 thread | 2 threads |
//! |---|---|---|
//! | CIFAR-10, batch 1 | 1.57, 1.24 | 2.07, 1.79 |
//! | CIFAR-10, batch 8 | 1.56, 1.61 | 1.64, 1.22 |
//! | ImageNet-64, batch 1 | 1.56 | 1.53 |
//!
//! Two threads shared two cores with the other programs: to be measured again on a quiet machine,
//! and beside `gemm` in AVX-512.
//!
//! Looking back: batch 1 does not fall behind. The first version had 1.0: an eighth of the time of
//! the whole run went into calls of single vector instructions, since a closure given to
//! `array::map` or `from_fn` is compiled without the vectors' instruction set and is not inlined.
//! Written out, they are gone.

#![allow(
    missing_docs,
    unsafe_code,
    clippy::unwrap_used,
    clippy::indexing_slicing
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use iddpm::cpu::{Inputs, Network, ProgramBuf};
use iddpm::unet::{Extent, Graph, Plan, UnetConfig, Weights};

/// The shortest of repeated calls for a while: what else runs on the machine only adds to it.
fn shortest(budget: Duration, mut call: impl FnMut()) -> f64 {
    let begin = Instant::now();
    let mut best = f64::INFINITY;
    let mut calls = 0;
    while calls < 3 || begin.elapsed() < budget {
        let start = Instant::now();
        call();
        best = best.min(start.elapsed().as_secs_f64());
        calls += 1;
    }
    best
}

/// GFLOP/s of a product of two square matrices.
fn gemm_rate(threads: usize) -> f64 {
    const N: usize = 1536;
    let (a, b) = (vec![0.5_f32; N * N], vec![0.25_f32; N * N]);
    let mut c = vec![0.0_f32; N * N];
    let parallelism = match threads {
        1 => gemm::Parallelism::None,
        threads => gemm::Parallelism::Rayon(threads),
    };
    let n = N as isize;
    let seconds = shortest(Duration::from_secs(2), || {
        // SAFETY: three matrices of N×N numbers, row-major.
        unsafe {
            gemm::gemm(
                N,
                N,
                N,
                c.as_mut_ptr(),
                1,
                n,
                false,
                a.as_ptr(),
                1,
                n,
                b.as_ptr(),
                1,
                n,
                0.0,
                1.0,
                false,
                false,
                false,
                parallelism,
            );
        }
        black_box(&c);
    });
    2.0 * (N * N * N) as f64 / seconds / 1e9
}

fn cifar10() -> UnetConfig {
    UnetConfig {
        num_res_blocks: 3,
        ..UnetConfig::new(3, 128)
            .with_multipliers(&[1, 2, 2, 2])
            .with_attention(&[2, 4])
            .with_learned_variance()
    }
}

fn imagenet64() -> UnetConfig {
    UnetConfig {
        num_res_blocks: 3,
        ..UnetConfig::new(3, 128)
            .with_multipliers(&[1, 2, 3, 4])
            .with_attention(&[4, 8])
            .with_learned_variance()
    }
}

/// Effective GFLOP/s: the operations of the direct way over the time taken.
fn forward_rate(graph: &Graph, weights: &[f32], threads: usize) -> f64 {
    let program = ProgramBuf::new(graph, &Plan::single(graph)).unwrap();
    let (x_len, output_len) = {
        let view = program.view().unwrap();
        (view.x_len(), view.output_len())
    };
    let mut network = Network::with_threads(program, Weights::F32(weights), threads).unwrap();
    let x: Vec<f32> = (0..x_len).map(|i| (i as f32 * 0.37).sin()).collect();
    let timesteps = vec![500.0; graph.batch()];
    let inputs = Inputs {
        x: &x,
        timesteps: &timesteps,
        labels: None,
        low_res: None,
    };
    let mut output = vec![0.0; output_len];
    let seconds = shortest(Duration::from_secs(4), || {
        network.forward(&inputs, &mut output).unwrap();
    });
    graph.flops() as f64 / seconds / 1e9
}

fn main() {
    println!("network      batch  threads   GFLOP/s      gemm   ratio");
    let filter: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    for (name, config, side, batch) in [
        ("CIFAR-10", cifar10(), 32, 1),
        ("CIFAR-10", cifar10(), 32, 8),
        ("ImageNet-64", imagenet64(), 64, 1),
    ] {
        if !filter.is_empty() && !filter.contains(&format!("{name}-{batch}")) {
            continue;
        }
        let graph = config.graph(Extent::square(batch, side)).unwrap();
        let weights: Vec<f32> = (0..graph.weights_len())
            .map(|i| ((i * 2_654_435_761) % 2000) as f32 * 1e-5 - 0.01)
            .collect();
        for threads in [1, 2] {
            let rate = forward_rate(&graph, &weights, threads);
            let gemm = gemm_rate(threads);
            let ratio = rate / gemm;
            println!("{name:<12} {batch:>5} {threads:>8} {rate:>9.1} {gemm:>9.1} {ratio:>7.2}");
        }
    }
}
