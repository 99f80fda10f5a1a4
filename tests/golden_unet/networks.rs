//! Whole networks, and what is refused.

use iddpm::cpu::{Inputs, Network, NetworkError, NetworkSlice, ProgramBuf};
use iddpm::unet::{ConfigError, Graph, ImageSize, Plan, UnetConfig, Weights};

use super::case::{
    Case, Outcome, Tensor, cases, flag, golden_directory, list, number, text, whole,
};
use super::network::{config, generate};
use super::report::Report;
use super::runner::{compare, run_all, single};

/// A case's network, its weights and what it is given.
struct Subject {
    graph: Graph,
    weights: Vec<f32>,
    x: Vec<f32>,
    timesteps: Vec<f32>,
    labels: Option<Vec<u32>>,
    low_res: Option<Vec<f32>>,
}

impl Subject {
    fn of(case: &Case, given: &Case, report: &mut Report) -> Outcome<Self> {
        let params = &case.params;
        let config = config(&params["model"])?;
        let x = given.tensor("x")?;
        let low_res = config
            .super_resolution
            .then(|| given.tensor("low_res"))
            .transpose()?;
        let side = |tensor: &Tensor| (tensor.shape[2], tensor.shape[3]);
        let (height, width) = side(x);
        let size = ImageSize {
            height,
            width,
            low_res: low_res.map(side),
        };
        let graph = config.graph(x.shape[0], size)?;
        let labels = config
            .num_classes
            .map(|_| given.tensor("y")?.whole())
            .transpose()?;
        Ok(Self {
            weights: weights(case, &graph, report)?,
            graph,
            x: single(&x.values),
            timesteps: single(&given.tensor("timesteps")?.values),
            labels,
            low_res: low_res.map(|low_res| single(&low_res.values)),
        })
    }

    fn inputs(&self) -> Inputs<'_> {
        Inputs {
            x: &self.x,
            timesteps: &self.timesteps,
            labels: self.labels.as_deref(),
            low_res: self.low_res.as_deref(),
        }
    }

    fn program(&self) -> Outcome<ProgramBuf> {
        Ok(ProgramBuf::new(&self.graph, &Plan::single(&self.graph))?)
    }
}

fn weights(case: &Case, graph: &Graph, report: &mut Report) -> Outcome<Vec<f32>> {
    let params = &case.params;
    let listed = list(params, "param_tensors")?;
    let seed = whole(params, "param_seed")?;
    report.equal("number of parameters", graph.params().len(), listed.len());
    report.equal(
        "numbers of all parameters",
        graph.parameter_count(),
        whole(params, "param_count")? as usize,
    );
    let heads = case.tensor("param_head")?;
    let stored = text(params, "param_storage")? == "full";
    let mut weights = vec![0.0; graph.weights_len()];
    for (at, (param, listed)) in graph.params().iter().zip(listed).enumerate() {
        let name = text(listed, "name")?;
        let shape: Vec<usize> = serde_json::from_value(listed["shape"].clone())?;
        report.equal("name of a parameter", param.name.as_str(), name);
        report.equal(name, &param.shape, &shape);
        let (center, scale) = (number(listed, "center")?, number(listed, "scale")?);
        let values = generate(seed.into(), name, param.elements(), center, scale);
        for (head, value) in heads.row(at).iter().zip(&values) {
            report.equal(name, f64::from(*value), *head);
        }
        if stored {
            let values: Vec<f64> = values.iter().map(|&value| value.into()).collect();
            let same = case.tensor(&format!("param.{name}"))?.values == values;
            report.equal(name, same, true);
        }
        weights[param.offset..][..values.len()].copy_from_slice(&values);
    }
    Ok(weights)
}

pub(crate) fn check(case: &Case, report: &mut Report) -> Outcome {
    let subject = Subject::of(case, case, report)?;
    let program = subject.program()?;
    let results = run_all(&program, Weights::F32(&subject.weights), &subject.inputs())?;
    let (out, double) = (case.tensor("out")?, case.tensor("out_f64")?);
    compare(report, "out", &results, out, Some(double));

    // Rounded weights are the same network whether they are stored in 16 bits or in 32.
    let bits: Vec<u16> = subject.weights.iter().map(|&w| to_half(w)).collect();
    let rounded: Vec<f32> = bits.iter().map(|&bits| from_half(bits)).collect();
    let halves = run_all(&program, Weights::F16(&bits), &subject.inputs())?;
    let singles = run_all(&program, Weights::F32(&rounded), &subject.inputs())?;
    for ((way, half), (_, single)) in halves.iter().zip(&singles) {
        report.equal(&format!("f16 {way}"), half == single, true);
    }
    Ok(())
}

/// The reference with f16 convolutions, loosely: it rounds activations too, this crate does not.
pub(crate) fn check_half(case: &Case, base: &str, report: &mut Report) -> Outcome {
    let cases = cases(&golden_directory(), "unet")?;
    let base = cases.iter().find(|case| case.name == base);
    let subject = Subject::of(base.ok_or("no such base case")?, case, report)?;
    let program = subject.program()?;
    let results = run_all(&program, Weights::F32(&subject.weights), &subject.inputs())?;
    let out = case.tensor("out_f32")?;
    compare(report, "out_f32", &results, out, None);

    let bits: Vec<u16> = subject.weights.iter().map(|&w| to_half(w)).collect();
    let halves = run_all(&program, Weights::F16(&bits), &subject.inputs())?;
    let noise = &case.params["noise"]["fp16_vs_fp32"];
    let expected = &case.tensor("out_fp16")?.values;
    for (way, half) in halves {
        let norm =
            |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
        let off = norm(&mut half.iter().zip(expected).map(|(&a, b)| f64::from(a) - b));
        let relative = off / norm(&mut expected.iter().copied());
        let tolerance = 2.0 * number(noise, "rel_l2")?;
        report.near(&format!("relative error {way}"), relative, 0.0, tolerance);
    }
    Ok(())
}

/// What the reference refuses, this crate does; the entry says so in words.
pub(crate) fn check_errors(case: &Case, report: &mut Report) -> Outcome {
    for entry in list(&case.params, "entries")? {
        let what = text(entry, "what")?;
        report.equal(what, flag(entry, "expected_error")?, true);
        let tiny = UnetConfig::new(3, 32);
        let two = tiny.clone().with_multipliers(&[1, 2]);
        let build = |config: &UnetConfig, side| config.graph(1, ImageSize::square(side));
        let error = |config: &UnetConfig, side| build(config, side).err();
        let as_said = if what.contains("reference bug") {
            let config = UnetConfig {
                conv_resample: false,
                ..two
            };
            build(&config, 8).is_ok()
        } else if what.contains("channel_mult[0]") {
            error(&tiny.with_multipliers(&[2, 2]), 8)
                == Some(ConfigError::FirstMultiplier { value: 2 })
        } else if what.contains("without y") {
            let refused = labelled(&tiny.with_classes(10), None);
            refused
                == Err(NetworkError::Missing {
                    slice: NetworkSlice::Labels,
                })
        } else if what.contains("with y") {
            let refused = labelled(&tiny, Some(&[0]));
            refused
                == Err(NetworkError::Superfluous {
                    slice: NetworkSlice::Labels,
                })
        } else if what.contains("multiple of 32") {
            matches!(
                error(&UnetConfig::new(3, 48), 8),
                Some(ConfigError::ModelChannels { value: 48, .. })
            )
        } else if what.contains("image size") {
            matches!(error(&two, 7), Some(ConfigError::ImageSize { side: 7, .. }))
        } else if what.contains("num_heads") {
            let config = UnetConfig {
                num_heads: 5,
                ..tiny
            };
            matches!(error(&config, 8), Some(ConfigError::Heads { heads: 5, .. }))
        } else {
            return Err(format!("an unknown error: {what}").into());
        };
        report.equal(what, as_said, true);
    }
    Ok(())
}

fn labelled(config: &UnetConfig, labels: Option<&[u32]>) -> Result<(), NetworkError> {
    let graph = config.graph(1, ImageSize::square(8)).unwrap();
    let weights = vec![0.0; graph.weights_len()];
    let mut network = Network::new(&graph, Weights::F32(&weights))?;
    let inputs = Inputs {
        x: &[0.0; 3 * 64],
        timesteps: &[1.0],
        labels,
        low_res: None,
    };
    network.forward(&inputs, &mut [0.0; 3 * 64])
}

/// The nearest binary16, ties to even; below the smallest normal number, 0.
fn to_half(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = (bits >> 16) as u16 & 0x8000;
    let magnitude = bits & 0x7fff_ffff;
    if magnitude < (127 - 14) << 23 {
        return sign;
    }
    let rounded = magnitude + 0xfff + ((magnitude >> 13) & 1);
    sign | ((rounded - ((127 - 15) << 23)) >> 13) as u16
}

/// Its value; 0 or normal.
fn from_half(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let magnitude = u32::from(bits & 0x7fff);
    if magnitude == 0 {
        return f32::from_bits(sign);
    }
    f32::from_bits(sign | ((magnitude << 13) + ((127 - 15) << 23)))
}
