//! Each operation's formula in f64, as plainly as it can be written.

use iddpm::unet::{Conv, Input, Op, Shape};

use super::golden_network::generate;
use super::maker::{Case, Maker, Numbers, SINGLE, Stands, embedding, shape, sum_of};

fn silu(x: f64) -> f64 {
    x / (1.0 + (-x).exp())
}

pub(crate) fn conv_case(
    stands: Stands,
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
        stands,
        format!(
            "conv {batch}x{channels}x{height}x{width} to {outputs}, side {kernel}, stride {stride}, upsample {upsample}, shift {shifted}, residual {residual}"
        ),
        batch,
    );
    let (input_id, x) = maker.random(input);
    let extent = |side: usize| if upsample { 2 * side } else { side }.div_ceil(stride);
    let out = shape(batch, outputs, extent(height), extent(width));
    let shift = shifted.then(|| maker.vector(outputs));
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
    let terms = channels * kernel * kernel;
    maker.case(op, sum_of(terms), move |out| {
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

pub(crate) fn linear_case(
    stands: Stands,
    batch: usize,
    inputs: usize,
    outputs: usize,
    with_silu: bool,
) -> Case {
    let name = format!("linear {batch}x{inputs} to {outputs}, silu {with_silu}");
    let mut maker = Maker::new(stands, name, batch);
    let (input, x) = maker.random(shape(batch, inputs, 1, 1));
    let (weight, w) = maker.param(&[outputs, inputs], 1.0 / (inputs as f64).sqrt());
    let (bias, b) = maker.param(&[outputs], 0.5);
    let op = Op::Linear {
        input,
        weight,
        bias,
        silu: with_silu,
    };
    maker.case(op, sum_of(inputs), move |out| {
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

pub(crate) fn group_norm_case(
    stands: Stands,
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
    let mut maker = Maker::new(stands, name.clone(), batch);
    let values = generate(9, &name, input.elements(), offset, spread);
    let (input_id, x) = maker.given(input, values);
    let scale_shift = modulated.then(|| maker.vector(2 * channels));
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

pub(crate) fn attention_case(
    stands: Stands,
    batch: usize,
    heads: usize,
    rows: usize,
    height: usize,
    width: usize,
) -> Case {
    let name = format!("attention {batch}x{heads}x{rows} over {height}x{width}");
    let mut maker = Maker::new(stands, name, batch);
    let (qkv, given) = maker.random(shape(batch, 3 * heads * rows, height, width));
    let positions = height * width;
    // A share is off by what its score is off by, and exp by 2; then come the sums over the keys.
    let tolerance = sum_of(rows) + sum_of(positions) + 4.0 * SINGLE;
    maker.case(Op::Attention { qkv, heads }, tolerance, move |out| {
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

pub(crate) fn embedding_case(stands: Stands, dim: usize, timesteps: &[f32]) -> Case {
    let mut maker = Maker::new(
        stands,
        format!("timestep embedding of {dim}"),
        timesteps.len(),
    );
    let (id, t) = maker.given_as(
        Input::Timesteps,
        shape(timesteps.len(), 1, 1, 1),
        timesteps.into(),
    );
    let op = Op::TimestepEmbedding { timesteps: id, dim };
    maker.case(op, 4e-7, move |out| {
        Numbers::of(out, |n, c, _, _| embedding(t.values[n], c, dim))
    })
}

pub(crate) fn label_case(stands: Stands, batch: usize, channels: usize, classes: usize) -> Case {
    let mut maker = Maker::new(
        stands,
        format!("label embedding {batch}x{channels} of {classes}"),
        batch,
    );
    let (base, given) = maker.random(shape(batch, channels, 1, 1));
    let classes_of = (0..batch)
        .map(|n| ((7 * n + classes - 1) % classes) as f32)
        .collect();
    let (labels, label) = maker.given_as(Input::Labels, shape(batch, 1, 1, 1), classes_of);
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

pub(crate) fn concat_case(stands: Stands, first: Shape, channels: usize) -> Case {
    let mut maker = Maker::new(
        stands,
        format!("concat {first:?} and {channels}"),
        first.batch,
    );
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

pub(crate) fn pool_case(stands: Stands, input: Shape) -> Case {
    let mut maker = Maker::new(stands, format!("average pool {input:?}"), input.batch);
    let (input, x) = maker.random(input);
    maker.case(Op::AveragePool { input }, 4e-7, move |out| {
        Numbers::of(out, |n, c, y, x_at| {
            let rows = [2 * y, 2 * y + 1];
            let sum = |y| x.at(n, c, y, 2 * x_at) + x.at(n, c, y, 2 * x_at + 1);
            rows.map(sum).iter().sum::<f64>() / 4.0
        })
    })
}

pub(crate) fn upsample_case(stands: Stands, input: Shape) -> Case {
    let mut maker = Maker::new(stands, format!("upsample {input:?}"), input.batch);
    let (input, x) = maker.random(input);
    maker.case(Op::Upsample { input }, 0.0, move |out| {
        Numbers::of(out, |n, c, y, x_at| x.at(n, c, y / 2, x_at / 2))
    })
}

pub(crate) fn bilinear_case(stands: Stands, input: Shape, height: usize, width: usize) -> Case {
    let mut maker = Maker::new(
        stands,
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
