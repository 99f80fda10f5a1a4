//! A linear operation A and its gradient Aᵀ: ⟨A x, g⟩ = ⟨x, Aᵀ g⟩, at sizes that no whole network has.

use std::collections::HashMap;

use iddpm::unet::{Conv, Graph, Init, Input, Op, Shape, TensorId, Wrap};

use super::cases::reference::{Run, run};
use super::cases::{generate, shape};

/// Runs a graph with x, a gradient of `out`'s shape as `Noise`, and random weights without biases.
fn products(graph: &Graph, x: Shape, out: Shape) -> (Run, Vec<f64>, Vec<f64>, Vec<f64>) {
    let values = generate(1, "x", x.elements(), 0.0, 1.0);
    let grad = generate(2, "grad", out.elements(), 0.0, 1.0);
    let mut weights = generate(3, "weights", graph.weights_len(), 0.0, 1.0);
    for bias in graph.params().iter().filter(|param| param.name == "bias") {
        weights[bias.offset..][..bias.elements()].fill(0.0);
    }
    let inputs = HashMap::from([(Input::X, values.clone()), (Input::Noise, grad.clone())]);
    (run(graph, &weights, &inputs), weights, values, grad)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn close(what: &str, a: f64, b: f64) {
    assert!(
        (a - b).abs() < 1e-11 * (1.0 + a.abs()),
        "{what}: {a} and {b}"
    );
}

#[test]
fn convolutions() {
    for (kernel, stride, upsample, wrap, height, width) in [
        (3, 1, false, Wrap::None, 5, 7),
        (3, 2, false, Wrap::None, 5, 7),
        (3, 2, false, Wrap::None, 6, 3),
        (3, 1, true, Wrap::None, 3, 2),
        (1, 1, false, Wrap::None, 4, 3),
        (3, 1, false, Wrap::X, 5, 7),
        (3, 1, false, Wrap::Xy, 1, 2),
        (3, 2, false, Wrap::Y, 6, 3),
        (3, 2, false, Wrap::Xy, 2, 8),
        (3, 1, true, Wrap::Xy, 3, 1),
    ] {
        let name = format!(
            "{kernel}x{kernel}/{stride}, upsample {upsample}, round {wrap}, {height}x{width}"
        );
        let mut graph = Graph::new(2);
        let x = shape(2, 3, height, width);
        let input = graph.add_input(Input::X, "x", x);
        let weight = graph.add_param("weight".into(), &[4, 3, kernel, kernel], Init::Zero);
        let bias = graph.add_param("bias".into(), &[4], Init::Zero);
        let conv = Conv {
            input,
            weight,
            bias,
            kernel,
            stride,
            upsample,
            wrap,
            shift: None,
            residual: None,
        };
        let output = graph.add("out", Op::Conv(conv));
        let out = graph.shape(output);
        let grad = graph.add_input(Input::Noise, "grad", out);
        let seen = conv.resized(x);
        let resized = Op::ConvGradInput {
            grad,
            weight,
            kernel,
            stride,
            wrap,
            channels: 3,
            height: seen.height,
            width: seen.width,
        };
        let mut of_input = graph.add("of_input", resized);
        if upsample {
            let op = Op::UpsampleGrad { grad: of_input };
            of_input = graph.add("of_input.sum", op);
        }
        let of_weight = graph.add(
            "of_weight",
            Op::ConvGradWeight {
                input,
                grad,
                kernel,
                stride,
                upsample,
                wrap,
            },
        );
        let (run, weights, values, given) = products(&graph, x, out);
        let forward = dot(run.tensor(output), &given);
        close(&name, forward, dot(&values, run.tensor(of_input)));
        let param = graph.param(weight).unwrap();
        let weights = &weights[param.offset..][..param.elements()];
        close(&name, forward, dot(weights, run.tensor(of_weight)));
    }
}

#[test]
fn resizing_and_channels() {
    let x = shape(2, 3, 5, 7);
    let pool = |input| Op::AveragePool { input };
    let pool_grad = |grad| Op::AveragePoolGrad {
        grad,
        height: 5,
        width: 7,
    };
    let upsample = |input| Op::Upsample { input };
    let upsample_grad = |grad| Op::UpsampleGrad { grad };
    let slice = |input| Op::Slice {
        input,
        start: 0,
        channels: 3,
    };
    let slice_grad = |grad| Op::Slice {
        input: grad,
        start: 0,
        channels: 3,
    };
    check("average_pool", x, pool, pool_grad);
    check("upsample", x, upsample, upsample_grad);
    check("slice", x, slice, slice_grad);
}

fn check(
    name: &str,
    x: Shape,
    forward: impl Fn(TensorId) -> Op,
    backward: impl Fn(TensorId) -> Op,
) {
    let mut graph = Graph::new(x.batch);
    let input = graph.add_input(Input::X, "x", x);
    let output = graph.add("out", forward(input));
    let out = graph.shape(output);
    let grad = graph.add_input(Input::Noise, "grad", out);
    let of_input = graph.add("of_input", backward(grad));
    let (run, _, values, given) = products(&graph, x, out);
    close(
        name,
        dot(run.tensor(output), &given),
        dot(&values, run.tensor(of_input)),
    );
}
