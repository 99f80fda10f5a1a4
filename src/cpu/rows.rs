//! Operations in pieces: rows of a result that can be made one after the other, with the bits of all at once.
//!
//! A row is what one output channel, or one head, makes of an image. Only what takes long has more than one: the
//! convolutions, linear layers and attentions of a network of one image.

use core::ops::Range;

use super::plain::View;
use super::program::Instruction;
use crate::part::part;
use crate::unet::{Conv, Op, Shape};

/// What a number counts for that is no sum of products, in multiply-adds.
const EACH: usize = 8;

/// The rows of an instruction's result.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows {
    pub(super) count: usize,
    /// The multiply-adds that a row takes.
    pub(super) cost: u64,
}

impl Rows {
    pub(super) fn of(instruction: &Instruction) -> Self {
        let made = instruction.output.shape;
        let (count, of_number) = match instruction.op {
            Op::Conv(Conv { weight, .. }) | Op::Linear { weight, .. } => {
                (made.channels, weight.len / made.channels.max(1))
            }
            Op::Attention { heads, .. } => (heads, made.positions().saturating_mul(2)),
            _ => (1, EACH),
        };
        let numbers = made.elements() / count.max(1);
        Self {
            count,
            cost: (numbers as u64).saturating_mul(of_number as u64),
        }
    }

    /// The rows from the first on that take so many multiply-adds, or the first alone.
    pub(super) fn within(&self, first: usize, multiply_adds: u64) -> Range<usize> {
        let fit = multiply_adds / self.cost.max(1);
        let fit = usize::try_from(fit).unwrap_or(usize::MAX).max(1);
        first..first.saturating_add(fit).min(self.count)
    }
}

/// An operation that makes some rows.
pub(super) struct Piece<'a, R, W> {
    pub(super) op: Op<View<'a, R>, &'a [W]>,
    pub(super) made: Shape,
    /// The place in the whole result where they begin.
    pub(super) first: usize,
}

/// What of an operation makes these of its [`Rows`], or all.
pub(super) fn piece<'a, R: Copy, W>(
    op: Op<View<'a, R>, &'a [W]>,
    whole: Shape,
    rows: Option<Range<usize>>,
) -> Piece<'a, R, W> {
    let all = |op| Piece {
        op,
        made: whole,
        first: 0,
    };
    let Some(rows) = rows else { return all(op) };
    let (first, count) = (rows.start, rows.len());
    let positions = whole.positions();
    let piece = |op, channels_of_row| Piece {
        op,
        made: Shape {
            channels: count * channels_of_row,
            ..whole
        },
        first: first * channels_of_row * positions,
    };
    match op {
        Op::Conv(conv) => {
            let taps = conv.weight.len() / whole.channels.max(1);
            let weight = part(conv.weight, first * taps, count * taps);
            let bias = part(conv.bias, first, count);
            let conv = Conv {
                shift: conv.shift.map(|it| it.rows(first, count, 1)),
                residual: conv.residual.map(|it| it.rows(first, count, positions)),
                ..conv
            };
            piece(Op::Conv(conv.with_params(weight, bias)), 1)
        }
        Op::Linear {
            input,
            weight,
            bias,
            silu,
        } => {
            let inputs = input.shape.channels;
            let op = Op::Linear {
                input,
                weight: part(weight, first * inputs, count * inputs),
                bias: part(bias, first, count),
                silu,
            };
            piece(op, 1)
        }
        Op::Attention { qkv, heads } => {
            let of_head = whole.channels / heads.max(1);
            let op = Op::Attention {
                qkv: qkv.rows(first, count, 3 * of_head * positions),
                heads: count,
            };
            piece(op, of_head)
        }
        op => all(op),
    }
}
