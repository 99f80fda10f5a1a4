//! Operations that a GPU may run as one: a convolution of so many channels that it is cut, one through a kernel of one that
//! makes its residual, a concatenation, and the normalisation behind them; gradients.

use iddpm::unet::{Conv, Op, ParamId, Shape, TensorId, Wrap};

use super::rounding::{HALF, sum_of};
use super::{Case, Stands, backward, shape, vector};

/// Channels of what is convolved: three stretches of it.
const INPUTS: usize = 70;

/// What stands before the normalisation.
#[derive(Debug, Clone, Copy)]
struct Chain {
    /// Whether the convolution adds a residual, a shift; whether the normalisation is modulated.
    residual: bool,
    shifted: bool,
    modulated: bool,
    /// The channels behind the convolution's, where there are such.
    second: Option<usize>,
    groups: usize,
}

/// Groups lie across both parts of a concatenation, or have one channel each.
pub(crate) fn chains(stands: Stands) -> Vec<Case> {
    let plain = Chain {
        residual: false,
        shifted: false,
        modulated: false,
        second: None,
        groups: 5,
    };
    let second = Some(5);
    let residual = true;
    [
        plain,
        Chain { residual, ..plain },
        Chain {
            shifted: true,
            groups: 10,
            ..plain
        },
        Chain {
            modulated: true,
            residual,
            groups: 2,
            ..plain
        },
        Chain {
            modulated: true,
            shifted: true,
            ..plain
        },
        Chain { second, ..plain },
        Chain {
            second,
            residual,
            groups: 15,
            ..plain
        },
        Chain {
            second,
            shifted: true,
            ..plain
        },
        Chain {
            second,
            modulated: true,
            groups: 3,
            ..plain
        },
    ]
    .map(|chain| chain.case(stands))
    .into_iter()
    .chain([twice(stands)])
    .chain(skips(stands))
    .chain(backward::chains(stands))
    .collect()
}

/// What f32 leaves of numbers from which their mean is subtracted; where these are kept in f16, those four deviations away
/// are rounded by as much.
fn tolerance(stands: Stands, terms: usize) -> f64 {
    let rounded = match stands {
        Stands::Within => 4.0 * HALF,
        Stands::Alone | Stands::Trained => 0.0,
    };
    sum_of(terms) + 1e-5 + rounded
}

impl Chain {
    fn case(self, stands: Stands) -> Case {
        let (batch, height, width, outputs) = (3, 5, 7, 10);
        let terms = 9 * INPUTS;
        let mut case = stands.case(format!("{self:?}"), batch, tolerance(stands, terms));
        let image = |channels| shape(batch, channels, height, width);
        let channels = outputs + self.second.unwrap_or(0);
        // All of it before the convolution, so that nothing stands between the operations.
        let input = case.random(image(INPUTS));
        let residual = self.residual.then(|| case.random(image(outputs)));
        let shift = self.shifted.then(|| case.random(vector(batch, outputs)));
        let second = self.second.map(|second| case.random(image(second)));
        let scale_shift = self
            .modulated
            .then(|| case.random(vector(batch, 2 * channels)));
        let scale = 1.0 / (terms as f64).sqrt();
        let conv = Op::Conv(Conv {
            input,
            weight: case.param(&[outputs, INPUTS, 3, 3], 0.0, scale),
            bias: case.param(&[outputs], 0.0, 0.5),
            kernel: 3,
            stride: 1,
            upsample: false,
            wrap: Wrap::None,
            shift,
            residual,
        });
        let weight = case.param(&[channels], 1.0, 0.5);
        let bias = case.param(&[channels], 0.0, 0.5);
        let mut made = case.graph.add("conv", conv);
        if let Some(second) = second {
            let first = made;
            made = case.graph.add("concat", Op::Concat { first, second });
        }
        case.of(Op::GroupNorm {
            input: made,
            weight,
            bias,
            scale_shift,
            groups: self.groups,
            silu: true,
        })
    }
}

/// A convolution whose residual is one through a kernel of one.
#[derive(Debug, Clone, Copy)]
struct Skips {
    /// The channels of both inputs, the result's, and its rows and columns.
    inputs: usize,
    skipped: usize,
    outputs: usize,
    size: [usize; 2],
    kernel: usize,
    stride: usize,
    upsample: bool,
    shifted: bool,
    /// The groups of a normalisation behind it, where there is one.
    groups: Option<usize>,
    /// The channels of what is concatenated in between.
    second: Option<usize>,
    /// Whether the parameters of the residual's convolution are the graph's first.
    comes_first: bool,
}

/// The residual has fewer channels than stretches begin with, or more than the input; rows that are read four numbers at a
/// time, and such that are not.
fn skips(stands: Stands) -> impl Iterator<Item = Case> {
    let plain = Skips {
        inputs: INPUTS,
        skipped: 40,
        outputs: 10,
        size: [4, 8],
        kernel: 3,
        stride: 1,
        upsample: false,
        shifted: false,
        groups: None,
        second: None,
        comes_first: false,
    };
    [
        plain,
        Skips {
            skipped: 1300,
            groups: Some(5),
            comes_first: true,
            ..plain
        },
        Skips {
            skipped: 1,
            size: [3, 5],
            ..plain
        },
        Skips {
            inputs: 16,
            skipped: 130,
            outputs: 70,
            shifted: true,
            ..plain
        },
        Skips {
            stride: 2,
            shifted: true,
            groups: Some(5),
            ..plain
        },
        Skips {
            upsample: true,
            groups: Some(2),
            ..plain
        },
        Skips {
            kernel: 1,
            inputs: 600,
            groups: Some(10),
            ..plain
        },
        Skips {
            groups: Some(5),
            second: Some(5),
            ..plain
        },
        Skips {
            size: [1, 1],
            groups: Some(5),
            ..plain
        },
    ]
    .into_iter()
    .map(move |skips| skips.case(stands))
}

/// A convolution through a kernel of one.
const fn point(input: TensorId, weight: ParamId, bias: ParamId) -> Conv {
    Conv {
        input,
        weight,
        bias,
        kernel: 1,
        stride: 1,
        upsample: false,
        wrap: Wrap::None,
        shift: None,
        residual: None,
    }
}

impl Skips {
    fn case(self, stands: Stands) -> Case {
        let (batch, [height, width]) = (3, self.size);
        let products = self.kernel * self.kernel * self.inputs;
        let terms = products + self.skipped;
        let tolerance = match self.groups {
            Some(_) => tolerance(stands, terms),
            None => sum_of(terms),
        };
        let mut case = stands.case(format!("{self:?}"), batch, tolerance);
        let channels = self.outputs + self.second.unwrap_or(0);
        let [rows, columns] = self.size.map(|side| match self.upsample {
            true => side / 2,
            false => side * self.stride,
        });
        let input = case.random(shape(batch, self.inputs, rows, columns));
        let seen = case.random(shape(batch, self.skipped, height, width));
        let shift = self
            .shifted
            .then(|| case.random(vector(batch, self.outputs)));
        let second = self
            .second
            .map(|second| case.random(shape(batch, second, height, width)));
        let scale = 1.0 / (terms as f64).sqrt();
        let extents = [self.outputs, self.inputs, self.kernel, self.kernel];
        let mut params = |extents: &[usize]| {
            let weight = case.param(extents, 0.0, scale);
            (weight, case.param(&[self.outputs], 0.0, 0.5))
        };
        let of_skip = [self.outputs, self.skipped, 1, 1];
        let ((weight, bias), skip) = if self.comes_first {
            let skip = params(&of_skip);
            (params(&extents), skip)
        } else {
            (params(&extents), params(&of_skip))
        };
        let conv = Conv {
            kernel: self.kernel,
            stride: self.stride,
            upsample: self.upsample,
            shift,
            ..point(input, weight, bias)
        };
        let skip = point(seen, skip.0, skip.1);
        let residual = case.graph.add("skip", Op::Conv(skip));
        let conv = Op::Conv(Conv {
            residual: Some(residual),
            ..conv
        });
        let Some(groups) = self.groups else {
            return case.of(conv);
        };
        let (weight, bias) = (
            case.param(&[channels], 1.0, 0.5),
            case.param(&[channels], 0.0, 0.5),
        );
        let mut made = case.graph.add("conv", conv);
        if let Some(second) = second {
            let first = made;
            made = case.graph.add("concat", Op::Concat { first, second });
        }
        case.of(Op::GroupNorm {
            input: made,
            weight,
            bias,
            scale_shift: None,
            groups,
            silu: true,
        })
    }
}

/// A concatenation of a tensor with itself.
fn twice(stands: Stands) -> Case {
    let like: Shape = shape(2, 9, 3, 5);
    let mut case = stands.case("concat of one tensor".into(), 2, tolerance(stands, 1));
    let first = case.random(like);
    let weight = case.param(&[18], 1.0, 0.5);
    let bias = case.param(&[18], 0.0, 0.5);
    let second = first;
    let input = case.graph.add("concat", Op::Concat { first, second });
    case.of(Op::GroupNorm {
        input,
        weight,
        bias,
        scale_shift: None,
        groups: 6,
        silu: false,
    })
}
