//! Drawings name every tensor and every edge of a graph, and every place of a plan.

use iddpm::unet::{Graph, ImageSize, Init, Input, Op, Plan, Role, Shape, UnetConfig};

/// A network with every operation but average pooling.
fn graph() -> Graph {
    let mut config = UnetConfig::new(3, 64)
        .with_multipliers(&[1, 2])
        .with_attention(&[2])
        .with_classes(10);
    config.super_resolution = true;
    config.scale_shift = false;
    config.graph(2, ImageSize::square(8)).unwrap()
}

fn edges(graph: &Graph) -> usize {
    let nodes = graph.nodes().iter();
    nodes.map(|node| node.op.inputs().count()).sum()
}

#[test]
fn text_has_a_line_for_each_tensor_and_names_what_it_reads() {
    let graph = graph();
    let text = graph.text().to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), graph.tensors().len() + 1);
    for node in graph.nodes() {
        let name = |id| graph.tensor(id).unwrap().name.as_str();
        let made = format!(" {} {} = ", name(node.output), graph.shape(node.output));
        // Two convolutions of a block have one name less than tensors: every line of that name.
        let mut found = lines.iter().filter(|line| line.contains(&made));
        let reads = |line: &&str| node.op.inputs().all(|input| line.contains(name(input)));
        assert!(found.any(reads), "{made}");
    }
    assert!(text.contains("input_blocks.0.0 [2, 64, 8, 8] = conv3x3(x_and_low_res)"));
    assert!(text.contains("attention of 4 heads"));
    assert!(text.contains("upsample, conv3x3("));
    assert!(text.contains("conv3x3/2("));
    assert!(text.contains("residual: ") && text.contains("shift: "));
    assert_eq!(lines.last(), Some(&"result: out.2"));
}

#[test]
fn dot_has_every_node_and_every_edge() {
    let graph = graph();
    for plan in [None, Some(Plan::separated(&graph))] {
        let dot = graph.dot(plan.as_ref()).to_string();
        assert!(dot.starts_with("digraph unet {\n") && dot.ends_with("}\n"));
        assert_eq!(dot.matches(" -> ").count(), edges(&graph));
        let nodes = dot
            .lines()
            .filter(|line| line.contains("label=\"") && !line.contains("->"));
        assert_eq!(nodes.count(), graph.tensors().len());
        let places = dot.matches("\\narena ").count();
        let made = graph.nodes().len();
        assert_eq!(places, if plan.is_some() { made } else { 0 });
    }
}

#[test]
fn a_plan_has_a_line_for_each_tensor_that_has_a_place() {
    let graph = graph();
    let plan = Plan::separated(&graph);
    let table = plan.table(&graph).to_string();
    let inner = graph
        .tensors()
        .iter()
        .filter(|tensor| tensor.role == Role::Inner);
    assert_eq!(
        table.lines().count(),
        1 + inner.count() + plan.arenas().len() + 1
    );
    let peak = format!(
        "peak {} elements, lower bound {}",
        plan.elements(),
        plan.lower_bound(&graph)
    );
    assert_eq!(table.lines().last(), Some(peak.as_str()));
}

/// Gradients of parameters are made, and no plan has a place for them: each is drawn once.
#[test]
fn a_gradient_is_drawn_where_it_is_made() {
    let mut graph = Graph::new(2);
    let shape = Shape {
        batch: 2,
        channels: 3,
        height: 4,
        width: 4,
    };
    let x = graph.add_input(Input::X, "x", shape);
    let bias = graph.add_param("bias".into(), &[3], Init::Zero);
    let sum = graph.add_gradient("bias.grad", Op::ChannelSum { grad: x }, bias);
    graph.set_output(x);

    let text = graph.text().to_string();
    assert_eq!(text.lines().count(), graph.tensors().len() + 1, "{text}");
    assert_eq!(text.matches(" bias.grad ").count(), 1);
    let given: Vec<&str> = text.lines().filter(|l| l.ends_with("= given")).collect();
    assert_eq!(given, ["   - x [2, 3, 4, 4] = given"]);

    let dot = graph.dot(Some(&Plan::single(&graph))).to_string();
    let node = format!("  t{} [", sum.index());
    assert_eq!(dot.matches(&node).count(), 1, "{dot}");
    assert_eq!(dot.matches("shape=oval").count(), 1);
}
