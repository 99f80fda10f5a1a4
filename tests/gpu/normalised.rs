//! What a convolution normalises as it reads has the bits that it has where a dispatch of its own makes it: an image alone,
//! whose convolutions are cut, beside the same one in a batch whose convolutions are not.

use std::collections::HashSet;

use iddpm::gpu::{
    ConvVariant, DeviceNetwork, DeviceWeights, Dispatch, MatrixSide, Precision, Seen, Variants,
    distinct_variants, wgpu,
};
use iddpm::unet::{Conv, Graph, Init, Input, Op, Shape, TensorId, Weights, Wrap};

use super::golden_network::generate;
use super::gpu;

const CHANNELS: usize = 64;
/// Of the first part: groups go over into the second one.
const FIRST: usize = 68;
const GROUPS: usize = 11;

/// What a network has on its way up: a concatenation, of which the first part is a convolution, normalised before another one,
/// which is normalised before a third; that one adds what it sees of the concatenation through a kernel of one.
fn graph(batch: usize, [height, width]: [usize; 2], kernel: usize, silu: bool) -> Graph {
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
    let norm = |graph: &mut Graph, name: &str, input, (channels, groups, silu)| Op::GroupNorm {
        input,
        weight: graph.add_param(format!("{name}.w"), &[channels], Init::One),
        bias: graph.add_param(format!("{name}.b"), &[channels], Init::Zero),
        scale_shift: None::<TensorId>,
        groups,
        silu,
    };
    let all = FIRST + CHANNELS;
    let second = graph.add("second", copy(x));
    let first = conv(&mut graph, "first", second, [CHANNELS, FIRST, 3]);
    let first = graph.add("first", Op::Conv(first));
    let both = graph.add("both", Op::Concat { first, second });
    let normal = norm(&mut graph, "norm", both, (all, GROUPS, silu));
    let normal = graph.add("norm", normal);
    let made = conv(&mut graph, "made", normal, [all, CHANNELS, kernel]);
    let made = graph.add("made", Op::Conv(made));
    let again = norm(&mut graph, "again", made, (CHANNELS, 8, true));
    let again = graph.add("again", again);
    let last = conv(&mut graph, "last", again, [CHANNELS, CHANNELS, 3]);
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

#[test]
fn as_it_is_read_or_before() {
    let device = gpu().device();
    if gpu().matrices().is_none() || !device.features().contains(wgpu::Features::SHADER_F16) {
        return;
    }
    let mut seen = HashSet::new();
    for (size, kernel, silu) in [
        ([8, 8], 3, true),
        ([8, 16], 3, false),
        ([8, 8], 1, false),
        ([6, 12], 1, true),
        ([6, 12], 3, true),
        ([7, 9], 3, true),
    ] {
        let [one, few, many] = [1, 3, 70].map(|batch| graph(batch, size, kernel, silu));
        let image = CHANNELS * size[0] * size[1];
        let x = generate(1, "x", many.batch() * image, 0.1, 1.0);
        let weights = generate(2, "weights", one.weights_len(), 0.3, 0.1);
        let all = Variants::all(device, gpu().matrices()).into_iter();
        let all = all.filter(|variants| matches!(variants.conv, ConvVariant::Matrix(_)));
        for variants in distinct_variants(all.collect(), &many, Precision::Half).unwrap() {
            let gpu = gpu().clone().with_variants(variants);
            let mut run = |graph: &Graph, x: &[f32]| {
                let given = Weights::F32(&weights);
                let weights =
                    DeviceWeights::upload_blocking(&gpu, graph, given, Precision::Half).unwrap();
                let network = DeviceNetwork::new_blocking(&gpu, graph, &weights).unwrap();
                network.poison();
                network.write(Input::X, x).unwrap();
                network.run_blocking().unwrap();
                let dispatches = network.recording().dispatches.iter();
                let convs = dispatches.filter(|one| one.kernel.name == "conv_matrix");
                seen.extend(convs.map(reads));
                network.output_blocking().unwrap()
            };
            let together = run(&many, &x);
            let made = together.len() / many.batch();
            assert!(together.iter().all(|value| value.is_finite()));
            for n in [0, 35, 69] {
                let alone = run(&one, &x[n * image..][..image]);
                assert!(alone == together[n * made..][..made], "{n}, {variants:?}");
            }
            let some = run(&few, &x[..few.batch() * image]);
            assert!(some == together[..some.len()], "{variants:?}");
        }
    }
    if gpu().matrices() == Some(MatrixSide::Eight) {
        for wanted in [
            // The concatenation made, and what was normalised before.
            (Seen::Halo, false, false, false, false),
            (Seen::Halo, false, false, true, false),
            // In parts, before the first and before the skip; the second one's own.
            (Seen::Halo, true, true, false, false),
            (Seen::Halo, true, false, true, true),
            (Seen::Quads, true, true, false, false),
            (Seen::Quads, false, false, true, true),
            (Seen::Quads, false, false, true, false),
            (Seen::Each, false, false, true, false),
        ] {
            assert!(seen.contains(&wanted), "{wanted:?} of {seen:?}");
        }
    }
}
