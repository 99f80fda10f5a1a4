//! The gradients of normalisation and attention, in which means are subtracted from what they are means of.

use iddpm::unet::{NormOp, NormParam, Op, Shape, TensorId};

use super::rounding::HALF;
use super::{Case, Stands, generate, shape, vector};

/// What f32 leaves of the largest number of a result where means are subtracted from what they are means of.
pub(super) const CENTRED: f64 = 1e-5;

/// The four gradients of a group normalisation; what they share comes from the reference.
pub(crate) fn norm_cases(
    stands: Stands,
    groups: usize,
    like: Shape,
    (modulated, silu): (bool, bool),
    (offset, spread): (f64, f64),
) -> Vec<Case> {
    let Shape {
        batch, channels, ..
    } = like;
    let what = format!(
        "{like:?} in {groups}, modulated {modulated}, silu {silu}, about {offset} by {spread}"
    );
    // Numbers far from 0 carry their own rounding into what is left of them.
    let tolerance = CENTRED + 3e-7 * offset.abs() / spread;
    let operands = |name: &str| {
        let mut case = stands.case(format!("{name} {what}"), batch, tolerance);
        let numbers = generate(9, &what, like.elements(), offset, spread);
        let input = case.numbers(like, numbers);
        let numbers = generate(10, &what, like.elements(), 0.0, 1.5);
        let grad = case.numbers(like, numbers);
        let scale_shift = modulated.then(|| {
            let numbers = generate(11, &what, batch * 2 * channels, 0.1, 0.7);
            case.numbers(vector(batch, 2 * channels), numbers)
        });
        let norm = NormOp {
            input,
            grad,
            weight: case.param(&[channels], 1.0, 0.5),
            bias: case.param(&[channels], 0.0, 0.5),
            scale_shift,
            groups,
            silu,
        };
        (case, norm)
    };
    let (case, norm) = operands("norm_sums");
    let shared = case.of(Op::NormSums(norm));

    // The sums are those of the very parameters that each case has.
    let sums_of = |case: &Case, norm: NormOp| {
        let mut graph = case.graph.clone();
        let sums = graph.add("sums", Op::NormSums(norm));
        let sums = case.tensor(&graph, sums);
        // As f32, which is what a kernel gets.
        sums.iter().map(|&sum| f64::from(sum as f32)).collect()
    };
    let mut cases = vec![shared];
    type Make<'a> = &'a dyn Fn(NormOp, TensorId) -> Op;
    let ops: [(&str, Make<'_>); 4] = [
        ("norm_grad_input", &|norm, sums| Op::NormGradInput {
            norm,
            sums,
        }),
        ("norm_grad_scale_shift", &|norm, sums| {
            Op::NormGradScaleShift {
                sums,
                weight: norm.weight,
                bias: norm.bias,
                channels,
                groups,
            }
        }),
        ("norm_grad_param, weight", &|norm, sums| Op::NormGradParam {
            sums,
            scale_shift: norm.scale_shift,
            of: NormParam::Weight,
            channels,
            groups,
        }),
        ("norm_grad_param, bias", &|norm, sums| Op::NormGradParam {
            sums,
            scale_shift: norm.scale_shift,
            of: NormParam::Bias,
            channels,
            groups,
        }),
    ];
    for (name, op) in ops {
        let (mut case, norm) = operands(name);
        let numbers = sums_of(&case, norm);
        let sums = case.numbers(vector(batch, 2 * (channels + groups)), numbers);
        cases.push(case.of(op(norm, sums)));
    }
    cases
}

pub(crate) fn attention_case(
    stands: Stands,
    batch: usize,
    heads: usize,
    rows: usize,
    height: usize,
    width: usize,
) -> Case {
    let name = format!("attention_grad {batch}x{heads}x{rows} over {height}x{width}");
    // Within, what the attention made is rounded to f16: the mean that it gives goes wrong by as much of it,
    // and what is subtracted from every slope with it.
    let tolerance = match stands {
        Stands::Alone | Stands::Trained => CENTRED,
        Stands::Within => HALF,
    };
    let mut case = stands.case(name, batch, tolerance);
    // What sums go by is off by HALF of itself at most, or by next to nothing, and in no common direction: sums are off by no
    // more than HALF of the largest.
    if (height * width).is_multiple_of(4) {
        case.in_matrices = HALF;
    }
    let qkv = case.random(shape(batch, 3 * heads * rows, height, width));
    // What the attention made, by the reference.
    let mut graph = case.graph.clone();
    let made = graph.add("made", Op::Attention { qkv, heads });
    let made = case.tensor(&graph, made);
    let like = shape(batch, heads * rows, height, width);
    let output = case.numbers(like, made.iter().map(|&x| f64::from(x as f32)).collect());
    let grad = case.random(like);
    case.of(Op::AttentionGrad {
        qkv,
        output,
        grad,
        heads,
    })
}
