//! Counts of a published model, and of dispatches whose numbers can be counted by hand.

use super::Counts;
use crate::checkpoint::Preset;
use crate::diffusion::WeightSet;
use crate::gpu::{
    AttentionVariant, ConvVariant, DeviceClass, MatrixSide, Precision, Recorded, Reduction,
    Variants, WeightPlan, plan, record,
};
use crate::unet::{Graph, ImageSize, UnetConfig};

/// What is chosen on a GPU with matrices of 16.
const MATRICES: Variants = Variants {
    conv: ConvVariant::Matrix(MatrixSide::Sixteen),
    attention: AttentionVariant::Shared,
    reduction: Reduction::Subgroups,
    class: DeviceClass::Large,
};
/// The same without matrices.
const TILED: Variants = Variants {
    conv: ConvVariant::Tiled,
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
        (1, 213, 205, 346_000_000, 21_000_000, 769_000_000, 1.0),
        (8, 212, 204, 1_402_000_000, 170_000_000, 4_755_000_000, 0.82),
        (
            64,
            211,
            203,
            4_324_000_000,
            1_330_000_000,
            31_108_000_000,
            0.77,
        ),
    ] {
        let graph = cifar10(batch);
        let recorded = recorded(&graph, Precision::Half, MATRICES);
        let (all, attention) = counts(&recorded, "attention_shared");
        assert!(all.dispatches <= dispatches, "{batch}: {all:?}");
        assert!(all.dependent <= waiting, "{batch}: {all:?}");
        assert!(all.bound <= bound, "{batch}: {all:?}");
        assert!(attention.moved <= of_attention, "{batch}: {attention:?}");
        assert_eq!(all.flops, graph.flops(), "{batch}");
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
        recorded(&graph, Precision::Half, variants)
    });
    let sums = |recorded: &Recorded| -> u64 {
        let dispatches = recorded.recording.dispatches.iter();
        let stretches = dispatches.filter(|one| one.name.ends_with(".stretches"));
        stretches
            .map(|one| one.bindings.last().unwrap().bytes)
            .sum()
    };
    let (all, _) = counts(&small, "");
    assert!(all.dispatches <= 212, "{all:?}");
    assert!(all.bound <= 203_000_000, "{all:?}");
    assert!(all.moved <= 833_000_000, "{all:?}");
    assert!(4 * sums(&small) <= sums(&large));
}

/// A network of one tile of positions: of each convolution a workgroup brings each weight once, and each number of the
/// input once for each tap that its kernel has.
#[test]
fn a_tile_is_brought_once() {
    let config = UnetConfig::new(64, 64).with_multipliers(&[1]);
    let graph = config.graph(1, ImageSize::square(8)).unwrap();
    let recorded = recorded(&graph, Precision::Full, TILED);
    let mut tiles = 0;
    for dispatch in &recorded.recording.dispatches {
        if dispatch.kernel.name != "conv_tiled" {
            continue;
        }
        let [input, weight] = [0, 1].map(|at| dispatch.bindings[at].bytes);
        let taps = weight / input;
        // Where several workgroups share the input's channels, each has some of them: together all.
        assert_eq!(
            dispatch.moved[..2],
            [taps * input, weight],
            "{}",
            dispatch.name
        );
        tiles += 1;
    }
    assert!(tiles > 5);
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
    let recorded = recorded(&graph, Precision::Full, TILED);
    let (_, attention) = counts(&recorded, "attention_shared");
    let heads = attention.workgroups / 2;
    assert_eq!(
        attention.moved - attention.bound / 4,
        heads * 4 * 64 * (64 + 2 * 128)
    );
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
