//! Every operation at odd sizes, in every variant and precision that the device has, against the plain
//! interpreter of the processor and the formula in f64.

use std::fmt::Write as _;

use iddpm::cpu::{self, ProgramBuf};
use iddpm::gpu::{DeviceWeights, Gpu, GpuError, Network, Precision, Variants, wgpu};
use iddpm::unet::{Input, Plan, Weights};

use super::gpu;
use super::maker::{Case, HALF, LEAST_HALF, Stands};
use super::table::table;

fn input(case: &Case, role: Input) -> Option<&[f32]> {
    let mut inputs = case.inputs.iter();
    let found = inputs.find(|(given, _)| *given == role);
    found.map(|(_, values)| values.as_slice())
}

fn on_the_processor(case: &Case) -> Vec<f32> {
    let program = ProgramBuf::new(&case.graph, &Plan::single(&case.graph)).unwrap();
    let program = program.view().unwrap();
    let labels = input(case, Input::Labels);
    let labels: Option<Vec<u32>> =
        labels.map(|labels| labels.iter().map(|&label| label as u32).collect());
    let inputs = cpu::Inputs {
        x: input(case, Input::X).unwrap_or_default(),
        timesteps: input(case, Input::Timesteps).unwrap_or_default(),
        labels: labels.as_deref(),
        low_res: input(case, Input::LowRes),
    };
    let mut workspace = vec![f32::NAN; program.workspace_len()];
    let mut output = vec![f32::NAN; case.expected.values.len()];
    let weights = Weights::F32(&case.weights);
    cpu::run(&program, weights, &inputs, &mut workspace, &mut output)
        .unwrap_or_else(|error| panic!("{}: {error}", case.name));
    output
}

/// On the device, everything that could be read before it is written being NaN.
fn on_the_device(gpu: &Gpu, case: &Case, precision: Precision) -> Result<Vec<f32>, GpuError> {
    let weights = Weights::F32(&case.weights);
    let weights = DeviceWeights::upload_blocking(gpu, &case.graph, weights, precision)?;
    let network = Network::new_blocking(gpu, &case.graph, &weights)?;
    network.poison();
    for (input, values) in &case.inputs {
        network.write(*input, values)?;
    }
    network.run_blocking()?;
    network.output_blocking()
}

/// The numbers that are off, if any: how many, and the worst with what it should have been.
///
/// A number is off where it is further from the formula's than arithmetic in f32 explains, and rounding to
/// f16 where the result is kept in it; or where it is further from the processor's than both may be from
/// the formula's.
fn wrong(case: &Case, precision: Precision, got: &[f32], processor: &[f32]) -> Option<String> {
    let expected = &case.expected.values;
    if got.len() != expected.len() {
        return Some(format!("{} numbers, not {}", got.len(), expected.len()));
    }
    let scale = expected.iter().fold(1.0, |m: f64, v| m.max(v.abs()));
    let (mut count, mut worst) = (0, (0.0, 0));
    for (i, ((&got, &cpu), &want)) in got.iter().zip(processor).zip(expected).enumerate() {
        let (got, cpu) = (f64::from(got), f64::from(cpu));
        let single = case.tolerance * scale;
        let rounded = match precision {
            Precision::Half => HALF * (want.abs() + single) + LEAST_HALF,
            Precision::Full | Precision::HalfWeights => 0.0,
        };
        let ratio = f64::max(
            (got - want).abs() / (single + rounded).max(f64::MIN_POSITIVE),
            (got - cpu).abs() / (2.0 * single + rounded).max(f64::MIN_POSITIVE),
        );
        // f64::max passes over a NaN.
        let is_near = ratio <= 1.0 && got.is_finite();
        count += usize::from(!is_near);
        if !is_near && (ratio > worst.0 || !got.is_finite()) {
            worst = (ratio, i);
        }
    }
    let at = worst.1;
    (count > 0).then(|| {
        format!(
            "{count} of {} wrong, [{at}] = {}, on the processor {}, by the formula {} ({:.1} times what it may be off by)",
            got.len(),
            got[at],
            processor[at],
            expected[at],
            worst.0
        )
    })
}

#[test]
fn every_operation() {
    let device = gpu().device();
    let has_half = device.features().contains(wgpu::Features::SHADER_F16);
    let mut failures = String::new();
    let mut runs = 0;
    for stands in [Stands::Alone, Stands::Within] {
        let precisions: &[Precision] = match stands {
            Stands::Alone => &[Precision::Full, Precision::HalfWeights],
            Stands::Within if has_half => &[Precision::Half],
            Stands::Within => &[],
        };
        for case in table(stands) {
            let processor = on_the_processor(&case);
            if let Some(what) = wrong(&case, Precision::Full, &processor, &processor) {
                writeln!(failures, "{} on the processor: {what}", case.name).unwrap();
            }
            for variants in Variants::all(device, gpu().matrices()) {
                let gpu = gpu().clone().with_variants(variants);
                for &precision in precisions {
                    runs += 1;
                    let what = match on_the_device(&gpu, &case, precision) {
                        Ok(got) => wrong(&case, precision, &got, &processor),
                        Err(error) => Some(error.to_string()),
                    };
                    if let Some(what) = what {
                        let how = format!("{variants:?}, {precision:?}");
                        writeln!(failures, "{} ({how}): {what}", case.name).unwrap();
                    }
                }
            }
        }
    }
    println!("{runs} runs");
    assert!(failures.is_empty(), "\n{failures}");
}
