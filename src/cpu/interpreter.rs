//! A program, instruction by instruction, in plain loops.

use super::error::{NetworkError, Slice};
use super::math::{Number, Real};
use super::part::part;
use super::plain::{self, View};
use super::program::{Instruction, Location, Operand, Program};
use crate::unet::{Input, Op, Shape, Weights};

/// What the caller gives for each run.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Inputs<'a> {
    /// x_t, [N, C, H, W].
    pub x: &'a [f32],
    /// What the network is told of t, \[N\], possibly fractional.
    pub timesteps: &'a [f32],
    /// The class of each image, \[N\], where the network is conditioned on one.
    pub labels: Option<&'a [u32]>,
    /// The low-resolution images, [N, C, h, w], where the network takes such.
    pub low_res: Option<&'a [f32]>,
}

/// What a caller gives for each run of a network's training; images are [N, C, H, W].
#[derive(Debug, Clone, Copy)]
pub struct TrainingInputs<'a> {
    /// x_0.
    pub x_start: &'a [f32],
    /// ε.
    pub noise: &'a [f32],
    /// The loss of each image, [N, `LossRow::LEN`]: [`LossRow::words`](crate::diffusion::LossRow::words).
    pub rows: &'a [f32],
    /// What the network is told of t, \[N\].
    pub timesteps: &'a [f32],
    /// The class of each image, \[N\], where the network is conditioned on one.
    pub labels: Option<&'a [u32]>,
    /// The low-resolution images, [N, C, h, w], where the network takes such.
    pub low_res: Option<&'a [f32]>,
    /// What the mask of each image follows from, [N, 4], where there is dropout: the key of Philox 4x32-10 and
    /// two words of its counter, each the low one first.
    pub keys: Option<&'a [u32]>,
}

/// All that a program can be given, each where the program takes it: see [`Input`].
#[derive(Debug, Clone, Copy)]
pub struct Given<'a, R = f32> {
    /// x_t.
    pub x: Option<&'a [R]>,
    /// What the network is told of t.
    pub timesteps: Option<&'a [R]>,
    /// The low-resolution images.
    pub low_res: Option<&'a [R]>,
    /// x_0.
    pub x_start: Option<&'a [R]>,
    /// ε.
    pub noise: Option<&'a [R]>,
    /// What the loss of each image is made of.
    pub rows: Option<&'a [R]>,
    /// The class of each image.
    pub labels: Option<&'a [u32]>,
    /// What dropout's masks follow from.
    pub keys: Option<&'a [u32]>,
}

impl<R> Default for Given<'_, R> {
    fn default() -> Self {
        Self {
            x: None,
            timesteps: None,
            low_res: None,
            x_start: None,
            noise: None,
            rows: None,
            labels: None,
            keys: None,
        }
    }
}

impl<'a> From<&Inputs<'a>> for Given<'a> {
    fn from(inputs: &Inputs<'a>) -> Self {
        Self {
            x: Some(inputs.x),
            timesteps: Some(inputs.timesteps),
            low_res: inputs.low_res,
            labels: inputs.labels,
            ..Self::default()
        }
    }
}

impl<'a> From<&TrainingInputs<'a>> for Given<'a> {
    fn from(inputs: &TrainingInputs<'a>) -> Self {
        Self {
            x_start: Some(inputs.x_start),
            noise: Some(inputs.noise),
            rows: Some(inputs.rows),
            timesteps: Some(inputs.timesteps),
            low_res: inputs.low_res,
            labels: inputs.labels,
            keys: inputs.keys,
            x: None,
        }
    }
}

impl<'a, R> Given<'a, R> {
    /// An input of numbers; none of those that are words.
    pub(crate) const fn numbers(&self, input: Input) -> Option<&'a [R]> {
        match input {
            Input::X => self.x,
            Input::Timesteps => self.timesteps,
            Input::LowRes => self.low_res,
            Input::XStart => self.x_start,
            Input::Noise => self.noise,
            Input::Rows => self.rows,
            Input::Labels | Input::Keys => None,
        }
    }

    /// The same with other numbers for an input.
    #[cfg(feature = "std")]
    pub(crate) const fn with(mut self, input: Input, numbers: &'a [R]) -> Self {
        match input {
            Input::X => self.x = Some(numbers),
            Input::Timesteps => self.timesteps = Some(numbers),
            Input::LowRes => self.low_res = Some(numbers),
            Input::XStart => self.x_start = Some(numbers),
            Input::Noise => self.noise = Some(numbers),
            Input::Rows => self.rows = Some(numbers),
            Input::Labels | Input::Keys => {}
        }
        self
    }

    const fn len(&self, input: Input) -> Option<usize> {
        let words = match input {
            Input::Labels => self.labels,
            Input::Keys => self.keys,
            Input::X
            | Input::Timesteps
            | Input::LowRes
            | Input::XStart
            | Input::Noise
            | Input::Rows => None,
        };
        match (self.numbers(input), words) {
            (Some(numbers), _) => Some(numbers.len()),
            (None, Some(words)) => Some(words.len()),
            (None, None) => None,
        }
    }

    /// Whether it is what a program takes, each as long as it is due.
    pub(crate) fn check(&self, program: &Program<'_>) -> Result<(), NetworkError> {
        for input in Input::ALL {
            let slice = Slice::of(input);
            match (self.len(input), program.input(input)) {
                (None, None) => {}
                // Whoever runs a network cannot but give some.
                (Some(_), None) if input == Input::Timesteps => {}
                (None, Some(_)) => return Err(NetworkError::Missing { slice }),
                (Some(_), None) => return Err(NetworkError::Superfluous { slice }),
                (Some(len), Some(shape)) => length(slice, len, shape.elements())?,
            }
        }
        let classes = program.header().classes;
        let mut labels = self.labels.unwrap_or_default().iter().enumerate();
        match labels.find(|&(_, &label)| label as usize >= classes) {
            None => Ok(()),
            Some((image, &label)) => Err(NetworkError::Label {
                image,
                label,
                classes: classes as u32,
            }),
        }
    }
}

/// The caller's slices that a run writes.
#[derive(Debug)]
pub struct Results<'a, R = f32> {
    /// The result.
    pub output: &'a mut [R],
    /// The gradients of all weights; none where a program makes none.
    pub gradients: &'a mut [R],
}

/// Runs a program: one evaluation of the network for a batch of images.
///
/// Nothing is allocated. What the workspace held before has no influence. Images do not see each
/// other: a batch gives the same bits as its images one by one.
///
/// # Errors
/// A [`NetworkError`] that names the slice whose length is wrong, the class there is not, the input
/// that is missing, superfluous or not finite, and a result that is not finite.
pub fn run(
    program: &Program<'_>,
    weights: Weights<'_>,
    inputs: &Inputs<'_>,
    workspace: &mut [f32],
    output: &mut [f32],
) -> Result<(), NetworkError> {
    length(Slice::Weights, weights.len(), program.weights_len())?;
    if workspace.len() < program.workspace_len() {
        length(Slice::Workspace, workspace.len(), program.workspace_len())?;
    }
    length(Slice::Output, output.len(), program.output_len())?;
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
    length(Slice::Weights, weights.len(), program.weights_len())?;
    if workspace.len() < program.workspace_len() {
        length(Slice::Workspace, workspace.len(), program.workspace_len())?;
    }
    length(Slice::Output, results.output.len(), program.output_len())?;
    if program.has_gradients() {
        length(Slice::Gradients, results.gradients.len(), weights.len())?;
    }
    given.check(program)?;
    run_with(program, weights, given, workspace, results);
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
    match weights {
        Weights::F32(weights) => run_with(program, weights, &given, workspace, &mut results),
        Weights::F16(weights) => run_with(program, weights, &given, workspace, &mut results),
    }
}

pub(crate) fn length(slice: Slice, len: usize, expected: usize) -> Result<(), NetworkError> {
    if len == expected {
        return Ok(());
    }
    Err(NetworkError::Length {
        slice,
        len,
        expected,
    })
}

pub(crate) fn finite(slice: Slice, numbers: &[f32]) -> Result<(), NetworkError> {
    match numbers.iter().position(|number| !number.is_finite()) {
        Some(index) => Err(NetworkError::NotFinite { slice, index }),
        None => Ok(()),
    }
}

/// A result that is not finite is an error: weights, inputs or an overflow.
pub(crate) fn check_output(output: &[f32]) -> Result<(), NetworkError> {
    finite(Slice::Output, output)
}

/// All that the caller gives, before anything is computed.
pub(crate) fn check_inputs(program: &Program<'_>, inputs: &Inputs<'_>) -> Result<(), NetworkError> {
    if program.has_gradients() {
        let slice = Slice::Gradients;
        return Err(NetworkError::Missing { slice });
    }
    Given::from(inputs).check(program)?;
    finite(Slice::X, inputs.x)?;
    finite(Slice::Timesteps, inputs.timesteps)?;
    finite(Slice::LowRes, inputs.low_res.unwrap_or_default())
}

fn run_with<R: Real, W: Number>(
    program: &Program<'_>,
    weights: &[W],
    given: &Given<'_, R>,
    workspace: &mut [R],
    results: &mut Results<'_, R>,
) {
    for Instruction { op, output: made } in program.instructions() {
        let (output, memory) = Memory::split(given, workspace, results, &made);
        let op = op.map(
            |operand| memory.read(operand),
            |parameter| part(weights, parameter.first, parameter.len),
        );
        execute(op, made.shape, &memory, output);
    }
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
                (before, result, behind, first + len)
            }
            Location::Output => (workspace, &mut *results.output, &mut [][..], 0),
            Location::Gradient(first) => {
                let place = first as usize..first as usize + len;
                let place = results.gradients.get_mut(place);
                debug_assert!(place.is_some(), "gradients are as long as the weights");
                (workspace, place.unwrap_or_default(), &mut [][..], 0)
            }
            // No instruction writes what the caller gives.
            Location::Input(_) => (workspace, &mut [][..], &mut [][..], 0),
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
            Location::Input(Input::Labels | Input::Keys) => Some(&[][..]),
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
        self.given.labels.unwrap_or_default()
    }

    /// What dropout's masks follow from: given where a program reads them.
    pub(crate) fn keys(&self) -> &'a [u32] {
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
            plain::embedding::timesteps(
                timesteps.numbers,
                dim,
                plain::embedding::MAX_PERIOD,
                output,
            );
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
            silu,
        } => {
            let scale_shift = scale_shift.map(|both| both.numbers);
            plain::norm::forward(to, input.numbers, weight, bias, scale_shift, silu, output);
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
        } => plain::pointwise::dropout(input, memory.keys(), (layer, threshold), output),
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
            ..
        } => plain::conv::input(made, grad, weight, (kernel, stride), output),
        Op::ConvGradWeight {
            input,
            grad,
            stride,
            upsample,
            ..
        } => plain::conv::weight(made, input, grad, (stride, upsample), output),
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
        } => plain::norm::scale_shift(made, channels, sums, [weight, bias], output),
        Op::NormGradParam {
            sums,
            scale_shift,
            of,
            channels,
        } => plain::norm::parameter(made, (of, channels), sums, scale_shift, output),
        Op::AttentionGrad {
            qkv, grad, heads, ..
        } => plain::attention::gradient(made, heads, qkv.numbers, grad.numbers, output),
        Op::AveragePoolGrad { grad, .. } => plain::resize::average_pool_grad(made, grad, output),
        Op::UpsampleGrad { grad } => plain::resize::upsample_grad(made, grad, output),
    }
}
