//! Whether a graph can run: what every executor asks before it counts on a number of it.

use super::agree::{Known, Wrong};
use super::error::GraphError;
use super::graph::{Graph, Node};
use super::op::Op;
use super::params::Param;
use super::tensor::{ParamId, Role, Shape, TensorId};

/// The number of elements that every tensor and parameter stays below: kernels and programs number them in
/// 32 bits.
pub const ELEMENTS_LIMIT: usize = 1 << 31;

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
        // An operation reads what was there before it, of every image.
        let later = |id: &TensorId| id.index() >= node.output.index();
        if let Some(id) = node.op.inputs().find(later) {
            return Err(("tensor", id.index()));
        }
        if let Some(id) = node.op.params().find(|&id| self.param(id).is_none()) {
            return Err(("parameter", id.index()));
        }
        let is_sum = matches!(node.op, Op::Add { .. });
        let other_batch = |id: &TensorId| !is_sum && self.shape(*id).batch != self.batch();
        if let Some(id) = node.op.inputs().find(other_batch) {
            return Err(("batch", self.shape(id).batch));
        }
        if let Some(Role::Gradient(param)) = self.tensor(node.output).map(|made| made.role) {
            let elements = self.shape(node.output).elements();
            let wrong = |found| ("gradient", found);
            self.holds(param, elements).map_err(wrong)?;
        }
        node.op.agree(self.shape(node.output), self.batch(), self)
    }
}

impl Known<TensorId, ParamId> for Graph {
    fn index(&self, tensor: TensorId) -> usize {
        tensor.index()
    }

    fn shape(&self, tensor: TensorId) -> Shape {
        Self::shape(self, tensor)
    }

    fn classes(&self, table: ParamId) -> usize {
        self.param(table).map_or(0, Param::rows)
    }

    fn holds(&self, param: ParamId, numbers: usize) -> Result<(), usize> {
        let found = self.param(param).map_or(0, Param::elements);
        if found == numbers { Ok(()) } else { Err(found) }
    }
}
