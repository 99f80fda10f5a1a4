//! Whole networks against the public implementation's numbers.

use iddpm::gpu::{DeviceWeights, Gpu, Network, Precision, Variants, wgpu};
use iddpm::unet::{Extent, Graph, Input, UnetConfig, Weights};
use serde_json::Value;

use super::case::{
    Case, Outcome, Tensor, cases, flag, golden_directory, list, number, text, whole,
};
use super::gpu;
use super::report::Report;

/// The parameter generator of the golden numbers.
pub(crate) fn generate(seed: u64, name: &str, len: usize, center: f64, scale: f64) -> Vec<f32> {
    let mut key = 0xCBF2_9CE4_8422_2325_u64;
    for byte in name.bytes() {
        key = (key ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
    }
    let key = key ^ seed;
    let number = |i: u64| {
        let mut z = key.wrapping_add((i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        let u = (z >> 40) as f64 / f64::from(1 << 24);
        (center + scale * (2.0 * u - 1.0)) as f32
    };
    (0..len as u64).map(number).collect()
}

fn config(model: &Value) -> Outcome<UnetConfig> {
    let at = |key: &str| whole(model, key).map(|number| number as usize);
    let numbers =
        |key: &str| -> Outcome<Vec<usize>> { Ok(serde_json::from_value(model[key].clone())?) };
    let num_heads = at("num_heads")?;
    let upsample = number(model, "num_heads_upsample")?;
    Ok(UnetConfig {
        in_channels: at("in_channels")?,
        model_channels: at("model_channels")?,
        out_channels: at("out_channels")?,
        num_res_blocks: at("num_res_blocks")?,
        attention_factors: numbers("attention_ds")?,
        channel_mult: numbers("channel_mult")?,
        conv_resample: flag(model, "conv_resample")?,
        num_classes: serde_json::from_value(model["num_classes"].clone())?,
        num_heads,
        // -1 stands for the same number.
        num_heads_upsample: if upsample < 0.0 {
            num_heads
        } else {
            upsample as usize
        },
        scale_shift: flag(model, "use_scale_shift_norm")?,
        super_resolution: flag(model, "super_res")?,
    })
}

fn graph_of(case: &Case) -> Outcome<Graph> {
    let config = config(&case.params["model"])?;
    let x = case.tensor("x")?;
    let side = |tensor: &Tensor| (tensor.shape[2], tensor.shape[3]);
    let (height, width) = side(x);
    let low_res = match config.super_resolution {
        true => side(case.tensor("low_res")?),
        false => (0, 0),
    };
    Ok(config.graph(Extent {
        batch: x.shape[0],
        height,
        width,
        low_res,
    })?)
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
    let network = Network::new_blocking(gpu, graph, &weights)?;
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
struct Distance {
    root: f64,
    largest: f64,
}

fn distance(got: &[f64], want: &[f64]) -> Distance {
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

/// Activations in f16. How far that may be from f64:
///
/// - No further than the public implementation's f16 is from its f32, which rounds what a layer reads and
///   makes just so and keeps normalisation and softmax in f32; the largest of all numbers, being the luck
///   of one, half as far again.
/// - Of networks that it was not recorded of, as far as rounding the weights alone takes them (they are
///   validated to be rounded and nothing else), which shows how a network carries relative errors of 2^-12
///   to its result: a layer rounds its weights once and two or three activations, so at most three times.
fn check_half(gpu: &Gpu, case: &Case, published: Option<Distance>, report: &mut Report) -> Outcome {
    let graph = graph_of(case)?;
    let weights = weights_of(case, &graph)?;
    let exact = &case.tensor("out_f64")?.values;
    let of = |result: &[f32]| {
        let wide: Vec<f64> = result.iter().map(|&number| number.into()).collect();
        distance(&wide, exact)
    };
    let narrow_weights = of(&run(gpu, case, &graph, &weights, Precision::HalfWeights)?);
    let result = run(gpu, case, &graph, &weights, Precision::Half)?;
    let found = of(&result);
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
    let again = run(gpu, case, &graph, &weights, Precision::Half)?;
    report.equal("the same bits in f16", result == again, true);
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

    // 16 bits are the same network as their values in 32, and a run is the same bits again.
    let half = run(gpu, case, &graph, &weights, Precision::HalfWeights)?;
    let rounded: Vec<f32> = weights
        .iter()
        .map(|&weight| half::f16::from_f32(weight).to_f32())
        .collect();
    let single = run(gpu, case, &graph, &rounded, Precision::Full)?;
    for (&half, single) in half.iter().zip(single) {
        report.near("16 bits", half.into(), single.into(), 1e-5 * scale);
    }
    let again = run(gpu, case, &graph, &weights, Precision::HalfWeights)?;
    report.equal("the same bits", half == again, true);
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
        for variants in Variants::all(device, gpu().matrices()) {
            let gpu = gpu().clone().with_variants(variants);
            let mut outcome = check(&gpu, case, &mut report);
            if has_half && outcome.is_ok() {
                outcome = check_half(&gpu, case, published, &mut report);
            }
            outcome.unwrap_or_else(|error| panic!("unet/{}, {variants:?}: {error}", case.name));
        }
    }
    println!("{report}");
    assert!(report.cases > 0, "no network among the cases");
    if let Err(message) = report.verdict() {
        panic!("{message}");
    }
}
