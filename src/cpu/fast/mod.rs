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

use alloc::sync::Arc;
use alloc::vec::Vec;

use aligned::Aligned;
pub(crate) use layout::Layout;
use layout::{Packed, Turned};
pub(crate) use threads::Threads;

use crate::cpu::given::{Given, Results};
use crate::cpu::interpreter::Memory;
#[cfg(feature = "run")]
use crate::memory;
use crate::memory::{MemoryError, zeros};
use crate::unet::Weights;

/// A program made ready, which several runs of it may share: where everything lies, packed weights, threads.
#[derive(Clone)]
pub(crate) struct Ready {
    shared: Arc<Shared>,
    packed: Arc<Aligned>,
}

struct Shared {
    layout: Layout,
    threads: Threads,
    /// What stands for the biases of a layer that has none.
    zeros: Vec<f32>,
}

/// A program made ready, and all the room that a run of it needs.
pub(crate) struct Fast {
    ready: Ready,
    room: Room,
    /// How many operations are done of a run that was begun.
    done: Option<usize>,
}

/// What a run writes.
struct Room {
    /// What is given, as it is read.
    inputs: Vec<Vec<f32>>,
    workspace: Aligned,
    output: Vec<f32>,
    room: Aligned,
    doubles: Vec<f64>,
    singles: Vec<f32>,
}

impl Room {
    fn of(layout: &Layout) -> Result<Self, MemoryError> {
        let mut inputs = Vec::new();
        for input in &layout.inputs {
            inputs.push(zeros(input.len)?);
        }
        Ok(Self {
            inputs,
            workspace: Aligned::zeros(layout.workspace)?,
            output: zeros(layout.output_len)?,
            room: Aligned::zeros(layout.needs.room)?,
            doubles: zeros(layout.needs.doubles)?,
            singles: zeros(layout.needs.singles)?,
        })
    }
}

#[cfg(feature = "run")]
impl Ready {
    /// Room for another run of the same program.
    pub(crate) fn room(&self) -> Result<Fast, MemoryError> {
        memory::check(self.shared.layout.bytes_of_room())?;
        Fast::of(self.clone())
    }
}

#[cfg(feature = "run")]
impl Fast {
    pub(crate) fn ready(&self) -> Ready {
        self.ready.clone()
    }
}

impl Fast {
    pub(crate) fn new(layout: Layout, threads: Threads) -> Result<Self, MemoryError> {
        Self::of(Ready {
            packed: Arc::new(Aligned::zeros(layout.packed)?),
            shared: Arc::new(Shared {
                zeros: zeros(layout.needs.zeros)?,
                layout,
                threads,
            }),
        })
    }

    fn of(ready: Ready) -> Result<Self, MemoryError> {
        Ok(Self {
            room: Room::of(&ready.shared.layout)?,
            ready,
            done: None,
        })
    }

    /// Numbers of the workspace and the inputs, and of packed weights and room beside them.
    pub(crate) fn elements(&self) -> (usize, usize) {
        let Room {
            inputs,
            workspace,
            room,
            doubles,
            singles,
            ..
        } = &self.room;
        let inputs = inputs.iter().map(Vec::len);
        let packed = self.ready.packed.get().len();
        let beside = packed + self.ready.shared.zeros.len() + room.get().len();
        (
            workspace.get().len() + inputs.sum::<usize>(),
            beside + 2 * doubles.len() + singles.len(),
        )
    }

    /// Arranges the weights as the products read them, for all runs that follow. Whoever shares those before goes on
    /// with them.
    pub(crate) fn pack(&mut self, weights: Weights<'_>) -> Result<(), MemoryError> {
        let Ready { shared, packed } = &mut self.ready;
        let Shared {
            layout, threads, ..
        } = &**shared;
        let fill = |packed: &mut Aligned| {
            let numbers = packed.get_mut();
            for step in &layout.steps {
                step.op.visit(
                    |_, _| {},
                    |_, place| match weights {
                        Weights::F32(weights) => {
                            pack::fill(&place, weights, layout.width, threads, numbers);
                        }
                        Weights::F16(weights) => {
                            pack::fill(&place, weights, layout.width, threads, numbers);
                        }
                        Weights::F16Bytes(weights) => {
                            pack::fill(&place, weights, layout.width, threads, numbers);
                        }
                    },
                );
            }
        };
        match Arc::get_mut(packed) {
            Some(own) => threads.run(|| fill(own)),
            None => {
                let mut own = Aligned::zeros(layout.packed)?;
                threads.run(|| fill(&mut own));
                *packed = Arc::new(own);
            }
        }
        Ok(())
    }

    /// Runs the program; what is given and the results were checked against it.
    pub(crate) fn run(&mut self, given: &Given<'_>, results: Results<'_>) {
        self.begin(given);
        self.proceed(given, results, || true);
    }

    /// Begins a run with what is given, which was checked. One that was begun before is forgotten.
    pub(crate) fn begin(&mut self, given: &Given<'_>) {
        let layout = &self.ready.shared.layout;
        for (input, numbers) in layout.inputs.iter().zip(&mut self.room.inputs) {
            let Turned {
                input,
                extents,
                len,
            } = *input;
            let as_given = given.numbers(input);
            debug_assert_eq!(
                as_given.map(<[f32]>::len),
                Some(len),
                "what is given was checked"
            );
            match as_given {
                Some(as_given) => resample::channels_last(extents, as_given, numbers),
                // Not those of the run before.
                None => numbers.fill(f32::NAN),
            }
        }
        self.done = Some(0);
    }

    pub(crate) fn forget(&mut self) {
        self.done = None;
    }

    /// The share that is done of a run that was begun.
    pub(crate) fn fraction(&self) -> Option<f32> {
        let all = self.ready.shared.layout.steps.len().max(1);
        self.done.map(|done| done as f32 / all as f32)
    }

    /// Goes on with a run that was begun, of the same that was given, by an operation at least, and asks after each
    /// whether to do another; whether the run is over, and its results are there.
    pub(crate) fn proceed(
        &mut self,
        given: &Given<'_>,
        Results { output, gradients }: Results<'_>,
        mut again: impl FnMut() -> bool + Send,
    ) -> bool {
        let Self { ready, room, done } = self;
        let Ready { shared, packed } = &*ready;
        let Shared {
            layout,
            threads,
            zeros,
        } = &**shared;
        let Room {
            inputs,
            workspace,
            output: result,
            room,
            doubles,
            singles,
        } = room;
        let mut turned = *given;
        for (input, numbers) in layout.inputs.iter().zip(inputs) {
            turned = turned.with(input.input, numbers);
        }
        let mut results = Results {
            output: result,
            gradients,
        };
        // Nothing is done of a run that a panic ends.
        let at = done.take().unwrap_or_default();
        let left = layout.steps.get(at..).unwrap_or_default();
        let ran = threads.run(|| {
            let mut ran = 0;
            for Packed { op, made } in left {
                let (output, memory) =
                    Memory::split(&turned, workspace.get_mut(), &mut results, made);
                let step = step::Step {
                    arch: layout.arch,
                    threads,
                    width: layout.width,
                    zeros,
                    room: room.get_mut(),
                    doubles,
                    singles,
                    memory: &memory,
                    made: made.shape,
                };
                let op = op.map(
                    |operand| memory.read(operand),
                    |place| place.of(packed.get()),
                );
                step.run(op, output);
                ran += 1;
                if !again() {
                    break;
                }
            }
            ran
        });
        if ran < left.len() {
            *done = Some(at + ran);
            return false;
        }
        resample::channels_first(layout.output_extents, result, output);
        true
    }
}
