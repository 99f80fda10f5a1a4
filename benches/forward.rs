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
//! Measured (2 cores of an EPYC with AVX-512, `gemm` with its AVX-512 kernels, the fastest run; beside PyTorch
//! in BENCHMARKS.md):
//!
//! | | 1 thread | 2 threads |
//! |---|---|---|
//! | CIFAR-10, batch 1 | 1.33 | 1.21 |
//! | CIFAR-10, batch 8 | 1.44 | 1.36 |
//! | ImageNet-64, batch 1 | 1.52 | 1.43 |
//! | ImageNet-64, batch 8 | 1.61 | 1.45 |
//!
//! Looking back: batch 1 does not fall behind. The first version had 1.0: closures were compiled without the
//! vectors' instruction set. Those given to `array::map` or `from_fn` are not inlined, an eighth of the time;
//! they are written out. Those called as `FnOnce`, the normalisation's, have a function in between that is
//! not; they are called as `FnMut`, which took batch 8 from 1.28 to 1.36.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod networks;

use std::time::Duration;

use clap::Parser;
use iddpm::cpu::{Inputs, Network, ProgramBuf};
use iddpm::unet::{Graph, Plan, Weights};
use networks::gemm_rate::gemm_rate;
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
