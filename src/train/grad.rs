//! The gradients of a graph, as another graph.
//!
//! The new graph runs the network, then every operation's gradients in reverse order. A diffusion's begins with
//! x_t = q(x_0, ε) and has the loss between the two; for a loss of the caller's, the gradient with respect to the
//! network's result is given. Each gradient is an operation of its own ([`Op`]); a parameter's last one is
//! written where the parameter lies in the slice of all gradients.

use core::fmt;
use std::string::String;
use std::vec;
use std::vec::Vec;

use crate::diffusion::LossRow;
use crate::part::{item, put};
use crate::unet::{
    Conv, Graph, GraphError, Input, LossOp, Node, NormOp, NormParam, Op, ParamId, Role, Shape,
    TensorId,
};

/// The results of the network that are not kept until the backward pass reads them, but made again.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Recompute {
    /// No result is made again: all are kept.
    #[default]
    Nothing,
    /// Results that cost no products are made again: normalisations, concatenations, resizings.
    Cheap,
    /// All results are made again but those of blocks: those of the convolutions that add a residual or
    /// change the resolution, and the embedding.
    Blocks,
}

/// Why a graph has no gradient.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GradError {
    /// The graph was built by hand, and cannot run.
    Graph(GraphError),
    /// The graph has no result, or no input x.
    NotANetwork {
        /// The one that is missing: the result, or the input x.
        what: &'static str,
    },
    /// Parameters lie before an operation whose gradient is not known.
    NoGradient {
        /// The name of the operation's result.
        tensor: String,
    },
}

impl fmt::Display for GradError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Graph(error) => error.fmt(f),
            Self::NotANetwork { what } => write!(f, "the graph has no {what}"),
            Self::NoGradient { tensor } => {
                write!(
                    f,
                    "no gradient passes through the operation that makes {tensor}"
                )
            }
        }
    }
}

impl core::error::Error for GradError {}

impl From<GraphError> for GradError {
    fn from(error: GraphError) -> Self {
        Self::Graph(error)
    }
}

/// Builds the graph that trains a network: inputs x_0, ε, rows and what else the network reads; the result
/// is the loss [N, 3]; gradients have the role [`Role::Gradient`].
///
/// ```
/// use iddpm::train::{Recompute, training_graph};
/// use iddpm::unet::{ImageSize, UnetConfig};
/// let network = UnetConfig::new(1, 32).with_learned_variance().graph(2, ImageSize::square(8))?;
/// let training = training_graph(&network, Recompute::Cheap)?;
/// let loss = training.output().map(|loss| training.shape(loss));
/// assert_eq!(loss.map(|shape| (shape.batch, shape.channels)), Some((2, 3)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A [`GradError`], for graphs that were built by hand.
pub fn training_graph(network: &Graph, recompute: Recompute) -> Result<Graph, GradError> {
    let (mut training, result) = Differentiation::of(network, recompute)?;
    let loss = training.noised(result)?;
    let total = training.graph.add("loss", Op::Loss(loss));
    training.graph.set_output(total);
    let seed = training.graph.add("loss_grad", Op::LossGrad(loss));
    training.all(result, seed)
}

/// Builds the graph that trains a network by a loss of the caller's: its inputs are the network's and
/// [`Input::OutputGrad`], the gradient of that loss with respect to the network's result; its result is the
/// network's; gradients have the role [`Role::Gradient`].
///
/// ```
/// use iddpm::train::{Recompute, gradient_graph};
/// use iddpm::unet::{ImageSize, Input, UnetConfig};
/// let network = UnetConfig::new(1, 32).graph(2, ImageSize::square(8))?;
/// let gradients = gradient_graph(&network, Recompute::Nothing)?;
/// let given = gradients.input(Input::OutputGrad).map(|id| gradients.shape(id));
/// assert_eq!(given, network.output().map(|id| network.shape(id)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A [`GradError`], for graphs that were built by hand.
pub fn gradient_graph(network: &Graph, recompute: Recompute) -> Result<Graph, GradError> {
    let (mut training, result) = Differentiation::of(network, recompute)?;
    training.inputs(None);
    training.forward();
    let output = training.kept(result);
    training.graph.set_output(output);
    let shape = network.shape(result);
    let seed = training
        .graph
        .add_input(Input::OutputGrad, "output_grad", shape);
    training.all(result, seed)
}

/// How many operations on the way to the result read each parameter: as many gradients are summed up.
fn uses(network: &Graph, result: TensorId) -> Vec<usize> {
    let mut uses = vec![0_usize; network.params().len()];
    let mut counts = PerTensor::of(network);
    counts.set(result, true);
    for node in network.nodes().iter().rev() {
        if !counts.get(node.output) {
            continue;
        }
        for param in node.op.params() {
            let more = item(&uses, param.index()) + 1;
            put(&mut uses, param.index(), more);
        }
        // Nothing is differentiated by what says which numbers to take.
        let chooses = node.op.words_read().map(|(tensor, _)| tensor);
        for input in node.op.inputs().filter(|&input| Some(input) != chooses) {
            counts.set(input, true);
        }
    }
    uses
}

/// Which tensors of a network are vectors made of vectors alone: what is made of the timesteps, whose gradients may come
/// behind all others.
fn of_vectors(network: &Graph) -> PerTensor<bool> {
    let mut found = PerTensor::of(network);
    for (id, tensor) in (0..).map(TensorId).zip(network.tensors()) {
        let is_given = matches!(tensor.role, Role::Input(_));
        found.set(id, is_given && tensor.shape.positions() == 1);
    }
    for node in network.nodes() {
        let is_of_vectors = node.op.inputs().all(|input| found.get(input));
        found.set(node.output, is_of_vectors);
    }
    found
}

struct Differentiation<'n> {
    network: &'n Graph,
    /// The operation that makes each of its tensors.
    makers: PerTensor<Option<Node>>,
    graph: Graph,
    /// The new graph's tensor for each of the network's.
    kept: PerTensor<Option<TensorId>>,
    /// The same, once made again for the backward pass.
    again: PerTensor<Option<TensorId>>,
    /// The gradient with respect to each of the network's tensors, as far as it is summed up.
    grads: PerTensor<Option<TensorId>>,
    /// Whether parameters lie before a tensor of the network.
    learns: PerTensor<bool>,
    /// The gradient of each parameter, where some of several uses are summed up.
    partial: Vec<Option<TensorId>>,
    /// Uses of each parameter whose gradients are still to come.
    uses: Vec<usize>,
    /// Operations over vectors that are put off until someone asks for what they make, so that a device finds them beside
    /// each other: parts of the gradients of tensors, and gradients of parameters.
    to_pass: Vec<(TensorId, Op)>,
    to_learn: Vec<(ParamId, Op)>,
    recompute: Recompute,
}

/// What is known of each tensor of a network. The network was checked: it names none of another.
struct PerTensor<T>(Vec<T>);

impl<T: Copy + Default> PerTensor<T> {
    fn of(network: &Graph) -> Self {
        Self(vec![T::default(); network.tensors().len()])
    }

    fn get(&self, id: TensorId) -> T {
        item(&self.0, id.index())
    }

    fn set(&mut self, id: TensorId, known: T) {
        put(&mut self.0, id.index(), known);
    }
}

impl<'n> Differentiation<'n> {
    /// Nothing differentiated yet, and the network's result.
    fn of(network: &'n Graph, recompute: Recompute) -> Result<(Self, TensorId), GradError> {
        network.check()?;
        // Another graph's tensor is no result of this one.
        let result = network.output().filter(|&id| network.tensor(id).is_some());
        let result = result.ok_or(GradError::NotANetwork { what: "result" })?;
        let uses = uses(network, result);
        let mut makers = PerTensor::of(network);
        for node in network.nodes() {
            makers.set(node.output, Some(*node));
        }
        let training = Self {
            network,
            makers,
            graph: network.with_same_params(),
            kept: PerTensor::of(network),
            again: PerTensor::of(network),
            grads: PerTensor::of(network),
            learns: PerTensor::of(network),
            partial: vec![None; uses.len()],
            uses,
            to_pass: Vec::new(),
            to_learn: Vec::new(),
            recompute,
        };
        Ok((training, result))
    }

    /// Noising and the network; returns what the loss reads.
    fn noised(&mut self, result: TensorId) -> Result<LossOp, GradError> {
        let x = self.network.input(Input::X);
        let x = x.ok_or(GradError::NotANetwork { what: "input x" })?;
        let image = self.network.shape(x);
        let rows = Shape {
            channels: LossRow::LEN,
            height: 1,
            width: 1,
            ..image
        };
        let x_start = self.graph.add_input(Input::XStart, "x_start", image);
        let noise = self.graph.add_input(Input::Noise, "noise", image);
        let rows = self.graph.add_input(Input::Rows, "rows", rows);
        self.inputs(Some(x));
        let diffuse = Op::Diffuse {
            x_start,
            noise,
            rows,
        };
        let x_t = self.graph.add("x", diffuse);
        self.kept.set(x, Some(x_t));
        self.forward();
        Ok(LossOp {
            output: self.kept(result),
            x_start,
            noise,
            x: x_t,
            rows,
        })
    }

    /// The network's inputs but for one that is made.
    fn inputs(&mut self, made: Option<TensorId>) {
        for (id, tensor) in (0..).map(TensorId).zip(self.network.tensors()) {
            if let Role::Input(input) = tensor.role
                && Some(id) != made
            {
                let kept = self.graph.add_input(input, &tensor.name, tensor.shape);
                self.kept.set(id, Some(kept));
            }
        }
    }

    /// The network.
    fn forward(&mut self) {
        for node in self.network.nodes() {
            let op = node.op.map(|id| self.kept(id), |param| param);
            let made = self.graph.add(self.network.name(node.output), op);
            self.kept.set(node.output, Some(made));
            let learns = node.op.params().next().is_some()
                || node.op.inputs().any(|input| self.learns.get(input));
            self.learns.set(node.output, learns);
        }
    }

    /// Every operation's gradients, from that of the result on.
    fn all(mut self, result: TensorId, seed: TensorId) -> Result<Graph, GradError> {
        self.contribute(result, seed);
        let of_vectors = of_vectors(self.network);
        let nodes = self.network.nodes().iter().rev();
        let (last, first): (Vec<&Node>, Vec<&Node>) =
            nodes.partition(|node| of_vectors.get(node.output));
        for node in first {
            self.backward(node)?;
        }
        self.settle();
        for node in last {
            self.backward(node)?;
        }
        self.settle();
        Ok(self.graph)
    }

    /// Adds the operations that were put off.
    fn settle(&mut self) {
        for (id, op) in core::mem::take(&mut self.to_pass) {
            self.pass(id, |_| op);
        }
        for (param, op) in core::mem::take(&mut self.to_learn) {
            self.learn(param, op);
        }
    }

    fn name(&self, id: TensorId) -> &str {
        self.network.name(id)
    }

    /// The new graph's tensor for one of the network's: inputs are added first, and an operation reads what
    /// was made before it.
    fn kept(&self, id: TensorId) -> TensorId {
        let kept = self.kept.get(id);
        debug_assert!(kept.is_some(), "{id:?} is read before it is made");
        kept.unwrap_or(id)
    }

    /// A tensor of the network as the backward pass reads it: kept, or made again with all that it
    /// needs and that is not kept.
    fn recall(&mut self, id: TensorId) -> TensorId {
        // What is to be made, each behind what it is made for: a graph may be deeper than a stack.
        let mut wanted = Vec::from([id]);
        while let Some(&id) = wanted.last() {
            let Some(node) = self.to_make_again(id) else {
                wanted.pop();
                continue;
            };
            let missing = |&input: &TensorId| self.to_make_again(input).is_some();
            if let Some(input) = node.op.inputs().find(missing) {
                wanted.push(input);
                continue;
            }
            let op = node.op.map(|id| self.recalled(id), |param| param);
            let name = std::format!("{}.again", self.name(id));
            let again = self.graph.add(&name, op);
            self.again.set(id, Some(again));
        }
        self.recalled(id)
    }

    /// Where a tensor is that is kept, or was made again.
    fn recalled(&self, id: TensorId) -> TensorId {
        self.again.get(id).unwrap_or_else(|| self.kept(id))
    }

    /// The operation that makes a tensor, where it is not kept and was not made again yet.
    fn to_make_again(&self, id: TensorId) -> Option<Node> {
        let node = self.makers.get(id)?;
        let is_there = self.again.get(id).is_some();
        (!is_there && self.is_made_again(&node.op)).then_some(node)
    }

    fn is_made_again(&self, op: &Op) -> bool {
        let (cheap, in_block) = match op {
            Op::GroupNorm { .. }
            | Op::Concat { .. }
            | Op::AveragePool { .. }
            | Op::Upsample { .. }
            | Op::Bilinear { .. }
            | Op::Dropout { .. } => (true, true),
            Op::Conv(conv) => (
                false,
                conv.residual.is_none() && conv.stride == 1 && !conv.upsample,
            ),
            Op::Attention { .. } => (false, true),
            Op::TimestepEmbedding { .. }
            | Op::LabelEmbedding { .. }
            | Op::Linear { .. }
            | Op::Diffuse { .. }
            | Op::Loss(_)
            | Op::LossGrad(_)
            | Op::Add { .. }
            | Op::Slice { .. }
            | Op::ConvGradInput { .. }
            | Op::ConvGradWeight { .. }
            | Op::ChannelSum { .. }
            | Op::PositionSum { .. }
            | Op::LinearGradInput { .. }
            | Op::LinearGradWeight { .. }
            | Op::LabelGrad { .. }
            | Op::NormSums(_)
            | Op::NormGradInput { .. }
            | Op::NormGradScaleShift { .. }
            | Op::NormGradParam { .. }
            | Op::AttentionGrad { .. }
            | Op::AveragePoolGrad { .. }
            | Op::UpsampleGrad { .. } => (false, false),
        };
        match self.recompute {
            Recompute::Nothing => false,
            Recompute::Cheap => cheap,
            Recompute::Blocks => in_block,
        }
    }

    /// Adds to the gradient of a tensor, if any parameter lies before it.
    fn contribute(&mut self, id: TensorId, grad: TensorId) {
        if !self.learns.get(id) {
            return;
        }
        let sum = match self.grads.get(id) {
            None => grad,
            Some(first) => {
                let name = std::format!("{}.grad", self.name(id));
                let add = Op::Add {
                    first,
                    second: grad,
                };
                self.graph.add(&name, add)
            }
        };
        self.grads.set(id, Some(sum));
    }

    /// Adds an operation whose result is part of the gradient of a tensor.
    fn pass(&mut self, id: TensorId, op: impl FnOnce(&mut Self) -> Op) {
        if !self.learns.get(id) {
            return;
        }
        let op = op(self);
        let name = std::format!("{}.grad", self.name(id));
        let grad = self.graph.add(&name, op);
        self.contribute(id, grad);
    }

    /// Adds an operation whose result is the gradient of a parameter, or part of it where it is used
    /// more than once.
    fn learn(&mut self, param: ParamId, op: Op) {
        let at = param.index();
        let name = self.graph.param(param).map_or("", |p| p.name.as_str());
        let name = std::format!("{name}.grad");
        let left = item(&self.uses, at).saturating_sub(1);
        put(&mut self.uses, at, left);
        let mut last = op;
        if let Some(first) = item(&self.partial, at) {
            let second = self.graph.add(&name, last);
            last = Op::Add { first, second };
        }
        if left == 0 {
            self.graph.add_gradient(&name, last, param);
        } else {
            let partial = self.graph.add(&name, last);
            put(&mut self.partial, at, Some(partial));
        }
    }

    /// The gradients of one operation, whose result has the gradient it has by now.
    fn backward(&mut self, node: &Node) -> Result<(), GradError> {
        if self.to_pass.iter().any(|(id, _)| *id == node.output) {
            self.settle();
        }
        let Some(grad) = self.grads.get(node.output) else {
            return Ok(());
        };
        match node.op {
            Op::Linear {
                input,
                weight,
                bias,
                silu,
            } => {
                let recalled = self.recall(input);
                self.learn(
                    weight,
                    Op::LinearGradWeight {
                        input: recalled,
                        grad,
                        silu,
                    },
                );
                self.learn(bias, Op::ChannelSum { grad });
                let of_input = Op::LinearGradInput {
                    grad,
                    weight,
                    input: recalled,
                    silu,
                };
                self.to_pass.push((input, of_input));
            }
            Op::Conv(conv) => self.conv(&conv, grad),
            Op::GroupNorm {
                input,
                weight,
                bias,
                scale_shift,
                groups,
                silu,
            } => {
                let norm = NormOp {
                    input: self.recall(input),
                    grad,
                    weight,
                    bias,
                    scale_shift: scale_shift.map(|id| self.recall(id)),
                    groups,
                    silu,
                };
                let name = std::format!("{}.sums", self.name(node.output));
                self.group_norm(input, scale_shift, norm, &name);
            }
            Op::Attention { qkv, heads } => {
                let (recalled, output) = (self.recall(qkv), self.recall(node.output));
                self.pass(qkv, |_| Op::AttentionGrad {
                    qkv: recalled,
                    output,
                    grad,
                    heads,
                });
            }
            Op::Concat { first, second } => {
                let channels = self.network.shape(first).channels;
                for (id, start) in [(first, 0), (second, channels)] {
                    let channels = self.network.shape(id).channels;
                    self.pass(id, |_| Op::Slice {
                        input: grad,
                        start,
                        channels,
                    });
                }
            }
            Op::LabelEmbedding {
                base,
                labels,
                table,
            } => {
                let classes = self.network.param(table).map_or(0, |table| table.rows());
                let labels = self.recall(labels);
                self.learn(
                    table,
                    Op::LabelGrad {
                        grad,
                        labels,
                        classes,
                    },
                );
                self.contribute(base, grad);
            }
            Op::AveragePool { input } => {
                let Shape { height, width, .. } = self.network.shape(input);
                self.pass(input, |_| Op::AveragePoolGrad {
                    grad,
                    height,
                    width,
                });
            }
            Op::Upsample { input } => self.pass(input, |_| Op::UpsampleGrad { grad }),
            Op::Dropout {
                input,
                keys,
                layer,
                threshold,
            } => {
                let keys = self.recall(keys);
                self.pass(input, |_| Op::Dropout {
                    input: grad,
                    keys,
                    layer,
                    threshold,
                });
            }
            Op::TimestepEmbedding { .. }
            | Op::Bilinear { .. }
            | Op::Diffuse { .. }
            | Op::Loss(_)
            | Op::LossGrad(_)
            | Op::Add { .. }
            | Op::Slice { .. }
            | Op::ConvGradInput { .. }
            | Op::ConvGradWeight { .. }
            | Op::ChannelSum { .. }
            | Op::PositionSum { .. }
            | Op::LinearGradInput { .. }
            | Op::LinearGradWeight { .. }
            | Op::LabelGrad { .. }
            | Op::NormSums(_)
            | Op::NormGradInput { .. }
            | Op::NormGradScaleShift { .. }
            | Op::NormGradParam { .. }
            | Op::AttentionGrad { .. }
            | Op::AveragePoolGrad { .. }
            | Op::UpsampleGrad { .. } => {
                return Err(GradError::NoGradient {
                    tensor: self.name(node.output).into(),
                });
            }
        }
        Ok(())
    }

    fn conv(&mut self, conv: &Conv, grad: TensorId) {
        let input = self.recall(conv.input);
        self.learn(
            conv.weight,
            Op::ConvGradWeight {
                input,
                grad,
                kernel: conv.kernel,
                stride: conv.stride,
                upsample: conv.upsample,
                wrap: conv.wrap,
            },
        );
        self.learn(conv.bias, Op::ChannelSum { grad });
        if let Some(shift) = conv.shift {
            self.pass(shift, |_| Op::PositionSum { grad });
        }
        if let Some(residual) = conv.residual {
            self.contribute(residual, grad);
        }
        let seen = conv.resized(self.network.shape(conv.input));
        let of_input = Op::ConvGradInput {
            grad,
            weight: conv.weight,
            kernel: conv.kernel,
            stride: conv.stride,
            wrap: conv.wrap,
            channels: seen.channels,
            height: seen.height,
            width: seen.width,
        };
        self.pass(conv.input, |training| {
            if !conv.upsample {
                return of_input;
            }
            let name = std::format!("{}.grad.resized", training.name(conv.input));
            let grad = training.graph.add(&name, of_input);
            Op::UpsampleGrad { grad }
        });
    }

    fn group_norm(
        &mut self,
        input: TensorId,
        scale_shift: Option<TensorId>,
        norm: NormOp,
        name: &str,
    ) {
        let channels = self.network.shape(input).channels;
        let sums = self.graph.add(name, Op::NormSums(norm));
        // Beside the sums, so that a device may make both at once.
        self.pass(input, |_| Op::NormGradInput { norm, sums });
        for (param, of) in [
            (norm.weight, NormParam::Weight),
            (norm.bias, NormParam::Bias),
        ] {
            let of_param = Op::NormGradParam {
                sums,
                scale_shift: norm.scale_shift,
                of,
                channels,
                groups: norm.groups,
            };
            self.to_learn.push((param, of_param));
        }
        if let Some(scale_shift) = scale_shift {
            let of_both = Op::NormGradScaleShift {
                sums,
                weight: norm.weight,
                bias: norm.bias,
                channels,
                groups: norm.groups,
            };
            self.to_pass.push((scale_shift, of_both));
        }
    }
}
