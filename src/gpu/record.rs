//! The recorder: a graph and its plan become a recording.

mod attention_grad;
mod conv_grad;
mod linear;
mod linear_grad;
mod norm;
mod norm_grad;
mod norm_params;
mod operations;
mod skip;
mod tables;

use core::ops::Range;
use std::collections::HashSet;
use std::vec::Vec;

use super::convolution::{Convolution, Ended};
use super::error::GpuError;
use super::fusion::{self, Normalising};
use super::kernels::conv_matrix::Laws;
use super::kernels::declare::{flag, word};
use super::kernels::{conv, group_norm_statistics};
use super::layout::{self, Layout};
use super::recording::{Binding, Dispatch, Recording};
use super::variants::Variants;
use super::vectors;
use super::weights::{Order, Precision, WeightPlan};
use crate::unet::{Conv, Graph, GraphError, Input, Node, Op, ParamId, Plan, Role, Shape, TensorId};

/// Lists those variants that run a graph with other kernels, forms or cuts than those before them. For tests, which need run
/// what is the same only once.
///
/// # Errors
/// Those of [`record`].
#[doc(hidden)]
pub fn distinct_variants(
    all: Vec<Variants>,
    graph: &Graph,
    precision: Precision,
) -> Result<Vec<Variants>, GpuError> {
    let weights = WeightPlan::new(graph, precision, u64::from(u32::MAX))?;
    let plan = layout::plan(graph, precision);
    let mut seen = HashSet::new();
    let mut distinct = Vec::new();
    for variants in all {
        let dispatches = record(graph, &plan, &weights, variants)?
            .recording
            .dispatches;
        let runs = dispatches.into_iter();
        let runs = runs.map(|one| (one.kernel.name, one.form, one.params, one.workgroups));
        if seen.insert(runs.collect::<Vec<_>>()) {
            distinct.push(variants);
        }
    }
    Ok(distinct)
}

/// A network's recording, and where its tensors are.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The dispatches of the network, and the buffers they run on.
    pub recording: Recording,
    pub(crate) layout: Layout,
    /// Numbers of each tensor.
    lens: Vec<usize>,
    inputs: Vec<(Input, Binding)>,
    output: Binding,
    forward: Range<usize>,
    backward: Range<usize>,
    step: Range<usize>,
    classes: Option<u32>,
}

impl Recorded {
    /// Looks up where a tensor is while it is needed, and how many elements it has. What ends in the
    /// operation behind it may be written there alone; what convolutions normalise as they read, and a concatenation that only
    /// such read, nowhere.
    pub fn tensor(&self, id: TensorId) -> Option<(Binding, usize)> {
        let len = self.lens.get(id.index()).copied()?;
        Some((self.layout.tensor(id)?, len))
    }

    /// Looks up where the caller puts an input, if the network has such a one.
    pub fn input(&self, input: Input) -> Option<Binding> {
        let mut inputs = self.inputs.iter();
        inputs
            .find(|(which, _)| *which == input)
            .map(|&(_, binding)| binding)
    }

    /// The place of the network's result.
    pub const fn output(&self) -> Binding {
        self.output
    }

    /// How many classes the network knows, where it knows any.
    pub(crate) const fn classes(&self) -> Option<u32> {
        self.classes
    }

    /// Takes dispatches out of the forward pass.
    pub(crate) fn take_forward(&mut self, is_taken: impl Fn(&Dispatch) -> bool) -> Vec<Dispatch> {
        let all = core::mem::take(&mut self.recording.dispatches);
        let end = self.forward.end;
        let mut at = 0;
        let (taken, left): (Vec<Dispatch>, Vec<Dispatch>) = all.into_iter().partition(|dispatch| {
            at += 1;
            at <= end && is_taken(dispatch)
        });
        self.recording.dispatches = left;
        self.forward.end -= taken.len();
        self.backward = self.backward.start - taken.len()..self.backward.end - taken.len();
        self.step.end -= taken.len();
        taken
    }

    /// The dispatches until the result is there: all of a network, and of a training graph those up to the
    /// losses.
    pub fn forward(&self) -> Range<usize> {
        self.forward.clone()
    }

    /// The dispatches of the operations behind the result: of a training graph, those that make the
    /// gradients.
    pub fn backward(&self) -> Range<usize> {
        self.backward.clone()
    }

    /// The dispatches of one step: all of a network, and of [`record_training`](super::record_training) those of a step of
    /// one microbatch; behind them lie those that steps of several have.
    pub fn step(&self) -> Range<usize> {
        self.step.clone()
    }

    /// Ends a step there: what is recorded behind it only other steps have.
    pub(crate) const fn end_step(&mut self, end: usize) {
        self.step.end = end;
    }
}

/// Records a network over the buffers of its plan and of its weights.
///
/// ```
/// use iddpm::gpu::{Precision, Variants, WeightPlan, plan, record};
/// use iddpm::unet::{ImageSize, UnetConfig};
/// let graph = UnetConfig::new(1, 32).graph(1, ImageSize::square(8))?;
/// let weights = WeightPlan::new(&graph, Precision::Full, 1 << 27)?;
/// let places = plan(&graph, Precision::Full);
/// // Plain data: no device is needed.
/// let recording = record(&graph, &places, &weights, Variants::PLAIN)?.recording;
/// let flops: u64 = recording.dispatches.iter().map(|dispatch| dispatch.flops).sum();
/// assert_eq!(flops, graph.flops());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The plan is one of [`plan`](super::plan), which knows the operations that run as one.
///
/// # Errors
/// [`GpuError::Graph`] for a graph that was built by hand, and that no kernel can run, and where the plan or the
/// weights are not those of the graph.
pub fn record(
    graph: &Graph,
    plan: &Plan,
    weights: &WeightPlan,
    variants: Variants,
) -> Result<Recorded, GpuError> {
    graph.check()?;
    if let Some(index) = weights.misplaced(graph) {
        let what = "parameter";
        return Err(GraphError::NoPlace { what, index }.into());
    }
    let (reads, words) = (
        fusion::reads(graph, layout::halves(graph, weights.precision())),
        layout::words(graph, weights.precision()),
    );
    plan.check(graph, &reads, words)?;
    let (recording, layout) = Layout::new(graph, plan, weights);
    let mut recorder = Recorder {
        graph,
        variants,
        recording,
        layout,
        current: 0,
        flops: 0,
        ends_in_next: fusion::ends_in_next(graph),
        runs: vectors::runs(graph),
        held: Held::default(),
        normalising: fusion::normalising(graph, layout::halves(graph, weights.precision())),
        left: Left::default(),
    };
    let mut forward = None;
    for (at, node) in graph.nodes().iter().enumerate() {
        recorder.node(at, node)?;
        if graph.output() == Some(node.output) {
            forward = Some(recorder.recording.dispatches.len());
        }
    }
    let end = recorder.recording.dispatches.len();
    // Where no operation makes the result there is nothing to wait for before the end.
    let forward = forward.unwrap_or(end);
    // A graph without a result is run for its gradients alone.
    let output = match graph.output() {
        Some(id) => recorder.tensor(id)?.binding,
        None => recorder.layout.none,
    };
    let mut inputs = Vec::new();
    for (tensor, at) in graph.tensors().iter().zip(0..) {
        if let Role::Input(input) = tensor.role {
            inputs.push((input, recorder.tensor(TensorId(at))?.binding));
        }
    }
    let Recorder {
        recording, layout, ..
    } = recorder;
    Ok(Recorded {
        recording,
        inputs,
        output,
        forward: 0..forward,
        backward: forward..end,
        step: 0..end,
        classes: graph.classes(),
        lens: graph.tensors().iter().map(|t| t.shape.elements()).collect(),
        layout,
    })
}

/// A tensor as an operation reads or makes it.
#[derive(Debug, Clone, Copy)]
struct Tensor {
    binding: Binding,
    shape: Shape,
}

/// Both parts of a concatenation.
type Both = (Tensor, Tensor);

/// A parameter as an operation reads it.
#[derive(Debug, Clone, Copy)]
struct Stored {
    binding: Binding,
    rows: usize,
}

/// An operation, what it makes, and its FLOPs.
#[derive(Debug, Clone, Copy)]
struct Made {
    op: Op<Tensor, Stored>,
    output: Tensor,
    flops: u64,
}

/// What is wrong with a parameter that has no place.
const fn no_param(id: ParamId) -> GraphError {
    GraphError::NoPlace {
        what: "parameter",
        index: id.index(),
    }
}

struct Recorder<'g> {
    graph: &'g Graph,
    variants: Variants,
    recording: Recording,
    layout: Layout,
    /// The operation that is recorded, by its place among the graph's, and all of its FLOPs.
    current: usize,
    flops: u64,
    /// Whether each operation may end in the one behind it.
    ends_in_next: Vec<bool>,
    /// The operations that are recorded together, at the first one's place.
    runs: Vec<Range<usize>>,
    held: Held,
    normalising: Vec<Option<Normalising>>,
    left: Left,
}

/// What is left to operations further behind.
#[derive(Debug, Clone, Copy, Default)]
struct Left {
    /// A normalisation, to a convolution by its place: what that reads, and by which laws.
    laws: Option<(usize, Binding, Laws)>,
    /// A concatenation, to a convolution that sees it through a kernel of one: the parts.
    parts: Option<(usize, Both)>,
}

/// What operations have left to the one behind them.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    /// A convolution in stretches.
    ended: Option<Ended>,
    /// Both parts of a concatenation.
    parts: Option<Both>,
    /// Whether a convolution's gradient of the bias is made already.
    has_bias: bool,
}

/// A convolution through a kernel of one, which is left to the one behind it.
#[derive(Debug, Clone, Copy)]
struct Skip {
    input: Tensor,
    /// The parameters of both, and where its own begin in those.
    weight: Binding,
    bias: Binding,
    first_weight: u32,
    first_bias: u32,
    flops: u64,
}

impl Recorder<'_> {
    /// Adds the dispatch that does all multiplications of the operation.
    fn push(&mut self, dispatch: Dispatch) {
        self.push_with(dispatch, self.flops);
    }

    /// Adds a dispatch that does so many of the operation's FLOPs.
    fn push_with(&mut self, dispatch: Dispatch, flops: u64) {
        let dispatch = Dispatch {
            node: Some(self.current),
            flops,
            ..dispatch
        };
        self.recording.push(dispatch, self.variants.reduction);
    }

    /// A tensor, wherever the plan has a place for it.
    fn tensor(&self, id: TensorId) -> Result<Tensor, GpuError> {
        let wrong = GraphError::NoPlace {
            what: "tensor",
            index: id.index(),
        };
        Ok(Tensor {
            binding: self.layout.tensor(id).ok_or(wrong)?,
            shape: self.graph.tensor(id).ok_or(wrong)?.shape,
        })
    }

    fn param(&self, id: ParamId) -> Result<Stored, GpuError> {
        let wrong = no_param(id);
        Ok(Stored {
            binding: self.layout.param(id).ok_or(wrong)?,
            rows: self.graph.param(id).ok_or(wrong)?.rows(),
        })
    }

    /// What is bound for an operand that an operation may be without; its parameters say whether it is.
    fn or_none(&self, tensor: Option<Tensor>) -> Binding {
        tensor.map_or(self.layout.none, |tensor| tensor.binding)
    }

    /// The same for images: in the width of another, which makes the fewest forms.
    fn or_none_as(&self, tensor: Option<Tensor>, like: Binding) -> Binding {
        let none = Binding {
            width: like.width,
            ..self.layout.none
        };
        tensor.map_or(none, |tensor| tensor.binding)
    }

    fn node(&mut self, at: usize, node: &Node) -> Result<(), GpuError> {
        if self.runs.iter().any(|run| run.start < at && at < run.end) {
            return Ok(());
        }
        self.current = at;
        let Made { op, output, flops } = self.made(node)?;
        self.flops = flops;
        let order = match self.graph.tensor(node.output).map(|tensor| tensor.role) {
            Some(Role::Gradient(param)) => {
                let order = self.layout.order(param);
                order.ok_or(no_param(param))?
            }
            // There is such a tensor, or `tensor` would have said so.
            Some(Role::Input(_) | Role::Inner) | None => Order::AsGiven,
        };
        self.operation(self.graph.name(node.output), op, (output, order))
    }

    fn made(&self, node: &Node) -> Result<Made, GpuError> {
        Ok(Made {
            op: node.op.try_map(|id| self.tensor(id), |id| self.param(id))?,
            output: self.tensor(node.output)?,
            flops: self.graph.node_flops(node),
        })
    }

    /// The operations that are recorded together with the one that is recorded, which is the first of them; it alone, as a
    /// rule.
    fn run(&self) -> Result<Vec<Made>, GpuError> {
        let begins = |run: &&Range<usize>| run.start == self.current;
        let run = self.runs.iter().find(begins).cloned();
        let run = run.unwrap_or(self.current..self.current + 1);
        let nodes = self.graph.nodes().get(run).unwrap_or_default();
        nodes.iter().map(|node| self.made(node)).collect()
    }

    fn conv(
        &mut self,
        name: &str,
        conv: Conv<Tensor, Stored>,
        made: Tensor,
    ) -> Result<(), GpuError> {
        if self.skip(self.current, &conv)?.is_some() {
            return Ok(());
        }
        let (convolution, bindings, flops) = self.convolution(self.current, &conv, made)?;
        let partial = self.partial(convolution.partial_words());
        let none = self.or_none_as(None, made.binding);
        let none_of = Laws {
            second: self.or_none_as(None, bindings.input),
            laws: self.layout.none,
            first_inputs: 0,
            is_active: false,
            first_skip: convolution.skip_inputs(),
        };
        let (bindings, laws) = self.take_left(bindings, none_of);
        let (main, ended) = convolution.dispatches(name, bindings, laws, partial);
        self.push_with(main, flops);
        match ended.map(|ended| ended.with_residual_or(none)) {
            Some(ended) if self.is_added(self.current) => self.held.ended = Some(ended),
            Some(ended) => self.push_with(ended.alone(name), 0),
            None => {}
        }
        Ok(())
    }

    /// How the convolution at a place among the operations runs, if there is one.
    fn convolution_at(&self, at: usize) -> Result<Option<Convolution>, GpuError> {
        let Some(node) = self.graph.nodes().get(at) else {
            return Ok(None);
        };
        let Made { op, output, .. } = self.made(node)?;
        let Op::Conv(conv) = op else {
            return Ok(None);
        };
        let (convolution, ..) = self.convolution(at, &conv, output)?;
        Ok(Some(convolution))
    }

    /// How a convolution runs, by its place among the operations, with the one that ends in it; what it binds, and the FLOPs
    /// of both.
    fn convolution(
        &self,
        at: usize,
        conv: &Conv<Tensor, Stored>,
        made: Tensor,
    ) -> Result<(Convolution, conv::Bindings, u64), GpuError> {
        let Tensor {
            binding: output,
            shape: out,
        } = made;
        let input = conv.input.shape;
        let params = conv::Params {
            batch: word(out.batch),
            inputs: word(input.channels),
            height: word(input.height),
            width: word(input.width),
            outputs: word(out.channels),
            out_height: word(out.height),
            out_width: word(out.width),
            side: word(conv.kernel),
            stride: word(conv.stride),
            upsample: flag(conv.upsample),
            wrap_y: flag(conv.wrap.rows()),
            wrap_x: flag(conv.wrap.columns()),
            has_shift: flag(conv.shift.is_some()),
            has_residual: flag(conv.residual.is_some()),
            splits: 1,
            split_inputs: word(input.channels),
            skip_inputs: 0,
            split_skip: 0,
            skip_weight: 0,
            skip_bias: 0,
            first_inputs: 0,
            is_active: 0,
            first_skip: 0,
        };
        let bindings = conv::Bindings {
            input: conv.input.binding,
            weight: conv.weight.binding,
            bias: conv.bias.binding,
            shift: self.or_none(conv.shift),
            residual: self.or_none_as(conv.residual, output),
            output,
        };
        let own = self
            .graph
            .nodes()
            .get(at)
            .map(|node| self.graph.node_flops(node));
        let mut flops = own.unwrap_or_default();
        let (params, bindings) = match self.skipped(at)? {
            Some(skip) => {
                flops += skip.flops;
                skip.with_skip(params, bindings)
            }
            None => (params, bindings),
        };
        let convolution = Convolution::new(self.variants, params, &bindings, self.is_added(at));
        Ok((convolution, bindings, flops))
    }

    /// Whether what is behind a convolution adds its stretches up: not another convolution, in which it ends as a whole or
    /// not at all.
    fn is_added(&self, at: usize) -> bool {
        let next = self.graph.nodes().get(at + 1);
        let is_conv = matches!(next.map(|node| node.op), Some(Op::Conv(_)));
        self.ends_at(at) && !is_conv
    }

    /// Whether the operation that is recorded may end in the one behind it.
    fn ends_in_next(&self) -> bool {
        self.ends_at(self.current)
    }

    fn ends_at(&self, at: usize) -> bool {
        self.ends_in_next.get(at) == Some(&true)
    }

    /// Whether the operation that is recorded is one that the operation before it ended in.
    fn is_done(&self) -> bool {
        self.current
            .checked_sub(1)
            .is_some_and(|before| self.ends_at(before))
    }

    /// What the operation makes in which the one that is recorded ends, if it does.
    fn next_made(&self) -> Result<Option<Tensor>, GpuError> {
        let next = self.graph.nodes().get(self.current + 1);
        let next = next.filter(|_| self.ends_in_next());
        next.map(|next| self.tensor(next.output)).transpose()
    }

    /// What is added to what an operation makes, by its place, where it ends in that addition; and what is made then.
    fn summed(&self, at: usize, made: Tensor) -> Result<(Option<Tensor>, Tensor), GpuError> {
        match self.graph.nodes().get(at + 1) {
            Some(&Node {
                op: Op::Add { first, .. },
                output,
            }) if self.ends_at(at) => Ok((Some(self.tensor(first)?), self.tensor(output)?)),
            _ => Ok((None, made)),
        }
    }

    /// The slices that an operation ends in, by its place, if it does in such.
    fn parts(&self, at: usize) -> Result<Option<[Tensor; 2]>, GpuError> {
        match self.graph.nodes().get(at + 1..at + 3) {
            Some(
                [
                    Node {
                        op: Op::Slice { .. },
                        output: first,
                    },
                    Node { output: second, .. },
                ],
            ) if self.ends_at(at) => Ok(Some([self.tensor(*first)?, self.tensor(*second)?])),
            _ => Ok(None),
        }
    }

    /// Room for what one dispatch hands to the next.
    fn partial(&mut self, words: u64) -> Binding {
        self.recording.grown(self.layout.partial, words)
    }

    /// Mean and reciprocal deviation of each group of a normalisation's input; where they will be.
    fn statistics(
        &mut self,
        name: &str,
        Tensor { binding, shape }: Tensor,
        groups: usize,
    ) -> Binding {
        let words = shape.batch.saturating_mul(2).saturating_mul(groups);
        let statistics = self.recording.grown(self.layout.statistics, words as u64);
        let dispatch = group_norm_statistics::dispatch(
            &std::format!("{name}.statistics"),
            &group_norm_statistics::Params {
                batch: word(shape.batch),
                groups: word(groups),
                group_elements: word(shape.channels / groups.max(1) * shape.positions()),
            },
            group_norm_statistics::Bindings {
                input: binding,
                statistics,
            },
        );
        self.push_with(dispatch, 0);
        statistics
    }
}
