//! A network as data: its tensors, its parameters, and the operations in their order.

use alloc::string::String;
use alloc::vec::Vec;

use super::alignment::aligned;
use super::op::Op;
use super::params::{Init, Param};
use super::wrap::Wrap;

pub use super::tensor::{Input, ParamId, Role, Shape, TensorId};

/// A tensor: its name, its shape, where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// The name, after what the tensor holds, such as `input_blocks.1.0.in_layers.2`.
    pub name: String,
    /// The shape of the tensor.
    pub shape: Shape,
    /// The role of the tensor: given, made, or a gradient.
    pub role: Role,
}

/// An operation of a graph, and the tensor that it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// The operation itself.
    pub op: Op,
    /// The tensor that the operation makes.
    pub output: TensorId,
}

/// A network: operations in an order in which they can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    batch: usize,
    tensors: Vec<Tensor>,
    params: Vec<Param>,
    nodes: Vec<Node>,
    output: Option<TensorId>,
}

impl Graph {
    /// Begins an empty graph for N images, to be built by hand;
    /// [`UnetConfig::graph`](super::UnetConfig::graph) builds the network.
    pub const fn new(batch: usize) -> Self {
        Self {
            batch,
            tensors: Vec::new(),
            params: Vec::new(),
            nodes: Vec::new(),
            output: None,
        }
    }

    /// The number of images N.
    pub const fn batch(&self) -> usize {
        self.batch
    }

    /// The tensors of the graph.
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// The parameters of the graph, in the order of the public implementation's state dict.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// The operations of the graph, in the order in which they run.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The tensor that is the network's result; `None` only while the graph is being built.
    pub const fn output(&self) -> Option<TensorId> {
        self.output
    }

    /// Looks up a tensor of this graph; `None` for another graph's.
    pub fn tensor(&self, id: TensorId) -> Option<&Tensor> {
        self.tensors.get(id.index())
    }

    /// Looks up the shape of a tensor of this graph; all zeros for another graph's.
    pub fn shape(&self, id: TensorId) -> Shape {
        self.tensor(id).map_or(
            // Of no elements: `check` refuses what reads it, and what is made of it.
            Shape {
                batch: 0,
                channels: 0,
                height: 0,
                width: 0,
            },
            |tensor| tensor.shape,
        )
    }

    /// Looks up the tensor that the caller gives as `input`, if the network has such a one.
    pub fn input(&self, input: Input) -> Option<TensorId> {
        let at = self
            .tensors
            .iter()
            .position(|tensor| tensor.role == Role::Input(input))?;
        Some(TensorId(at as u32))
    }

    /// The number of elements of all parameters; [`usize::MAX`] where they are more.
    pub fn parameter_count(&self) -> usize {
        let elements = self.params.iter().map(Param::elements);
        elements.fold(0, usize::saturating_add)
    }

    /// The length of the slice that holds all weights, gaps of alignment included; [`usize::MAX`],
    /// which no slice is as long as, where that is more.
    pub fn weights_len(&self) -> usize {
        self.params.last().map_or(0, |last| {
            aligned(last.offset.saturating_add(last.elements()))
        })
    }

    /// The floating-point operations of one run, multiplications and additions: those of convolutions,
    /// linear layers and attention, two for each pair; [`u64::MAX`] where they are more.
    pub fn flops(&self) -> u64 {
        let flops = self.nodes.iter().map(|node| self.node_flops(node));
        flops.fold(0, u64::saturating_add)
    }

    /// The floating-point operations of one operation of the graph.
    pub fn node_flops(&self, node: &Node) -> u64 {
        let out = self.shape(node.output);
        let columns = |id| {
            let param = self.param(id);
            param.map_or(0, |param| param.elements() / param.rows().max(1))
        };
        node.op.flops(|id| self.shape(id), columns, out)
    }

    /// The number of labels the network takes, its null class among them; `None` where it takes none.
    pub fn classes(&self) -> Option<u32> {
        self.nodes().iter().find_map(|node| match node.op {
            Op::LabelEmbedding { table, .. } => {
                let rows = self.param(table)?.rows();
                Some(u32::try_from(rows).unwrap_or(u32::MAX))
            }
            Op::LabelGrad { classes, .. } => Some(u32::try_from(classes).unwrap_or(u32::MAX)),
            other => {
                let is_of_classes = |(_, input)| input == Input::Labels;
                debug_assert!(
                    !other.words_read().is_some_and(is_of_classes),
                    "{} reads labels, of how many classes is not said here",
                    other.name()
                );
                None
            }
        })
    }

    /// Looks up a parameter of this graph; `None` for another graph's.
    pub fn param(&self, id: ParamId) -> Option<&Param> {
        self.params.get(id.index())
    }

    /// Adds a tensor that the caller gives.
    pub fn add_input(&mut self, input: Input, name: &str, shape: Shape) -> TensorId {
        self.push_tensor(Tensor {
            name: name.into(),
            shape,
            role: Role::Input(input),
        })
    }

    /// Adds a parameter with a name, a shape, and how it is initialised.
    pub fn add_param(&mut self, name: String, shape: &[usize], init: Init) -> ParamId {
        self.params.push(Param {
            name,
            shape: shape.into(),
            offset: self.weights_len(),
            init,
        });
        ParamId(self.params.len() as u32 - 1)
    }

    /// Adds an operation; its shape rule gives the shape of the result.
    pub fn add(&mut self, name: &str, op: Op) -> TensorId {
        self.add_as(name, op, Role::Inner)
    }

    /// Adds an operation whose result is the gradient of a parameter.
    pub fn add_gradient(&mut self, name: &str, op: Op, param: ParamId) -> TensorId {
        self.add_as(name, op, Role::Gradient(param))
    }

    fn add_as(&mut self, name: &str, op: Op, role: Role) -> TensorId {
        let rows = |param| self.param(param).map_or(0, Param::rows);
        let shape = op.shape(|id| self.shape(id), rows);
        let output = self.push_tensor(Tensor {
            name: name.into(),
            shape,
            role,
        });
        self.nodes.push(Node { op, output });
        output
    }

    /// Begins a graph with the same batch and parameters, and nothing else yet.
    #[must_use]
    pub fn with_same_params(&self) -> Self {
        self.of_batch(self.batch)
    }

    /// The same for another batch.
    pub(crate) fn of_batch(&self, batch: usize) -> Self {
        Self {
            params: self.params.clone(),
            ..Self::new(batch)
        }
    }

    /// The same network over images that go round: its convolutions see the other side of the image where
    /// they saw zeros outside. The weights are the same ones.
    ///
    /// ```
    /// use iddpm::unet::{ImageSize, Op, UnetConfig, Wrap};
    /// let graph = UnetConfig::new(1, 32).graph(1, ImageSize::square(8))?.wrapped(Wrap::X);
    /// let wraps = graph.nodes().iter().filter_map(|node| match node.op {
    ///     Op::Conv(conv) if conv.kernel == 3 => Some(conv.wrap),
    ///     _ => None,
    /// });
    /// assert!(wraps.into_iter().all(|wrap| wrap == Wrap::X));
    /// # Ok::<(), iddpm::unet::ConfigError>(())
    /// ```
    #[must_use]
    pub fn wrapped(mut self, wrap: Wrap) -> Self {
        for node in &mut self.nodes {
            match &mut node.op {
                // A kernel of one pixel sees nothing outside.
                Op::Conv(conv) if conv.kernel > 1 => conv.wrap = wrap,
                _ => {}
            }
        }
        self
    }

    /// Sets the tensor that is the network's result.
    pub const fn set_output(&mut self, output: TensorId) {
        self.output = Some(output);
    }

    fn push_tensor(&mut self, tensor: Tensor) -> TensorId {
        self.tensors.push(tensor);
        TensorId(self.tensors.len() as u32 - 1)
    }
}
