//! The plain loops: the order of their sums, which is what their bits follow from, and the range of their statistics.

use iddpm::cpu::{Given, ProgramBuf, Real, Results, run_plain};
use iddpm::unet::{Conv, Graph, Init, Input, Op, Plan, Shape, Wrap};

use super::normals;

fn run<R: Real>(graph: &Graph, weights: &[R], given: &Given<'_, R>) -> Vec<R> {
    let program = ProgramBuf::new(graph, &Plan::single(graph)).unwrap();
    let program = program.view().unwrap();
    let mut workspace = vec![R::nearest(f64::NAN); program.workspace_len()];
    let mut output = vec![R::nearest(f64::NAN); program.output_len()];
    let mut results = Results {
        output: &mut output,
        gradients: &mut [],
    };
    run_plain(&program, weights, given, &mut workspace, &mut results).unwrap();
    output
}

fn shape(batch: usize, channels: usize, height: usize, width: usize) -> Shape {
    Shape {
        batch,
        channels,
        height,
        width,
    }
}

/// How a convolution goes over its input.
#[derive(Debug, Clone, Copy)]
struct Way {
    kernel: usize,
    stride: usize,
    upsample: bool,
    wrap: Wrap,
}

/// The row or column under one of the output, of `side` there are.
fn under(way: Way, at: usize, tap: usize, side: usize, wraps: bool) -> Option<usize> {
    let each = if way.upsample { 2 } else { 1 };
    let seen = (each * side) as isize;
    let at = (at * way.stride + tap) as isize - (way.kernel / 2) as isize;
    let at = if wraps { at.rem_euclid(seen) } else { at };
    (0..seen).contains(&at).then_some(at as usize / each)
}

/// Σ_{k, i, j} onto the bias, in that order.
fn convolution(
    way: Way,
    (from, numbers): (Shape, &[f32]),
    [weights, bias]: [&[f32]; 2],
    out: Shape,
) -> Vec<f32> {
    let taps = way.kernel * way.kernel;
    let mut all = Vec::new();
    for m in 0..out.channels {
        for (y, x) in (0..out.height).flat_map(|y| (0..out.width).map(move |x| (y, x))) {
            // The shift that there is not.
            let mut sum = bias[m] + 0.0;
            for (k, tap) in (0..from.channels).flat_map(|k| (0..taps).map(move |tap| (k, tap))) {
                let (i, j) = (tap / way.kernel, tap % way.kernel);
                let v = under(way, y, i, from.height, way.wrap.rows());
                let u = under(way, x, j, from.width, way.wrap.columns());
                if let (Some(v), Some(u)) = (v, u) {
                    sum += weights[(m * from.channels + k) * taps + tap]
                        * numbers[(k * from.height + v) * from.width + u];
                }
            }
            all.push(sum);
        }
    }
    all
}

/// Of every side there are edges of each kind: some have one column, some none between them.
#[test]
fn a_convolution_is_added_up_in_the_order_of_its_formula() {
    let ways = [1, 3].into_iter().flat_map(|kernel| {
        [(1, false), (2, false), (1, true), (2, true)]
            .map(|(stride, upsample)| (kernel, stride, upsample))
    });
    for ((kernel, stride, upsample), wrap) in ways.flat_map(|way| Wrap::ALL.map(|wrap| (way, wrap)))
    {
        let way = Way {
            kernel,
            stride,
            upsample,
            wrap,
        };
        let seen = |side: usize| if upsample { 2 * side } else { side };
        for (height, width) in [
            (1, 1),
            (2, 1),
            (1, 2),
            (2, 2),
            (3, 5),
            (6, 4),
            (5, 7),
            (4, 16),
        ] {
            let whole = |side: usize, wraps: bool| !wraps || seen(side).is_multiple_of(stride);
            if !whole(height, wrap.rows()) || !whole(width, wrap.columns()) {
                continue;
            }
            // More channels than are made at once, and than are added at once.
            let (from, made) = (shape(1, 5, height, width), [1, 3, 19][(height + width) % 3]);
            let out = shape(
                1,
                made,
                seen(height).div_ceil(stride),
                seen(width).div_ceil(stride),
            );
            let mut graph = Graph::new(1);
            let op = Op::Conv(Conv {
                input: graph.add_input(Input::XStart, "input", from),
                weight: graph.add_param("weight".into(), &[made, 5, kernel, kernel], Init::Zero),
                bias: graph.add_param("bias".into(), &[made], Init::Zero),
                kernel,
                stride,
                upsample,
                wrap,
                shift: None,
                residual: None,
            });
            let result = graph.add("result", op);
            graph.set_output(result);
            let (input, weights) = (normals(8, from.elements()), normals(9, graph.weights_len()));
            let given = Given {
                x_start: Some(input.as_slice()),
                ..Given::default()
            };
            let [weight, bias] = [0, 1].map(|param| &weights[graph.params()[param].offset..]);
            let bits =
                |numbers: Vec<f32>| numbers.into_iter().map(f32::to_bits).collect::<Vec<_>>();
            assert_eq!(
                bits(run(&graph, &weights, &given)),
                bits(convolution(way, (from, &input), [weight, bias], out)),
                "{way:?} over {height}x{width}"
            );
        }
    }
}

/// Numbers whose squares f32 does not hold, and numbers far from 0, are normalised as in f64.
#[test]
fn a_normalisation_in_f32_is_that_in_f64() {
    for (center, spread, tolerance) in [
        (0.0, 1.0, 1e-6),
        (300.0, 1.0, 2e-5),
        (0.0, 1e30, 1e-6),
        (3e38, 1e36, 1e-4),
    ] {
        let like = shape(2, 64, 9, 15);
        let mut graph = Graph::new(2);
        let op = Op::GroupNorm {
            input: graph.add_input(Input::XStart, "input", like),
            weight: graph.add_param("weight".into(), &[64], Init::Zero),
            bias: graph.add_param("bias".into(), &[64], Init::Zero),
            scale_shift: None,
            silu: false,
            groups: 32,
        };
        let result = graph.add("result", op);
        graph.set_output(result);
        let weights = normals(7, 128);
        let input = normals(6, like.elements());
        let input: Vec<f32> = input
            .iter()
            .map(|x| center + spread * x.clamp(-3.0, 3.0))
            .collect();
        let wide = |numbers: &[f32]| numbers.iter().copied().map(f64::from).collect::<Vec<_>>();
        let exact = wide(&input);
        let (single, double) = (
            Given {
                x_start: Some(input.as_slice()),
                ..Given::default()
            },
            Given {
                x_start: Some(exact.as_slice()),
                ..Given::default()
            },
        );
        let found = run(&graph, &weights, &single);
        let truth = run(&graph, &wide(&weights), &double);
        for (found, truth) in found.into_iter().zip(truth) {
            let off = (f64::from(found) - truth).abs();
            assert!(
                off <= tolerance * (1.0 + truth.abs()),
                "{center} by {spread}: {found}, not {truth}"
            );
        }
    }
}
