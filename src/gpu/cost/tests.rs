//! Counts of a published model, and of dispatches whose numbers can be counted by hand.

use super::Counts;
use crate::checkpoint::Preset;
use crate::diffusion::WeightSet;
use crate::gpu::{
    AttentionVariant, ConvVariant, DeviceClass, Dispatch, MatrixSide, Precision, Recorded,
    Reduction, Variants, WeightPlan, plan, record, record_step,
};
use crate::unet::{Graph, ImageSize, Init, Input, Op, Shape, TensorId, UnetConfig};

/// What is chosen on a GPU with matrices of 16.
const MATRICES: Variants = Variants {
    conv: ConvVariant::Matrix(MatrixSide::Sixteen),
    attention: AttentionVariant::Matrix(MatrixSide::Sixteen),
    reduction: Reduction::Subgroups,
    class: DeviceClass::Large,
};
/// The same without matrices.
const TILED: Variants = Variants {
    conv: ConvVariant::Tiled,
    attention: AttentionVariant::Shared,
    ..MATRICES
};

/// The published model of CIFAR-10.
fn cifar10(batch: usize) -> Graph {
    let description = Preset::Cifar10Uncond.describe(WeightSet::Raw, 0).unwrap();
    description.graph(batch).unwrap()
}

fn recorded(graph: &Graph, precision: Precision, variants: Variants) -> Recorded {
    let weights = WeightPlan::new(graph, precision, 1 << 27).unwrap();
    record(graph, &plan(graph, precision), &weights, variants).unwrap()
}

/// What each step of a run evaluates.
fn of_step(graph: &Graph, precision: Precision, variants: Variants) -> Recorded {
    let weights = WeightPlan::new(graph, precision, 1 << 27).unwrap();
    record_step(graph, &plan(graph, precision), &weights, variants).unwrap()
}

/// All that an evaluation costs, and what a kernel does of it.
fn counts(recorded: &Recorded, kernel: &str) -> (Counts, Counts) {
    let recording = &recorded.recording;
    let kernels = recording.counts_by_kernel(recorded.forward());
    let of_kernel = kernels.iter().find(|(name, _)| *name == kernel);
    let of_kernel = of_kernel.map_or(Counts::default(), |&(_, counts)| counts);
    (recording.counts(recorded.forward()), of_kernel)
}

/// Of CIFAR-10's model in f16, on matrices: what changes of the kernels are to bring down, and none may bring up.
#[test]
fn a_published_model_costs_no_more() {
    for (batch, dispatches, waiting, bound, of_attention, moved, loads) in [
        (1, 190, 189, 289_000_000, 25_000_000, 377_000_000, 0.87),
        (8, 190, 189, 1_053_000_000, 197_000_000, 2_272_000_000, 0.70),
        (
            64,
            189,
            188,
            2_898_000_000,
            1_074_000_000,
            14_026_000_000,
            0.57,
        ),
    ] {
        let graph = cifar10(batch);
        let whole = recorded(&graph, Precision::Half, MATRICES);
        let flops: u64 = whole.recording.dispatches.iter().map(|one| one.flops).sum();
        assert_eq!(flops, graph.flops(), "{batch}");
        let recorded = of_step(&graph, Precision::Half, MATRICES);
        let (all, attention) = counts(&recorded, "attention_matrix");
        assert!(all.dispatches <= dispatches, "{batch}: {all:?}");
        assert!(all.dependent <= waiting, "{batch}: {all:?}");
        assert!(all.bound <= bound, "{batch}: {all:?}");
        // Half of it keys and values, two fifths queries.
        assert!(attention.moved <= of_attention, "{batch}: {attention:?}");
        // Of matrices from a workgroup's memory.
        let recording = &recorded.recording;
        let of_product = recording.loads_per_product(recorded.forward(), "conv_matrix");
        let (_, multiplied) = counts(&recorded, "conv_matrix");
        assert!(multiplied.moved <= moved, "{batch}: {multiplied:?}");
        assert!(of_product.unwrap() <= loads, "{batch}: {of_product:?}");
        // All convolutions but the first, of three channels, which is a few thousandths of them.
        let (_, tiled) = counts(&recorded, "conv_tiled");
        assert!(1000 * tiled.flops <= all.flops, "{batch}: {tiled:?}");
    }
}

/// The same of one image on a small GPU, of whose bytes 105 MB are weights: in fewer pieces, sums of stretches are less than a
/// fourth of those on a large one.
#[test]
fn a_small_gpu_moves_less() {
    let graph = cifar10(1);
    let [large, small] = [DeviceClass::Large, DeviceClass::Small].map(|class| {
        let variants = Variants { class, ..MATRICES };
        of_step(&graph, Precision::Half, variants)
    });
    let sums = |recorded: &Recorded| -> u64 {
        let dispatches = recorded.recording.dispatches.iter();
        let stretches = dispatches.filter(|one| one.name.ends_with(".stretches"));
        stretches.map(|one| bytes_of(one, "output")).sum()
    };
    let (all, _) = counts(&small, "");
    assert!(all.dispatches <= 190, "{all:?}");
    assert!(all.bound <= 138_000_000, "{all:?}");
    assert!(all.moved <= 356_000_000, "{all:?}");
    assert!(4 * sums(&small) <= sums(&large));
}

/// The bytes of what a dispatch binds by this name.
fn bytes_of(dispatch: &Dispatch, name: &str) -> u64 {
    let mut names = dispatch.kernel.bindings.iter();
    let at = names.position(|(bound, _)| *bound == name).unwrap();
    dispatch.bindings[at].bytes
}

/// A network of one tile of positions: of each convolution a workgroup brings each weight once, and each number of the
/// input once for each tap that its kernel has.
#[test]
fn a_tile_is_brought_once() {
    let config = UnetConfig::new(64, 64).with_multipliers(&[1]);
    let graph = config.graph(1, ImageSize::square(8)).unwrap();
    let recorded = recorded(&graph, Precision::Full, TILED);
    let (mut tiles, mut skips) = (0, 0);
    for dispatch in &recorded.recording.dispatches {
        if dispatch.kernel.name != "conv_tiled" {
            continue;
        }
        let [input, weight, residual] = [0, 1, 4].map(|at| dispatch.bindings[at].bytes);
        // A residual that is seen through a kernel of one has 64 weights of 4 bytes for each of its channels, as the input
        // has for each and each tap.
        let of_skip = 64 * 4 * u64::from(dispatch.param("skip_inputs").unwrap());
        let taps = (weight - of_skip) / input;
        // Where several workgroups share the input's channels, each has some of them: together all.
        let moved = [0, 1, 4].map(|at| dispatch.moved[at]);
        assert_eq!(moved, [taps * input, weight, residual], "{}", dispatch.name);
        tiles += 1;
        skips += u32::from(of_skip > 0);
    }
    assert!(tiles > 5 && skips > 1);
}

/// Attention over 64 positions, of heads of 64 rows: two workgroups of 32 queries bring all keys and all values, and their
/// own queries.
#[test]
fn keys_are_brought_once_a_block_of_queries() {
    let config = UnetConfig {
        num_heads: 1,
        num_heads_upsample: 1,
        ..UnetConfig::new(64, 64)
            .with_multipliers(&[1])
            .with_attention(&[1])
    };
    let graph = config.graph(1, ImageSize::square(8)).unwrap();
    let in_blocks = recorded(&graph, Precision::Full, TILED);
    let (_, attention) = counts(&in_blocks, "attention_shared");
    let heads = attention.workgroups / 2;
    assert_eq!(
        attention.moved - attention.bound / 4,
        heads * 4 * 64 * (64 + 2 * 128)
    );
    // In matrices queries are brought for every 32 keys.
    let in_matrices = recorded(&graph, Precision::Half, MATRICES);
    let (_, attention) = counts(&in_matrices, "attention_matrix");
    assert_eq!(attention.workgroups, 2 * heads);
    assert_eq!(
        attention.moved - attention.bound / 4,
        heads * 2 * 64 * (2 * 64 + 2 * 128)
    );
}

/// The gradients of attention over 64 positions, of a head of 64 rows: two workgroups bring all that they walk, and what they
/// own once, for their only block.
#[test]
fn gradients_bring_what_they_walk_once_a_block_of_what_they_own() {
    let shape = |channels| Shape {
        batch: 1,
        channels,
        height: 8,
        width: 8,
    };
    let mut graph = Graph::new(1);
    let qkv = graph.add_input(Input::XStart, "qkv", shape(192));
    let output = graph.add_input(Input::Noise, "made", shape(64));
    let grad = graph.add_input(Input::Rows, "grad", shape(64));
    // What is given and the result are f32: what is between is not.
    let copy = |input| Op::Bilinear {
        input,
        height: 8,
        width: 8,
    };
    let [qkv, output, grad] = [qkv, output, grad].map(|input| graph.add("copy", copy(input)));
    let op = Op::AttentionGrad {
        qkv,
        output,
        grad,
        heads: 1,
    };
    let gradients = graph.add("gradients", op);
    let result = graph.add("result", copy(gradients));
    graph.set_output(result);
    for (precision, variants, bytes, blocks, kernels) in [
        (Precision::Full, TILED, 4, 1, "shared"),
        (Precision::Half, MATRICES, 2, 2, "matrix"),
    ] {
        let recorded = recorded(&graph, precision, variants);
        let [_, _, _, query, key, _] = recorded.recording.dispatches.as_slice() else {
            panic!("{:?}", recorded.recording.dispatches);
        };
        // At so many positions of all rows; a law is four of f32.
        let all = |positions: u64| bytes * 64 * positions;
        let laws = 4 * 4 * 64;
        // The keys for their scores and for the sums, the values between; for each block of them the own queries and their
        // gradients, which are read for the mean too, as is what was made.
        let of_query = [
            all(2 * 3 * 64 + blocks * 64),
            all((blocks + 1) * 64),
            laws,
            all(64),
            all(64),
        ];
        // The queries and the gradient for products and for sums, for each block of them the own keys and values.
        let of_key = [
            all(2 * 2 * 64 + blocks * 2 * 64),
            all(2 * 2 * 64),
            2 * laws,
            all(2 * 64),
        ];
        let name = |kind| std::format!("attention_grad_{kind}_{kernels}");
        assert_eq!(query.kernel.name, name("query"));
        assert_eq!(query.moved, of_query);
        assert_eq!(key.kernel.name, name("key"));
        assert_eq!(key.moved, of_key);
        assert_eq!(query.flops + key.flops, graph.flops());
    }
}

/// A dispatch waits for the one before it where a stretch of theirs meets, and not where only their buffer is the same.
#[test]
fn stretches_that_do_not_meet_do_not_wait() {
    let graph = UnetConfig::new(1, 32)
        .graph(2, ImageSize::square(8))
        .unwrap();
    let recorded = recorded(&graph, Precision::Full, TILED);
    let (all, _) = counts(&recorded, "");
    assert!(0 < all.dependent && all.dependent < all.barriers && all.barriers < all.dispatches);
    // One alone has none before it.
    let one = recorded.recording.counts(3..4);
    assert_eq!((one.dispatches, one.dependent, one.barriers), (1, 0, 0));
    let behind = recorded.recording.dispatches.len() + 1;
    assert_eq!(recorded.recording.counts(behind..behind), Counts::default());
}

/// What goes by timesteps alone is made once a run where nothing reads it but layers that run as one, and nothing goes on from
/// those by timesteps alone.
#[test]
fn what_others_read_is_made_in_each_step() {
    let counts = |last: fn([TensorId; 4]) -> Op| {
        let mut graph = Graph::new(2);
        let shape = |channels| Shape {
            batch: 2,
            channels,
            height: 1,
            width: 1,
        };
        let timesteps = graph.add_input(Input::Timesteps, "t", shape(1));
        let x = graph.add_input(Input::X, "x", shape(8));
        let vector = graph.add("v", Op::TimestepEmbedding { timesteps, dim: 8 });
        let layers = ["a", "b"].map(|name| {
            let weight = graph.add_param(std::format!("{name}.weight"), &[8, 8], Init::Zero);
            let bias = graph.add_param(std::format!("{name}.bias"), &[8], Init::Zero);
            let op = Op::Linear {
                input: vector,
                weight,
                bias,
                silu: true,
            };
            graph.add(name, op)
        });
        let result = graph.add("result", last([vector, layers[0], layers[1], x]));
        graph.set_output(result);
        let whole = recorded(&graph, Precision::Full, TILED);
        let step = of_step(&graph, Precision::Full, TILED);
        [whole, step].map(|recorded| recorded.forward().len())
    };
    let with_x = |[_, first, _, second]: [TensorId; 4]| Op::Add { first, second };
    assert_eq!(counts(with_x), [3, 1]);
    let of_the_vector = |[first, _, _, second]: [TensorId; 4]| Op::Add { first, second };
    assert_eq!(counts(of_the_vector), [3, 3]);
    let of_layers = |[_, first, second, _]: [TensorId; 4]| Op::Add { first, second };
    assert_eq!(counts(of_layers), [3, 3]);
}
