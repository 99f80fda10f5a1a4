//! The compiler from a graph and its plan to a program.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::encode::record;
use super::error::ProgramError;
use super::program::{
    CallersShapes, Instruction, Location, Operand, Parameter, Placed, Program, ProgramHeader,
    TensorBytes, Workspace, word,
};
use crate::unet::plan::inputs;
use crate::unet::{ELEMENTS_LIMIT, Graph, GraphError, ParamId, Plan, Role, TensorId};

/// A [`Program`] that owns its bytes.
///
/// ```
/// use iddpm::cpu::{Inputs, Program, ProgramBuf, run};
/// use iddpm::unet::{ImageSize, Plan, UnetConfig, Weights};
/// let graph = UnetConfig::new(1, 32).graph(1, ImageSize::square(8))?;
/// let owned = ProgramBuf::new(&graph, &Plan::single(&graph))?;
/// let program = Program::from_bytes(owned.as_bytes())?;
///
/// // All that a run needs is the caller's; nothing is allocated in it.
/// let weights = vec![0.01; program.weights_len()];
/// let mut workspace = vec![0.0; program.workspace_len()];
/// let mut output = vec![0.0; program.output_len()];
/// let inputs = Inputs { x: &[0.5; 64], timesteps: &[10.0], labels: None, low_res: None };
/// run(&program, Weights::F32(&weights), &inputs, &mut workspace, &mut output)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramBuf {
    bytes: Vec<u8>,
    /// What was found when they were checked, which no run does again.
    shapes: CallersShapes,
}

impl ProgramBuf {
    /// Compiles a graph whose tensors lie as a plan says, its arenas one after the other.
    ///
    /// ```
    /// use iddpm::cpu::{Program, ProgramBuf};
    /// use iddpm::unet::{ImageSize, Plan, UnetConfig};
    /// let graph = UnetConfig::new(1, 32).graph(1, ImageSize::square(8))?;
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
        plan.check(graph, &inputs(graph), |id| graph.shape(id).elements())?;
        let output = graph.output().ok_or(ProgramError::NoOutput)?;
        let header = ProgramHeader {
            batch: graph.batch(),
            workspace: plan.elements(),
            weights: graph.weights_len(),
            classes: graph.classes().unwrap_or(0) as usize,
            tensors: graph.tensors().len(),
            instructions: graph.nodes().len(),
        };
        let numbers = [
            ("weights", header.weights),
            ("workspace", header.workspace),
            ("tensors", header.tensors),
            ("instructions", header.instructions),
        ];
        for (what, numbers) in numbers {
            if numbers >= ELEMENTS_LIMIT {
                return Err(ProgramError::TooLarge { what, numbers });
            }
        }
        let operand = |id: TensorId| {
            let location = location(graph, plan, output, id).ok_or(ProgramError::Graph(
                GraphError::NoPlace {
                    what: "tensor",
                    index: id.index(),
                },
            ))?;
            let shape = graph.shape(id);
            Ok(Operand { location, shape })
        };
        let parameter = |id: ParamId| match graph.param(id) {
            Some(param) => Ok(Parameter {
                first: param.offset,
                len: param.elements(),
            }),
            None => Err(ProgramError::Graph(GraphError::NoPlace {
                what: "parameter",
                index: id.index(),
            })),
        };
        let mut assembly = Assembly::default();
        for node in graph.nodes() {
            assembly.push(&Instruction {
                op: node.op.try_map(operand, parameter)?,
                output: operand(node.output)?,
            });
        }
        // What the graph takes is asked for, whether or not anything reads it.
        for (tensor, at) in graph.tensors().iter().zip(0..) {
            if let Role::Input(_) = tensor.role {
                assembly.place(operand(TensorId(at))?);
            }
        }
        assembly.finish(&header, Workspace::Empty)
    }

    /// Builds a program of instructions that are already at hand; the header's counts are not read. It takes the
    /// inputs that they read.
    ///
    /// # Errors
    /// Those of [`Program::from_bytes`].
    pub fn assemble(
        header: &ProgramHeader,
        instructions: &[Instruction],
    ) -> Result<Self, ProgramError> {
        Assembly::of(instructions).finish(header, Workspace::Empty)
    }

    /// Builds a program as [`assemble`](Self::assemble), whose instructions may read what the workspace holds
    /// already. For tests of one operation.
    ///
    /// # Errors
    /// Those of [`Program::from_bytes`].
    #[doc(hidden)]
    pub fn assemble_over(
        header: &ProgramHeader,
        instructions: &[Instruction],
    ) -> Result<Self, ProgramError> {
        Assembly::of(instructions).finish(header, Workspace::Given)
    }

    /// Keeps a program that was written before, once its bytes were checked.
    ///
    /// ```
    /// use iddpm::cpu::{Network, ProgramBuf};
    /// use iddpm::unet::{ImageSize, Plan, UnetConfig, Weights};
    /// let graph = UnetConfig::new(1, 32).graph(1, ImageSize::square(8))?;
    /// let bytes = ProgramBuf::new(&graph, &Plan::single(&graph))?.as_bytes().to_vec();
    /// let program = ProgramBuf::from_bytes(bytes)?;
    /// let weights = vec![0.01; program.view()?.weights_len()];
    /// let network = Network::from_program(program, Weights::F32(&weights))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Program::from_bytes`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, ProgramError> {
        let shapes = Program::from_bytes(&bytes)?.shapes();
        Ok(Self { bytes, shapes })
    }

    /// The bytes of the program, to be kept and read by [`Program::from_bytes`].
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Borrows the program.
    ///
    /// # Errors
    /// None: the bytes were checked when they were written.
    pub fn view(&self) -> Result<Program<'_>, ProgramError> {
        Program::of_checked(&self.bytes, self.shapes)
    }
}

/// A program while it is written: each tensor once, whatever reads it.
#[derive(Default)]
struct Assembly {
    places: BTreeMap<TensorBytes, u32>,
    tensors: Vec<u8>,
    code: Vec<u8>,
    instructions: usize,
}

impl Assembly {
    fn of(instructions: &[Instruction]) -> Self {
        let mut assembly = Self::default();
        instructions.iter().for_each(|it| assembly.push(it));
        assembly
    }

    /// The place of a tensor, which is written where it is not there yet.
    fn place(&mut self, operand: Operand) -> u32 {
        let next = word(self.places.len());
        let bytes = operand.bytes();
        *self.places.entry(bytes).or_insert_with(|| {
            self.tensors.extend(bytes);
            next
        })
    }

    fn push(&mut self, instruction: &Instruction) {
        let output = self.place(instruction.output);
        let op: Placed = instruction.op.map(
            |operand| self.place(operand),
            |parameter| word(parameter.first),
        );
        self.code.extend(record(op, output));
        self.instructions += 1;
    }

    fn finish(
        self,
        header: &ProgramHeader,
        workspace: Workspace,
    ) -> Result<ProgramBuf, ProgramError> {
        let header = ProgramHeader {
            tensors: self.places.len(),
            instructions: self.instructions,
            ..*header
        };
        let mut bytes = Vec::from(header.bytes());
        bytes.extend(self.tensors);
        bytes.extend(self.code);
        let shapes = Program::read(&bytes, workspace)?.shapes();
        Ok(ProgramBuf { bytes, shapes })
    }
}

/// Where a tensor of a graph is when it is run: the arenas of its plan lie one after the other.
fn location(graph: &Graph, plan: &Plan, output: TensorId, id: TensorId) -> Option<Location> {
    if id == output {
        return Some(Location::Output);
    }
    match graph.tensor(id)?.role {
        Role::Input(input) => Some(Location::Input(input)),
        Role::Gradient(param) => Some(Location::Gradient(word(graph.param(param)?.offset))),
        Role::Inner => {
            let place = plan.place(id)?;
            let before = plan.arenas().iter().take(place.arena);
            let first = before.fold(place.offset, |sum, &arena| sum.saturating_add(arena));
            Some(Location::Workspace(word(first)))
        }
    }
}
