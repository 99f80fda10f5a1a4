//! Whole networks against the public implementation's numbers.

use iddpm::gpu::{DeviceNetwork, DeviceWeights, Gpu, Precision, Variants, distinct_variants, wgpu};
use iddpm::unet::{Graph, ImageSize, Input, Weights};

use super::case::{Case, Outcome, Tensor, cases, golden_directory, list, number, text, whole};
use super::golden_network::{config, generate};
use super::gpu;
use super::report::Report;

fn graph_of(case: &Case) -> Outcome<Graph> {
    let config = config(&case.params["model"])?;
    let x = case.tensor("x")?;
    let side = |tensor: &Tensor| (tensor.shape[2], tensor.shape[3]);
    let (height, width) = side(x);
    let low_res = match config.super_resolution {
        true => Some(side(case.tensor("low_res")?)),
        false => None,
    };
    let size = ImageSize {
        height,
        width,
        low_res,
    };
    Ok(config.graph(x.shape[0], size)?)
}

/// Generated, and placed by name.
fn weights_of(case: &Case, graph: &Graph) -> Outcome<Vec<f32>> {
    let params = &case.params;
    let seed = whole(params, "param_seed")?;
    let mut weights = vec![0.0; graph.weights_len()];
    for (param, listed) in graph.params().iter().zip(list(params, "param_tensors")?) {
        let name = text(listed, "name")?;
        assert_eq!(param.name, name);
        let (center, scale) = (number(listed, "center")?, number(listed, "scale")?);
        let values = generate(seed.into(), name, param.elements(), center, scale);
        weights[param.offset..][..values.len()].copy_from_slice(&values);
    }
    Ok(weights)
}

/// Runs the case's network, everything it could read too early being NaN.
fn run(
    gpu: &Gpu,
    case: &Case,
    graph: &Graph,
    weights: &[f32],
    precision: Precision,
) -> Outcome<Vec<f32>> {
    let weights = Weights::F32(weights);
    let weights = DeviceWeights::upload_blocking(gpu, graph, weights, precision)?;
    let network = DeviceNetwork::new_blocking(gpu, graph, &weights)?;
    network.poison();
    let inputs = [
        (Input::X, "x"),
        (Input::Timesteps, "timesteps"),
        (Input::Labels, "y"),
        (Input::LowRes, "low_res"),
    ];
    for (input, name) in inputs {
        if graph.input(input).is_some() {
            let values = &case.tensor(name)?.values;
            let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
            network.write(input, &values)?;
        }
    }
    network.run_blocking()?;
    Ok(network.output_blocking()?)
}

/// How far a result is from another, in deviations of that: the root of the mean square, and the largest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Distance {
    pub(crate) root: f64,
    pub(crate) largest: f64,
}

pub(crate) fn distance(got: &[f64], want: &[f64]) -> Distance {
    let scale = deviation(want);
    let errors = || got.iter().zip(want).map(|(got, want)| (got - want).abs());
    let squares: f64 = errors().map(|error| error.powi(2)).sum();
    // A NaN is the largest.
    let largest = errors().max_by(f64::total_cmp).unwrap_or(f64::NAN);
    Distance {
        root: (squares / want.len() as f64).sqrt() / scale,
        largest: largest / scale,
    }
}

/// How far the public implementation's own f16 is from its f32, for the case it was recorded of.
fn published_half(cases: &[Case], base: &Case) -> Outcome<Option<Distance>> {
    let mut cases = cases.iter();
    let of_base = |case: &&Case| text(&case.params, "base_case").is_ok_and(|it| it == base.name);
    let Some(case) = cases.find(of_base) else {
        return Ok(None);
    };
    let (half, single) = (case.tensor("out_fp16")?, case.tensor("out_f32")?);
    Ok(Some(distance(&half.values, &single.values)))
}

/// How far a case's result with weights in f16, or all of it, is from f64.
fn half(gpu: &Gpu, case: &Case, precision: Precision) -> Outcome<Distance> {
    let graph = graph_of(case)?;
    let weights = weights_of(case, &graph)?;
    let result = run(gpu, case, &graph, &weights, precision)?;
    let wide: Vec<f64> = result.iter().map(|&number| number.into()).collect();
    Ok(distance(&wide, &case.tensor("out_f64")?.values))
}

/// Activations in f16. How far that may be from f64:
///
/// - No further than the public implementation's f16 is from its f32, which rounds what a layer reads and
///   makes just so and keeps normalisation and softmax in f32; the largest of all numbers, being the luck
///   of one, half as far again.
/// - Of networks that it was not recorded of, as far as rounding the weights alone takes them (they are
///   validated to be rounded and nothing else), which shows how a network carries relative errors of 2^-12
///   to its result: a layer rounds its weights once and two or three activations, so at most three times.
fn check_half(
    gpu: &Gpu,
    case: &Case,
    narrow_weights: Distance,
    published: Option<Distance>,
    report: &mut Report,
) -> Outcome {
    let found = half(gpu, case, Precision::Half)?;
    report.near("f16, root", found.root, 0.0, 3.0 * narrow_weights.root);
    let most = 3.0 * narrow_weights.largest;
    report.near("f16, largest", found.largest, 0.0, most);
    if let Some(published) = published {
        report.near("published f16, root", found.root, 0.0, published.root);
        let most = 1.5 * published.largest;
        report.near("published f16, largest", found.largest, 0.0, most);
    }
    // Not the same as with f16 weights alone.
    report.equal("f16 shows", found.root > narrow_weights.root, true);
    Ok(())
}

/// As the CPU's: within 1e-4 of the deviation and 4 times the reference's own error in f32.
fn check(gpu: &Gpu, case: &Case, report: &mut Report) -> Outcome {
    let graph = graph_of(case)?;
    let weights = weights_of(case, &graph)?;
    let result = run(gpu, case, &graph, &weights, Precision::Full)?;
    let (single, exact) = (case.tensor("out")?, case.tensor("out_f64")?);
    let scale = deviation(&exact.values);
    report.equal("length", result.len(), exact.values.len());
    for ((&got, &want), &reference) in result.iter().zip(&exact.values).zip(&single.values) {
        let tolerance = 1e-4 * scale + 4.0 * (reference - want).abs();
        report.near("out", got.into(), want, tolerance);
    }

    // 16 bits are the same network as their values in 32.
    let half = run(gpu, case, &graph, &weights, Precision::HalfWeights)?;
    let rounded: Vec<f32> = weights
        .iter()
        .map(|&weight| half::f16::from_f32(weight).to_f32())
        .collect();
    let single = run(gpu, case, &graph, &rounded, Precision::Full)?;
    for (&half, single) in half.iter().zip(single) {
        report.near("16 bits", half.into(), single.into(), 1e-5 * scale);
    }
    Ok(())
}

pub(crate) fn deviation(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean).powi(2));
    (squares.sum::<f64>() / count).sqrt()
}

#[test]
fn golden_networks() {
    let mut report = Report::new("unet");
    let cases = cases(&golden_directory(), "unet").unwrap();
    let device = gpu().device();
    let has_half = device.features().contains(wgpu::Features::SHADER_F16);
    for case in &cases {
        if case.params.get("model").is_none() {
            continue;
        }
        report.begin(&case.name);
        let published = published_half(&cases, case).unwrap();
        let graph = graph_of(case).unwrap();
        let narrow_weights = half(gpu(), case, Precision::HalfWeights).unwrap();
        for precision in [Precision::Full, Precision::Half] {
            let is_half = precision == Precision::Half;
            if is_half && !has_half {
                continue;
            }
            let all = Variants::all(device, gpu().matrices());
            for variants in distinct_variants(all, &graph, precision).unwrap() {
                let gpu = gpu().clone().with_variants(variants);
                let outcome = match is_half {
                    true => check_half(&gpu, case, narrow_weights, published, &mut report),
                    false => check(&gpu, case, &mut report),
                };
                outcome.unwrap_or_else(|error| panic!("unet/{}, {variants:?}: {error}", case.name));
            }
        }
    }
    println!("{report}");
    assert!(report.cases > 0, "no network among the cases");
    if let Err(message) = report.verdict() {
        panic!("{message}");
    }
}
