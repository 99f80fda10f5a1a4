//! Drawings of a graph and of a plan: as text, and in the language of Graphviz.
//!
//! ```
//! use iddpm::unet::{ImageSize, Plan, UnetConfig};
//! let graph = UnetConfig::new(1, 32).graph(1, ImageSize::square(8))?;
//! let plan = Plan::single(&graph);
//! println!("{}", graph.text());
//! println!("{}", plan.table(&graph));
//! // cargo run ... > network.dot; dot -Tsvg network.dot > network.svg
//! println!("{}", graph.dot(Some(&plan)));
//! # Ok::<(), iddpm::unet::ConfigError>(())
//! ```

use alloc::vec::Vec;
use core::fmt;

use super::graph::{Graph, Node};
use super::op::{Conv, Op};
use super::plan::Plan;
use super::tensor::{Role, TensorId};
use super::wrap::Wrap;

impl Graph {
    /// Draws the graph as text, one line for each tensor in the order in which they are made: what it is
    /// made of, and how.
    pub const fn text(&self) -> GraphText<'_> {
        GraphText { graph: self }
    }

    /// Draws the graph for Graphviz; with a plan, each tensor has its place, and each arena its colour.
    pub const fn dot<'a>(&'a self, plan: Option<&'a Plan>) -> GraphDot<'a> {
        GraphDot { graph: self, plan }
    }

    pub(crate) fn name(&self, id: TensorId) -> &str {
        self.tensor(id).map_or("?", |tensor| tensor.name.as_str())
    }

    /// Tensors that the caller gives.
    fn inputs(&self) -> impl Iterator<Item = (TensorId, &str)> {
        let tensors = self.tensors().iter().enumerate();
        tensors
            .filter(|(_, tensor)| matches!(tensor.role, Role::Input(_)))
            .map(|(at, tensor)| (TensorId(at as u32), tensor.name.as_str()))
    }
}

impl Plan {
    /// Draws the plan as a table, one line for each tensor that has a place: where, how large, and when it
    /// is needed; then the arenas, and what no plan can do without.
    pub const fn table<'a>(&'a self, graph: &'a Graph) -> PlanTable<'a> {
        PlanTable { plan: self, graph }
    }
}

/// A graph as text; see [`Graph::text`].
#[derive(Debug, Clone, Copy)]
pub struct GraphText<'a> {
    graph: &'a Graph,
}

/// A graph in the language of Graphviz; see [`Graph::dot`].
#[derive(Debug, Clone, Copy)]
pub struct GraphDot<'a> {
    graph: &'a Graph,
    plan: Option<&'a Plan>,
}

/// A plan as a table; see [`Plan::table`].
#[derive(Debug, Clone, Copy)]
pub struct PlanTable<'a> {
    plan: &'a Plan,
    graph: &'a Graph,
}

impl fmt::Display for GraphText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let graph = self.graph;
        for (id, name) in graph.inputs() {
            writeln!(f, "   - {name} {} = given", graph.shape(id))?;
        }
        for (at, node) in graph.nodes().iter().enumerate() {
            let (name, shape) = (graph.name(node.output), graph.shape(node.output));
            write!(f, "{at:4} {name} {shape} = {}(", Kind(node.op))?;
            for (position, (role, input)) in edges(node).into_iter().enumerate() {
                let comma = if position == 0 { "" } else { ", " };
                let colon = if role.is_empty() { "" } else { ": " };
                write!(f, "{comma}{role}{colon}{}", graph.name(input))?;
            }
            writeln!(f, ")")?;
        }
        let result = graph.output().map_or("?", |id| graph.name(id));
        writeln!(f, "result: {result}")
    }
}

impl fmt::Display for GraphDot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let graph = self.graph;
        writeln!(f, "digraph unet {{")?;
        writeln!(
            f,
            "  node [shape=box, style=filled, fillcolor=white, fontname=\"sans-serif\"];"
        )?;
        for (id, name) in graph.inputs() {
            let shape = graph.shape(id);
            writeln!(f, "  t{} [shape=oval, label=\"{name}\\n{shape}\"];", id.0)?;
        }
        for node in graph.nodes() {
            let (id, kind) = (node.output, Kind(node.op));
            let (name, shape) = (graph.name(id), graph.shape(id));
            write!(f, "  t{} [label=\"{name}\\n{kind} {shape}", id.0)?;
            match self.plan.and_then(|plan| plan.place(id)) {
                Some(place) => writeln!(
                    f,
                    "\\narena {} at {}\", fillcolor=\"{}\"];",
                    place.arena,
                    place.offset,
                    colour(place.arena)
                )?,
                None => writeln!(f, "\"];")?,
            }
            for (role, input) in edges(node) {
                writeln!(f, "  t{} -> t{} [label=\"{role}\"];", input.0, id.0)?;
            }
        }
        writeln!(f, "}}")
    }
}

impl fmt::Display for PlanTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan, graph } = *self;
        writeln!(
            f,
            "{:>5} {:>12} {:>12} {:>11}  tensor",
            "arena", "offset", "elements", "needed"
        )?;
        for node in graph.nodes() {
            let id = node.output;
            let (Some(place), Some(lifetime)) = (plan.place(id), plan.lifetime(id)) else {
                continue;
            };
            let (name, shape) = (graph.name(id), graph.shape(id));
            writeln!(
                f,
                "{:5} {:12} {:12} {:5}-{:<5}  {name} {shape}",
                place.arena,
                place.offset,
                shape.elements(),
                lifetime.first,
                lifetime.last
            )?;
        }
        for (arena, elements) in plan.arenas().iter().enumerate() {
            writeln!(f, "arena {arena}: {elements} elements")?;
        }
        writeln!(
            f,
            "peak {} elements, lower bound {}",
            plan.elements(),
            plan.lower_bound(graph)
        )
    }
}

/// An operation without what it reads.
struct Kind(Op);

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Op::Linear { silu: true, .. } => f.write_str("silu, linear"),
            Op::GroupNorm { groups, silu, .. } => {
                let silu = if silu { ", silu" } else { "" };
                write!(f, "group_norm of {groups} groups{silu}")
            }
            Op::Attention { heads, .. } => write!(f, "attention of {heads} heads"),
            Op::Conv(conv) => conv_kind(conv, f),
            op => f.write_str(op.name()),
        }
    }
}

fn conv_kind(conv: Conv, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let resize = if conv.upsample { "upsample, " } else { "" };
    let stride = if conv.stride == 1 { "" } else { "/2" };
    write!(f, "{resize}conv{}x{}{stride}", conv.kernel, conv.kernel)?;
    match conv.wrap {
        Wrap::None => Ok(()),
        wrap => write!(f, " round {wrap}"),
    }
}

/// What an operation reads, and as what where that does not go without saying.
fn edges(node: &Node) -> Vec<(&'static str, TensorId)> {
    let conditioned = matches!(
        node.op,
        Op::LabelEmbedding { .. } | Op::Conv(_) | Op::GroupNorm { .. }
    );
    let mut edges = Vec::new();
    let tensor = |name, id| {
        let role = match name {
            "labels" | "shift" | "residual" | "scale_shift" if conditioned => name,
            _ => "",
        };
        edges.push((role, id));
    };
    node.op.visit(tensor, |_, _| {});
    edges
}

fn colour(arena: usize) -> &'static str {
    match arena % 6 {
        0 => "#dbe9f6",
        1 => "#fde2cf",
        2 => "#dff0d8",
        3 => "#f3dcef",
        4 => "#fff3c4",
        _ => "#d9d9d9",
    }
}
