//! Single operations against the public implementation's numbers, in every variant of kernels; how near they
//! must be, and how a case is read, is as on the processor.

use iddpm::gpu::{DeviceNetwork, DeviceWeights, Gpu, Precision, Variants};
use iddpm::unet::{Conv, Graph, Init, Input, Op, ParamId, Shape, TensorId, Weights, Wrap};

use super::case::{Case, Outcome, Tensor, cases, golden_directory, list, number, text, whole};
use super::golden_network::generate;
use super::golden_runner::{compare, single};
use super::gpu;
use super::report::Report;

/// A graph of one operation, its parameters by number.
struct One {
    graph: Graph,
    input: TensorId,
    params: Vec<(ParamId, Vec<f32>)>,
    given: (Input, Vec<f32>),
}

impl One {
    fn on(role: Input, tensor: &Tensor) -> Self {
        let extent = |at: usize| tensor.shape.get(at).copied().unwrap_or(1);
        let shape = Shape {
            batch: extent(0),
            channels: extent(1),
            height: extent(2),
            width: extent(3),
        };
        let mut graph = Graph::new(shape.batch);
        let input = graph.add_input(role, "input", shape);
        Self {
            graph,
            input,
            params: Vec::new(),
            given: (role, single(&tensor.values)),
        }
    }

    fn param(&mut self, shape: &[usize], values: Vec<f32>) -> ParamId {
        let name = format!("{}", self.params.len());
        let id = self.graph.add_param(name, shape, Init::Zero);
        self.params.push((id, values));
        id
    }

    fn run(&self, gpu: &Gpu) -> Outcome<Vec<f32>> {
        let mut weights = vec![0.0; self.graph.weights_len()];
        for (id, values) in &self.params {
            let offset = self.graph.param(*id).unwrap().offset;
            weights[offset..][..values.len()].copy_from_slice(values);
        }
        let (graph, weights) = (&self.graph, Weights::F32(&weights));
        let weights = DeviceWeights::upload_blocking(gpu, graph, weights, Precision::Full)?;
        let network = DeviceNetwork::new_blocking(gpu, graph, &weights)?;
        network.poison();
        network.write(self.given.0, &self.given.1)?;
        network.run_blocking()?;
        Ok(network.output_blocking()?)
    }

    /// In every variant.
    fn results(mut self, op: Op) -> Outcome<Vec<(&'static str, Vec<f32>)>> {
        let made = self.graph.add("result", op);
        self.graph.set_output(made);
        let all = Variants::all(gpu().device(), gpu().matrices());
        let run = |variants| Ok(("device", self.run(&gpu().clone().with_variants(variants))?));
        all.into_iter().map(run).collect()
    }
}

fn group_norm(case: &Case, report: &mut Report) -> Outcome {
    let groups = whole(&case.params, "groups")? as usize;
    for entry in list(&case.params, "entries")? {
        let id = whole(entry, "id")?;
        let tensor = |name: &str| case.tensor(&format!("{id}.{name}"));
        let mut one = One::on(Input::X, tensor("x")?);
        let mut vector = |values: &Tensor| one.param(&values.shape, single(&values.values));
        let (weight, bias) = (vector(tensor("weight")?), vector(tensor("bias")?));
        let op = Op::GroupNorm {
            input: one.input,
            weight,
            bias,
            scale_shift: None,
            groups,
            silu: false,
        };
        let (out, exact) = (tensor("out")?, tensor("out_f64")?);
        compare(
            report,
            &format!("{id}"),
            &one.results(op)?,
            out,
            Some(exact),
        );
    }
    Ok(())
}

fn attention(case: &Case, report: &mut Report) -> Outcome {
    for entry in list(&case.params, "entries")? {
        let id = whole(entry, "id")?;
        let heads = whole(entry, "num_heads")? as usize;
        let one = One::on(Input::X, case.tensor(&format!("{id}.qkv"))?);
        let qkv = one.input;
        let results = one.results(Op::Attention { qkv, heads })?;
        let out = case.tensor(&format!("{id}.out"))?;
        compare(report, &format!("{id}"), &results, out, None);
    }
    Ok(())
}

fn conv(case: &Case, upsample: bool, report: &mut Report) -> Outcome {
    let params = &case.params;
    let channels = whole(params, "channels")? as usize;
    let shape = [channels, channels, 3, 3];
    let (weight, bias) = match params.get("seed") {
        Some(_) => {
            let (seed, scale) = (whole(params, "seed")?.into(), number(params, "scale")?);
            let len = shape.iter().product();
            let weight = generate(seed, "w", len, 0.0, scale);
            (weight, generate(seed, "b", channels, 0.0, scale))
        }
        None => {
            let values = |name| case.tensor(name).map(|tensor| single(&tensor.values));
            (values("weight")?, values("bias")?)
        }
    };
    let mut one = One::on(Input::X, case.tensor("x")?);
    let conv = Conv {
        input: one.input,
        weight: one.param(&shape, weight),
        bias: one.param(&[channels], bias),
        kernel: 3,
        stride: if upsample { 1 } else { 2 },
        upsample,
        wrap: Wrap::None,
        shift: None,
        residual: None,
    };
    compare(
        report,
        "out",
        &one.results(Op::Conv(conv))?,
        case.tensor("out")?,
        None,
    );
    Ok(())
}

/// Of resizing by area a network has halving alone, and of the nearest doubling.
fn resize(case: &Case, report: &mut Report) -> Outcome {
    let x = case.tensor("x")?;
    let (height, width) = (x.shape[2], x.shape[3]);
    let mut seen = Vec::new();
    for entry in list(&case.params, "entries")? {
        let (name, mode) = (text(entry, "tensor")?, text(entry, "mode")?);
        let to: [usize; 2] = serde_json::from_value(entry["size"].clone())?;
        let one = One::on(Input::X, x);
        let input = one.input;
        let op = match mode {
            "bilinear" => Op::Bilinear {
                input,
                height: to[0],
                width: to[1],
            },
            "area" if to.map(|side| 2 * side) == [height, width] => Op::AveragePool { input },
            "area" => continue,
            "nearest" if to == [2 * height, 2 * width] => Op::Upsample { input },
            other => return Err(format!("{name}: {other} to {to:?}").into()),
        };
        compare(report, name, &one.results(op)?, case.tensor(name)?, None);
        seen.push(mode);
    }
    for mode in ["bilinear", "area", "nearest"] {
        report.equal(mode, seen.contains(&mode), true);
    }
    Ok(())
}

/// The reference's f32 is off by what the entry says. Networks have one period.
fn timestep_embedding(case: &Case, report: &mut Report) -> Outcome {
    for entry in list(&case.params, "entries")? {
        if number(entry, "max_period")? != 1e4 {
            continue;
        }
        let name = text(entry, "tensor")?;
        let dim = whole(entry, "dim")? as usize;
        let floor = number(entry, "max_abs_error_of_f32_vs_f64")?;
        let one = One::on(Input::Timesteps, case.tensor("timesteps")?);
        let timesteps = one.input;
        let want = &case.tensor(name)?.values;
        for (_, result) in one.results(Op::TimestepEmbedding { timesteps, dim })? {
            report.equal(name, result.len(), want.len());
            for (&got, &want) in result.iter().zip(want) {
                report.near(name, got.into(), want, floor + 1e-6);
            }
        }
    }
    Ok(())
}

/// What a case is of, where it is of an operation: networks, their f16 and refusals are not.
fn check(case: &Case, report: &mut Report) -> Outcome {
    let entry = |key: &str| {
        case.params["entries"]
            .get(0)
            .and_then(|entry| entry.get(key))
    };
    let is_network = ["model", "base_case"]
        .iter()
        .any(|key| case.params.get(key).is_some());
    if is_network || entry("expected_error").is_some() {
        return Ok(());
    }
    report.begin(&case.name);
    let before = report.comparisons;
    if entry("max_period").is_some() {
        timestep_embedding(case, report)?;
    } else if entry("mode").is_some() {
        resize(case, report)?;
    } else if case.params.get("groups").is_some() {
        group_norm(case, report)?;
    } else if entry("num_heads").is_some() {
        attention(case, report)?;
    } else if case.name.starts_with("op_downsample") {
        conv(case, false, report)?;
    } else if case.name.starts_with("op_upsample") {
        conv(case, true, report)?;
    } else {
        return Err("an unknown kind of case".into());
    }
    report.equal("compared", report.comparisons > before, true);
    Ok(())
}

#[test]
fn recorded_operations() {
    let mut report = Report::new("unet");
    for case in cases(&golden_directory(), "unet").unwrap() {
        let outcome = check(&case, &mut report);
        outcome.unwrap_or_else(|error| panic!("unet/{}: {error}", case.name));
    }
    println!("{report}");
    assert!(report.cases > 0, "no operation among the cases");
    if let Err(message) = report.verdict() {
        panic!("{message}");
    }
}
