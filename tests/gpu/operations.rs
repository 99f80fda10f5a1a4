//! Every operation alone, at odd sizes, against its formula in f64.

use std::fmt::Write as _;

use iddpm::gpu::{DeviceWeights, Gpu, Network, Precision, Variants};
use iddpm::unet::{Conv, Graph, Init, Input, Op, ParamId, Shape, TensorId, Weights};

use super::gpu;
use super::networks::generate;

/// A tensor in f64, [N, C, H, W].
#[derive(Clone)]
struct Numbers {
    shape: Shape,
    values: Vec<f64>,
}

impl Numbers {
    fn at(&self, n: usize, c: usize, y: usize, x: usize) -> f64 {
        let Shape {
            channels,
            height,
            width,
            ..
        } = self.shape;
        self.values[((n * channels + c) * height + y) * width + x]
    }

    /// A tensor of a shape, by its formula.
    fn of(shape: Shape, f: impl Fn(usize, usize, usize, usize) -> f64) -> Self {
        let mut values = Vec::new();
        for n in 0..shape.batch {
            for c in 0..shape.channels {
                for y in 0..shape.height {
                    values.extend((0..shape.width).map(|x| f(n, c, y, x)));
                }
            }
        }
        Self { shape, values }
    }
}

fn shape(batch: usize, channels: usize, height: usize, width: usize) -> Shape {
    Shape {
        batch,
        channels,
        height,
        width,
    }
}

/// A graph of one operation, what goes into it, and what must come out.
struct Case {
    name: String,
    graph: Graph,
    inputs: Vec<(Input, Vec<f32>)>,
    weights: Vec<f32>,
    expected: Numbers,
    tolerance: f64,
}

/// Builds a case: inputs of every role, parameters, values from the generator.
struct Maker {
    name: String,
    graph: Graph,
    inputs: Vec<(Input, Vec<f32>)>,
    params: Vec<(ParamId, Vec<f32>)>,
}

/// Roles to feed an operation's operands by; what they mean to a network does not matter here.
const ROLES: [Input; 4] = [Input::X, Input::Timesteps, Input::Labels, Input::LowRes];

impl Maker {
    fn new(name: String, batch: usize) -> Self {
        Self {
            name,
            graph: Graph::new(batch),
            inputs: Vec::new(),
            params: Vec::new(),
        }
    }

    fn given(&mut self, shape: Shape, values: Vec<f32>) -> (TensorId, Numbers) {
        let role = ROLES[self.inputs.len()];
        let id = self.graph.add_input(role, &format!("{role:?}"), shape);
        let numbers = values.iter().map(|&value| value.into()).collect();
        self.inputs.push((role, values));
        (
            id,
            Numbers {
                shape,
                values: numbers,
            },
        )
    }

    fn random(&mut self, shape: Shape) -> (TensorId, Numbers) {
        let seed = 77 + self.inputs.len() as u64;
        let values = generate(seed, &self.name, shape.elements(), 0.1, 1.5);
        self.given(shape, values)
    }

    fn param(&mut self, extents: &[usize], scale: f64) -> (ParamId, Vec<f64>) {
        let name = format!("{}{}", self.name, self.params.len());
        let id = self.graph.add_param(name.clone(), extents, Init::Zero);
        let len = extents.iter().product();
        // Of 11 bits, so that 16 bits hold them and both widths must give the same.
        let values: Vec<f32> = generate(5, &name, len, 0.0, scale)
            .iter()
            .map(|&value| half::f16::from_f32(value).to_f32())
            .collect();
        let numbers = values.iter().map(|&value| value.into()).collect();
        self.params.push((id, values));
        (id, numbers)
    }

    fn case(mut self, op: Op, tolerance: f64, expected: impl Fn(Shape) -> Numbers) -> Case {
        let output = self.graph.add("result", op);
        self.graph.set_output(output);
        let mut weights = vec![0.0; self.graph.weights_len()];
        for (id, values) in &self.params {
            let offset = self.graph.param(*id).unwrap().offset;
            weights[offset..][..values.len()].copy_from_slice(values);
        }
        Case {
            expected: expected(self.graph.shape(output)),
            name: self.name,
            graph: self.graph,
            inputs: self.inputs,
            weights,
            tolerance,
        }
    }
}

fn silu(x: f64) -> f64 {
    x / (1.0 + (-x).exp())
}

fn conv_case(
    input: Shape,
    outputs: usize,
    (kernel, stride, upsample): (usize, usize, bool),
    (shifted, residual): (bool, bool),
) -> Case {
    let Shape {
        batch,
        channels,
        height,
        width,
    } = input;
    let mut maker = Maker::new(
        format!(
            "conv {batch}x{channels}x{height}x{width} to {outputs}, side {kernel}, stride {stride}, upsample {upsample}, shift {shifted}, residual {residual}"
        ),
        batch,
    );
    let (input_id, x) = maker.random(input);
    let extent = |side: usize| if upsample { 2 * side } else { side }.div_ceil(stride);
    let out = shape(batch, outputs, extent(height), extent(width));
    let shift = shifted.then(|| maker.random(shape(batch, outputs, 1, 1)));
    let residual = residual.then(|| maker.random(out));
    let scale = 1.0 / ((channels * kernel * kernel) as f64).sqrt();
    let (weight, w) = maker.param(&[outputs, channels, kernel, kernel], scale);
    let (bias, b) = maker.param(&[outputs], 0.5);
    let op = Op::Conv(Conv {
        input: input_id,
        weight,
        bias,
        kernel,
        stride,
        upsample,
        shift: shift.as_ref().map(|(id, _)| *id),
        residual: residual.as_ref().map(|(id, _)| *id),
    });
    maker.case(op, 4e-6, move |out| {
        Numbers::of(out, |n, m, y, x_at| {
            let mut sum = b[m];
            sum += shift
                .as_ref()
                .map_or(0.0, |(_, shift)| shift.at(n, m, 0, 0));
            sum += residual
                .as_ref()
                .map_or(0.0, |(_, residual)| residual.at(n, m, y, x_at));
            for k in 0..channels {
                for dy in 0..kernel {
                    for dx in 0..kernel {
                        let zoom = usize::from(upsample) + 1;
                        let row = (y * stride + dy).checked_sub(kernel / 2);
                        let column = (x_at * stride + dx).checked_sub(kernel / 2);
                        if let (Some(row), Some(column)) = (row, column)
                            && row < zoom * height
                            && column < zoom * width
                        {
                            let at = ((m * channels + k) * kernel + dy) * kernel + dx;
                            sum += w[at] * x.at(n, k, row / zoom, column / zoom);
                        }
                    }
                }
            }
            sum
        })
    })
}

fn linear_case(batch: usize, inputs: usize, outputs: usize, with_silu: bool) -> Case {
    let name = format!("linear {batch}x{inputs} to {outputs}, silu {with_silu}");
    let mut maker = Maker::new(name, batch);
    let (input, x) = maker.random(shape(batch, inputs, 1, 1));
    let (weight, w) = maker.param(&[outputs, inputs], 1.0 / (inputs as f64).sqrt());
    let (bias, b) = maker.param(&[outputs], 0.5);
    let op = Op::Linear {
        input,
        weight,
        bias,
        silu: with_silu,
    };
    maker.case(op, 4e-6, move |out| {
        Numbers::of(out, |n, m, _, _| {
            let seen = |k| {
                if with_silu {
                    silu(x.at(n, k, 0, 0))
                } else {
                    x.at(n, k, 0, 0)
                }
            };
            b[m] + (0..inputs)
                .map(|k| w[m * inputs + k] * seen(k))
                .sum::<f64>()
        })
    })
}

fn group_norm_case(
    input: Shape,
    (modulated, with_silu): (bool, bool),
    (offset, spread): (f64, f64),
) -> Case {
    let Shape {
        batch,
        channels,
        height,
        width,
    } = input;
    let name = format!(
        "group norm {batch}x{channels}x{height}x{width}, modulated {modulated}, silu {with_silu}, about {offset} by {spread}"
    );
    let mut maker = Maker::new(name.clone(), batch);
    let values = generate(9, &name, input.elements(), offset, spread);
    let (input_id, x) = maker.given(input, values);
    let scale_shift = modulated.then(|| maker.random(shape(batch, 2 * channels, 1, 1)));
    let (weight, w) = maker.param(&[channels], 1.0);
    let (bias, b) = maker.param(&[channels], 0.5);
    let op = Op::GroupNorm {
        input: input_id,
        weight,
        bias,
        scale_shift: scale_shift.as_ref().map(|(id, _)| *id),
        silu: with_silu,
    };
    // Numbers far from 0 carry their own rounding into what is left of them.
    let tolerance = 1e-5 + 1e-6 * offset.abs();
    maker.case(op, tolerance, move |out| {
        let per_group = channels / 32;
        let laws: Vec<(f64, f64)> = (0..batch * 32)
            .map(|group| {
                let len = per_group * height * width;
                let values = &x.values[group * len..][..len];
                let mean = values.iter().sum::<f64>() / len as f64;
                let squares = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
                (mean, 1.0 / (squares / len as f64 + 1e-5).sqrt())
            })
            .collect();
        Numbers::of(out, |n, c, y, x_at| {
            let (mean, rstd) = laws[n * 32 + c / per_group];
            let mut value = (x.at(n, c, y, x_at) - mean) * rstd * w[c] + b[c];
            if let Some((_, modulation)) = &scale_shift {
                value = value * (1.0 + modulation.at(n, c, 0, 0))
                    + modulation.at(n, channels + c, 0, 0);
            }
            if with_silu { silu(value) } else { value }
        })
    })
}

fn attention_case(batch: usize, heads: usize, rows: usize, height: usize, width: usize) -> Case {
    let name = format!("attention {batch}x{heads}x{rows} over {height}x{width}");
    let mut maker = Maker::new(name, batch);
    let (qkv, given) = maker.random(shape(batch, 3 * heads * rows, height, width));
    let positions = height * width;
    maker.case(Op::Attention { qkv, heads }, 4e-6, move |out| {
        let at = |n: usize, row: usize, p: usize| given.at(n, row, p / width, p % width);
        Numbers::of(out, |n, c, y, x| {
            let (head, d) = (c / rows, c % rows);
            let first = 3 * head * rows;
            let query = y * width + x;
            let scores: Vec<f64> = (0..positions)
                .map(|key| {
                    let products =
                        (0..rows).map(|d| at(n, first + d, query) * at(n, first + rows + d, key));
                    products.sum::<f64>() / (rows as f64).sqrt()
                })
                .collect();
            let largest = scores.iter().copied().fold(f64::MIN, f64::max);
            let shares: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
            let values = shares.iter().enumerate();
            let sum: f64 = values
                .map(|(key, share)| share * at(n, first + 2 * rows + d, key))
                .sum();
            sum / shares.iter().sum::<f64>()
        })
    })
}

fn embedding_case(dim: usize, timesteps: &[f32]) -> Case {
    let mut maker = Maker::new(format!("timestep embedding of {dim}"), timesteps.len());
    let (id, t) = maker.given(shape(timesteps.len(), 1, 1, 1), timesteps.into());
    let op = Op::TimestepEmbedding { timesteps: id, dim };
    maker.case(op, 4e-7, move |out| {
        let half = dim / 2;
        Numbers::of(out, |n, c, _, _| {
            let frequency = (-(1e4_f64.ln()) * (c % half) as f64 / half as f64).exp();
            let angle = t.values[n] * frequency;
            match c / half {
                0 => angle.cos(),
                1 => angle.sin(),
                _ => 0.0,
            }
        })
    })
}

fn label_case(batch: usize, channels: usize, classes: usize) -> Case {
    let mut maker = Maker::new(
        format!("label embedding {batch}x{channels} of {classes}"),
        batch,
    );
    let (base, given) = maker.random(shape(batch, channels, 1, 1));
    let classes_of = (0..batch)
        .map(|n| ((7 * n + classes - 1) % classes) as f32)
        .collect();
    let (labels, label) = maker.given(shape(batch, 1, 1, 1), classes_of);
    let (table, rows) = maker.param(&[classes, channels], 1.0);
    let op = Op::LabelEmbedding {
        base,
        labels,
        table,
    };
    maker.case(op, 4e-7, move |out| {
        Numbers::of(out, |n, c, _, _| {
            given.at(n, c, 0, 0) + rows[label.values[n] as usize * channels + c]
        })
    })
}

fn concat_case(first: Shape, channels: usize) -> Case {
    let mut maker = Maker::new(format!("concat {first:?} and {channels}"), first.batch);
    let (first_id, a) = maker.random(first);
    let (second, b) = maker.random(Shape { channels, ..first });
    let op = Op::Concat {
        first: first_id,
        second,
    };
    maker.case(op, 0.0, move |out| {
        Numbers::of(out, |n, c, y, x| match c.checked_sub(first.channels) {
            None => a.at(n, c, y, x),
            Some(c) => b.at(n, c, y, x),
        })
    })
}

fn pool_case(input: Shape) -> Case {
    let mut maker = Maker::new(format!("average pool {input:?}"), input.batch);
    let (input, x) = maker.random(input);
    maker.case(Op::AveragePool { input }, 4e-7, move |out| {
        Numbers::of(out, |n, c, y, x_at| {
            let rows = [2 * y, 2 * y + 1];
            let sum = |y| x.at(n, c, y, 2 * x_at) + x.at(n, c, y, 2 * x_at + 1);
            rows.map(sum).iter().sum::<f64>() / 4.0
        })
    })
}

fn upsample_case(input: Shape) -> Case {
    let mut maker = Maker::new(format!("upsample {input:?}"), input.batch);
    let (input, x) = maker.random(input);
    maker.case(Op::Upsample { input }, 0.0, move |out| {
        Numbers::of(out, |n, c, y, x_at| x.at(n, c, y / 2, x_at / 2))
    })
}

fn bilinear_case(input: Shape, height: usize, width: usize) -> Case {
    let mut maker = Maker::new(
        format!("bilinear {input:?} to {height}x{width}"),
        input.batch,
    );
    let (id, x) = maker.random(input);
    let op = Op::Bilinear {
        input: id,
        height,
        width,
    };
    maker.case(op, 1e-6, move |out| {
        let between = |to: usize, side: usize, out_side: usize| {
            let at = ((to as f64 + 0.5) * side as f64 / out_side as f64 - 0.5).max(0.0);
            let low = at as usize;
            (low, (low + 1).min(side - 1), at - low as f64)
        };
        Numbers::of(out, |n, c, y, x_at| {
            let (top, bottom, down) = between(y, input.height, height);
            let (left, right, across) = between(x_at, input.width, width);
            let row = |y| x.at(n, c, y, left) * (1.0 - across) + x.at(n, c, y, right) * across;
            row(top) * (1.0 - down) + row(bottom) * down
        })
    })
}

/// Sizes are odd on purpose: no tile, workgroup or vector divides them.
fn table() -> Vec<Case> {
    let none = (false, false);
    vec![
        embedding_case(32, &[0.0, 1.0, 999.75, 3999.0, 0.25]),
        embedding_case(33, &[17.5, 250.0]),
        label_case(5, 36, 3),
        linear_case(1, 32, 128, true),
        linear_case(3, 65, 7, false),
        linear_case(2, 513, 33, true),
        conv_case(shape(2, 3, 7, 5), 5, (3, 1, false), none),
        conv_case(shape(1, 33, 8, 8), 32, (3, 1, false), (true, true)),
        conv_case(shape(3, 17, 9, 7), 13, (3, 2, false), (true, false)),
        conv_case(shape(2, 7, 6, 10), 9, (3, 2, false), (false, true)),
        conv_case(shape(2, 6, 5, 3), 11, (3, 1, true), none),
        conv_case(shape(2, 70, 5, 13), 67, (1, 1, false), (false, true)),
        conv_case(shape(1, 65, 17, 11), 130, (3, 1, false), (false, true)),
        conv_case(shape(2, 1, 1, 1), 1, (3, 1, false), none),
        group_norm_case(shape(2, 32, 3, 5), (false, false), (0.0, 1.5)),
        group_norm_case(shape(3, 96, 7, 3), (true, true), (0.0, 1.5)),
        group_norm_case(shape(1, 64, 17, 19), (true, false), (300.0, 1.5)),
        group_norm_case(shape(2, 32, 1, 1), (false, true), (1.0, 1.5)),
        // ε is as large as the variance.
        group_norm_case(shape(1, 64, 5, 3), (false, false), (0.0, 0.005)),
        attention_case(2, 1, 32, 3, 5),
        attention_case(1, 4, 8, 4, 4),
        attention_case(2, 3, 5, 11, 13),
        attention_case(1, 1, 260, 2, 3),
        attention_case(1, 2, 16, 1, 1),
        concat_case(shape(3, 5, 3, 7), 2),
        concat_case(shape(2, 64, 8, 8), 33),
        pool_case(shape(2, 3, 6, 10)),
        upsample_case(shape(3, 5, 3, 7)),
        bilinear_case(shape(2, 3, 4, 4), 8, 8),
        bilinear_case(shape(1, 2, 5, 3), 13, 7),
        bilinear_case(shape(1, 1, 7, 9), 3, 4),
    ]
}

fn run(gpu: &Gpu, case: &Case, precision: Precision) -> Vec<f32> {
    let weights = Weights::F32(&case.weights);
    let weights = DeviceWeights::upload_blocking(gpu, &case.graph, weights, precision).unwrap();
    let network = Network::new_blocking(gpu, &case.graph, &weights)
        .unwrap_or_else(|error| panic!("{}: {error}", case.name));
    network.poison();
    for (input, values) in &case.inputs {
        network.write(*input, values).unwrap();
    }
    network.run_blocking().unwrap();
    network.output_blocking().unwrap()
}

#[test]
fn every_operation() {
    for variants in [Variants::PLAIN, Variants::PARALLEL] {
        let gpu = gpu().clone().with_variants(variants);
        check_all(&gpu);
    }
}

fn check_all(gpu: &Gpu) {
    let mut failures = String::new();
    for case in table() {
        for precision in [Precision::Full, Precision::Half] {
            let result = run(gpu, &case, precision);
            assert_eq!(result.len(), case.expected.values.len(), "{}", case.name);
            let scale = case
                .expected
                .values
                .iter()
                .fold(1.0, |m: f64, v| m.max(v.abs()));
            let mut wrong = 0;
            let mut worst = (0.0_f64, 0);
            for (i, (&got, &want)) in result.iter().zip(&case.expected.values).enumerate() {
                let error = (f64::from(got) - want).abs();
                // NaN is neither.
                let is_near = error <= case.tolerance * scale;
                let is_less = error <= worst.0;
                wrong += usize::from(!is_near);
                if !is_less {
                    worst = (error, i);
                }
            }
            if wrong > 0 {
                let (error, at) = worst;
                let (got, want) = (result[at], case.expected.values[at]);
                writeln!(
                    failures,
                    "{} ({precision:?}): {wrong} of {} wrong, [{at}] = {got}, not {want}: off by {error:e}",
                    case.name,
                    result.len()
                )
                .unwrap();
            }
        }
    }
    let variants = gpu.variants();
    assert!(failures.is_empty(), "{variants:?}\n{failures}");
}
