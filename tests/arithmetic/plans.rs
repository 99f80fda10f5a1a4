//! Plans of other graphs, which have as many tensors.

use iddpm::cpu::{ProgramBuf, ProgramError};
use iddpm::gpu::{
    ConvVariant, GpuError, MatrixSide, Precision, Variants, WeightPlan, plan, record,
};
use iddpm::unet::{
    Conv, Graph, GraphError, ImageSize, Init, Input, Op, Plan, Shape, TensorId, UnetConfig, Wrap,
};

fn network(batch: usize, side: usize) -> Graph {
    UnetConfig::new(1, 32)
        .graph(batch, ImageSize::square(side))
        .unwrap()
}

/// Sums of x, each of the tensors that are named by their places: x is the first.
fn sums(pairs: [[usize; 2]; 4]) -> Graph {
    let mut graph = Graph::new(1);
    let shape = Shape {
        batch: 1,
        channels: 64,
        height: 1,
        width: 1,
    };
    let mut tensors = vec![graph.add_input(Input::X, "x", shape)];
    for (at, pair) in pairs.into_iter().enumerate() {
        let [first, second] = pair.map(|at| tensors[at]);
        tensors.push(graph.add(&format!("sum {at}"), Op::Add { first, second }));
    }
    graph.set_output(tensors[4]);
    graph
}

fn on_the_processor(graph: &Graph, plan: &Plan) -> GraphError {
    match ProgramBuf::new(graph, plan).unwrap_err() {
        ProgramError::Graph(error) => error,
        other => panic!("{other}"),
    }
}

fn on_a_device(graph: &Graph, plan: &Plan, precision: Precision) -> GraphError {
    let weights = WeightPlan::new(graph, precision, u64::MAX).unwrap();
    match record(graph, plan, &weights, Variants::PLAIN).unwrap_err() {
        GpuError::Graph(error) => error,
        other => panic!("{other}"),
    }
}

#[test]
fn of_a_smaller_image_or_batch() {
    let graph = network(2, 16);
    for other in [network(1, 16), network(2, 8), network(4, 16)] {
        assert_eq!(other.tensors().len(), graph.tensors().len());
        for plan in [Plan::single(&other), Plan::separated(&other)] {
            for error in [
                on_the_processor(&graph, &plan),
                on_a_device(&graph, &plan, Precision::Full),
            ] {
                let GraphError::Plan {
                    tensor,
                    what: "elements",
                    planned,
                    found,
                } = error
                else {
                    panic!("{error}")
                };
                assert_eq!(other.tensors()[tensor].shape.elements(), planned);
                assert_eq!(graph.tensors()[tensor].shape.elements(), found);
                let text = error.to_string();
                assert!(text.contains(&format!("{planned}")) && text.contains(&format!("{found}")));
            }
        }
    }
}

#[test]
fn of_another_number_of_tensors() {
    let (graph, other) = (network(1, 8), sums([[0, 0], [1, 1], [2, 2], [3, 3]]));
    let due = GraphError::Plan {
        tensor: 5,
        what: "tensors",
        planned: 5,
        found: graph.tensors().len(),
    };
    assert_eq!(on_the_processor(&graph, &Plan::single(&other)), due);
}

/// All tensors are as large, and some are needed longer than the other graph's.
#[test]
fn of_another_order() {
    let (graph, other) = (
        sums([[0, 0], [1, 1], [2, 2], [1, 3]]),
        sums([[0, 0], [1, 1], [2, 2], [3, 3]]),
    );
    let due = GraphError::Plan {
        tensor: 1,
        what: "last operation",
        planned: 1,
        found: 3,
    };
    let plan = Plan::single(&other);
    assert_eq!(on_the_processor(&graph, &plan), due);
    assert_eq!(on_a_device(&graph, &plan, Precision::Full), due);
    assert!(ProgramBuf::new(&other, &plan).is_ok());
}

/// In f16 tensors take half the room.
#[test]
fn for_numbers_of_another_width() {
    let graph = network(1, 16);
    let half = plan(&graph, Precision::Half);
    // A device's plan knows operations that run as one, which the processor has none of.
    let small = Plan::separated_by(&graph, |id| graph.shape(id).elements() / 2);
    let error = on_the_processor(&graph, &small);
    let room = matches!(error, GraphError::Plan { what: "room", planned, found, .. }
        if planned < found);
    assert!(room, "{error}");
    // In f16 more of them do, so that what they read is needed longer.
    let full = plan(&graph, Precision::Full);
    for (plan, precision) in [(half, Precision::Full), (full, Precision::Half)] {
        let error = on_a_device(&graph, &plan, precision);
        let longer = matches!(
            error,
            GraphError::Plan {
                what: "last operation",
                ..
            }
        );
        assert!(longer, "{error}");
    }
    // More room than is needed is no mistake.
    let wide = Plan::separated_by(&graph, |id| 2 * graph.shape(id).elements());
    assert!(ProgramBuf::new(&graph, &wide).is_ok());
}

/// A convolution that reads two concatenations, one of them normalised, the other through a kernel of one, beside a shift:
/// what they are made of is there, too, and none of it lies where it writes.
#[test]
fn of_as_many_as_are_read() {
    const CHANNELS: usize = 16;
    let shape = Shape {
        batch: 70,
        channels: CHANNELS,
        height: 8,
        width: 16,
    };
    let mut graph = Graph::new(shape.batch);
    let x = graph.add_input(Input::X, "x", shape);
    let point = Shape {
        channels: 1,
        height: 1,
        width: 1,
        ..shape
    };
    let timesteps = graph.add_input(Input::Timesteps, "timesteps", point);
    let dim = CHANNELS;
    let shift = graph.add("shift", Op::TimestepEmbedding { timesteps, dim });
    let copy = |graph: &mut Graph| {
        let (height, width) = (shape.height, shape.width);
        graph.add(
            "copy",
            Op::Bilinear {
                input: x,
                height,
                width,
            },
        )
    };
    let conv = |graph: &mut Graph, name: &str, input: TensorId, kernel: usize| {
        let inputs = graph.shape(input).channels;
        Conv {
            input,
            weight: graph.add_param(
                format!("{name}.w"),
                &[CHANNELS, inputs, kernel, kernel],
                Init::Zero,
            ),
            bias: graph.add_param(format!("{name}.b"), &[CHANNELS], Init::Zero),
            kernel,
            stride: 1,
            upsample: false,
            wrap: Wrap::None,
            shift: None,
            residual: None,
        }
    };
    let normal = |graph: &mut Graph, name: &str, first, second| {
        let input = graph.add(name, Op::Concat { first, second });
        let norm = Op::GroupNorm {
            input,
            weight: graph.add_param(format!("{name}.w"), &[2 * CHANNELS], Init::One),
            bias: graph.add_param(format!("{name}.b"), &[2 * CHANNELS], Init::Zero),
            scale_shift: None,
            groups: 8,
            silu: true,
        };
        (input, graph.add(name, norm))
    };
    let parts = [(); 3].map(|()| copy(&mut graph));
    let (both, one) = normal(&mut graph, "one", parts[0], parts[1]);
    let first = conv(&mut graph, "first", one, 3);
    let first = graph.add("first", Op::Conv(first));
    let (_, other) = normal(&mut graph, "other", first, parts[2]);
    let last = conv(&mut graph, "last", other, 3);
    let skip = conv(&mut graph, "skip", both, 1);
    let residual = Some(graph.add("skip", Op::Conv(skip)));
    let last = Conv {
        shift: Some(shift),
        residual,
        ..last
    };
    let last = graph.add("last", Op::Conv(last));
    graph.set_output(last);
    for side in [
        MatrixSide::Eight,
        MatrixSide::Sixteen,
        MatrixSide::SixteenWide,
    ] {
        let conv = ConvVariant::Matrix(side);
        let variants = Variants {
            conv,
            ..Variants::PARALLEL
        };
        for precision in [Precision::Full, Precision::Half] {
            let weights = WeightPlan::new(&graph, precision, u64::MAX).unwrap();
            let recorded = record(&graph, &plan(&graph, precision), &weights, variants).unwrap();
            assert_eq!(recorded.recording.mistake(), None);
            let laws = recorded.recording.dispatches.iter();
            let laws = laws
                .filter(|one| one.kernel.name == "group_norm_laws")
                .count();
            assert_eq!(laws > 0, precision == Precision::Half);
        }
    }
}
