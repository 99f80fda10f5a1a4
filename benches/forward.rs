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

mod networks;

use std::hint::black_box;
use std::time::Duration;

use clap::Parser;
use iddpm::cpu::{Inputs, Network, ProgramBuf};
use iddpm::unet::{Graph, Plan, Weights};
use networks::timing::{Timing, time};
use networks::{Options, line, timesteps, weights, x};

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    /// Numbers of threads
    #[arg(long, value_delimiter = ',', default_value = "1,2")]
    threads: Vec<usize>,
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
    let product = |c: &mut [f32]| {
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
    };
    let timing = time(Duration::from_secs(2), |runs| {
        (0..runs).for_each(|_| product(&mut c));
    });
    2.0 * (N * N * N) as f64 / timing.fastest / 1e9
}

/// The time, and what came out.
fn forward(graph: &Graph, weights: &[f32], threads: usize) -> (Timing, Vec<f32>) {
    let program = ProgramBuf::new(graph, &Plan::single(graph)).unwrap();
    let (x_len, output_len) = {
        let view = program.view().unwrap();
        (view.x_len(), view.output_len())
    };
    let mut network = Network::with_threads(program, Weights::F32(weights), threads).unwrap();
    let inputs = Inputs {
        x: &x(x_len),
        timesteps: &timesteps(graph.batch()),
        labels: None,
        low_res: None,
    };
    let mut output = vec![0.0; output_len];
    let timing = time(Duration::from_secs(4), |runs| {
        for _ in 0..runs {
            network.forward(&inputs, &mut output).unwrap();
        }
    });
    (timing, output)
}

fn main() {
    let Arguments { options, threads } = Arguments::parse();
    let cases = options.cases(&[1, 8], &[1, 8]);
    if options.list {
        cases.iter().for_each(|case| println!("{}", case.name()));
        return;
    }
    println!("case             threads  fastest ms   GFLOP/s      gemm   ratio");
    line::append(options.json.as_deref(), &line::reference());
    for case in cases {
        let graph = case.graph();
        let weights = weights(&graph);
        for &threads in &threads {
            let (timing, output) = forward(&graph, &weights, threads);
            let rate = graph.flops() as f64 / timing.fastest / 1e9;
            let gemm = gemm_rate(threads);
            println!(
                "{:<16} {threads:>7} {:>11.2} {rate:>9.1} {gemm:>9.1} {:>7.2}",
                case.name(),
                1e3 * timing.fastest,
                rate / gemm
            );
            let mut measured = line::measured(&case, "f32", timing, &output);
            measured["threads"] = threads.into();
            measured["gemm"] = gemm.into();
            line::append(options.json.as_deref(), &measured);
        }
    }
}
