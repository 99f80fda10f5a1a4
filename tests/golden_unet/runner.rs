//! Every way there is to run a program, and what a case's numbers become on the way there.

use iddpm::cpu::{
    Extents, Inputs, Instruction, Location, Network, Operand, Parameter, Program, ProgramBuf,
    ProgramHeader, run,
};
use iddpm::unet::{Input, Op, Shape, Weights};

use super::case::{Outcome, Tensor};
use super::report::Report;

pub(crate) fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

/// The program by the plain interpreter, over a workspace full of NaN, and by a `Network`.
pub(crate) fn run_all(
    program: &ProgramBuf,
    weights: Weights<'_>,
    inputs: &Inputs<'_>,
) -> Outcome<[(&'static str, Vec<f32>); 2]> {
    let view = Program::from_bytes(program.as_bytes())?;
    let mut plain = vec![f32::NAN; view.output_len()];
    let mut workspace = vec![f32::NAN; view.workspace_len()];
    run(&view, weights, inputs, &mut workspace, &mut plain)?;
    let mut network = Network::from_program(program.clone(), weights)?;
    let mut owned = vec![f32::NAN; view.output_len()];
    network.forward(inputs, &mut owned)?;
    Ok([("plain", plain), ("network", owned)])
}

/// A program of one instruction from x to the result.
pub(crate) fn operation(
    batch: usize,
    from: Extents,
    to: Extents,
    operation: impl FnOnce(Operand) -> Op<Operand, Parameter>,
    weights: &[f32],
    x: &[f32],
) -> Outcome<[(&'static str, Vec<f32>); 2]> {
    let header = ProgramHeader {
        batch,
        workspace: 0,
        weights: weights.len(),
        classes: 0,
        tensors: 2,
        instructions: 1,
    };
    let operand = |location, extents: Extents| Operand {
        location,
        shape: Shape {
            batch,
            channels: extents.channels,
            height: extents.height,
            width: extents.width,
        },
    };
    let instruction = Instruction {
        op: operation(operand(Location::Input(Input::X), from)),
        output: operand(Location::Output, to),
    };
    let program = ProgramBuf::assemble(&header, &[instruction])?;
    let inputs = Inputs {
        x,
        timesteps: &vec![0.0; batch],
        labels: None,
        low_res: None,
    };
    run_all(&program, Weights::F32(weights), &inputs)
}

/// The parameter from a number on; its operation says how many it has.
pub(crate) const fn from_number(first: usize) -> Parameter {
    Parameter { first, len: 0 }
}

pub(crate) fn deviation(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean).powi(2));
    (squares.sum::<f64>() / count).sqrt()
}

/// Every way's result against the reference's: its f32, and its f64 where there is one.
pub(crate) fn compare(
    report: &mut Report,
    what: &str,
    results: &[(&'static str, Vec<f32>)],
    reference: &Tensor,
    double: Option<&Tensor>,
) {
    let exact = double.unwrap_or(reference);
    let scale = deviation(&exact.values);
    for (way, result) in results {
        report.equal(&format!("{what} length"), result.len(), exact.values.len());
        let pairs = exact.values.iter().zip(&reference.values);
        for (&got, (&exact, &single)) in result.iter().zip(pairs) {
            let mut tolerance = 1e-4 * scale + 4.0 * (single - exact).abs();
            if double.is_none() {
                // The f32 reference is off itself.
                tolerance += 1e-5 * exact.abs();
            }
            report.near(&format!("{what} {way}"), got.into(), exact, tolerance);
        }
    }
}
