//! On a GPU, in every variant and precision that it has.

use iddpm::gpu::{
    AttentionVariant, DeviceNetwork, DeviceWeights, Gpu, GpuError, Precision, Variants,
    distinct_variants, wgpu,
};
use iddpm::unet::Weights;

use super::cases::chains::chains;
use super::cases::{Case, Stands, table};
use super::compare::off;

/// On the device, everything that could be read before it is written being NaN.
fn run(gpu: &Gpu, case: &Case, precision: Precision) -> Result<Vec<f32>, GpuError> {
    let weights = case.weights();
    let weights = Weights::F32(&weights);
    let weights = DeviceWeights::upload_blocking(gpu, &case.graph, weights, precision)?;
    let network = DeviceNetwork::new_blocking(gpu, &case.graph, &weights)?;
    network.poison();
    for (input, values) in &case.written {
        network.write(*input, values)?;
    }
    network.run_blocking()?;
    network.output_blocking()
}

fn precisions(stands: Stands, has_half: bool) -> &'static [Precision] {
    match stands {
        Stands::Alone => &[Precision::Full, Precision::HalfWeights],
        Stands::Within if has_half => &[Precision::Half],
        Stands::Within | Stands::Trained => &[Precision::Full],
    }
}

#[test]
fn every_operation() {
    let gpu = Gpu::create_blocking().unwrap_or_else(|error| panic!("{error}"));
    let device = gpu.device();
    let has_half = device.features().contains(wgpu::Features::SHADER_F16);
    let all = Variants::all(device, gpu.matrices());
    let mut failures = String::new();
    let mut runs = 0;
    for stands in Stands::RUN {
        for case in table(stands).into_iter().chain(chains(stands)) {
            let truth = case.truth();
            for &precision in precisions(stands, has_half) {
                if precision == Precision::HalfWeights && case.graph.weights_len() == 0 {
                    continue;
                }
                for variants in distinct_variants(all.clone(), &case.graph, precision).unwrap() {
                    let gpu = gpu.clone().with_variants(variants);
                    runs += 1;
                    let tolerance = match (precision, variants.attention) {
                        (Precision::Half, AttentionVariant::Matrix(_)) => {
                            case.tolerance + case.in_matrices
                        }
                        _ => case.tolerance,
                    };
                    let found = match run(&gpu, &case, precision) {
                        Ok(result) => off(&case, tolerance, precision, &result, &truth),
                        Err(error) => Some(format!("{}: {error}\n", case.name)),
                    };
                    if let Some(what) = found {
                        failures += &format!("{variants:?}: {what}");
                    }
                }
            }
        }
    }
    println!("{runs} runs");
    assert!(failures.is_empty(), "\n{failures}");
}
