//! What a training graph does, where everything of it will be and how much it takes: known before there is
//! any of it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use pulp::Arch;

use super::aligned::Aligned;
use super::conv::{self, Layer};
use super::grad::attention::AttentionGrad;
use super::grad::conv_weight::ConvWeight;
use super::grad::loss::Loss;
use super::grad::norm::{self, Norm};
use super::grad::sums;
use super::lanes;
use super::layout::{Needs, instruction_room};
use super::pack::{self, Kernels, Packed};
use super::threads::product;
use crate::cpu::compile::{Compiler, below_limit, workspace};
use crate::cpu::conv::Shape;
use crate::cpu::error::ProgramError;
use crate::cpu::program::{Extents, Instruction, Location};
use crate::unet::alignment::aligned;
use crate::unet::{Graph, Input, LossOp, NormOp, Op, ParamId, Plan, Role, TensorId};

/// An operand: where it lies, and the extents of one image.
#[derive(Clone, Copy)]
pub(super) struct Operand {
    pub(super) location: Location,
    pub(super) extents: Extents,
    /// Numbers in all.
    pub(super) len: usize,
}

/// A parameter: where it lies among the weights.
#[derive(Clone, Copy)]
pub(super) struct Parameter {
    pub(super) first: usize,
    /// Numbers in all.
    pub(super) len: usize,
}

/// An operand as it is read: the extents of one image, and its numbers, none while there is only a layout.
#[derive(Clone, Copy)]
pub(super) struct Read<'a> {
    pub(super) extents: Extents,
    pub(super) numbers: &'a [f32],
}

/// Where a result goes.
#[derive(Clone, Copy)]
pub(super) enum Target {
    Workspace(Location),
    /// The gradient of the parameter that begins there.
    Gradient(usize),
    Loss,
}

pub(super) enum Work {
    Forward(Instruction, Packed),
    Train(Box<Node>),
}

/// An operation that only training has.
pub(super) struct Node {
    pub(super) op: Op<Operand, Parameter>,
    /// Kernels for the gradient of a convolution's input.
    pub(super) kernels: Option<(Kernels, Packed)>,
    pub(super) target: Target,
    pub(super) out: Operand,
}

/// What is to be done and where, before there is any memory for it.
pub(crate) struct TrainingLayout {
    pub(super) arch: Arch,
    pub(super) batch: usize,
    pub(super) width: usize,
    pub(super) work: Vec<Work>,
    /// Inputs that are images or vectors, and where they are copied to.
    pub(super) inputs: Vec<(Input, Operand)>,
    /// Numbers of packed weights and of the workspace.
    pub(super) packed: usize,
    pub(super) workspace: usize,
    pub(super) needs: Needs,
    pub(super) loss: usize,
}

impl TrainingLayout {
    pub(crate) fn of(graph: &Graph) -> Result<Self, ProgramError> {
        graph.check()?;
        let arch = Arch::new();
        let width = lanes::width(arch);
        let plan = Plan::single(graph);
        let mut end = plan.elements();
        let mut inputs = Vec::new();
        let mut locations = Vec::new();
        for (at, tensor) in graph.tensors().iter().enumerate() {
            let id = TensorId(at as u32);
            locations.push(match tensor.role {
                Role::Inner => workspace(&plan, id),
                Role::Gradient(_) => None,
                Role::Input(Input::Labels | Input::Keys) => Some(Location::Labels),
                Role::Input(input) => {
                    let location = Location::Workspace(end as u32);
                    let len = tensor.shape.elements();
                    end = end.saturating_add(aligned(len));
                    let operand = Operand {
                        location,
                        extents: tensor.shape.image(),
                        len,
                    };
                    inputs.push((input, operand));
                    Some(location)
                }
            });
        }
        below_limit("workspace", end)?;
        let mut maker = Maker {
            compiler: Compiler { graph, locations },
            width,
            batch: graph.batch(),
            packed: 0,
            needs: Needs::default(),
        };
        let mut work = Vec::new();
        for (at, node) in graph.nodes().iter().enumerate() {
            work.push(maker.work(at, &node.op, node.output)?);
        }
        let output = graph.output().ok_or(ProgramError::NoOutput)?;
        Ok(Self {
            arch,
            batch: graph.batch(),
            width,
            work,
            inputs,
            packed: maker.packed,
            workspace: end,
            needs: maker.needs,
            loss: graph.shape(output).elements(),
        })
    }

    /// Bytes of all of it.
    pub(crate) fn bytes(&self) -> u64 {
        let slices = Aligned::bytes(self.packed).saturating_add(Aligned::bytes(self.workspace));
        slices.saturating_add(self.needs.bytes())
    }
}

struct Maker<'g> {
    compiler: Compiler<'g>,
    width: usize,
    batch: usize,
    /// Numbers of packed weights so far.
    packed: usize,
    needs: Needs,
}

impl Maker<'_> {
    fn operand(&self, id: TensorId) -> Option<Operand> {
        Some(Operand {
            location: self.compiler.location(id)?,
            extents: self.compiler.extents(id),
            len: self.compiler.graph.shape(id).elements(),
        })
    }

    fn parameter(&self, id: ParamId) -> Option<Parameter> {
        let param = self.compiler.graph.param(id)?;
        Some(Parameter {
            first: param.offset,
            len: param.elements(),
        })
    }

    fn work(&mut self, at: usize, op: &Op, output: TensorId) -> Result<Work, ProgramError> {
        let wrong = ProgramError::Field {
            instruction: at,
            field: "tensor",
            value: output.index() as u32,
        };
        let graph = self.compiler.graph;
        let Some(instruction) = self.compiler.instruction(op, output) else {
            let node = self.node(*op, output).ok_or(wrong)?;
            return Ok(Work::Train(Box::new(node)));
        };
        let classes = graph.classes().unwrap_or(0) as usize;
        instruction.check_numbers(at, graph.weights_len(), classes)?;
        let place = pack::place(&instruction, self.width, &mut self.packed);
        let needs = instruction_room(&instruction, &place, self.batch, self.width);
        self.needs.more(needs);
        Ok(Work::Forward(instruction, place))
    }

    fn node(&mut self, op: Op, output: TensorId) -> Option<Node> {
        let graph = self.compiler.graph;
        let op = op.try_map(
            |id| self.operand(id).ok_or(()),
            |id| self.parameter(id).ok_or(()),
        );
        let target = match graph.tensor(output)?.role {
            _ if graph.output() == Some(output) => Target::Loss,
            Role::Gradient(param) => Target::Gradient(graph.param(param)?.offset),
            Role::Inner => Target::Workspace(self.compiler.location(output)?),
            Role::Input(_) => return None,
        };
        let out = Operand {
            location: Location::Output,
            extents: self.compiler.extents(output),
            len: graph.shape(output).elements(),
        };
        let mut node = Node {
            op: op.ok()?,
            kernels: None,
            target,
            out,
        };
        self.make_room(&mut node);
        Some(node)
    }

    /// Room, and a place for packed kernels.
    fn make_room(&mut self, node: &mut Node) {
        let (batch, width) = (self.batch, self.width);
        let mut needs = Needs::default();
        let without_numbers = |operand: Operand| Read {
            extents: operand.extents,
            numbers: &[],
        };
        match node.op.map(without_numbers, |_| ()) {
            Op::ConvGradInput {
                grad,
                kernel,
                stride,
                ..
            } => {
                let (from, to) = (grad.extents, node.out.extents);
                let kernels = Kernels::transposed(from, to, kernel * kernel);
                let winograd = pack::in_tiles(from, to, kernel, stride, width);
                let biases = to.channels;
                let place =
                    pack::place_kernels(&kernels, winograd, biases, width, &mut self.packed);
                node.kernels = Some((kernels, place));
                let layer = input_layer(grad, to, (kernel, stride), batch, width);
                let room = if winograd {
                    conv::winograd_room(&layer)
                } else {
                    conv::direct_room(&layer)
                };
                needs.room = room;
            }
            Op::ConvGradWeight {
                input,
                grad,
                kernel,
                stride,
                upsample,
            } => {
                let way = (kernel, stride, upsample);
                needs.room = weight_layer(input, grad, way, batch, width).room();
            }
            Op::ChannelSum { grad } | Op::PositionSum { grad } => {
                needs.doubles = sums::room(grad.extents, batch);
            }
            Op::NormSums(norm) | Op::NormGradInput { norm, .. } => {
                needs.doubles = norm::room(norm.input.extents, batch);
                needs.singles = norm::table_len(norm.input.extents, batch);
            }
            Op::LinearGradWeight { input, .. } => {
                needs.singles = product([batch, input.extents.channels]);
            }
            Op::AttentionGrad {
                qkv,
                output,
                grad,
                heads,
            } => {
                let attention = AttentionGrad {
                    qkv: qkv.numbers,
                    output: output.numbers,
                    grad: grad.numbers,
                    extents: output.extents,
                    heads,
                    width,
                };
                needs.room = attention.room(batch);
            }
            Op::Loss(loss) => {
                needs.doubles = Loss::room(loss.x_start.extents, batch);
            }
            _ => {}
        }
        self.needs.more(needs);
    }
}

/// The convolution that is the gradient of another's input, without weights.
pub(super) fn input_layer(
    grad: Read<'_>,
    to: Extents,
    (kernel, stride): (usize, usize),
    batch: usize,
    width: usize,
) -> Layer<'_> {
    Layer {
        shape: Shape {
            from: grad.extents,
            to,
            kernel,
            stride: 1,
            upsample: false,
            spread: stride,
        },
        batch,
        input: grad.numbers,
        weight: &[],
        bias: &[],
        shift: None,
        residual: None,
        width,
    }
}

pub(super) fn weight_layer<'a>(
    input: Read<'a>,
    grad: Read<'a>,
    (kernel, stride, upsample): (usize, usize, bool),
    batch: usize,
    width: usize,
) -> ConvWeight<'a> {
    ConvWeight {
        shape: Shape {
            from: input.extents,
            to: grad.extents,
            kernel,
            stride,
            upsample,
            spread: 1,
        },
        batch,
        input: input.numbers,
        grad: grad.numbers,
        width,
    }
}

/// A normalisation and the gradient of its result, as they are read.
pub(super) fn norm_of<'a>(op: NormOp<Read<'a>, &'a [f32]>, batch: usize) -> Norm<'a> {
    Norm {
        extents: op.input.extents,
        batch,
        input: op.input.numbers,
        grad: op.grad.numbers,
        weight: op.weight,
        bias: op.bias,
        scale_shift: op.scale_shift.map(|read| read.numbers),
        silu: op.silu,
    }
}

/// What a loss reads.
pub(super) const fn loss_of(op: LossOp<Read<'_>>) -> Loss<'_> {
    Loss {
        extents: op.x_start.extents,
        channels: op.output.extents.channels,
        output: op.output.numbers,
        x_start: op.x_start.numbers,
        noise: op.noise.numbers,
        x: op.x.numbers,
        rows: op.rows.numbers,
    }
}
