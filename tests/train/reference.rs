//! Any graph in f64, operation by operation, in the plainest loops: what the executors are compared
//! with, once finite differences agree with it.

use std::collections::HashMap;

use iddpm::diffusion::LossRow;
use iddpm::diffusion::noise::philox4x32_10;
use iddpm::unet::{
    Conv, Graph, Input, LossOp, NormOp, NormParam, Op, ParamId, Role, Shape, TensorId,
};

const GROUPS: usize = 32;

/// What a run made of a graph.
pub(crate) struct Run {
    /// Every tensor.
    pub(crate) tensors: Vec<Vec<f64>>,
    /// The gradient of every parameter, laid out as the weights are.
    pub(crate) gradients: Vec<f64>,
}

impl Run {
    /// A tensor.
    pub(crate) fn tensor(&self, id: TensorId) -> &[f64] {
        &self.tensors[id.index()]
    }
}

/// What the caller gives; keys are whole numbers below 2³².
pub(crate) type Inputs = HashMap<Input, Vec<f64>>;

/// Runs a whole graph.
pub(crate) fn run(graph: &Graph, weights: &[f64], inputs: &Inputs) -> Run {
    let mut run = Run {
        tensors: vec![Vec::new(); graph.tensors().len()],
        gradients: vec![0.0; weights.len()],
    };
    for (values, tensor) in run.tensors.iter_mut().zip(graph.tensors()) {
        if let Role::Input(input) = tensor.role {
            values.clone_from(&inputs[&input]);
            assert_eq!(values.len(), tensor.shape.elements(), "{input:?}");
        }
    }
    for node in graph.nodes() {
        let context = Context {
            graph,
            weights,
            tensors: &run.tensors,
        };
        let made = context.node(&node.op);
        let tensor = graph.tensor(node.output).unwrap();
        assert_eq!(made.len(), tensor.shape.elements(), "{}", tensor.name);
        if let Role::Gradient(param) = tensor.role {
            let offset = graph.param(param).unwrap().offset;
            run.gradients[offset..][..made.len()].copy_from_slice(&made);
        }
        run.tensors[node.output.index()] = made;
    }
    run
}

struct Context<'a> {
    graph: &'a Graph,
    weights: &'a [f64],
    tensors: &'a [Vec<f64>],
}

/// A tensor with its shape.
#[derive(Clone, Copy)]
struct View<'a> {
    shape: Shape,
    values: &'a [f64],
}

impl View<'_> {
    fn index(&self, n: usize, c: usize, y: usize, x: usize) -> usize {
        index(self.shape, n, c, y, x)
    }

    fn at(&self, n: usize, c: usize, y: usize, x: usize) -> f64 {
        self.values[self.index(n, c, y, x)]
    }
}

fn index(shape: Shape, n: usize, c: usize, y: usize, x: usize) -> usize {
    ((n * shape.channels + c) * shape.height + y) * shape.width + x
}

/// A tensor of a shape by its formula.
fn made(shape: Shape, mut f: impl FnMut(usize, usize, usize, usize) -> f64) -> Vec<f64> {
    let mut values = Vec::with_capacity(shape.elements());
    for n in 0..shape.batch {
        for c in 0..shape.channels {
            for y in 0..shape.height {
                for x in 0..shape.width {
                    values.push(f(n, c, y, x));
                }
            }
        }
    }
    values
}

fn silu(x: f64) -> f64 {
    x / (1.0 + (-x).exp())
}

fn silu_slope(x: f64) -> f64 {
    let s = 1.0 / (1.0 + (-x).exp());
    s * (1.0 + x * (1.0 - s))
}

/// The rows and columns of a convolution: which input lies under an output and a tap.
fn under(out: usize, tap: usize, kernel: usize, stride: usize, len: usize) -> Option<usize> {
    let at = (out * stride + tap) as isize - (kernel / 2) as isize;
    (0..len as isize).contains(&at).then_some(at as usize)
}

/// Calls `each` with every product of a convolution: image, output channel, input channel, place in
/// the weight, position of the output, position of the input.
fn taps(
    out: Shape,
    seen: Shape,
    kernel: usize,
    stride: usize,
    mut each: impl FnMut(usize, usize, usize, usize, (usize, usize), (usize, usize)),
) {
    let places = |len: usize, seen: usize, tap: usize| -> Vec<(usize, usize)> {
        let under = |at| Some((at, under(at, tap, kernel, stride, seen)?));
        (0..len).filter_map(under).collect()
    };
    for tap in 0..kernel * kernel {
        let rows = places(out.height, seen.height, tap / kernel);
        let columns = places(out.width, seen.width, tap % kernel);
        for n in 0..out.batch {
            for m in 0..out.channels {
                for k in 0..seen.channels {
                    let weight = (m * seen.channels + k) * kernel * kernel + tap;
                    for &(y, row) in &rows {
                        for &(x, column) in &columns {
                            each(n, m, k, weight, (y, x), (row, column));
                        }
                    }
                }
            }
        }
    }
}

/// A group normalisation, taken apart.
struct Norm<'a> {
    input: View<'a>,
    mean: Vec<f64>,
    inverse: Vec<f64>,
    weight: &'a [f64],
    bias: &'a [f64],
    scale_shift: Option<&'a [f64]>,
    silu: bool,
}

impl Norm<'_> {
    fn group(&self, n: usize, c: usize) -> usize {
        n * GROUPS + c / (self.input.shape.channels / GROUPS)
    }

    fn normal(&self, n: usize, c: usize, y: usize, x: usize) -> f64 {
        let group = self.group(n, c);
        (self.input.at(n, c, y, x) - self.mean[group]) * self.inverse[group]
    }

    fn scale(&self, n: usize, c: usize) -> f64 {
        let channels = self.input.shape.channels;
        1.0 + self.scale_shift.map_or(0.0, |s| s[n * 2 * channels + c])
    }

    fn shift(&self, n: usize, c: usize) -> f64 {
        let channels = self.input.shape.channels;
        self.scale_shift
            .map_or(0.0, |s| s[n * 2 * channels + channels + c])
    }

    /// What the SiLU is applied to.
    fn before(&self, n: usize, c: usize, y: usize, x: usize) -> f64 {
        let affine = self.normal(n, c, y, x) * self.weight[c] + self.bias[c];
        affine * self.scale(n, c) + self.shift(n, c)
    }

    fn slope(&self, n: usize, c: usize, y: usize, x: usize) -> f64 {
        if self.silu {
            silu_slope(self.before(n, c, y, x))
        } else {
            1.0
        }
    }
}

impl Context<'_> {
    fn view(&self, id: TensorId) -> View<'_> {
        View {
            shape: self.graph.shape(id),
            values: &self.tensors[id.index()],
        }
    }

    fn param(&self, id: ParamId) -> &[f64] {
        let param = self.graph.param(id).unwrap();
        &self.weights[param.offset..][..param.elements()]
    }

    fn shape(&self, op: &Op) -> Shape {
        op.shape(
            |id| self.graph.shape(id),
            |id| self.graph.param(id).unwrap().rows(),
        )
    }

    fn node(&self, op: &Op) -> Vec<f64> {
        let out = self.shape(op);
        match *op {
            Op::TimestepEmbedding { timesteps, dim } => {
                let t = self.view(timesteps).values;
                let half = dim / 2;
                made(out, |n, c, _, _| {
                    let i = c % half.max(1);
                    let angle = t[n] * (-(10_000_f64.ln()) * i as f64 / half as f64).exp();
                    match c / half.max(1) {
                        0 => angle.cos(),
                        1 => angle.sin(),
                        _ => 0.0,
                    }
                })
            }
            Op::LabelEmbedding {
                base,
                labels,
                table,
            } => {
                let (base, labels, table) = (self.view(base), self.view(labels), self.param(table));
                made(out, |n, c, _, _| {
                    base.at(n, c, 0, 0) + table[labels.values[n] as usize * out.channels + c]
                })
            }
            Op::Linear {
                input,
                weight,
                bias,
                silu: first,
            } => {
                let (input, weight, bias) =
                    (self.view(input), self.param(weight), self.param(bias));
                let depth = input.shape.channels;
                made(out, |n, m, _, _| {
                    let products = (0..depth).map(|k| {
                        let x = input.at(n, k, 0, 0);
                        weight[m * depth + k] * if first { silu(x) } else { x }
                    });
                    bias[m] + products.sum::<f64>()
                })
            }
            Op::Conv(conv) => self.conv(&conv, out),
            Op::GroupNorm {
                input,
                weight,
                bias,
                scale_shift,
                silu: activate,
            } => {
                let norm = self.norm(input, weight, bias, scale_shift, activate);
                made(out, |n, c, y, x| {
                    let z = norm.before(n, c, y, x);
                    if activate { silu(z) } else { z }
                })
            }
            Op::Attention { qkv, heads } => self.attention(self.view(qkv), heads),
            Op::Concat { first, second } => {
                let (first, second) = (self.view(first), self.view(second));
                made(out, |n, c, y, x| {
                    match c.checked_sub(first.shape.channels) {
                        None => first.at(n, c, y, x),
                        Some(c) => second.at(n, c, y, x),
                    }
                })
            }
            Op::AveragePool { input } => {
                let input = self.view(input);
                made(out, |n, c, y, x| {
                    let four = [(0, 0), (0, 1), (1, 0), (1, 1)];
                    let values = four.map(|(i, j)| input.at(n, c, 2 * y + i, 2 * x + j));
                    values.iter().sum::<f64>() / 4.0
                })
            }
            Op::Upsample { input } => {
                let input = self.view(input);
                made(out, |n, c, y, x| input.at(n, c, y / 2, x / 2))
            }
            Op::Bilinear { input, .. } => {
                let input = self.view(input);
                let place = |out: usize, to: usize, from: usize| {
                    let at = (out as f64 + 0.5) * from as f64 / to as f64 - 0.5;
                    let at = at.max(0.0);
                    let low = (at as usize).min(from - 1);
                    (low, (low + 1).min(from - 1), at - low as f64)
                };
                made(out, |n, c, y, x| {
                    let (top, bottom, v) = place(y, out.height, input.shape.height);
                    let (left, right, u) = place(x, out.width, input.shape.width);
                    let row =
                        |y| input.at(n, c, y, left) * (1.0 - u) + input.at(n, c, y, right) * u;
                    row(top) * (1.0 - v) + row(bottom) * v
                })
            }
            _ => self.train(op, out),
        }
    }

    fn conv(&self, conv: &Conv, out: Shape) -> Vec<f64> {
        let (input, weight, bias) = (
            self.view(conv.input),
            self.param(conv.weight),
            self.param(conv.bias),
        );
        let seen = conv.resized(input.shape);
        let each = if conv.upsample { 2 } else { 1 };
        let mut result = made(out, |n, m, y, x| {
            let shift = conv.shift.map_or(0.0, |id| self.view(id).at(n, m, 0, 0));
            let residual = conv.residual.map_or(0.0, |id| self.view(id).at(n, m, y, x));
            bias[m] + shift + residual
        });
        taps(
            out,
            seen,
            conv.kernel,
            conv.stride,
            |n, m, k, at, to, from| {
                result[index(out, n, m, to.0, to.1)] +=
                    weight[at] * input.at(n, k, from.0 / each, from.1 / each);
            },
        );
        result
    }

    fn norm(
        &self,
        input: TensorId,
        weight: ParamId,
        bias: ParamId,
        scale_shift: Option<TensorId>,
        silu: bool,
    ) -> Norm<'_> {
        let input = self.view(input);
        let len = input.shape.elements() / (input.shape.batch * GROUPS);
        let (mut mean, mut inverse) = (Vec::new(), Vec::new());
        for group in input.values.chunks(len) {
            let center = group.iter().sum::<f64>() / len as f64;
            let variance = group.iter().map(|x| (x - center).powi(2)).sum::<f64>() / len as f64;
            mean.push(center);
            inverse.push(1.0 / (variance + 1e-5).sqrt());
        }
        Norm {
            input,
            mean,
            inverse,
            weight: self.param(weight),
            bias: self.param(bias),
            scale_shift: scale_shift.map(|id| self.view(id).values),
            silu,
        }
    }

    fn norm_of(&self, norm: &NormOp) -> Norm<'_> {
        self.norm(
            norm.input,
            norm.weight,
            norm.bias,
            norm.scale_shift,
            norm.silu,
        )
    }

    /// For an image and a head: q, k and v as [position][row], and the softmax [query][key].
    fn weights(&self, qkv: View<'_>, heads: usize, n: usize, head: usize) -> Head {
        let rows = qkv.shape.channels / 3 / heads;
        let positions = qkv.shape.positions();
        let part = |which: usize| -> Vec<Vec<f64>> {
            let channel = |row| (head * 3 + which) * rows + row;
            let at = |row, p| qkv.values[(n * qkv.shape.channels + channel(row)) * positions + p];
            (0..positions)
                .map(|p| (0..rows).map(|row| at(row, p)).collect())
                .collect()
        };
        let (q, k, v) = (part(0), part(1), part(2));
        let scale = 1.0 / (rows as f64).sqrt();
        let softmax = q.iter().map(|q| {
            let scores: Vec<f64> = k.iter().map(|k| scale * dot(q, k)).collect();
            let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let exps: Vec<f64> = scores.iter().map(|s| (s - most).exp()).collect();
            let total: f64 = exps.iter().sum();
            exps.iter().map(|e| e / total).collect()
        });
        Head {
            softmax: softmax.collect(),
            q,
            k,
            v,
            rows,
            scale,
        }
    }

    fn attention(&self, qkv: View<'_>, heads: usize) -> Vec<f64> {
        let positions = qkv.shape.positions();
        let channels = qkv.shape.channels / 3;
        let mut out = vec![0.0; qkv.shape.batch * channels * positions];
        for n in 0..qkv.shape.batch {
            for h in 0..heads {
                let head = self.weights(qkv, heads, n, h);
                for (p, weights) in head.softmax.iter().enumerate() {
                    for row in 0..head.rows {
                        let values = head.v.iter().map(|v| v[row]);
                        out[(n * channels + h * head.rows + row) * positions + p] =
                            weights.iter().zip(values).map(|(w, v)| w * v).sum();
                    }
                }
            }
        }
        out
    }

    fn attention_grad(&self, qkv: View<'_>, grad: View<'_>, heads: usize) -> Vec<f64> {
        let positions = qkv.shape.positions();
        let all = qkv.shape.channels;
        let mut out = vec![0.0; qkv.values.len()];
        for n in 0..qkv.shape.batch {
            for h in 0..heads {
                let head = self.weights(qkv, heads, n, h);
                let rows = head.rows;
                let place = |which: usize, row: usize, p| {
                    (n * all + (h * 3 + which) * rows + row) * positions + p
                };
                let d_out = |p: usize| -> Vec<f64> {
                    let channel = |row| n * all / 3 + h * rows + row;
                    (0..rows)
                        .map(|row| grad.values[channel(row) * positions + p])
                        .collect()
                };
                for (i, weights) in head.softmax.iter().enumerate() {
                    let d_out = d_out(i);
                    let d_weights: Vec<f64> = head.v.iter().map(|v| dot(&d_out, v)).collect();
                    let mean = dot(weights, &d_weights);
                    for (j, (w, d_w)) in weights.iter().zip(&d_weights).enumerate() {
                        let d_score = head.scale * w * (d_w - mean);
                        for row in 0..rows {
                            out[place(0, row, i)] += d_score * head.k[j][row];
                            out[place(1, row, j)] += d_score * head.q[i][row];
                            out[place(2, row, j)] += w * d_out[row];
                        }
                    }
                }
            }
        }
        out
    }

    fn train(&self, op: &Op, out: Shape) -> Vec<f64> {
        match *op {
            Op::Diffuse {
                x_start,
                noise,
                rows,
            } => {
                let (x_start, noise) = (self.view(x_start), self.view(noise));
                let rows = self.rows(rows);
                made(out, |n, c, y, x| {
                    rows[n].x(x_start.at(n, c, y, x), noise.at(n, c, y, x))
                })
            }
            Op::Dropout {
                input,
                keys,
                layer,
                threshold,
            } => {
                let (input, keys) = (self.view(input), self.view(keys).values);
                let keep = 1.0 - f64::from(threshold) / 4_294_967_296.0;
                let image = out.elements() / out.batch;
                let word = |n: usize, element: usize| {
                    let key = |at: usize| keys[4 * n + at] as u32;
                    let counter = [element as u32 / 4, layer, key(2), key(3)];
                    philox4x32_10(counter, [key(0), key(1)])[element % 4]
                };
                let each = input.values.iter().enumerate();
                each.map(|(at, x)| match word(at / image, at % image) {
                    word if word < threshold => 0.0,
                    _ => x / keep,
                })
                .collect()
            }
            Op::Loss(loss) => self.loss(&loss).0,
            Op::LossGrad(loss) => self.loss(&loss).1,
            Op::Add { first, second } => {
                let pairs = self.view(first).values.iter().zip(self.view(second).values);
                pairs.map(|(a, b)| a + b).collect()
            }
            Op::Slice { input, start, .. } => {
                let input = self.view(input);
                made(out, |n, c, y, x| input.at(n, start + c, y, x))
            }
            Op::ConvGradInput {
                grad,
                weight,
                kernel,
                stride,
                ..
            } => {
                let (grad, weight) = (self.view(grad), self.param(weight));
                let mut result = vec![0.0; out.elements()];
                taps(grad.shape, out, kernel, stride, |n, m, k, at, to, from| {
                    result[index(out, n, k, from.0, from.1)] +=
                        weight[at] * grad.at(n, m, to.0, to.1);
                });
                result
            }
            Op::ConvGradWeight {
                input,
                grad,
                kernel,
                stride,
                upsample,
            } => {
                let (input, grad) = (self.view(input), self.view(grad));
                let each = if upsample { 2 } else { 1 };
                let seen = Shape {
                    height: each * input.shape.height,
                    width: each * input.shape.width,
                    ..input.shape
                };
                let mut result = vec![0.0; out.elements()];
                taps(grad.shape, seen, kernel, stride, |n, m, k, at, to, from| {
                    result[at] +=
                        grad.at(n, m, to.0, to.1) * input.at(n, k, from.0 / each, from.1 / each);
                });
                result
            }
            Op::ChannelSum { grad } => {
                let grad = self.view(grad);
                let mut sums = vec![0.0; out.channels];
                for (at, value) in grad.values.iter().enumerate() {
                    sums[at / grad.shape.positions() % out.channels] += value;
                }
                sums
            }
            Op::PositionSum { grad } => {
                let grad = self.view(grad);
                let planes = grad.values.chunks(grad.shape.positions());
                planes.map(|plane| plane.iter().sum()).collect()
            }
            Op::LinearGradInput {
                grad,
                weight,
                input,
                silu,
            } => {
                let (grad, weight, input) = (self.view(grad), self.param(weight), self.view(input));
                made(out, |n, k, _, _| {
                    let products = (0..grad.shape.channels)
                        .map(|m| weight[m * out.channels + k] * grad.at(n, m, 0, 0));
                    let slope = match silu {
                        true => silu_slope(input.at(n, k, 0, 0)),
                        false => 1.0,
                    };
                    slope * products.sum::<f64>()
                })
            }
            Op::LinearGradWeight {
                input,
                grad,
                silu: first,
            } => {
                let (input, grad) = (self.view(input), self.view(grad));
                made(out, |m, k, _, _| {
                    let products = (0..grad.shape.batch).map(|n| {
                        let x = input.at(n, k, 0, 0);
                        grad.at(n, m, 0, 0) * if first { silu(x) } else { x }
                    });
                    products.sum()
                })
            }
            Op::LabelGrad { grad, labels, .. } => {
                let (grad, labels) = (self.view(grad), self.view(labels).values);
                made(out, |class, c, _, _| {
                    let of_class = (0..grad.shape.batch).filter(|&n| labels[n] as usize == class);
                    of_class.map(|n| grad.at(n, c, 0, 0)).sum()
                })
            }
            Op::NormSums(norm) => self.norm_sums(&norm),
            Op::NormGradInput { norm, sums } => self.norm_grad_input(&norm, sums, out),
            Op::NormGradScaleShift {
                sums,
                weight,
                bias,
                channels,
            } => {
                let (sums, weight, bias) = (self.view(sums), self.param(weight), self.param(bias));
                made(out, |n, c, _, _| match c.checked_sub(channels) {
                    None => {
                        weight[c] * sums.at(n, channels + c, 0, 0) + bias[c] * sums.at(n, c, 0, 0)
                    }
                    Some(c) => sums.at(n, c, 0, 0),
                })
            }
            Op::NormGradParam {
                sums,
                scale_shift,
                of,
                channels,
            } => {
                let sums = self.view(sums);
                let start = match of {
                    NormParam::Weight => channels,
                    NormParam::Bias => 0,
                };
                made(out, |_, c, _, _| {
                    let each = (0..sums.shape.batch).map(|n| {
                        let scale = scale_shift.map_or(0.0, |id| self.view(id).at(n, c, 0, 0));
                        sums.at(n, start + c, 0, 0) * (1.0 + scale)
                    });
                    each.sum()
                })
            }
            Op::AttentionGrad {
                qkv, grad, heads, ..
            } => self.attention_grad(self.view(qkv), self.view(grad), heads),
            Op::AveragePoolGrad { grad, .. } => {
                let grad = self.view(grad);
                made(out, |n, c, y, x| {
                    if y / 2 < grad.shape.height && x / 2 < grad.shape.width {
                        grad.at(n, c, y / 2, x / 2) / 4.0
                    } else {
                        0.0
                    }
                })
            }
            Op::UpsampleGrad { grad } => {
                let grad = self.view(grad);
                made(out, |n, c, y, x| {
                    let four = [(0, 0), (0, 1), (1, 0), (1, 1)];
                    four.iter()
                        .map(|(i, j)| grad.at(n, c, 2 * y + i, 2 * x + j))
                        .sum()
                })
            }
            _ => unreachable!("{op:?} is of the forward pass"),
        }
    }

    fn norm_sums(&self, op: &NormOp) -> Vec<f64> {
        let (norm, grad) = (self.norm_of(op), self.view(op.grad));
        let shape = norm.input.shape;
        let mut result = Vec::new();
        for n in 0..shape.batch {
            let mut sums = vec![0.0; 2 * shape.channels];
            for c in 0..shape.channels {
                for y in 0..shape.height {
                    for x in 0..shape.width {
                        let d = grad.at(n, c, y, x) * norm.slope(n, c, y, x);
                        sums[c] += d;
                        sums[shape.channels + c] += d * norm.normal(n, c, y, x);
                    }
                }
            }
            result.extend(sums);
            result.extend(&norm.mean[n * GROUPS..][..GROUPS]);
            result.extend(&norm.inverse[n * GROUPS..][..GROUPS]);
        }
        result
    }

    fn norm_grad_input(&self, op: &NormOp, sums: TensorId, out: Shape) -> Vec<f64> {
        let (norm, grad, sums) = (self.norm_of(op), self.view(op.grad), self.view(sums));
        let in_group = out.channels / GROUPS;
        let count = (in_group * out.positions()) as f64;
        let gain = |n, c| norm.weight[c] * norm.scale(n, c);
        made(out, |n, c, y, x| {
            let group = c / in_group * in_group;
            let channels = group..group + in_group;
            let mean = |start: usize| {
                let sums = channels
                    .clone()
                    .map(|c| gain(n, c) * sums.at(n, start + c, 0, 0));
                sums.sum::<f64>() / count
            };
            let d = grad.at(n, c, y, x) * norm.slope(n, c, y, x) * gain(n, c);
            let normal = norm.normal(n, c, y, x);
            norm.inverse[norm.group(n, c)] * (d - mean(0) - normal * mean(out.channels))
        })
    }

    fn rows(&self, id: TensorId) -> Vec<LossRow> {
        let words = self.view(id).values.chunks(LossRow::LEN);
        words
            .map(|words| {
                let words: Vec<f32> = words.iter().map(|&word| word as f32).collect();
                LossRow::from_words(&words.try_into().unwrap())
            })
            .collect()
    }

    /// The loss of each image, and the gradient.
    fn loss(&self, op: &LossOp) -> (Vec<f64>, Vec<f64>) {
        let [output, x_start, noise, x] =
            [op.output, op.x_start, op.noise, op.x].map(|id| self.view(id));
        let channels = x_start.shape.channels;
        let count = (x_start.shape.elements() / x_start.shape.batch) as f64;
        let mut losses = Vec::new();
        let mut grad = vec![0.0; output.values.len()];
        for (n, row) in self.rows(op.rows).iter().enumerate() {
            let (mut square, mut nats) = (0.0, 0.0);
            let image = Shape {
                batch: 1,
                ..x_start.shape
            };
            made(image, |_, c, y, at| {
                let start = x_start.at(n, c, y, at);
                let target = row.target(start, noise.at(n, c, y, at), x.at(n, c, y, at));
                let learned = output.shape.channels > channels;
                let channel = if learned {
                    output.at(n, channels + c, y, at)
                } else {
                    0.0
                };
                let element = row.element(target - output.at(n, c, y, at), start, channel);
                square += element.square;
                nats += element.nats;
                let share = row.weight / count;
                grad[output.index(n, c, y, at)] = share * element.d_output;
                if learned {
                    grad[output.index(n, channels + c, y, at)] = share * element.d_channel;
                }
                0.0
            });
            let (mse, bound) = (square / count, nats / count / std::f64::consts::LN_2);
            losses.extend([row.mse_weight * mse + row.bound_weight * bound, mse, bound]);
        }
        (losses, grad)
    }
}

struct Head {
    q: Vec<Vec<f64>>,
    k: Vec<Vec<f64>>,
    v: Vec<Vec<f64>>,
    softmax: Vec<Vec<f64>>,
    rows: usize,
    scale: f64,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
