//! The fast way to run a program, for `std`: every core, every vector instruction.
//!
//! Tensors lie as [N, H, W, C]: the vectors run over channels, of which there are always whole
//! vectors, whatever the resolution. x is turned round when it comes in and the result when it
//! leaves; in between each tensor has the place that the plan gave it. Weights are packed once.
//!
//! Every piece of work writes its own chunk and sums in one order, so the bits depend neither on
//! the number of threads nor on the batch that an image is in.

mod aligned;
mod attention;
mod conv;
mod grad;
mod group_norm;
mod lanes;
mod layout;
mod pack;
mod resample;
mod step;
mod threads;

use alloc::vec::Vec;

use pulp::Arch;

use aligned::Aligned;
pub(crate) use layout::Layout;
use layout::{Packed, Turned};
pub(crate) use threads::Threads;

use crate::cpu::given::{Given, Results};
use crate::cpu::interpreter::Memory;
use crate::memory::{MemoryError, zeros};
use crate::unet::{Extents, Weights};

/// A program made ready: packed weights and all the room that a run needs.
pub(crate) struct Fast {
    arch: Arch,
    threads: Threads,
    /// Columns of a panel.
    width: usize,
    steps: Vec<Packed>,
    inputs: Vec<(Turned, Vec<f32>)>,
    output_extents: Extents,
    packed: Aligned,
    /// What stands for the biases of a layer that has none.
    zeros: Vec<f32>,
    memory: Room,
}

/// What a run writes.
struct Room {
    workspace: Aligned,
    output: Vec<f32>,
    room: Aligned,
    doubles: Vec<f64>,
    singles: Vec<f32>,
}

impl Fast {
    pub(crate) fn new(layout: Layout, threads: Threads) -> Result<Self, MemoryError> {
        let mut inputs = Vec::new();
        for input in layout.inputs {
            inputs.push((input, zeros(input.len)?));
        }
        Ok(Self {
            arch: layout.arch,
            threads,
            width: layout.width,
            steps: layout.steps,
            inputs,
            output_extents: layout.output_extents,
            packed: Aligned::zeros(layout.packed)?,
            zeros: zeros(layout.needs.zeros)?,
            memory: Room {
                workspace: Aligned::zeros(layout.workspace)?,
                output: zeros(layout.output_len)?,
                room: Aligned::zeros(layout.needs.room)?,
                doubles: zeros(layout.needs.doubles)?,
                singles: zeros(layout.needs.singles)?,
            },
        })
    }

    /// Numbers of the workspace and the inputs, and of packed weights and room beside them.
    pub(crate) fn elements(&self) -> (usize, usize) {
        let Room {
            workspace,
            room,
            doubles,
            singles,
            ..
        } = &self.memory;
        let inputs = self.inputs.iter().map(|(_, numbers)| numbers.len());
        let beside = self.packed.get().len() + self.zeros.len() + room.get().len();
        (
            workspace.get().len() + inputs.sum::<usize>(),
            beside + 2 * doubles.len() + singles.len(),
        )
    }

    /// Arranges the weights as the products read them, for all runs that follow.
    pub(crate) fn pack(&mut self, weights: Weights<'_>) {
        let Self {
            threads,
            width,
            steps,
            packed,
            ..
        } = self;
        threads.run(|| {
            let numbers = packed.get_mut();
            for step in &*steps {
                step.op.visit(
                    |_, _| {},
                    |_, place| match weights {
                        Weights::F32(weights) => {
                            pack::fill(&place, weights, *width, threads, numbers);
                        }
                        Weights::F16(weights) => {
                            pack::fill(&place, weights, *width, threads, numbers);
                        }
                    },
                );
            }
        });
    }

    /// Runs the program; what is given and the results were checked against it.
    pub(crate) fn run(&mut self, given: &Given<'_>, results: Results<'_>) {
        let Self {
            arch,
            threads,
            width,
            steps,
            inputs,
            packed,
            zeros,
            memory,
            ..
        } = self;
        let Room {
            workspace,
            output: result,
            room,
            doubles,
            singles,
        } = memory;
        let mut turned = *given;
        for (
            Turned {
                input,
                extents,
                len,
            },
            numbers,
        ) in inputs
        {
            let as_given = given.numbers(*input);
            debug_assert_eq!(
                as_given.map(<[f32]>::len),
                Some(*len),
                "what is given was checked"
            );
            match as_given {
                Some(as_given) => resample::channels_last(*extents, as_given, numbers),
                // Not those of the run before.
                None => numbers.fill(f32::NAN),
            }
            turned = turned.with(*input, numbers);
        }
        let Results { output, gradients } = results;
        let mut results = Results {
            output: result,
            gradients,
        };
        threads.run(|| {
            let packed = packed.get();
            for Packed { op, made } in &*steps {
                let (output, memory) =
                    Memory::split(&turned, workspace.get_mut(), &mut results, made);
                let step = step::Step {
                    arch: *arch,
                    threads,
                    width: *width,
                    zeros,
                    room: room.get_mut(),
                    doubles,
                    singles,
                    memory: &memory,
                    made: made.shape,
                };
                let op = op.map(|operand| memory.read(operand), |place| place.of(packed));
                step.run(op, output);
            }
        });
        resample::channels_first(self.output_extents, &self.memory.output, output);
    }
}
