//! The interpreter: a program, instruction by instruction, in plain loops.

use core::ops::Range;

use super::error::{NetworkError, NetworkSlice};
use super::given::{Given, Inputs, Results, check_inputs, finite, length};
use super::math::{Number, Real};
use super::plain::{self, View};
use super::program::{Instruction, Location, Operand, Program};
use super::rows;
use crate::part::{part, part_mut};
use crate::unet::op::MAX_PERIOD;
use crate::unet::{Op, Shape, Weights};

/// Runs a program of a network: one evaluation for a batch of images.
///
/// Nothing is allocated. What the workspace held before has no influence. Images do not see each
/// other: a batch gives the same bits as its images one by one.
///
/// # Errors
/// A [`NetworkError`] that names the slice whose length is wrong, the class there is not, the input
/// that is missing, superfluous or not finite, and a result that is not finite; [`NetworkError::Training`]
/// for a program that makes gradients, which [`run_plain`] runs.
pub fn run(
    program: &Program<'_>,
    weights: Weights<'_>,
    inputs: &Inputs<'_>,
    workspace: &mut [f32],
    output: &mut [f32],
) -> Result<(), NetworkError> {
    length(NetworkSlice::Weights, weights.len(), program.weights_len())?;
    if workspace.len() < program.workspace_len() {
        length(
            NetworkSlice::Workspace,
            workspace.len(),
            program.workspace_len(),
        )?;
    }
    length(NetworkSlice::Output, output.len(), program.output_len())?;
    check_inputs(program, inputs)?;
    execute_all(program, weights, inputs, workspace, output);
    check_output(output)
}

/// Runs any program, of a network or of its training, in plain loops, in f32 or in f64: what the fast path and
/// a GPU are measured against.
///
/// # Errors
/// A [`NetworkError`] that names the slice whose length is wrong, the class there is not, the input
/// that is missing or superfluous.
pub fn run_plain<R: Real>(
    program: &Program<'_>,
    weights: &[R],
    given: &Given<'_, R>,
    workspace: &mut [R],
    results: &mut Results<'_, R>,
) -> Result<(), NetworkError> {
    length(NetworkSlice::Weights, weights.len(), program.weights_len())?;
    if workspace.len() < program.workspace_len() {
        length(
            NetworkSlice::Workspace,
            workspace.len(),
            program.workspace_len(),
        )?;
    }
    length(
        NetworkSlice::Output,
        results.output.len(),
        program.output_len(),
    )?;
    let gradients = if program.has_gradients() {
        weights.len()
    } else {
        0
    };
    length(NetworkSlice::Gradients, results.gradients.len(), gradients)?;
    given.check(program)?;
    for instruction in program.instructions() {
        run_rows(&instruction, None, weights, given, workspace, results);
    }
    Ok(())
}

/// Runs a network on slices that were checked.
pub(crate) fn execute_all(
    program: &Program<'_>,
    weights: Weights<'_>,
    inputs: &Inputs<'_>,
    workspace: &mut [f32],
    output: &mut [f32],
) {
    let given = Given::from(inputs);
    let mut results = Results {
        output,
        gradients: &mut [],
    };
    let execute = executor(weights);
    for instruction in program.instructions() {
        execute(&instruction, None, weights, &given, workspace, &mut results);
    }
}

/// Executes an instruction of a network on slices that were checked: all of it, or these rows.
pub(super) type Execute =
    fn(&Instruction, Option<Range<usize>>, Weights<'_>, &Given<'_>, &mut [f32], &mut Results<'_>);

/// What executes instructions over weights of this type. Where the type is known when a program is compiled, the loops of the
/// others are not part of it.
#[inline]
pub(super) const fn executor(weights: Weights<'_>) -> Execute {
    match weights {
        Weights::F32(_) => |instruction, rows, weights, given, workspace, results| {
            if let Weights::F32(weights) = weights {
                run_rows(instruction, rows, weights, given, workspace, results);
            }
        },
        Weights::F16(_) => |instruction, rows, weights, given, workspace, results| {
            if let Weights::F16(weights) = weights {
                run_rows(instruction, rows, weights, given, workspace, results);
            }
        },
        Weights::F16Bytes(_) => |instruction, rows, weights, given, workspace, results| {
            if let Weights::F16Bytes(weights) = weights {
                run_rows(instruction, rows, weights, given, workspace, results);
            }
        },
    }
}

/// A result that is not finite is an error: weights, inputs or an overflow.
pub(crate) fn check_output(output: &[f32]) -> Result<(), NetworkError> {
    finite(NetworkSlice::Output, output)
}

fn run_rows<R: Real, W: Number>(
    &Instruction { op, output: made }: &Instruction,
    rows: Option<Range<usize>>,
    weights: &[W],
    given: &Given<'_, R>,
    workspace: &mut [R],
    results: &mut Results<'_, R>,
) {
    let (output, memory) = Memory::split(given, workspace, results, &made);
    let op = op.map(
        |operand| memory.read(operand),
        |parameter| part(weights, parameter.first, parameter.len),
    );
    let piece = rows::piece(op, made.shape, rows);
    let output = part_mut(output, piece.first, piece.made.elements());
    execute(piece.op, piece.made, &memory, output);
}

/// A tensor as an operation reads it; without numbers where it is labels or keys, which are words, and while
/// there is only a layout.
pub(crate) type Read<'a, R = f32> = View<'a, R>;

/// All that an instruction may read: what the caller gives, and the workspace before and behind the
/// stretch it writes.
pub(crate) struct Memory<'a, R = f32> {
    given: &'a Given<'a, R>,
    before: &'a [R],
    behind: &'a [R],
    /// Where `behind` begins.
    from: usize,
}

impl<'a, R> Memory<'a, R> {
    /// The stretch that an instruction writes, and all the rest.
    pub(crate) fn split(
        given: &'a Given<'a, R>,
        workspace: &'a mut [R],
        results: &'a mut Results<'_, R>,
        made: &Operand,
    ) -> (&'a mut [R], Self) {
        let len = made.shape.elements();
        let (before, result, behind, from) = match made.location {
            Location::Workspace(first) => {
                let first = first as usize;
                let (before, rest) = workspace.split_at_mut(first.min(workspace.len()));
                let (result, behind) = rest.split_at_mut(len.min(rest.len()));
                debug_assert_eq!(result.len(), len, "a checked program writes where room is");
                (before, result, behind, first + len)
            }
            Location::Output => (workspace, &mut *results.output, &mut [][..], 0),
            Location::Gradient(first) => {
                let place = first as usize..first as usize + len;
                let place = results.gradients.get_mut(place);
                debug_assert!(place.is_some(), "gradients are as long as the weights");
                (workspace, place.unwrap_or_default(), &mut [][..], 0)
            }
            Location::Input(input) => {
                debug_assert!(
                    false,
                    "a checked program writes no input, but {}",
                    input.name()
                );
                // What the caller gives stays as it is.
                (workspace, &mut [][..], &mut [][..], 0)
            }
        };
        let memory = Self {
            given,
            before,
            behind,
            from,
        };
        (result, memory)
    }

    /// A tensor as it is read.
    pub(crate) fn read(&self, Operand { location, shape }: Operand) -> Read<'a, R> {
        let len = shape.elements();
        let found = match location {
            Location::Input(input) if input.is_words() => Some(&[][..]),
            Location::Input(input) => self.given.numbers(input).and_then(|all| all.get(..len)),
            Location::Workspace(first) => {
                let first = first as usize;
                match first.checked_sub(self.from) {
                    Some(first) if self.from > 0 => self.behind.get(first..first + len),
                    _ => self.before.get(first..first + len),
                }
            }
            Location::Output | Location::Gradient(_) => None,
        };
        debug_assert!(found.is_some(), "a checked program reads what there is");
        View {
            shape,
            numbers: found.unwrap_or_default(),
        }
    }

    /// The classes: they are given where a program reads them.
    pub(crate) fn labels(&self) -> &'a [u32] {
        debug_assert!(self.given.labels.is_some(), "no classes are given");
        self.given.labels.unwrap_or_default()
    }

    /// What dropout's masks follow from: given where a program reads them.
    pub(crate) fn keys(&self) -> &'a [u32] {
        debug_assert!(self.given.keys.is_some(), "no keys are given");
        self.given.keys.unwrap_or_default()
    }
}

fn execute<R: Real, W: Number>(
    op: Op<Read<'_, R>, &[W]>,
    made: Shape,
    memory: &Memory<'_, R>,
    output: &mut [R],
) {
    let to = made.image();
    match op {
        Op::TimestepEmbedding { timesteps, dim } => {
            plain::embedding::timesteps(timesteps.numbers, dim, MAX_PERIOD, output);
        }
        Op::LabelEmbedding { base, table, .. } => {
            plain::embedding::labels(base.numbers, memory.labels(), table, to.channels, output);
        }
        Op::Linear {
            input,
            weight,
            bias,
            silu,
        } => {
            let inputs = input.shape.channels;
            plain::linear::forward(input.numbers, weight, bias, silu, inputs, output);
        }
        Op::Conv(conv) => plain::conv::forward(
            &plain::conv::Window {
                from: conv.input.shape.image(),
                to,
                kernel: conv.kernel,
                stride: conv.stride,
                upsample: conv.upsample,
                spread: 1,
                wrap: conv.wrap,
            },
            conv.input.numbers,
            conv.weight,
            conv.bias,
            conv.shift.map(|shift| shift.numbers),
            conv.residual.map(|residual| residual.numbers),
            output,
        ),
        Op::GroupNorm {
            input,
            weight,
            bias,
            scale_shift,
            groups,
            silu,
        } => {
            let scale_shift = scale_shift.map(|both| both.numbers);
            let how = (groups, silu);
            plain::norm::forward(to, input.numbers, weight, bias, scale_shift, how, output);
        }
        Op::Attention { qkv, heads } => plain::attention::forward(to, heads, qkv.numbers, output),
        Op::Concat { first, second } => plain::pointwise::concat(
            first.shape.image().elements(),
            second.shape.image().elements(),
            first.numbers,
            second.numbers,
            output,
        ),
        Op::AveragePool { input } => {
            plain::resize::average_pool(input.shape.image(), input.numbers, output)
        }
        Op::Upsample { input } => {
            plain::resize::upsample(input.shape.image(), input.numbers, output)
        }
        Op::Bilinear { input, .. } => {
            plain::resize::bilinear(input.shape.image(), to, input.numbers, output);
        }
        Op::Diffuse {
            x_start,
            noise,
            rows,
        } => plain::pointwise::diffuse(made, x_start, noise, rows, output),
        Op::Dropout {
            input,
            layer,
            threshold,
            ..
        } => {
            let dropout = plain::pointwise::Dropout { layer, threshold };
            plain::pointwise::dropout(dropout, input, memory.keys(), output);
        }
        Op::Loss(loss) => plain::loss::value(loss, output),
        Op::LossGrad(loss) => plain::loss::gradient(loss, output),
        Op::Add { first, second } => {
            plain::pointwise::add(first.numbers, second.numbers, output);
        }
        Op::Slice { input, start, .. } => plain::pointwise::slice(made, input, start, output),
        Op::ConvGradInput {
            grad,
            weight,
            kernel,
            stride,
            wrap,
            ..
        } => {
            let way = plain::conv::Way {
                kernel,
                stride,
                upsample: false,
                wrap,
            };
            plain::conv::input(made, grad, weight, way, output);
        }
        Op::ConvGradWeight {
            input,
            grad,
            kernel,
            stride,
            upsample,
            wrap,
        } => {
            let way = plain::conv::Way {
                kernel,
                stride,
                upsample,
                wrap,
            };
            plain::conv::weight(made, input, grad, way, output);
        }
        Op::ChannelSum { grad } => plain::conv::channel_sum(made, grad, output),
        Op::PositionSum { grad } => plain::conv::position_sum(made, grad, output),
        Op::LinearGradInput {
            grad,
            weight,
            input,
            silu,
        } => plain::linear::input(made, grad, weight, input, silu, output),
        Op::LinearGradWeight { input, grad, silu } => {
            plain::linear::weight(made, input, grad, silu, output);
        }
        Op::LabelGrad { grad, .. } => plain::embedding::table(made, grad, memory.labels(), output),
        Op::NormSums(norm) => norm.sums(output),
        Op::NormGradInput { norm, sums } => norm.grad_input(sums, output),
        Op::NormGradScaleShift {
            sums,
            weight,
            bias,
            channels,
            ..
        } => plain::norm::scale_shift(made, channels, sums, [weight, bias], output),
        Op::NormGradParam {
            sums,
            scale_shift,
            of,
            channels,
            ..
        } => plain::norm::parameter(made, of, channels, sums, scale_shift, output),
        Op::AttentionGrad {
            qkv, grad, heads, ..
        } => plain::attention::gradient(made, heads, qkv.numbers, grad.numbers, output),
        Op::AveragePoolGrad { grad, .. } => plain::resize::average_pool_grad(made, grad, output),
        Op::UpsampleGrad { grad } => plain::resize::upsample_grad(made, grad, output),
    }
}
