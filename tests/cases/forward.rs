//! The operations of networks.

use iddpm::unet::{Conv, Input, Op, Shape, TensorId, Wrap};

use super::rounding::{HALF, ROUNDINGS, SINGLE, sum_of};
use super::{Case, Stands, Way, generate, shape, vector};

fn conv_case(
    stands: Stands,
    input: Shape,
    outputs: usize,
    (kernel, stride, upsample, wrap): Way,
    (shifted, residual): (bool, bool),
) -> Case {
    let Shape {
        batch,
        channels,
        height,
        width,
    } = input;
    let name = format!(
        "conv {batch}x{channels}x{height}x{width} to {outputs}, side {kernel}, stride {stride}, upsample {upsample}, round {wrap}, shift {shifted}, residual {residual}"
    );
    let terms = channels * kernel * kernel;
    let mut case = stands.case(name, batch, sum_of(terms));
    let input = case.random(input);
    let extent = |side: usize| if upsample { 2 * side } else { side }.div_ceil(stride);
    let out = shape(batch, outputs, extent(height), extent(width));
    let op = Op::Conv(Conv {
        input,
        weight: case.param(
            &[outputs, channels, kernel, kernel],
            0.0,
            1.0 / (terms as f64).sqrt(),
        ),
        bias: case.param(&[outputs], 0.0, 0.5),
        kernel,
        stride,
        upsample,
        wrap,
        shift: shifted.then(|| case.random(vector(batch, outputs))),
        residual: residual.then(|| case.random(out)),
    });
    case.of(op)
}

fn linear_case(stands: Stands, batch: usize, inputs: usize, outputs: usize, silu: bool) -> Case {
    let name = format!("linear {batch}x{inputs} to {outputs}, silu {silu}");
    let mut case = stands.case(name, batch, sum_of(inputs));
    let op = Op::Linear {
        input: case.random(vector(batch, inputs)),
        weight: case.param(&[outputs, inputs], 0.0, 1.0 / (inputs as f64).sqrt()),
        bias: case.param(&[outputs], 0.0, 0.5),
        silu,
    };
    case.of(op)
}

fn group_norm_case(
    stands: Stands,
    groups: usize,
    like: Shape,
    (modulated, silu): (bool, bool),
    (offset, spread): (f64, f64),
) -> Case {
    let Shape {
        batch, channels, ..
    } = like;
    let name = format!(
        "group_norm {like:?} in {groups}, modulated {modulated}, silu {silu}, about {offset} by {spread}"
    );
    // Numbers far from 0 carry their own rounding into what is left of them.
    let tolerance = 1e-5 + 1e-6 * offset.abs();
    let numbers = generate(9, &name, like.elements(), offset, spread);
    let mut case = stands.case(name, batch, tolerance);
    let op = Op::GroupNorm {
        input: case.numbers(like, numbers),
        weight: case.param(&[channels], 0.0, 1.0),
        bias: case.param(&[channels], 0.0, 0.5),
        scale_shift: modulated.then(|| case.random(vector(batch, 2 * channels))),
        groups,
        silu,
    };
    case.of(op)
}

fn attention_case(
    stands: Stands,
    batch: usize,
    heads: usize,
    rows: usize,
    height: usize,
    width: usize,
) -> Case {
    let name = format!("attention {batch}x{heads}x{rows} over {height}x{width}");
    // A share is off by what its score is off by, and exp by 2; then come the sums over the keys.
    let tolerance = sum_of(rows) + sum_of(height * width) + 4.0 * SINGLE;
    let mut case = stands.case(name, batch, tolerance);
    // A share is off by HALF of itself at most, or by next to nothing, and what they make by as much of the mean distance
    // between values and result. That is half of the largest value or so, for which a result of few keys is large; of many
    // keys roundings are in no common direction.
    if (height * width).is_multiple_of(4) {
        case.in_matrices = HALF;
    }
    let qkv = case.random(shape(batch, 3 * heads * rows, height, width));
    case.of(Op::Attention { qkv, heads })
}

fn embedding_case(stands: Stands, dim: usize, timesteps: &[f64]) -> Case {
    let batch = timesteps.len();
    let mut case = stands.case(format!("timestep_embedding {dim}"), batch, ROUNDINGS);
    let words = timesteps.iter().map(|&t| t as f32).collect();
    let timesteps = case.given(
        Input::Timesteps,
        vector(batch, 1),
        words,
        timesteps.to_vec(),
    );
    case.of(Op::TimestepEmbedding { timesteps, dim })
}

fn label_case(stands: Stands, batch: usize, channels: usize, classes: usize) -> Case {
    let name = format!("label_embedding {batch}x{channels} of {classes}");
    let mut case = stands.case(name, batch, ROUNDINGS);
    let of = |n| (7 * n + classes - 1) % classes;
    let of: Vec<usize> = (0..batch).map(of).collect();
    let op = Op::LabelEmbedding {
        base: case.random(vector(batch, channels)),
        labels: case.labels(&of),
        table: case.param(&[classes, channels], 0.0, 1.0),
    };
    case.of(op)
}

fn concat_case(stands: Stands, first: Shape, channels: usize) -> Case {
    let name = format!("concat {first:?} and {channels}");
    let mut case = stands.case(name, first.batch, 0.0);
    let op = Op::Concat {
        first: case.random(first),
        second: case.random(Shape { channels, ..first }),
    };
    case.of(op)
}

fn image_case(
    stands: Stands,
    name: &str,
    input: Shape,
    tolerance: f64,
    op: impl Fn(TensorId) -> Op,
) -> Case {
    let mut case = stands.case(format!("{name} {input:?}"), input.batch, tolerance);
    let input = case.random(input);
    case.of(op(input))
}

fn bilinear_case(stands: Stands, input: Shape, height: usize, width: usize) -> Case {
    let name = format!("bilinear to {height}x{width} of");
    image_case(stands, &name, input, 1e-6, |input| Op::Bilinear {
        input,
        height,
        width,
    })
}

/// Sizes are odd on purpose: no tile, workgroup or vector divides them.
pub(crate) fn table(stands: Stands) -> Vec<Case> {
    let none = (false, false);
    let conv = |input, outputs, way, beside| conv_case(stands, input, outputs, way, beside);
    let norm = |groups, like, how, law| group_norm_case(stands, groups, like, how, law);
    let pool = |input| Op::AveragePool { input };
    let upsample = |input| Op::Upsample { input };
    vec![
        embedding_case(stands, 32, &[0.0, 1.0, 999.75, 3999.0, 0.25]),
        embedding_case(stands, 33, &[17.5, 250.0]),
        label_case(stands, 5, 36, 3),
        linear_case(stands, 1, 32, 128, true),
        linear_case(stands, 3, 65, 7, false),
        linear_case(stands, 2, 513, 33, true),
        conv(shape(2, 3, 7, 5), 5, (3, 1, false, Wrap::None), none),
        conv(
            shape(1, 33, 8, 8),
            32,
            (3, 1, false, Wrap::None),
            (true, true),
        ),
        conv(
            shape(3, 17, 9, 7),
            13,
            (3, 2, false, Wrap::None),
            (true, false),
        ),
        conv(
            shape(2, 7, 6, 10),
            9,
            (3, 2, false, Wrap::None),
            (false, true),
        ),
        conv(shape(2, 6, 5, 3), 11, (3, 1, true, Wrap::None), none),
        conv(
            shape(2, 70, 5, 13),
            67,
            (1, 1, false, Wrap::None),
            (false, true),
        ),
        conv(
            shape(1, 65, 17, 11),
            130,
            (3, 1, false, Wrap::None),
            (false, true),
        ),
        conv(shape(2, 1, 1, 1), 1, (3, 1, false, Wrap::None), none),
        conv(shape(2, 3, 7, 5), 5, (3, 1, false, Wrap::X), none),
        conv(shape(2, 3, 7, 5), 5, (3, 1, false, Wrap::Y), none),
        conv(
            shape(1, 33, 8, 8),
            32,
            (3, 1, false, Wrap::Xy),
            (true, true),
        ),
        // Whole rows of images that are tiles, one or several of them: read with what lies around them.
        conv(
            shape(2, 40, 4, 16),
            33,
            (3, 1, false, Wrap::None),
            (true, true),
        ),
        conv(
            shape(2, 33, 8, 32),
            34,
            (3, 1, false, Wrap::None),
            (false, true),
        ),
        conv(shape(1, 17, 32, 8), 66, (3, 1, false, Wrap::None), none),
        // Two images that are a tile, the last one alone.
        conv(
            shape(3, 17, 8, 4),
            34,
            (3, 1, false, Wrap::None),
            (true, true),
        ),
        // The same of each number twice by twice.
        conv(shape(3, 16, 4, 2), 9, (3, 1, true, Wrap::None), none),
        conv(
            shape(2, 17, 4, 8),
            34,
            (3, 1, true, Wrap::None),
            (true, false),
        ),
        conv(shape(1, 20, 8, 16), 9, (3, 1, true, Wrap::None), none),
        // In tiles of 2×2: some across an edge, one across both.
        conv(shape(3, 64, 10, 12), 64, (3, 1, false, Wrap::Xy), none),
        conv(shape(2, 32, 4, 6), 32, (3, 1, true, Wrap::Xy), none),
        conv(
            shape(3, 17, 8, 7),
            13,
            (3, 2, false, Wrap::Y),
            (true, false),
        ),
        conv(
            shape(2, 7, 6, 10),
            9,
            (3, 2, false, Wrap::Xy),
            (false, true),
        ),
        conv(shape(2, 6, 5, 3), 11, (3, 1, true, Wrap::X), none),
        conv(
            shape(1, 65, 17, 11),
            130,
            (3, 1, false, Wrap::Xy),
            (false, true),
        ),
        // Each of its neighbours is the pixel itself.
        conv(shape(2, 1, 1, 1), 1, (3, 1, false, Wrap::Xy), none),
        conv(shape(2, 40, 2, 1), 5, (3, 1, false, Wrap::Xy), none),
        // Groups of more numbers than one workgroup takes as a whole on a GPU.
        norm(2, shape(2, 4, 129, 65), (true, true), (0.5, 2.0)),
        norm(32, shape(2, 32, 3, 5), (false, false), (0.0, 1.5)),
        norm(32, shape(3, 96, 7, 3), (true, true), (0.0, 1.5)),
        norm(32, shape(1, 64, 17, 19), (true, false), (300.0, 1.5)),
        norm(32, shape(2, 32, 1, 1), (false, true), (1.0, 1.5)),
        norm(4, shape(2, 8, 3, 5), (true, true), (0.0, 1.5)),
        norm(8, shape(3, 16, 9, 7), (true, false), (30.0, 1.5)),
        norm(3, shape(2, 24, 1, 1), (false, true), (0.0, 1.5)),
        norm(5, shape(1, 45, 7, 3), (false, true), (0.0, 1.5)),
        norm(1, shape(2, 7, 5, 3), (true, true), (0.0, 1.5)),
        norm(64, shape(1, 64, 3, 5), (false, false), (0.0, 1.5)),
        // ε is as large as the variance.
        norm(32, shape(1, 64, 5, 3), (false, false), (0.0, 0.005)),
        attention_case(stands, 2, 1, 32, 3, 5),
        attention_case(stands, 1, 4, 8, 4, 4),
        attention_case(stands, 2, 3, 5, 11, 13),
        attention_case(stands, 1, 1, 260, 2, 3),
        attention_case(stands, 1, 2, 16, 1, 1),
        // About the blocks of the variant through workgroup memory: 32 queries, 64 keys, 64 rows, 16 a step.
        attention_case(stands, 3, 3, 1, 3, 3),
        attention_case(stands, 2, 2, 7, 3, 11),
        attention_case(stands, 1, 2, 64, 4, 8),
        attention_case(stands, 2, 1, 65, 5, 13),
        attention_case(stands, 1, 1, 100, 11, 12),
        attention_case(stands, 1, 2, 17, 8, 8),
        attention_case(stands, 1, 1, 512, 1, 17),
        // So many heads that workgroups have more queries.
        attention_case(stands, 3, 45, 2, 5, 13),
        // In matrices: fewer keys than a block, several blocks and a part of one; rows of which a stage has some.
        attention_case(stands, 1, 2, 3, 2, 2),
        attention_case(stands, 1, 1, 33, 2, 4),
        attention_case(stands, 1, 1, 68, 6, 18),
        attention_case(stands, 2, 1, 36, 8, 12),
        // There, too, with more queries.
        attention_case(stands, 3, 45, 2, 6, 12),
        concat_case(stands, shape(3, 5, 3, 7), 2),
        concat_case(stands, shape(2, 64, 8, 8), 33),
        // One tensor twice.
        image_case(stands, "concat", shape(2, 3, 5, 3), 0.0, |x| Op::Concat {
            first: x,
            second: x,
        }),
        image_case(stands, "average_pool", shape(2, 3, 6, 10), ROUNDINGS, pool),
        // The last row and column are left out.
        image_case(stands, "average_pool", shape(2, 3, 7, 9), ROUNDINGS, pool),
        image_case(stands, "upsample", shape(3, 5, 3, 7), 0.0, upsample),
        bilinear_case(stands, shape(2, 3, 4, 4), 8, 8),
        bilinear_case(stands, shape(1, 2, 5, 3), 13, 7),
        bilinear_case(stands, shape(1, 1, 7, 9), 3, 4),
    ]
}
