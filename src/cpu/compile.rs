//! From a graph and its plan to a program.

use alloc::vec::Vec;

use super::error::ProgramError;
use super::program::{
    Convolution, Extents, Header, Instruction, Location, Operand, Operation, Program, record,
};
use crate::unet::{ELEMENTS_LIMIT, Graph, Input, Op, ParamId, Plan, Role, TensorId};

/// A [`Program`] that owns its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramBuf {
    bytes: Vec<u8>,
}

impl ProgramBuf {
    /// The program of a graph whose tensors lie as a plan says, its arenas one after the other.
    ///
    /// ```
    /// use iddpm::cpu::{Program, ProgramBuf};
    /// use iddpm::unet::{Extent, Plan, UnetConfig};
    /// let graph = UnetConfig::new(1, 32).graph(Extent::square(1, 8))?;
    /// let program = ProgramBuf::new(&graph, &Plan::single(&graph))?;
    /// // These bytes can lie in flash.
    /// let view = Program::from_bytes(program.as_bytes())?;
    /// assert_eq!(view.x_len(), 8 * 8);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ProgramError::TooLarge`] past 2^31 elements; [`ProgramError::Graph`] and others for a graph that
    /// was built by hand, and where graph and plan do not belong together.
    pub fn new(graph: &Graph, plan: &Plan) -> Result<Self, ProgramError> {
        graph.check()?;
        let compiler = Compiler {
            graph,
            locations: locations(graph, plan),
        };
        let header = compiler.header(plan)?;
        let mut instructions = Vec::new();
        for (at, node) in graph.nodes().iter().enumerate() {
            let wrong = ProgramError::Field {
                instruction: at,
                field: "tensor",
                value: node.output.index() as u32,
            };
            instructions.push(compiler.instruction(&node.op, node.output).ok_or(wrong)?);
        }
        Self::assemble(&header, &instructions)
    }

    /// A program of instructions that are already at hand; the header's count of them is not read.
    ///
    /// # Errors
    /// Those of [`Program::from_bytes`].
    pub fn assemble(header: &Header, instructions: &[Instruction]) -> Result<Self, ProgramError> {
        let header = Header {
            instructions: instructions.len(),
            ..*header
        };
        let mut bytes = Vec::from(record(&header.words()));
        for instruction in instructions {
            bytes.extend(record(&instruction.words()));
        }
        Program::from_bytes(&bytes)?;
        Ok(Self { bytes })
    }

    /// The bytes, to be kept and read by [`Program::from_bytes`].
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The program.
    ///
    /// # Errors
    /// None: the bytes were checked when they were written.
    pub fn view(&self) -> Result<Program<'_>, ProgramError> {
        Program::from_bytes(&self.bytes)
    }
}

/// Where each tensor of a graph is when a network is evaluated.
fn locations(graph: &Graph, plan: &Plan) -> Vec<Option<Location>> {
    let tensors = graph.tensors().iter().enumerate();
    tensors
        .map(|(at, tensor)| {
            let id = TensorId(at as u32);
            if graph.output() == Some(id) {
                return Some(Location::Output);
            }
            match tensor.role {
                Role::Input(Input::X) => Some(Location::X),
                Role::Input(Input::Timesteps) => Some(Location::Timesteps),
                Role::Input(Input::Labels) => Some(Location::Labels),
                Role::Input(Input::LowRes) => Some(Location::LowRes),
                Role::Input(Input::XStart | Input::Noise | Input::Rows | Input::Keys)
                | Role::Gradient(_) => None,
                Role::Inner => workspace(plan, id),
            }
        })
        .collect()
}

/// The place of a tensor in a workspace whose arenas lie one after the other.
pub(crate) fn workspace(plan: &Plan, id: TensorId) -> Option<Location> {
    let place = plan.place(id)?;
    let before = plan.arenas().iter().take(place.arena);
    let offset = before.fold(place.offset, |sum, &arena| sum.saturating_add(arena));
    u32::try_from(offset).ok().map(Location::Workspace)
}

/// Refuses what a program cannot number.
pub(crate) const fn below_limit(what: &'static str, numbers: usize) -> Result<(), ProgramError> {
    if numbers < ELEMENTS_LIMIT {
        return Ok(());
    }
    Err(ProgramError::TooLarge { what, numbers })
}

/// Turns operations into instructions over tensors whose locations are known.
pub(crate) struct Compiler<'g> {
    pub(crate) graph: &'g Graph,
    pub(crate) locations: Vec<Option<Location>>,
}

impl Compiler<'_> {
    fn header(&self, plan: &Plan) -> Result<Header, ProgramError> {
        let given = |input| {
            self.graph
                .input(input)
                .map_or(Extents::default(), |id| self.extents(id))
        };
        let output = self.graph.output().ok_or(ProgramError::NoOutput)?;
        let header = Header {
            batch: self.graph.batch(),
            workspace: plan.elements(),
            weights: self.graph.weights_len(),
            classes: self.graph.classes().unwrap_or(0) as usize,
            x: given(Input::X),
            low_res: given(Input::LowRes),
            output: self.extents(output),
            instructions: self.graph.nodes().len(),
        };
        below_limit("weights", header.weights)?;
        below_limit("workspace", header.workspace)?;
        below_limit("instructions", header.instructions)?;
        Ok(header)
    }

    pub(crate) fn extents(&self, id: TensorId) -> Extents {
        self.graph.shape(id).image()
    }

    pub(crate) fn location(&self, id: TensorId) -> Option<Location> {
        self.locations.get(id.index()).copied().flatten()
    }

    fn operand(&self, id: TensorId) -> Option<Operand> {
        Some(Operand {
            location: self.location(id)?,
            extents: self.extents(id),
        })
    }

    fn optional(&self, id: Option<TensorId>) -> Option<Option<Location>> {
        match id {
            None => Some(None),
            Some(id) => self.location(id).map(Some),
        }
    }

    pub(crate) fn instruction(&self, op: &Op, output: TensorId) -> Option<Instruction> {
        let offset = |id: ParamId| self.graph.param(id).map(|param| param.offset);
        let (input, operation) = match *op {
            Op::TimestepEmbedding { timesteps, .. } => (timesteps, Operation::TimestepEmbedding),
            Op::LabelEmbedding { base, table, .. } => (
                base,
                Operation::LabelEmbedding {
                    table: offset(table)?,
                    classes: self.graph.param(table)?.rows(),
                },
            ),
            Op::Linear {
                input,
                weight,
                bias,
                silu,
            } => (
                input,
                Operation::Linear {
                    weight: offset(weight)?,
                    bias: offset(bias)?,
                    silu,
                },
            ),
            Op::Conv(conv) => (
                conv.input,
                Operation::Conv(Convolution {
                    weight: offset(conv.weight)?,
                    bias: offset(conv.bias)?,
                    kernel: conv.kernel,
                    stride: conv.stride,
                    upsample: conv.upsample,
                    shift: self.optional(conv.shift)?,
                    residual: self.optional(conv.residual)?,
                }),
            ),
            Op::GroupNorm {
                input,
                weight,
                bias,
                scale_shift,
                silu,
            } => (
                input,
                Operation::GroupNorm {
                    weight: offset(weight)?,
                    bias: offset(bias)?,
                    scale_shift: self.optional(scale_shift)?,
                    silu,
                },
            ),
            Op::Attention { qkv, heads } => (qkv, Operation::Attention { heads }),
            Op::Concat { first, second } => (
                first,
                Operation::Concat {
                    second: self.location(second)?,
                },
            ),
            Op::AveragePool { input } => (input, Operation::AveragePool),
            Op::Upsample { input } => (input, Operation::Upsample),
            Op::Bilinear { input, .. } => (input, Operation::Bilinear),
            _ => return None,
        };
        Some(Instruction {
            input: self.operand(input)?,
            output: self.operand(output)?,
            operation,
        })
    }
}
