//! Where everything of a program will be, and how much it takes: known before there is any of it.

use alloc::vec::Vec;

use pulp::Arch;

use super::aligned::Aligned;
use super::pack::{self, Packed};
use super::threads::product;
use super::{attention, conv, group_norm, lanes, layer};
use crate::cpu::program::{Instruction, Operation, Program};
use crate::memory::{MemoryError, bytes_of, collected};

/// Room that the operations need, of which one runs at a time: numbers in f32, of sums in f64, of parameters.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Needs {
    pub(super) room: usize,
    pub(super) doubles: usize,
    pub(super) singles: usize,
}

impl Needs {
    pub(super) fn more(&mut self, other: Self) {
        self.room = self.room.max(other.room);
        self.doubles = self.doubles.max(other.doubles);
        self.singles = self.singles.max(other.singles);
    }

    pub(super) fn bytes(&self) -> u64 {
        let tables = bytes_of::<f64>(self.doubles).saturating_add(bytes_of::<f32>(self.singles));
        Aligned::bytes(self.room).saturating_add(tables)
    }
}

/// An instruction, and where its packed parameters are.
pub(super) type Placed = (Instruction, Packed);

/// Where everything of a program will be, before there is any of it.
pub(crate) struct Layout {
    pub(super) arch: Arch,
    /// Columns of a panel.
    pub(super) width: usize,
    pub(super) steps: Vec<Placed>,
    /// Numbers of packed weights.
    pub(super) packed: usize,
    pub(super) needs: Needs,
    /// Numbers of the workspace; of x, low-resolution images and result.
    pub(super) workspace: usize,
    pub(super) images: [usize; 3],
}

impl Layout {
    pub(crate) fn of(program: &Program<'_>) -> Result<Self, MemoryError> {
        let arch = Arch::new();
        let width = lanes::width(arch);
        let header = program.header();
        let (mut packed, mut needs) = (0, Needs::default());
        let place = |instruction: Instruction| {
            let place = pack::place(&instruction, width, &mut packed);
            needs.more(instruction_room(&instruction, &place, header.batch, width));
            (instruction, place)
        };
        let steps = collected(header.instructions, program.instructions().map(place))?;
        Ok(Self {
            arch,
            width,
            steps,
            packed,
            needs,
            workspace: program.workspace_len(),
            images: [program.x_len(), program.low_res_len(), program.output_len()],
        })
    }

    /// Bytes of all of it.
    pub(crate) fn bytes(&self) -> u64 {
        let images = self.images.map(bytes_of::<f32>);
        let others = [
            bytes_of::<Placed>(self.steps.len()),
            Aligned::bytes(self.packed),
            Aligned::bytes(self.workspace),
            self.needs.bytes(),
        ];
        let all = images.into_iter().chain(others);
        all.fold(0, u64::saturating_add)
    }
}

/// What an instruction needs.
pub(super) fn instruction_room(
    instruction: &Instruction,
    packed: &Packed,
    batch: usize,
    width: usize,
) -> Needs {
    let (from, to) = (instruction.input.extents, instruction.output.extents);
    match instruction.operation {
        Operation::Conv(_) | Operation::Linear { .. } => {
            let layer = layer(instruction, batch, width);
            let room = if packed.winograd {
                conv::winograd_room(&layer)
            } else {
                // A linear layer's input behind the SiLU lies there as well.
                conv::direct_room(&layer).saturating_add(product([batch, from.channels]))
            };
            Needs {
                room,
                ..Needs::default()
            }
        }
        Operation::Attention { heads } => {
            let attention = attention::Attention {
                qkv: &[],
                extents: to,
                heads,
                width,
            };
            Needs {
                room: attention::room(&attention, batch),
                ..Needs::default()
            }
        }
        Operation::GroupNorm { .. } => {
            let (doubles, singles) = group_norm::room(to, batch);
            Needs {
                doubles,
                singles,
                ..Needs::default()
            }
        }
        Operation::TimestepEmbedding
        | Operation::LabelEmbedding { .. }
        | Operation::Concat { .. }
        | Operation::AveragePool
        | Operation::Upsample
        | Operation::Bilinear => Needs::default(),
    }
}
