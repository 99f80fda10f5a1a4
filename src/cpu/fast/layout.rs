//! The layout of a program's memory: where everything of it will be, and how much it takes, known before
//! there is any of it.

use alloc::vec::Vec;

use pulp::Arch;

use super::aligned::Aligned;
use super::grad::loss::Loss;
use super::grad::{norm, sums};
use super::pack::{self, Kernels, Stretch, Takes, in_tiles};
use super::step::{
    attention_grad, attention_of, conv_layer, grad_layer, linear_layer, weight_layer,
};
use super::threads::product;
use super::{attention, conv, group_norm, lanes};
use crate::cpu::plain::View;
use crate::cpu::plain::conv::Way;
use crate::cpu::program::{Instruction, Location, Operand, Parameter, Program};
use crate::memory::{MemoryError, bytes_of, collected};
use crate::unet::{Extents, Input, Op, Shape};

/// Room that the operations need, of which one runs at a time: numbers in f32, of sums in f64, of parameters,
/// and how many zeros stand for the biases of a layer that has none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Needs {
    pub(super) room: usize,
    pub(super) doubles: usize,
    pub(super) singles: usize,
    pub(super) zeros: usize,
}

impl Needs {
    pub(super) fn more(&mut self, other: Self) {
        self.room = self.room.max(other.room);
        self.doubles = self.doubles.max(other.doubles);
        self.singles = self.singles.max(other.singles);
        self.zeros = self.zeros.max(other.zeros);
    }

    /// Bytes of the room alone.
    pub(super) fn bytes(&self) -> u64 {
        let tables = bytes_of::<f64>(self.doubles).saturating_add(bytes_of::<f32>(self.singles));
        Aligned::bytes(self.room).saturating_add(tables)
    }
}

/// An instruction whose parameters are packed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packed {
    pub(super) op: Op<Operand, Stretch>,
    pub(super) made: Operand,
}

/// What the caller gives as [N, C, H, W], turned round for each run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turned {
    pub(super) input: Input,
    pub(super) extents: Extents,
    /// Numbers of all images.
    pub(super) len: usize,
}

/// Where everything of a program will be, before there is any of it.
pub(crate) struct Layout {
    pub(super) arch: Arch,
    /// Columns of a panel.
    pub(super) width: usize,
    pub(super) steps: Vec<Packed>,
    /// Numbers of packed weights.
    pub(super) packed: usize,
    pub(super) needs: Needs,
    /// Numbers of the workspace.
    pub(super) workspace: usize,
    pub(super) inputs: Vec<Turned>,
    /// Numbers of the result.
    pub(super) output_len: usize,
    /// What is turned round of each image of the result.
    pub(super) output_extents: Extents,
}

impl Layout {
    pub(crate) fn of(program: &Program<'_>) -> Result<Self, MemoryError> {
        let arch = Arch::new();
        let width = lanes::width(arch);
        let header = program.header();
        let (mut packed, mut needs) = (0, Needs::default());
        let place = |instruction: Instruction| {
            let (op, room) = takes(&instruction, width);
            needs.more(room);
            Packed {
                op: op.map(
                    |operand| operand,
                    |takes| pack::place(takes, width, &mut packed),
                ),
                made: instruction.output,
            }
        };
        let steps = collected(header.instructions, program.instructions().map(place))?;
        let numbers = Input::ALL.into_iter().filter(|input| !input.is_words());
        let inputs = numbers.filter_map(|input| {
            let shape = program.input(input)?;
            Some(Turned {
                input,
                extents: shape.image(),
                len: shape.elements(),
            })
        });
        let output = program.output();
        // A weight's gradient lies as the weight does, in both ways.
        let is_weight = |step: &Packed| {
            matches!(step.op, Op::ConvGradWeight { .. }) && step.made.location == Location::Output
        };
        let output_extents = if steps.iter().any(is_weight) {
            Shape::vector(1, output.elements()).image()
        } else {
            output.image()
        };
        Ok(Self {
            arch,
            width,
            steps,
            packed,
            needs,
            workspace: program.workspace_len(),
            inputs: inputs.collect(),
            output_len: output.elements(),
            output_extents,
        })
    }

    /// Bytes of all of it.
    pub(crate) fn bytes(&self) -> u64 {
        let others = [
            bytes_of::<Packed>(self.steps.len()),
            Aligned::bytes(self.packed),
            bytes_of::<f32>(self.needs.zeros),
        ];
        others
            .into_iter()
            .fold(self.bytes_of_room(), u64::saturating_add)
    }

    /// Bytes of what a run writes.
    pub(super) fn bytes_of_room(&self) -> u64 {
        let images = self.inputs.iter().map(|input| bytes_of::<f32>(input.len));
        let others = [
            bytes_of::<f32>(self.output_len),
            Aligned::bytes(self.workspace),
            self.needs.bytes(),
        ];
        images.chain(others).fold(0, u64::saturating_add)
    }
}

/// How the parameters of an instruction are packed, and what room it needs.
fn takes(
    Instruction { op, output: made }: &Instruction,
    width: usize,
) -> (Op<Operand, Takes>, Needs) {
    let made = made.shape;
    let (batch, to) = (made.batch, made.image());
    let without_numbers = |operand: Operand| View {
        shape: operand.shape,
        numbers: &[],
    };
    let (mut kernels, mut needs) = (None, Needs::default());
    // In tiles or not.
    let convolved = |layer: &conv::Layer<'_>| {
        if in_tiles(&layer.shape, width) {
            (true, conv::winograd_room(layer))
        } else {
            (false, conv::direct_room(layer))
        }
    };
    match op.map(without_numbers, |parameter| parameter) {
        Op::Conv(conv) => {
            let layer = conv_layer(conv, made, width);
            let (winograd, room) = convolved(&layer);
            let taps = conv.kernel * conv.kernel;
            kernels = Some(Kernels::new(layer.shape.from, to, taps, winograd));
            needs.room = room;
        }
        Op::Linear { input, .. } => {
            // Its input behind the SiLU lies there as well.
            let rows = product([batch, input.shape.channels]);
            let layer = linear_layer(input, made, width);
            kernels = Some(Kernels::new(layer.shape.from, to, 1, false));
            needs.room = conv::direct_room(&layer).saturating_add(rows);
        }
        Op::Attention { qkv, heads } => {
            needs.room = attention::room(&attention_of(qkv, heads, made, width), batch);
        }
        Op::GroupNorm { .. } => (needs.doubles, needs.singles) = group_norm::room(to, batch),
        Op::ConvGradInput {
            grad,
            kernel,
            stride,
            wrap,
            ..
        } => {
            let way = Way {
                kernel,
                stride,
                upsample: false,
                wrap,
            };
            let layer = grad_layer(grad, made, way, width);
            let (winograd, room) = convolved(&layer);
            let taps = kernel * kernel;
            kernels = Some(Kernels::transposed(layer.shape.from, to, taps, winograd));
            needs.room = room;
            needs.zeros = pack::padded(to.channels, width);
        }
        Op::ConvGradWeight {
            input,
            grad,
            kernel,
            stride,
            upsample,
            wrap,
        } => {
            let way = Way {
                kernel,
                stride,
                upsample,
                wrap,
            };
            needs.room = weight_layer(input, grad, way, width).room();
        }
        Op::ChannelSum { grad } | Op::PositionSum { grad } => {
            needs.doubles = sums::room(grad.shape.image(), grad.shape.batch);
        }
        Op::NormSums(norm) | Op::NormGradInput { norm, .. } => {
            let input = norm.input.shape;
            needs.doubles = norm::room(input.image(), input.batch);
            needs.singles = norm::table_len(input.image(), input.batch);
        }
        Op::LinearGradWeight { input, .. } => {
            needs.singles = product([input.shape.batch, input.shape.channels]);
        }
        Op::AttentionGrad {
            qkv,
            output,
            grad,
            heads,
        } => needs.room = attention_grad(qkv, output, grad, heads, width).room(batch),
        Op::Loss(loss) => {
            needs.doubles = Loss::room(loss.x_start.shape.image(), batch);
        }
        Op::TimestepEmbedding { .. }
        | Op::LabelEmbedding { .. }
        | Op::Concat { .. }
        | Op::AveragePool { .. }
        | Op::Upsample { .. }
        | Op::Bilinear { .. }
        | Op::Diffuse { .. }
        | Op::Dropout { .. }
        | Op::LossGrad(_)
        | Op::Add { .. }
        | Op::Slice { .. }
        | Op::LinearGradInput { .. }
        | Op::LabelGrad { .. }
        | Op::NormGradScaleShift { .. }
        | Op::NormGradParam { .. }
        | Op::AveragePoolGrad { .. }
        | Op::UpsampleGrad { .. } => {}
    }
    (packing(*op, kernels), needs)
}

/// The same operation with how each of its parameters is packed: the weight that it multiplies by as kernels.
fn packing(op: Op<Operand, Parameter>, kernels: Option<Kernels>) -> Op<Operand, Takes> {
    let multiplied = |parameter| Takes { parameter, kernels };
    let as_given = |parameter| Takes {
        parameter,
        kernels: None,
    };
    match op {
        Op::Conv(conv) => Op::Conv(conv.with_params(multiplied(conv.weight), as_given(conv.bias))),
        Op::Linear {
            input,
            weight,
            bias,
            silu,
        } => Op::Linear {
            input,
            weight: multiplied(weight),
            bias: as_given(bias),
            silu,
        },
        Op::ConvGradInput {
            grad,
            weight,
            kernel,
            stride,
            wrap,
            channels,
            height,
            width,
        } => Op::ConvGradInput {
            grad,
            weight: multiplied(weight),
            kernel,
            stride,
            wrap,
            channels,
            height,
            width,
        },
        other => {
            debug_assert!(
                kernels.is_none(),
                "{} has kernels, which of its parameters is not said here",
                other.name()
            );
            other.map(|operand| operand, as_given)
        }
    }
}
