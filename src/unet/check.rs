//! Whether a graph can run: what every executor asks before it counts on a number of it.

use super::agree::{Known, Wrong};
use super::error::GraphError;
use super::expected::Expected;
use super::graph::{Graph, Node};
use super::op::Op;
use super::operation::Field;
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
                .map_err(|wrong| GraphError::Operation {
                    operation,
                    field: wrong.field,
                    value: wrong.value,
                    expected: wrong.expected,
                })?;
        }
        Ok(())
    }

    fn check_node(&self, node: &Node) -> Result<(), Wrong> {
        // An operation reads what was there before it, of every image.
        let (before, params) = (node.output.index(), self.params().len());
        let is_sum = matches!(node.op, Op::Add { .. });
        let mut wrong = None;
        let tensor = |name, id: TensorId| {
            let (at, due) = (id.index(), self.batch());
            if at >= before {
                return Some(Wrong::new(name, at, Expected::Below(before)));
            }
            let found = self.shape(id).batch;
            let expected = Expected::Images { due, found };
            (!is_sum && found != due).then_some(Wrong::new(name, at, expected))
        };
        let param = |name, id: ParamId| {
            let at = id.index();
            (at >= params).then_some(Wrong::new(name, at, Expected::Below(params)))
        };
        node.op.words(&mut |name, word| {
            let found = match word {
                Field::Tensor(Some(id)) => tensor(name, id),
                Field::Param(id) => param(name, id),
                Field::Tensor(None) | Field::Attribute(_) => None,
            };
            wrong = wrong.or(found);
        });
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        if let Some(Role::Gradient(param)) = self.tensor(node.output).map(|made| made.role) {
            let elements = self.shape(node.output).elements();
            self.holds(param, elements)
                .map_err(|(value, expected)| Wrong::new("gradient of", value, expected))?;
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

    fn classes(&self) -> usize {
        Self::classes(self).unwrap_or(0) as usize
    }

    fn holds(&self, param: ParamId, due: usize) -> Result<(), (usize, Expected)> {
        let found = self.param(param).map_or(0, Param::elements);
        if found == due {
            Ok(())
        } else {
            Err((param.index(), Expected::Elements { due, found }))
        }
    }
}
