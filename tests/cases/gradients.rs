//! The operations that only training needs.

use iddpm::diffusion::LossRow;
use iddpm::unet::{Input, LossOp, Op, Shape, Wrap};

use super::centred::{attention_case, norm_cases};
use super::rounding::{ROUNDINGS, sum_of};
use super::{Case, Stands, Way, generate, shape, vector};

/// What f32 leaves of the largest number of a result, where a sum has at most some hundreds of terms:
/// their roundings, of 6e-8 each, add up like a random walk of some tens of steps.
pub(super) const SUMS: f64 = 4e-6;

fn row(words: [f64; 14]) -> [f64; LossRow::LEN] {
    let mut row = [0.0; LossRow::LEN];
    for (to, word) in row.iter_mut().zip(words) {
        *to = f64::from(word as f32);
    }
    row
}

/// Rows of every kind: the divergence with and without a gradient into the mean, the decoder at
/// several widths, no learned variance.
fn rows(elements: usize) -> Vec<[f64; LossRow::LEN]> {
    let weight = elements as f64;
    let rest = |gain, true_log, log, slope, decoder| [gain, true_log, log, slope, decoder];
    let of = |[gain, true_log, log, slope, decoder]: [f64; 5], learns, weight| {
        row([
            0.8, 0.6, 0.3, 0.9, -0.2, gain, true_log, log, slope, decoder, 1.0, 0.7, learns, weight,
        ])
    };
    vec![
        of(rest(0.05, -5.0, -4.9, 0.3, 0.0), 0.0, weight),
        of(rest(0.4, -1.0, -1.5, 0.0, 0.0), 1.0, -2.0 * weight),
        // Bins about as wide as the Gaussian, a hundred times narrower, ten times wider.
        of(rest(0.02, 0.0, -9.5, 0.2, 1.0), 1.0, weight),
        of(rest(0.6, 0.0, -1.0, 0.4, 1.0), 1.0, 0.5 * weight),
        of(rest(0.002, 0.0, -14.0, 0.3, 1.0), 0.0, weight),
        // So far away that the likelihood is cut off.
        of(rest(0.5, 0.0, -9.5, 0.1, 1.0), 1.0, weight),
    ]
}

fn loss_case(stands: Stands, height: usize, width: usize, learned: bool, gradient: bool) -> Case {
    let image = shape(6, 2, height, width);
    let elements = image.elements() / image.batch;
    let called = if gradient { "loss_grad" } else { "loss" };
    let name = format!("{called} {height}x{width}, learned {learned}");
    // Of the row that is cut off, some elements are far on one side of the cut, some on the other.
    let mut case = stands.case(name.clone(), 6, 2e-5);
    let predicted = if learned {
        shape(6, 4, height, width)
    } else {
        image
    };
    let output = case.random(predicted);
    let start = generate(4, &name, image.elements(), 0.0, 1.0);
    let start = start.iter().enumerate().map(|(at, x)| match at % 5 {
        0 => -1.0,
        1 => 1.0,
        _ => f64::from((((x + 1.0) * 127.5).round() / 127.5 - 1.0) as f32),
    });
    let x_start = case.input(image, start.collect());
    let noise = case.random_input(image);
    let x = case.random(image);
    let words = rows(elements).concat();
    let rows = case.numbers(vector(6, LossRow::LEN), words);
    let op = LossOp {
        output,
        x_start,
        noise,
        x,
        rows,
    };
    case.of(if gradient {
        Op::LossGrad(op)
    } else {
        Op::Loss(op)
    })
}

fn diffuse_case(stands: Stands) -> Case {
    let image = shape(6, 3, 5, 7);
    let mut case = stands.case("diffuse".into(), 6, ROUNDINGS);
    let (x_start, noise) = (case.random_input(image), case.random_input(image));
    let rows = case.numbers(vector(6, LossRow::LEN), rows(105).concat());
    case.of(Op::Diffuse {
        x_start,
        noise,
        rows,
    })
}

fn dropout_case(stands: Stands, image: Shape, rate: f64, layer: u32) -> Case {
    let mut case = stands.case(format!("dropout {image:?} by {rate}"), image.batch, 4e-7);
    let input = case.random(image);
    let keys: Vec<u32> = (0..4 * image.batch as u32)
        .map(|n| n.wrapping_mul(0x9E37_79B9) ^ 0x5555)
        .collect();
    let words = keys.iter().map(|&key| f32::from_bits(key)).collect();
    let numbers = keys.iter().map(|&key| f64::from(key)).collect();
    let keys = case.given(Input::Keys, vector(image.batch, 4), words, numbers);
    case.of(Op::Dropout {
        input,
        keys,
        layer,
        threshold: (rate * 4_294_967_296.0) as u32,
    })
}

pub(crate) fn dropout_cases(stands: Stands) -> [Case; 2] {
    [
        dropout_case(stands, shape(3, 2, 5, 7), 0.3, 4),
        dropout_case(stands, shape(1, 1, 1, 3), 0.75, 0),
    ]
}

fn pointwise_cases(stands: Stands) -> Vec<Case> {
    let mut add = stands.case("add".into(), 3, ROUNDINGS);
    let like = shape(3, 5, 7, 11);
    let (first, second) = (add.random(like), add.random(like));
    let mut slice = stands.case("slice".into(), 3, 0.0);
    let input = slice.random(shape(3, 9, 5, 3));
    let mut pool = stands.case("average_pool_grad".into(), 2, ROUNDINGS);
    let of_means = pool.random(shape(2, 3, 3, 4));
    let mut odd = stands.case("average_pool_grad, odd".into(), 2, ROUNDINGS);
    let of_odd = odd.random(shape(2, 3, 3, 4));
    let mut upsample = stands.case("upsample_grad".into(), 3, ROUNDINGS);
    let of_upsampled = upsample.random(shape(3, 5, 6, 14));
    vec![
        add.of(Op::Add { first, second }),
        slice.of(Op::Slice {
            input,
            start: 2,
            channels: 5,
        }),
        pool.of(Op::AveragePoolGrad {
            grad: of_means,
            height: 6,
            width: 8,
        }),
        odd.of(Op::AveragePoolGrad {
            grad: of_odd,
            height: 7,
            width: 9,
        }),
        upsample.of(Op::UpsampleGrad { grad: of_upsampled }),
    ]
}

fn sum_cases(stands: Stands) -> Vec<Case> {
    let mut cases = Vec::new();
    for like in [shape(3, 7, 5, 11), shape(2, 33, 17, 19), vector(5, 70)] {
        let mut case = stands.case(format!("channel_sum {like:?}"), like.batch, SUMS);
        let grad = case.random(like);
        cases.push(case.of(Op::ChannelSum { grad }));
        let mut case = stands.case(format!("position_sum {like:?}"), like.batch, SUMS);
        let grad = case.random(like);
        cases.push(case.of(Op::PositionSum { grad }));
    }
    cases
}

/// The gradients of a convolution with such an input, with respect to it and to the weight.
fn conv_cases(
    stands: Stands,
    input: Shape,
    outputs: usize,
    (kernel, stride, upsample, wrap): Way,
) -> Vec<Case> {
    let Shape {
        batch,
        channels,
        height,
        width,
    } = input;
    let zoom = if upsample { 2 } else { 1 };
    let seen = shape(batch, channels, zoom * height, zoom * width);
    let out = shape(
        batch,
        outputs,
        seen.height.div_ceil(stride),
        seen.width.div_ceil(stride),
    );
    let what = format!(
        "{batch}x{channels}x{height}x{width} to {outputs}, side {kernel}, stride {stride}, upsample {upsample}, round {wrap}"
    );
    // Over all positions, and over the channels behind each tap.
    let tolerance = SUMS.max(sum_of(batch * out.positions()));
    let mut of_weight = stands.case(format!("conv_grad_weight {what}"), batch, tolerance);
    let x = of_weight.random(input);
    let grad = of_weight.random(out);
    let of_weight = of_weight.of(Op::ConvGradWeight {
        input: x,
        grad,
        kernel,
        stride,
        upsample,
        wrap,
    });
    let tolerance = SUMS.max(sum_of(outputs * kernel * kernel));
    let mut of_input = stands.case(format!("conv_grad_input {what}"), batch, tolerance);
    let grad = of_input.random(out);
    let weight = of_input.param(&[outputs, channels, kernel, kernel], 0.0, 0.5);
    let of_input = of_input.of(Op::ConvGradInput {
        grad,
        weight,
        kernel,
        stride,
        wrap,
        channels,
        height: seen.height,
        width: seen.width,
    });
    vec![of_weight, of_input]
}

fn linear_cases(
    stands: Stands,
    batch: usize,
    inputs: usize,
    outputs: usize,
    silu: bool,
) -> Vec<Case> {
    let what = format!("{batch}x{inputs} to {outputs}, silu {silu}");
    let mut of_weight = stands.case(format!("linear_grad_weight {what}"), batch, SUMS);
    let input = of_weight.random(vector(batch, inputs));
    let grad = of_weight.random(vector(batch, outputs));
    let of_weight = of_weight.of(Op::LinearGradWeight { input, grad, silu });
    let mut of_input = stands.case(format!("linear_grad_input {what}"), batch, SUMS);
    let grad = of_input.random(vector(batch, outputs));
    let weight = of_input.param(&[outputs, inputs], 0.0, 0.5);
    // Also where e^x overflows on either side.
    let mut numbers = generate(3, &what, batch * inputs, 0.0, 4.0);
    for (at, number) in [(0, -200.0), (1, 200.0), (2, -86.0)] {
        if let Some(to) = numbers.get_mut(at) {
            *to = number;
        }
    }
    let input = of_input.numbers(vector(batch, inputs), numbers);
    let of_input = of_input.of(Op::LinearGradInput {
        grad,
        weight,
        input,
        silu,
    });
    vec![of_weight, of_input]
}

fn label_case(stands: Stands, batch: usize, channels: usize, classes: usize) -> Case {
    let name = format!("label_grad {batch}x{channels} of {classes}");
    let mut case = stands.case(name, batch, SUMS);
    let grad = case.random(vector(batch, channels));
    let of: Vec<usize> = (0..batch)
        .map(|n| (7 * n * n + classes - 1) % classes)
        .collect();
    let labels = case.labels(&of);
    case.of(Op::LabelGrad {
        grad,
        labels,
        classes,
    })
}

pub(crate) fn table(stands: Stands) -> Vec<Case> {
    let mut cases = vec![
        diffuse_case(stands),
        loss_case(stands, 5, 7, true, false),
        loss_case(stands, 5, 7, false, false),
        loss_case(stands, 17, 19, true, false),
        loss_case(stands, 5, 7, true, true),
        loss_case(stands, 3, 5, false, true),
        label_case(stands, 7, 5, 3),
        label_case(stands, 2, 65, 5),
        attention_case(stands, 2, 1, 32, 3, 5),
        attention_case(stands, 1, 4, 8, 4, 4),
        attention_case(stands, 2, 3, 5, 11, 13),
        attention_case(stands, 1, 1, 130, 2, 3),
        attention_case(stands, 1, 2, 16, 1, 1),
        // One below, at and past the positions that a workgroup owns and walks, and the rows that it sums.
        attention_case(stands, 3, 3, 1, 3, 3),
        attention_case(stands, 2, 2, 17, 3, 11),
        attention_case(stands, 1, 2, 64, 4, 8),
        attention_case(stands, 1, 1, 64, 7, 9),
        attention_case(stands, 1, 2, 17, 8, 8),
        attention_case(stands, 2, 1, 65, 5, 13),
        attention_case(stands, 1, 1, 100, 11, 12),
        attention_case(stands, 3, 1, 100, 1, 1),
        // In matrices: fewer positions than a block, several blocks and a part of one; rows of which a stage has some.
        attention_case(stands, 1, 2, 3, 2, 2),
        attention_case(stands, 1, 1, 68, 6, 18),
        attention_case(stands, 2, 1, 36, 8, 12),
    ];
    cases.extend(dropout_cases(stands));
    cases.extend(pointwise_cases(stands));
    cases.extend(sum_cases(stands));
    let convs = [
        (shape(2, 3, 7, 5), 5, (3, 1, false, Wrap::None)),
        (shape(2, 33, 5, 7), 34, (3, 1, false, Wrap::None)),
        (shape(1, 70, 6, 11), 67, (1, 1, false, Wrap::None)),
        (shape(3, 17, 9, 7), 13, (3, 2, false, Wrap::None)),
        (shape(2, 7, 6, 10), 9, (3, 2, false, Wrap::None)),
        (shape(2, 6, 5, 3), 11, (3, 1, true, Wrap::None)),
        (shape(2, 1, 1, 1), 1, (3, 1, false, Wrap::None)),
        (shape(2, 3, 7, 5), 5, (3, 1, false, Wrap::X)),
        (shape(2, 33, 5, 7), 34, (3, 1, false, Wrap::Y)),
        (shape(2, 64, 10, 8), 64, (3, 1, false, Wrap::Xy)),
        (shape(3, 17, 9, 8), 13, (3, 2, false, Wrap::X)),
        (shape(2, 7, 6, 10), 9, (3, 2, false, Wrap::Xy)),
        (shape(2, 6, 5, 3), 11, (3, 1, true, Wrap::Xy)),
        (shape(2, 1, 1, 1), 1, (3, 1, false, Wrap::Xy)),
        (shape(2, 40, 2, 1), 5, (3, 1, true, Wrap::Xy)),
        (shape(2, 5, 19, 23), 6, (3, 1, false, Wrap::Xy)),
        // As many channels as a matrix has room for, or one more or fewer; images of four numbers a row.
        (shape(1, 8, 3, 8), 7, (3, 1, false, Wrap::None)),
        (shape(3, 7, 3, 8), 8, (3, 1, false, Wrap::None)),
        (shape(3, 9, 5, 4), 9, (3, 1, false, Wrap::None)),
        (shape(1, 16, 2, 12), 15, (1, 1, false, Wrap::None)),
        (shape(3, 33, 8, 4), 16, (3, 1, false, Wrap::None)),
        (shape(1, 17, 8, 12), 17, (3, 2, false, Wrap::None)),
        (shape(3, 33, 1, 1), 16, (3, 1, false, Wrap::None)),
        (shape(1, 16, 1, 2), 33, (3, 1, true, Wrap::None)),
        // Whole rows of images that are tiles.
        (shape(2, 40, 4, 16), 33, (3, 1, false, Wrap::None)),
        (shape(2, 33, 8, 32), 34, (3, 1, false, Wrap::None)),
        (shape(1, 66, 32, 8), 17, (3, 1, false, Wrap::None)),
        (shape(3, 128, 16, 32), 64, (3, 1, false, Wrap::None)),
        // Tiles enough for large ones, of rows of four numbers or not.
        (shape(3, 128, 19, 20), 33, (3, 1, false, Wrap::None)),
        (shape(3, 128, 17, 21), 66, (3, 1, false, Wrap::Xy)),
        (shape(3, 128, 34, 42), 64, (3, 2, false, Wrap::None)),
        // Enough positions for several parts.
        (shape(2, 5, 19, 23), 6, (3, 1, false, Wrap::None)),
    ];
    for (input, outputs, kind) in convs {
        cases.extend(conv_cases(stands, input, outputs, kind));
    }
    cases.extend(linear_cases(stands, 3, 70, 33, true));
    cases.extend(linear_cases(stands, 5, 7, 130, false));
    let norms = [
        (32, shape(2, 32, 3, 5), (false, false), (0.0, 1.5)),
        (32, shape(3, 96, 7, 3), (true, true), (0.0, 1.5)),
        (32, shape(1, 64, 17, 37), (true, false), (30.0, 1.5)),
        (32, shape(2, 32, 23, 29), (false, true), (0.3, 0.005)),
        (4, shape(2, 8, 3, 5), (true, true), (0.0, 1.5)),
        (8, shape(3, 16, 17, 7), (false, true), (0.0, 1.5)),
        (5, shape(1, 45, 7, 3), (true, true), (0.0, 1.5)),
        (1, shape(2, 7, 5, 3), (true, false), (0.0, 1.5)),
    ];
    for (groups, like, how, law) in norms {
        cases.extend(norm_cases(stands, groups, like, how, law));
    }
    cases
}
