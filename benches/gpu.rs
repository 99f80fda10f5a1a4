//! One forward pass on the device: milliseconds and GFLOP/s, of each precision the device can do, by the
//! variants of kernels chosen for it. Each run is submitted while the one before it is under way, and the last is waited for.
//!
//! `cargo bench --workspace --features gpu --bench gpu`; `-- --help` says what it can be told. `benches/compare.sh`
//! runs it beside PyTorch on the same device, BENCHMARKS.md has the figures.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic
)]

#[path = "networks/encoding.rs"]
mod encoding;
#[path = "networks/kernels.rs"]
mod kernels;
mod networks;

use std::time::Duration;

use clap::Parser;
use iddpm::gpu::{DeviceNetwork, DeviceWeights, Gpu, GpuError, Precision, wgpu};
use iddpm::unet::{Graph, Input, Weights};
use networks::timing::{Timing, time};
use networks::{Case, Options, line, timesteps, weights, x};

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    /// Time every variant that the device can run, not only the one chosen for it
    #[arg(long)]
    all_variants: bool,
    /// Print where the time goes, kernel by kernel, by the device's clock
    #[arg(long)]
    kernels: bool,
    /// Time what a step takes to encode, on no device at all, and nothing else
    #[arg(long)]
    encoding: bool,
}

const PRECISIONS: [(Precision, &str); 3] = [
    (Precision::Full, "f32"),
    (Precision::HalfWeights, "f16 weights"),
    (Precision::Half, "f16"),
];

/// A precision's time, what came out, and the network.
fn forward(
    gpu: &Gpu,
    graph: &Graph,
    weights: &[f32],
    precision: Precision,
) -> Result<(Timing, Vec<f32>, DeviceNetwork), GpuError> {
    let weights = Weights::F32(weights);
    let weights = DeviceWeights::upload_blocking(gpu, graph, weights, precision)?;
    let network = DeviceNetwork::new_blocking(gpu, graph, &weights)?;
    let x_len = graph.shape(graph.input(Input::X).unwrap()).elements();
    network.write(Input::X, &x(x_len))?;
    network.write(Input::Timesteps, &timesteps(graph.batch()))?;
    let timing = time(Duration::from_secs(2), |runs| {
        let encoded = || {
            let descriptor = wgpu::CommandEncoderDescriptor::default();
            let mut encoder = gpu.device().create_command_encoder(&descriptor);
            network.encode(&mut encoder);
            encoder
        };
        for _ in 1..runs {
            gpu.queue().submit([encoded().finish()]);
        }
        gpu.submit_blocking(encoded()).unwrap();
    });
    let output = network.output_blocking()?;
    Ok((timing, output, network))
}

fn run(gpu: &Gpu, case: &Case, options: &Options, kernels: bool) {
    let graph = case.graph();
    let numbers = weights(&graph);
    let info = gpu.device().adapter_info();
    for (precision, mode) in PRECISIONS {
        let (timing, output, network) = match forward(gpu, &graph, &numbers, precision) {
            Ok(done) => done,
            Err(error @ GpuError::MissingFeature { .. }) => {
                println!("{:<20} {mode:<12} {error}", case.name());
                continue;
            }
            Err(error) => panic!("{}, {mode}: {error}", case.name()),
        };
        let rate = graph.flops() as f64 / timing.median / 1e9;
        println!(
            "{:<20} {mode:<12} {:>10.3} {:>10.3} {rate:>10.1}   {:?}",
            case.name(),
            1e3 * timing.median,
            1e3 * timing.fastest,
            gpu.variants().conv,
        );
        if kernels && kernels::print(gpu, &network).is_none() {
            println!("    the device has no clock");
        }
        let mut measured = line::measured(case, mode, timing, &output);
        measured["device"] = info.name.clone().into();
        measured["kind"] = format!("{:?}", info.device_type).into();
        measured["driver"] =
            format!("{:?}, {} {}", info.backend, info.driver, info.driver_info).into();
        measured["variants"] = format!("{:?}", gpu.variants()).into();
        line::append(options.json.as_deref(), &measured);
    }
}

fn main() {
    let Arguments {
        options,
        all_variants,
        kernels,
        encoding,
    } = Arguments::parse();
    if encoding {
        encoding::print();
        return;
    }
    let cases = options.cases(&[1, 8, 64], &[1, 8]);
    if options.list {
        cases.iter().for_each(|case| println!("{}", case.name()));
        return;
    }
    let gpu = Gpu::create_blocking().unwrap();
    let info = gpu.device().adapter_info();
    println!("{} ({:?}, {})", info.name, info.backend, info.driver_info);
    println!("case                 precision      median ms fastest ms    GFLOP/s   convolution");
    line::append(options.json.as_deref(), &line::reference());
    for case in &cases {
        if all_variants {
            for variants in kernels::variants(&gpu) {
                run(
                    &gpu.clone().with_variants(variants),
                    case,
                    &options,
                    kernels,
                );
            }
        } else {
            run(&gpu, case, &options, kernels);
        }
    }
}
