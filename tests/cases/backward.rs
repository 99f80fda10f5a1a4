//! Gradients that a GPU may run as one: those of a normalisation's input with their sums, what is added to them or to
//! those of a convolution, and those of layers that read one vector.

use iddpm::unet::{NormOp, NormParam, Op, Shape, Wrap};

use super::centred::CENTRED;
use super::gradients::SUMS;
use super::rounding::{ROUNDINGS, sum_of};
use super::{Case, Stands, shape, vector};

/// A normalisation whose gradients are made.
#[derive(Debug, Clone, Copy)]
struct Norm {
    like: Shape,
    groups: usize,
    modulated: bool,
    silu: bool,
}

/// Groups of 3 channels, of one, of more than a workgroup has invocations, of one number, and of so many numbers that they
/// are large.
const NORMS: [Norm; 7] = [
    Norm::of(shape(3, 15, 5, 7), 5, true, true),
    Norm::of(shape(1, 32, 4, 4), 2, false, true),
    Norm::of(shape(2, 9, 9, 5), 9, true, false),
    Norm::of(shape(2, 300, 2, 1), 1, true, true),
    Norm::of(shape(1, 5, 131, 17), 5, false, true),
    Norm::of(shape(2, 6, 1, 1), 6, false, true),
    Norm::of(shape(2, 6, 75, 74), 2, true, true),
];

pub(super) fn chains(stands: Stands) -> Vec<Case> {
    let mut cases: Vec<Case> = NORMS
        .iter()
        .flat_map(|norm| [norm.added(stands), norm.of_sums(stands), norm.again(stands)])
        .collect();
    cases.extend([(false, false), (true, false), (true, true)].map(|how| parts(stands, how)));
    // Groups of one number have no gradient, whose rounding there would be nothing to compare with.
    let alone = NORMS.iter().filter(|norm| norm.like.positions() > 1);
    cases.extend(alone.map(|norm| norm.alone(stands)));
    cases.extend([(3, 1), (1, 1), (3, 2)].map(|how| conv(stands, how)));
    cases.extend([false, true].map(|is_read| layers(stands, is_read)));
    cases
}

impl Norm {
    const fn of(like: Shape, groups: usize, modulated: bool, silu: bool) -> Self {
        Self {
            like,
            groups,
            modulated,
            silu,
        }
    }

    /// The normalisation, all that it reads before it.
    fn operands(self, stands: Stands, what: &str) -> (Case, NormOp) {
        let Shape {
            batch, channels, ..
        } = self.like;
        let mut case = stands.case(format!("{what} {self:?}"), batch, CENTRED);
        let norm = NormOp {
            input: case.random(self.like),
            grad: case.random(self.like),
            scale_shift: self
                .modulated
                .then(|| case.random(vector(batch, 2 * channels))),
            weight: case.param(&[channels], 1.0, 0.5),
            bias: case.param(&[channels], 0.0, 0.5),
            groups: self.groups,
            silu: self.silu,
        };
        (case, norm)
    }

    fn alone(self, stands: Stands) -> Case {
        let (mut case, norm) = self.operands(stands, "gradient and sums");
        let sums = case.graph.add("sums", Op::NormSums(norm));
        case.of(Op::NormGradInput { norm, sums })
    }

    fn added(self, stands: Stands) -> Case {
        let (mut case, norm) = self.operands(stands, "gradient, sums and what is added");
        let first = case.random(self.like);
        let sums = case.graph.add("sums", Op::NormSums(norm));
        let second = case.graph.add("grad", Op::NormGradInput { norm, sums });
        case.of(Op::Add { first, second })
    }

    /// The sums that were made with the gradient.
    fn of_sums(self, stands: Stands) -> Case {
        let (mut case, norm) = self.operands(stands, "sums beside the gradient");
        let sums = case.graph.add("sums", Op::NormSums(norm));
        case.graph.add("grad", Op::NormGradInput { norm, sums });
        case.of(Op::NormGradParam {
            sums,
            scale_shift: norm.scale_shift,
            of: NormParam::Weight,
            channels: self.like.channels,
            groups: self.groups,
        })
    }

    /// The statistics among them, by which the gradient is made again.
    fn again(self, stands: Stands) -> Case {
        let (mut case, norm) = self.operands(stands, "statistics beside the gradient");
        let first = case.random(self.like);
        let sums = case.graph.add("sums", Op::NormSums(norm));
        case.graph.add("grad", Op::NormGradInput { norm, sums });
        let second = case.graph.add("again", Op::NormGradInput { norm, sums });
        case.of(Op::Add { first, second })
    }
}

/// The gradient of a concatenation in its parts, which come out in the other order; what is added to it or not, behind a
/// normalisation that is modulated or not.
fn parts(stands: Stands, (is_added, modulated): (bool, bool)) -> Case {
    let norm = Norm::of(shape(3, 15, 5, 7), 5, modulated, true);
    let (mut case, op) = norm.operands(stands, &format!("parts, added {is_added}"));
    let other = is_added.then(|| case.random(norm.like));
    let sums = case.graph.add("sums", Op::NormSums(op));
    let mut input = case.graph.add("grad", Op::NormGradInput { norm: op, sums });
    if let Some(first) = other {
        let second = input;
        input = case.graph.add("sum", Op::Add { first, second });
    }
    let [second, first] = [(0, 4), (4, 11)].map(|(start, channels)| {
        let slice = Op::Slice {
            input,
            start,
            channels,
        };
        case.graph.add("part", slice)
    });
    case.of(Op::Concat { first, second })
}

/// The gradient of a convolution's input, and what is added to it.
fn conv(stands: Stands, (kernel, stride): (usize, usize)) -> Case {
    let name = format!("gradient of a convolution of {kernel} by {stride} and what is added");
    let (batch, channels, outputs) = (2, 34, 19);
    let like = shape(batch, channels, 6, 8);
    let mut case = stands.case(name, batch, SUMS + ROUNDINGS);
    let first = case.random(like);
    let grad = case.random(shape(batch, outputs, 6 / stride, 8 / stride));
    let op = Op::ConvGradInput {
        grad,
        weight: case.param(&[outputs, channels, kernel, kernel], 0.0, 0.5),
        kernel,
        stride,
        wrap: Wrap::None,
        channels,
        height: like.height,
        width: like.width,
    };
    let second = case.graph.add("grad", op);
    case.of(Op::Add { first, second })
}

/// The gradient of a vector that several layers read; what is added up so far may be read by another, too.
fn layers(stands: Stands, is_read: bool) -> Case {
    let (batch, inputs) = (5, 70);
    let widths = [33, 1, 130, 7];
    let rows = widths.iter().sum();
    let name = format!("gradient of the vector of layers, read {is_read}");
    let mut case = stands.case(name, batch, sum_of(rows) + ROUNDINGS);
    let input = case.random(vector(batch, inputs));
    let all = case.random(vector(batch, rows));
    let mut start = 0;
    let grads = widths.map(|channels| {
        let slice = Op::Slice {
            input: all,
            start,
            channels,
        };
        start += channels;
        (channels, case.graph.add("slice", slice))
    });
    let mut sums = Vec::new();
    for (channels, grad) in grads {
        let of_layer = Op::LinearGradInput {
            grad,
            weight: case.param(&[channels, inputs], 0.0, 0.5),
            input,
            silu: true,
        };
        let second = case.graph.add("of a layer", of_layer);
        sums.push(match sums.last() {
            None => second,
            Some(&first) => case.graph.add("sum", Op::Add { first, second }),
        });
    }
    let (first, second) = match sums[..] {
        [_, first, .., second] if is_read => (first, second),
        [.., second] => (input, second),
        [] => unreachable!(),
    };
    case.of(Op::Add { first, second })
}
