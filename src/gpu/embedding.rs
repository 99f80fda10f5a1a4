//! What a network makes of timesteps and classes alone: for a run it is made once, of all its steps, as a table of which each
//! step takes its row.

use std::vec;
use std::vec::Vec;

use super::error::GpuError;
use super::kernels::linear;
use super::layers::{Layer, layers};
use super::layout;
use super::record::{Recorded, record};
use super::recording::{Binding, Contents, Dispatch};
use super::variants::Variants;
use super::weights::WeightPlan;
use crate::part::{item, put};
use crate::unet::{Graph, Input, Node, Op, Plan, Role, Shape, TensorId};

/// A table has at most so many bytes. Where a run's steps and images make more of them, each step makes its own.
const MOST: u64 = 64 << 20;

/// The table of a run's vectors, one row a step.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) rows: Binding,
    /// The row of the step that runs, which the network reads.
    pub(crate) row: Binding,
    /// What makes all rows.
    pub(crate) dispatches: Vec<Dispatch>,
}

/// What the images of all steps are told, one step after the other, as words.
pub(crate) struct Steps<'s> {
    pub(crate) count: usize,
    pub(crate) timesteps: &'s [u32],
    /// Of one step: in all of them it is the same.
    pub(crate) labels: &'s [u32],
}

/// Which part of a network goes by timesteps and classes alone.
struct Part {
    /// Whether each of the graph's operations belongs to it.
    nodes: Vec<bool>,
    /// The layers that read its vector, which belong to it too.
    layers: Vec<Layer>,
    vector: TensorId,
}

/// The part of a graph that goes by timesteps and classes alone, where its end are layers that run as one and nothing else
/// of it is read elsewhere.
fn part(graph: &Graph) -> Option<Part> {
    let mut told: Vec<bool> = graph
        .tensors()
        .iter()
        .map(|tensor| is_told(tensor.role))
        .collect();
    let mut nodes = vec![false; graph.nodes().len()];
    for (at, node) in graph.nodes().iter().enumerate() {
        let is_of_it = node.op.inputs().all(|id| item(&told, id.index()));
        put(&mut nodes, at, is_of_it);
        put(&mut told, node.output.index(), is_of_it);
    }
    let of_it = |layers: &Vec<Layer>| {
        let all = layers.iter().all(|layer| item(&nodes, layer.node));
        all && layers.len() > 1
    };
    let layers = layers(graph).into_iter().find(of_it)?;
    let first = graph.nodes().get(layers.first()?.node)?;
    let Op::Linear { input: vector, .. } = first.op else {
        return None;
    };
    let is_layer = |at| layers.iter().any(|layer| layer.node == at);
    let is_made = |id: TensorId| layers.iter().any(|layer| layer.output == id);
    // Nothing else may read what the layers read, or what is before it; nor may the result be among that.
    let others = graph
        .nodes()
        .iter()
        .enumerate()
        .filter(|(at, _)| !item(&nodes, *at));
    let mut read = others.flat_map(|(_, node)| node.op.inputs());
    let is_inner = |id: TensorId| item(&told, id.index()) && !is_made(id);
    let is_closed = !read.any(is_inner) && graph.output().is_none_or(|id| !item(&told, id.index()));
    // All that goes by them alone is before the layers.
    let is_before = |(at, node): (usize, &Node)| is_layer(at) || !node.op.inputs().any(is_made);
    let mut own = graph
        .nodes()
        .iter()
        .enumerate()
        .filter(|(at, _)| item(&nodes, *at));
    let is_closed = is_closed && own.all(is_before);
    is_closed.then_some(Part {
        nodes,
        layers,
        vector,
    })
}

const fn is_told(role: Role) -> bool {
    matches!(role, Role::Input(Input::Timesteps | Input::Labels))
}

impl Part {
    /// Takes its dispatches out of a recording of the whole graph.
    fn take(&self, recorded: &mut Recorded) -> Vec<Dispatch> {
        recorded.take_forward(|dispatch| dispatch.node.is_some_and(|at| item(&self.nodes, at)))
    }

    /// What makes the vector, as a network of so many images.
    fn graph(&self, of: &Graph, images: usize) -> Graph {
        let mut graph = of.of_batch(images);
        let mut made = vec![None; of.tensors().len()];
        for (tensor, at) in of.tensors().iter().zip(0..) {
            if let Role::Input(input) = tensor.role
                && is_told(tensor.role)
            {
                let batch = images;
                let shape = Shape {
                    batch,
                    ..tensor.shape
                };
                put(
                    &mut made,
                    at,
                    Some(graph.add_input(input, &tensor.name, shape)),
                );
            }
        }
        let is_layer = |at| self.layers.iter().any(|layer| layer.node == at);
        for (at, node) in of.nodes().iter().enumerate() {
            if item(&self.nodes, at) && !is_layer(at) {
                // What it reads was made before it: `part` has seen that.
                let known = |id: TensorId| item(&made, id.index()).unwrap_or(id);
                let op = node.op.map(known, |param| param);
                let id = graph.add(of.name(node.output), op);
                put(&mut made, node.output.index(), Some(id));
            }
        }
        if let Some(vector) = item(&made, self.vector.index()) {
            graph.set_output(vector);
        }
        graph
    }
}

/// Takes what goes by timesteps and classes alone out of a network's recording; returns the table that it is made into, if the
/// network has such a part and the table is no larger than a run may afford.
///
/// # Errors
/// Those of [`record`].
pub(crate) fn tabulate(
    recorded: &mut Recorded,
    graph: &Graph,
    weights: &WeightPlan,
    variants: Variants,
    steps: &Steps<'_>,
    limits: &wgpu::Limits,
) -> Result<Option<Table>, GpuError> {
    let Some(part) = part(graph) else {
        return Ok(None);
    };
    let Some(row) = vectors(recorded, &part) else {
        return Ok(None);
    };
    let bytes = row.bytes.saturating_mul(steps.count as u64);
    let most = MOST.min(limits.max_storage_buffer_binding_size);
    if bytes > most {
        return Ok(None);
    }
    let images = steps.count.saturating_mul(graph.batch());
    let of_all = part.graph(graph, images);
    let plan = layout::plan(&of_all, weights.precision());
    let made = record(&of_all, &plan, weights, variants)?;
    let vector = made.output();
    let inputs = [Input::Timesteps, Input::Labels].map(|input| made.input(input));
    let before = recorded.recording.buffers.len() as u32;
    let mut all = made.recording;
    let labels = steps.labels.iter().copied().cycle().take(images).collect();
    for (input, words) in inputs.into_iter().zip([steps.timesteps.to_vec(), labels]) {
        let buffer = input.and_then(|input| all.buffers.get_mut(input.buffer.index()));
        if let Some(buffer) = buffer {
            buffer.contents = Contents::Constant(words);
        }
    }
    let mut dispatches = recorded.recording.append(all);
    let vector = vector.moved_by(before);
    let words = usize::try_from(bytes / 4).unwrap_or(usize::MAX);
    let rows = recorded
        .recording
        .add_buffer("vectors of all steps", words, Contents::Workspace);
    for dispatch in part.take(recorded) {
        let is_layers = dispatch
            .bindings
            .iter()
            .any(|binding| binding.buffer == row.buffer);
        if is_layers {
            dispatches.push(linear::of_steps(
                &dispatch,
                steps.count as u32,
                vector,
                (row, rows),
            ));
        }
    }
    Ok(Some(Table {
        rows,
        row,
        dispatches,
    }))
}

/// Records what each step of a run evaluates: the network but for what goes by timesteps and classes alone, which a run makes
/// once, for all of its steps, as long as that is no more than 64 MiB. What
/// [`DeviceGeneration`](super::DeviceGeneration) runs then, before any device is touched.
///
/// ```
/// use iddpm::gpu::{Precision, Variants, WeightPlan, plan, record, record_step};
/// use iddpm::unet::{ImageSize, UnetConfig};
/// let graph = UnetConfig::new(1, 32).graph(1, ImageSize::square(8))?;
/// let weights = WeightPlan::new(&graph, Precision::Full, 1 << 27)?;
/// let places = plan(&graph, Precision::Full);
/// let all = record(&graph, &places, &weights, Variants::PLAIN)?;
/// let step = record_step(&graph, &places, &weights, Variants::PLAIN)?;
/// // The timestep's embedding, two layers of it, and those of all blocks.
/// assert_eq!(step.forward().len() + 4, all.forward().len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Those of [`record()`].
pub fn record_step(
    graph: &Graph,
    plan: &Plan,
    weights: &WeightPlan,
    variants: Variants,
) -> Result<Recorded, GpuError> {
    let mut recorded = record(graph, plan, weights, variants)?;
    if let Some(part) = part(graph) {
        drop(part.take(&mut recorded));
    }
    Ok(recorded)
}

/// The buffer of the layers' results.
fn vectors(recorded: &Recorded, part: &Part) -> Option<Binding> {
    let (first, _) = recorded.tensor(part.layers.first()?.output)?;
    let buffer = recorded.recording.buffers.get(first.buffer.index())?;
    Some(Binding {
        offset: 0,
        bytes: buffer.bytes,
        ..first
    })
}
