//! What a convolution normalises as it reads has the bits that it has where a dispatch of its own makes it: an image alone,
//! whose convolutions are cut, beside the same one in a batch whose convolutions are not.

use std::collections::HashSet;

use iddpm::gpu::{
    ConvVariant, DeviceNetwork, DeviceWeights, Dispatch, MatrixSide, Precision, Seen, Variants,
    distinct_variants, wgpu,
};
use iddpm::unet::{Conv, Graph, Init, Input, Op, Shape, Weights, Wrap};

use super::golden_network::generate;
use super::gpu;

const CHANNELS: usize = 64;

/// What is run.
#[derive(Debug, Clone, Copy)]
struct Case {
    size: [usize; 2],
    /// Channels of the first part, of which groups go over into the second one.
    first: usize,
    groups: usize,
    /// Of the convolution that reads the concatenation normalised.
    kernel: usize,
    silu: bool,
    /// Whether that is behind another one, and reads what it sees of the concatenation, too.
    is_last: bool,
}

/// What a network has on its way up: a concatenation, of which the first part is a convolution, normalised before another one,
/// which is normalised and modulated before a third; that one adds what it sees of the concatenation through a kernel of one.
fn graph(batch: usize, case: Case) -> Graph {
    let Case {
        size: [height, width],
        first: first_channels,
        kernel,
        ..
    } = case;
    let mut graph = Graph::new(batch);
    let shape = Shape {
        batch,
        channels: CHANNELS,
        height,
        width,
    };
    let x = graph.add_input(Input::X, "x", shape);
    let copy = |input| Op::Bilinear {
        input,
        height,
        width,
    };
    let conv = |graph: &mut Graph, name: &str, input, [inputs, outputs, kernel]: [usize; 3]| {
        let shape = [outputs, inputs, kernel, kernel];
        Conv {
            input,
            weight: graph.add_param(format!("{name}.w"), &shape, Init::Zero),
            bias: graph.add_param(format!("{name}.b"), &[outputs], Init::Zero),
            kernel,
            stride: 1,
            upsample: false,
            wrap: Wrap::None,
            shift: None,
            residual: None,
        }
    };
    let timesteps = graph.add_input(
        Input::Timesteps,
        "timesteps",
        Shape {
            channels: 1,
            height: 1,
            width: 1,
            ..shape
        },
    );
    let dim = 2 * CHANNELS;
    let scale_shift = graph.add("scale_shift", Op::TimestepEmbedding { timesteps, dim });
    let norm = |graph: &mut Graph, name: &str, input, (channels, groups, silu), scale_shift| {
        Op::GroupNorm {
            input,
            weight: graph.add_param(format!("{name}.w"), &[channels], Init::One),
            bias: graph.add_param(format!("{name}.b"), &[channels], Init::Zero),
            scale_shift,
            groups,
            silu,
        }
    };
    let all = first_channels + CHANNELS;
    let second = graph.add("second", copy(x));
    let first = conv(&mut graph, "first", second, [CHANNELS, first_channels, 3]);
    let first = graph.add("first", Op::Conv(first));
    let both = graph.add("both", Op::Concat { first, second });
    let normal = norm(
        &mut graph,
        "norm",
        both,
        (all, case.groups, case.silu),
        None,
    );
    let normal = graph.add("norm", normal);
    let (normal, inputs, kernel) = match case.is_last {
        true => (normal, all, kernel),
        false => {
            let made = conv(&mut graph, "made", normal, [all, CHANNELS, kernel]);
            let made = graph.add("made", Op::Conv(made));
            let groups = (CHANNELS, 8, true);
            let again = norm(&mut graph, "again", made, groups, Some(scale_shift));
            (graph.add("again", again), CHANNELS, 3)
        }
    };
    let last = conv(&mut graph, "last", normal, [inputs, CHANNELS, kernel]);
    let skip = conv(&mut graph, "skip", both, [all, CHANNELS, 1]);
    let residual = Some(graph.add("skip", Op::Conv(skip)));
    let last = graph.add("last", Op::Conv(Conv { residual, ..last }));
    let result = graph.add("result", copy(last));
    graph.set_output(result);
    graph
}

/// How a dispatch reads: whether it normalises what it sees, and that in parts; whether it sees a residual, and that in parts.
type Reads = (Seen, bool, bool, bool, bool);

fn reads(dispatch: &Dispatch) -> Reads {
    let word = |name| {
        let mut params = dispatch.kernel.params.iter();
        let at = params.position(|(field, _)| *field == name).unwrap();
        dispatch.params[at]
    };
    let form = dispatch.form;
    let is_cut = form.laws && word("first_inputs") < word("inputs");
    let skip_is_cut = form.skip && word("first_skip") < word("skip_inputs");
    (form.seen, form.laws, is_cut, form.skip, skip_is_cut)
}

/// How the convolutions of a graph read, of which the last is the last one.
fn all_reads(network: &DeviceNetwork) -> Vec<Reads> {
    let dispatches = network.recording().dispatches.iter();
    let convs = dispatches.filter(|one| one.kernel.name == "conv_matrix");
    convs.map(reads).collect()
}

#[test]
fn as_it_is_read_or_before() {
    let device = gpu().device();
    if gpu().matrices().is_none() || !device.features().contains(wgpu::Features::SHADER_F16) {
        return;
    }
    let (mut seen, mut differ) = (HashSet::new(), 0);
    let way_up = Case {
        size: [8, 16],
        first: 68,
        groups: 11,
        kernel: 3,
        silu: true,
        is_last: false,
    };
    for case in [
        way_up,
        Case {
            size: [8, 8],
            silu: false,
            ..way_up
        },
        // Two images at once, of which the last one may be alone.
        Case {
            size: [8, 4],
            ..way_up
        },
        Case {
            size: [6, 12],
            kernel: 1,
            ..way_up
        },
        Case {
            size: [6, 12],
            ..way_up
        },
        Case {
            size: [7, 9],
            ..way_up
        },
        // Parts that no four channels begin.
        Case {
            first: 66,
            groups: 10,
            ..way_up
        },
        Case {
            is_last: true,
            ..way_up
        },
        Case {
            is_last: true,
            kernel: 1,
            ..way_up
        },
    ] {
        let graphs = [1, 3, 70].map(|batch| graph(batch, case));
        let [one, few, many] = &graphs;
        let image = CHANNELS * case.size[0] * case.size[1];
        let x = generate(1, "x", many.batch() * image, 0.1, 1.0);
        let timesteps: Vec<f32> = (0..many.batch()).map(|n| n as f32).collect();
        let weights = generate(2, "weights", one.weights_len(), 0.3, 0.1);
        let all = Variants::all(device, gpu().matrices()).into_iter();
        let all: Vec<Variants> = all
            .filter(|variants| matches!(variants.conv, ConvVariant::Matrix(_)))
            .collect();
        let mut variants = Vec::new();
        for graph in &graphs {
            for one in distinct_variants(all.clone(), graph, Precision::Half).unwrap() {
                if !variants.contains(&one) {
                    variants.push(one);
                }
            }
        }
        for variants in variants {
            let gpu = gpu().clone().with_variants(variants);
            let run = |graph: &Graph, from: usize| {
                let given = Weights::F32(&weights);
                let weights =
                    DeviceWeights::upload_blocking(&gpu, graph, given, Precision::Half).unwrap();
                let network = DeviceNetwork::new_blocking(&gpu, graph, &weights).unwrap();
                let to = from + graph.batch();
                network.poison();
                network
                    .write(Input::X, &x[from * image..to * image])
                    .unwrap();
                network
                    .write(Input::Timesteps, &timesteps[from..to])
                    .unwrap();
                network.run_blocking().unwrap();
                (network.output_blocking().unwrap(), all_reads(&network))
            };
            let (together, of_many) = run(many, 0);
            let made = together.len() / many.batch();
            assert!(together.iter().all(|value| value.is_finite()));
            for n in [0, 69] {
                let (alone, of_one) = run(one, n);
                let how = format!("{n}, {case:?}, {variants:?}");
                assert!(alone == together[n * made..][..made], "{how}");
                let is_left = |reads: &[Reads]| reads.last().unwrap().1;
                differ += usize::from(is_left(&of_many) && !is_left(&of_one));
            }
            let (some, of_few) = run(few, 0);
            assert!(some == together[..some.len()], "{case:?}, {variants:?}");
            seen.extend(of_many.into_iter().chain(of_few));
        }
    }
    // An image alone has it made before.
    assert!(differ > 0);
    let everywhere = [
        // In parts; before the skip; in parts as that is; of what is one.
        (Seen::Halo, true, true, false, false),
        (Seen::Halo, true, false, true, true),
        (Seen::Halo, true, true, true, true),
        (Seen::Quads, true, true, false, false),
        (Seen::Quads, true, true, true, true),
    ];
    let of_eight = [
        (Seen::Halo, false, false, false, false),
        (Seen::Quads, false, false, true, true),
        (Seen::Quads, false, false, true, false),
        (Seen::Each, false, false, true, false),
    ];
    let is_eight = gpu().matrices() == Some(MatrixSide::Eight);
    let of_eight = of_eight.into_iter().filter(|_| is_eight);
    for wanted in everywhere.into_iter().chain(of_eight) {
        assert!(seen.contains(&wanted), "{wanted:?} of {seen:?}");
    }
}
