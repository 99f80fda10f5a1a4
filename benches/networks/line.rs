//! Measurements as lines of JSON, one an object, from which `benches/pytorch` takes what to compare with.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use iddpm::cpu::{Inputs, Network};
use serde_json::{Value, json};

use super::timing::Timing;
use super::{Case, digits, timesteps, x};

/// Numbers of an output that are kept.
const SAMPLES: usize = 64;

/// A measurement. `output` is what the network made of [`x`] and [`timesteps`] with
/// [`weights`](super::weights).
pub(crate) fn measured(case: &Case, mode: &str, timing: Timing, output: &[f32]) -> Value {
    // As many numbers as fit, evenly spread.
    let sample: Vec<f32> = (0..SAMPLES)
        .filter_map(|i| output.get(i * output.len() / SAMPLES).copied())
        .collect();
    json!({
        "implementation": "iddpm",
        "version": env!("CARGO_PKG_VERSION"),
        "case": case.name(),
        "network": case.network,
        "config": case.config,
        "side": case.side,
        "batch": case.batch,
        "mode": mode,
        "flop": case.graph().flops(),
        "median": timing.median,
        "fastest": timing.fastest,
        "repeats": timing.repeats,
        "runs": timing.runs,
        "output": sample,
    })
}

/// What the CPU executor makes of the shipped digits' network: all of it, for another program to check
/// itself by.
pub(crate) fn reference() -> Value {
    const BATCH: usize = 3;
    let checkpoint = digits();
    let description = checkpoint.description();
    let graph = description.graph(BATCH).unwrap();
    let pixels = description.unet.in_channels * description.size.height * description.size.width;
    let labels: Vec<u32> = (0..BATCH as u32).map(|n| n * 3 % 10).collect();
    let mut output = vec![0.0; BATCH * description.unet.out_channels * pixels];
    let inputs = Inputs {
        x: &x(BATCH * pixels),
        timesteps: &timesteps(BATCH),
        labels: Some(&labels),
        low_res: None,
    };
    let mut network = Network::new(&graph, checkpoint.weights()).unwrap();
    network.forward(&inputs, &mut output).unwrap();
    json!({
        "reference": "examples/assets/digits16.safetensors",
        "config": description.unet,
        "side": description.size.height,
        "batch": BATCH,
        "labels": labels,
        "output": output,
    })
}

/// Appends a line, where a file was asked for.
pub(crate) fn append(path: Option<&Path>, line: &Value) {
    if let Some(path) = path {
        let mut file = OpenOptions::new().create(true).append(true).open(path);
        let written = file.as_mut().map(|file| writeln!(file, "{line}"));
        written.unwrap().unwrap();
    }
}
