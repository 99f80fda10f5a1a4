//! Whether a graph can run: what every executor asks before it counts on a number of it.

use super::config::GROUPS;
use super::error::GraphError;
use super::graph::{Graph, Node, Role, Shape, TensorId};
use super::op::Op;
use super::train_op::{NormOp, TrainOp};

/// A tensor or a parameter has fewer elements: kernels and programs number them in 32 bits.
pub const ELEMENTS_LIMIT: usize = 1 << 31;

/// A field of an operation that is wrong: its name, its value.
type Wrong = (&'static str, usize);

impl Graph {
    /// Checks that every size is within what executors count in, and every operation one that they know.
    /// Graphs of [`UnetConfig::graph`](super::UnetConfig::graph) are such; one that was built by hand is
    /// checked by what runs it.
    ///
    /// # Errors
    /// A [`GraphError`] with the first that is wrong.
    pub fn check(&self) -> Result<(), GraphError> {
        let counted = |elements| (1..ELEMENTS_LIMIT).contains(&elements);
        let batch = self.batch();
        if !counted(batch) {
            return Err(GraphError::Batch { batch });
        }
        for (param, elements) in self.params().iter().map(|p| p.elements()).enumerate() {
            if !counted(elements) {
                return Err(GraphError::Param { param, elements });
            }
        }
        for (tensor, found) in self.tensors().iter().enumerate() {
            let elements = found.shape.elements();
            if !counted(elements) {
                return Err(GraphError::Tensor { tensor, elements });
            }
            if let Role::Gradient(param) = found.role
                && self.param(param).is_none()
            {
                return Err(GraphError::Tensor { tensor, elements });
            }
        }
        for (operation, node) in self.nodes().iter().enumerate() {
            self.check_node(node)
                .map_err(|(field, value)| GraphError::Operation {
                    operation,
                    field,
                    value,
                })?;
        }
        Ok(())
    }

    fn check_node(&self, node: &Node) -> Result<(), Wrong> {
        // An operation reads what was there before it.
        let later = |id: &TensorId| id.index() >= node.output.index();
        if let Some(id) = node.op.inputs().find(later) {
            return Err(("tensor", id.index()));
        }
        if let Some(id) = node.op.params().find(|&id| self.param(id).is_none()) {
            return Err(("parameter", id.index()));
        }
        match node.op {
            Op::Conv(conv) => window(conv.kernel, conv.stride),
            Op::GroupNorm { input, .. } => groups(self.shape(input)),
            Op::Attention { qkv, heads } => split(self.shape(qkv), heads),
            Op::Concat { first, second } => same_plane(self.shape(first), self.shape(second)),
            Op::TimestepEmbedding { .. }
            | Op::LabelEmbedding { .. }
            | Op::Linear { .. }
            | Op::AveragePool { .. }
            | Op::Upsample { .. }
            | Op::Bilinear { .. } => Ok(()),
            Op::Train(op) => self.check_train(op),
        }
    }

    fn check_train(&self, op: TrainOp) -> Result<(), Wrong> {
        match op {
            TrainOp::ConvGradInput { kernel, stride, .. }
            | TrainOp::ConvGradWeight { kernel, stride, .. } => window(kernel, stride),
            TrainOp::NormSums(NormOp { input, .. })
            | TrainOp::NormGradInput {
                norm: NormOp { input, .. },
                ..
            } => groups(self.shape(input)),
            TrainOp::AttentionGrad { qkv, heads, .. } => split(self.shape(qkv), heads),
            TrainOp::Slice {
                input,
                start,
                channels,
            } => {
                let end = start.saturating_add(channels);
                require("channels", end, end <= self.shape(input).channels)
            }
            TrainOp::NormGradScaleShift { sums, channels, .. }
            | TrainOp::NormGradParam { sums, channels, .. } => {
                let due = channels.saturating_add(GROUPS).saturating_mul(2);
                require("channels", channels, self.shape(sums).channels == due)
            }
            TrainOp::Diffuse { .. }
            | TrainOp::Dropout { .. }
            | TrainOp::Loss(_)
            | TrainOp::LossGrad(_)
            | TrainOp::Add { .. }
            | TrainOp::ChannelSum { .. }
            | TrainOp::PositionSum { .. }
            | TrainOp::LinearGradInput { .. }
            | TrainOp::LinearGradWeight { .. }
            | TrainOp::LabelGrad { .. }
            | TrainOp::AveragePoolGrad { .. }
            | TrainOp::UpsampleGrad { .. } => Ok(()),
        }
    }
}

const fn require(field: &'static str, value: usize, holds: bool) -> Result<(), Wrong> {
    if holds { Ok(()) } else { Err((field, value)) }
}

/// Of a convolution.
fn window(kernel: usize, stride: usize) -> Result<(), Wrong> {
    require("kernel", kernel, matches!(kernel, 1 | 3))?;
    require("stride", stride, matches!(stride, 1 | 2))
}

/// Of a normalisation.
fn groups(input: Shape) -> Result<(), Wrong> {
    let channels = input.channels;
    require("channels", channels, channels.is_multiple_of(GROUPS))
}

/// Of an attention: q, k and v of each head.
fn split(qkv: Shape, heads: usize) -> Result<(), Wrong> {
    let channels = qkv.channels;
    require("channels", channels, channels.is_multiple_of(3))?;
    let fits = heads > 0 && (channels / 3).is_multiple_of(heads);
    require("heads", heads, fits)
}

fn same_plane(first: Shape, second: Shape) -> Result<(), Wrong> {
    let plane = |shape: Shape| (shape.batch, shape.height, shape.width);
    require(
        "positions",
        second.positions(),
        plane(first) == plane(second),
    )
}
