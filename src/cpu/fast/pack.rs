//! The weights as the products read them: panels of as many output channels as two vectors hold.
//!
//! Direct: \[m / w\]\[tap\]\[k\]\[m mod w\]. Winograd: \[m / w\]\[ξ\]\[k\]\[m mod w\], the 4×4 of G g Gᵀ for each
//! kernel g. Output channels are padded to whole panels with 0.

use alloc::vec::Vec;

use crate::cpu::interpreter::part;
use crate::cpu::math::Number;
use crate::cpu::program::{Extents, Instruction, Operation};

/// Products of a tile: 4×4.
pub(crate) const POINTS: usize = 16;

/// How an instruction is computed, and where its packed parameters are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packed {
    /// First number of its weights.
    pub(crate) weight: usize,
    /// First number of its biases.
    pub(crate) bias: usize,
    pub(crate) winograd: bool,
}

/// Whether a convolution is computed in tiles of 2×2 outputs: depends on one image alone, so that
/// a batch gives the bits of its images.
fn in_tiles(instruction: &Instruction, width: usize) -> bool {
    let Operation::Conv(conv) = instruction.operation else {
        return false;
    };
    let (from, to) = (instruction.input.extents, instruction.output.extents);
    let even = to.height.is_multiple_of(2) && to.width.is_multiple_of(2);
    let whole = from.channels.is_multiple_of(width / 2) && to.channels.is_multiple_of(width);
    conv.kernel == 3 && conv.stride == 1 && even && whole && to.positions() >= 64
}

/// Packs the parameters of an instruction behind what is there.
pub(crate) fn pack<W: Number>(
    instruction: &Instruction,
    weights: &[W],
    width: usize,
    packed: &mut Vec<f32>,
) -> Packed {
    let [first, second] = instruction
        .parameters()
        .map(|parameter| parameter.map(|(_, start, len)| part(weights, start, len as usize)))
        .map(Option::unwrap_or_default);
    let winograd = in_tiles(instruction, width);
    let (from, to) = (instruction.input.extents, instruction.output.extents);
    let weight = packed.len();
    match instruction.operation {
        Operation::Conv(_) if winograd => tiles(from, to, first, width, packed),
        Operation::Conv(conv) => {
            panels(from, to, conv.kernel * conv.kernel, first, width, packed);
        }
        Operation::Linear { .. } => panels(from, to, 1, first, width, packed),
        Operation::LabelEmbedding { .. } | Operation::GroupNorm { .. } => plain(first, packed),
        Operation::TimestepEmbedding
        | Operation::Attention { .. }
        | Operation::Concat { .. }
        | Operation::AveragePool
        | Operation::Upsample
        | Operation::Bilinear => {}
    }
    pad(packed, 16);
    let bias = packed.len();
    plain(second, packed);
    pad(packed, width.max(16));
    Packed {
        weight,
        bias,
        winograd,
    }
}

fn plain<W: Number>(numbers: &[W], packed: &mut Vec<f32>) {
    packed.extend(numbers.iter().map(|number| number.value()));
}

fn pad(packed: &mut Vec<f32>, multiple: usize) {
    packed.resize(packed.len().next_multiple_of(multiple), 0.0);
}

fn panels<W: Number>(
    from: Extents,
    to: Extents,
    taps: usize,
    weights: &[W],
    width: usize,
    packed: &mut Vec<f32>,
) {
    for first in (0..to.channels).step_by(width) {
        for tap in 0..taps {
            for k in 0..from.channels {
                packed.extend((first..first + width).map(|m| {
                    let weight = weights.get((m * from.channels + k) * taps + tap);
                    weight.map_or(0.0, |weight| weight.value())
                }));
            }
        }
    }
}

fn tiles<W: Number>(
    from: Extents,
    to: Extents,
    weights: &[W],
    width: usize,
    packed: &mut Vec<f32>,
) {
    let start = packed.len();
    let len = POINTS * from.channels * width;
    packed.resize(start + to.channels / width * len, 0.0);
    let fresh = packed.get_mut(start..).unwrap_or_default();
    let kernels = weights.as_chunks::<9>().0;
    for (at, kernel) in kernels.iter().enumerate() {
        let (m, k) = (at / from.channels, at % from.channels);
        let first = m / width * len + k * width + m % width;
        let points = fresh.get_mut(first..).unwrap_or_default();
        let points = points.iter_mut().step_by(from.channels * width);
        for (point, value) in points.zip(transform(kernel)) {
            *point = value;
        }
    }
}

/// G g Gᵀ, G = [1 0 0; ½ ½ ½; ½ -½ ½; 0 0 1].
fn transform<W: Number>(kernel: &[W; 9]) -> [f32; POINTS] {
    let spread = |[a, b, c]: [f64; 3]| [a, 0.5 * (a + b + c), 0.5 * (a - b + c), c];
    let [a, b, c, d, e, f, g, h, i] = kernel.map(|weight| f64::from(weight.value()));
    // Columns of G g, four numbers each.
    let columns = [[a, d, g], [b, e, h], [c, f, i]].map(spread);
    let [x, y, z] = columns;
    let mut points = [0.0; POINTS];
    let rows = points.as_chunks_mut::<4>().0.iter_mut();
    for (row, ((x, y), z)) in rows.zip(x.into_iter().zip(y).zip(z)) {
        *row = spread([x, y, z]).map(|value| value as f32);
    }
    points
}
