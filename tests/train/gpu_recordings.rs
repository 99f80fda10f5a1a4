//! Recordings of what the tests run, as plain data: all kernels are among them, and what a recording says of
//! itself is so.

use std::collections::BTreeSet;

use iddpm::checkpoint::Preset;
use iddpm::diffusion::{
    Clip, Controls, Diffusion, Guidance, InlineProcess, KnownBuf, Method, Noise, PaletteBuf,
    Resampling, Sample, Sampler, Schedule, Timesteps, WeightSet,
};
use iddpm::gpu::{
    AttentionVariant, ConvVariant, DeviceGeneration, DeviceTraining, DeviceWeights, Dispatch,
    KERNELS, MatrixSide, NoiseSource, Precision, Recorded, Recording, Reduction, Variants,
    WeightPlan, plan, record, record_step, record_training,
};
use iddpm::train::{Recompute, training_graph};
use iddpm::unet::{Graph, ImageSize, Op, UnetConfig};

use super::cases::chains::chains;
use super::cases::{Stands, table};
use super::cpu;
use super::gpu::gpu;
use super::recorded::each_recording;

/// The graphs of all operations alone and within networks, then whole networks with their gradients.
fn each_graph(mut visit: impl FnMut(&str, &Graph)) {
    for stands in Stands::RUN {
        for case in table(stands) {
            visit(&case.name, &case.graph);
        }
    }
    for (name, case) in cpu::cases() {
        visit(name, &case.graph);
    }
}

/// A run with noise, thresholds and pictures, steered by all that there is.
fn sampled() -> Recording {
    let config = UnetConfig::new(3, 32)
        .with_multipliers(&[1, 2])
        .with_learned_variance()
        .with_classes(1)
        .with_null_class();
    let graph = config.graph(2, ImageSize::square(8)).unwrap();
    let weights = DeviceWeights::zeros(gpu(), &graph, Precision::Full);
    let weights = pollster::block_on(weights).unwrap();
    let diffusion = Diffusion::new(Schedule::Cosine, 1000);
    let process = InlineProcess::<4>::new(&diffusion, Timesteps::even(4)).unwrap();
    let (ratio, max) = (0.9, 1.5);
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Dynamic { ratio, max }).unwrap();
    let samples = [Sample {
        noise: Noise::new(1),
        number: 0,
        label: Some(0),
    }];
    let sampler = sampler.keeping(Resampling { rounds: 2, jump: 1 }).unwrap();
    let controls = Controls {
        guidance: Some(Guidance {
            scales: vec![2.0],
            others: vec![1],
        }),
        known: Some(KnownBuf {
            picture: vec![0.0; 192],
            mask: vec![0.5; 192],
        }),
        palette: Some(PaletteBuf {
            colours: vec![0.0; 3],
            channels: 3,
            from: 2,
        }),
    };
    let source = NoiseSource::Philox;
    let run = DeviceGeneration::steered(
        gpu(),
        &graph,
        &weights,
        &sampler,
        &samples,
        source,
        &controls,
    );
    let recording = pollster::block_on(run).unwrap().recording().clone();
    // Of the network what each step evaluates; the rest is made once, of all steps.
    let places = plan(&graph, weights.plan().precision());
    let step = record_step(&graph, &places, weights.plan(), gpu().variants()).unwrap();
    let is_of_network = |dispatch: &&Dispatch| dispatch.node.is_some();
    let of_network = recording.dispatches.iter().filter(is_of_network);
    let done: u64 = of_network.map(|dispatch| dispatch.flops).sum();
    assert_eq!(done, flops(&step.recording));
    let once = graph.flops() - done;
    assert_eq!(
        flops(&recording),
        done + u64::from(sampler.evaluations()) * once
    );
    recording
}

/// A network that is trained in f16, with averages.
fn trained() -> Recording {
    let (_, case) = cpu::cases().into_iter().next().unwrap();
    let weights = DeviceWeights::zeros(gpu(), &case.graph, Precision::HalfWeights);
    let weights = pollster::block_on(weights).unwrap();
    let training = DeviceTraining::new_blocking(gpu(), &case.graph, &weights, 2).unwrap();
    let recording = training.recording().clone();
    assert_eq!(flops(&recording), case.graph.flops());
    recording
}

fn flops(recording: &Recording) -> u64 {
    recording
        .dispatches
        .iter()
        .map(|dispatch| dispatch.flops)
        .sum()
}

#[test]
fn every_kernel_is_dispatched() {
    let mut found = BTreeSet::new();
    let mut look = |recording: &Recording| {
        let dispatches = recording.dispatches.iter();
        found.extend(dispatches.map(|dispatch| dispatch.kernel.name));
    };
    each_graph(|_, graph| each_recording(graph, |_, recorded| look(&recorded.recording)));
    for case in chains(Stands::Alone) {
        each_recording(&case.graph, |_, recorded| look(&recorded.recording));
    }
    // What is normalised as it is read has no gradients.
    let network = UnetConfig::new(3, 32)
        .graph(1, ImageSize::square(16))
        .unwrap();
    each_recording(&network, |_, recorded| look(&recorded.recording));
    look(&sampled());
    look(&trained());
    let names = KERNELS.iter().map(|kernel| kernel.name);
    let missing: Vec<&str> = names.filter(|name| !found.contains(name)).collect();
    assert!(missing.is_empty(), "nothing dispatches {missing:?}");
}

/// What the dispatches of each operation do: what it takes, what those behind it of its kind do that have no dispatch, and
/// what a convolution does that ends in it.
fn wanted(graph: &Graph, done: &[Option<u64>]) -> Vec<Option<u64>> {
    let nodes = graph.nodes();
    let mut wanted: Vec<Option<u64>> = vec![None; nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        let flops = graph.node_flops(node);
        let is_alike =
            |&before: &usize| nodes[before].op.name() == node.op.name() && done[before].is_some();
        let next = nodes.get(at + 1).map(|next| next.op);
        let is_skip = matches!(next, Some(Op::Conv(next)) if next.residual == Some(node.output));
        let does = match is_skip && done[at].is_none() {
            true => Some(at + 1),
            false => (0..=at).rev().find(is_alike),
        };
        match does {
            Some(does) => *wanted[does].get_or_insert(0) += flops,
            // What another ends in, or what ends in another.
            None => assert_eq!(flops, 0, "{:?}", node.op),
        }
    }
    wanted
}

/// Every dispatch is of an operation, in their order, and all of one do what it takes.
#[test]
fn dispatches_do_what_their_operations_take() {
    each_graph(|name, graph| {
        each_recording(graph, |how, recorded| {
            let mut done = vec![None; graph.nodes().len()];
            let mut last = 0;
            for dispatch in &recorded.recording.dispatches {
                let at = dispatch.node.unwrap();
                assert!(at >= last, "{}: {name}, {how}", dispatch.name);
                last = at;
                *done[at].get_or_insert(0) += dispatch.flops;
            }
            assert_eq!(done, wanted(graph, &done), "{name}, {how}");
        });
    });
}

/// The operation of the last dispatch before one.
fn last_before(graph: &Graph, recorded: &Recorded, end: usize) -> Op {
    let dispatch = &recorded.recording.dispatches[end - 1];
    graph.nodes()[dispatch.node.unwrap()].op
}

/// Forward ends with the result: of a network all, of its training up to the losses.
#[test]
fn phases_are_all_of_a_recording() {
    each_graph(|name, graph| {
        each_recording(graph, |how, recorded| {
            let (forward, backward) = (recorded.forward(), recorded.backward());
            let all = 0..recorded.recording.dispatches.len();
            assert_eq!(forward.end, backward.start, "{name}, {how}");
            assert_eq!(forward.start..backward.end, all, "{name}, {how}");
        });
    });
    for (name, case) in cpu::cases() {
        let graph = &case.graph;
        each_recording(graph, |how, recorded| {
            let forward = last_before(graph, recorded, recorded.forward().end);
            assert!(matches!(forward, Op::Loss(_)), "{name}, {how}: {forward:?}");
            let backward = recorded.backward();
            let dispatches = recorded.recording.dispatches[backward].iter();
            let mut ops = dispatches.map(|dispatch| graph.nodes()[dispatch.node.unwrap()].op);
            assert!(ops.any(|op| matches!(op, Op::LossGrad(_))), "{name}, {how}");
        });
    }
    for case in table(Stands::Alone)
        .into_iter()
        .chain(chains(Stands::Alone))
    {
        each_recording(&case.graph, |how, recorded| {
            assert!(recorded.backward().is_empty(), "{}, {how}", case.name);
        });
    }
}

/// Of the published model of CIFAR-10 in f16: all products of its convolutions' gradients but a fiftieth are made in
/// matrices.
#[test]
fn gradients_of_convolutions_are_made_in_matrices() {
    let description = Preset::Cifar10Uncond.describe(WeightSet::Raw, 0).unwrap();
    for (side, batch) in [
        (MatrixSide::Eight, 1),
        (MatrixSide::Sixteen, 1),
        (MatrixSide::Sixteen, 128),
    ] {
        let network = description.graph(batch).unwrap();
        let graph = training_graph(&network, Recompute::Nothing).unwrap();
        let weights = WeightPlan::new(&graph, Precision::Half, 1 << 27).unwrap();
        let variants = Variants {
            conv: ConvVariant::Matrix(side),
            ..Variants::PARALLEL
        };
        let places = plan(&graph, Precision::Half);
        let recorded = record(&graph, &places, &weights, variants).unwrap();
        let (mut all, mut in_matrices) = (0, 0);
        for (kernel, counts) in recorded.recording.counts_by_kernel(recorded.backward()) {
            if kernel.starts_with("conv_grad") {
                all += counts.flops;
                in_matrices += u64::from(kernel.ends_with("_matrix")) * counts.flops;
            }
        }
        println!("{side:?}, {batch}: {in_matrices} of {all}");
        assert!(100 * in_matrices >= 98 * all && all > 0);
    }
}

/// A step with CIFAR-10's model in f16, on matrices: no change of the kernels may bring up what one is to bring down.
#[test]
fn a_step_with_a_published_model_costs_no_more() {
    let description = Preset::Cifar10Uncond.describe(WeightSet::Raw, 0).unwrap();
    let variants = Variants {
        conv: ConvVariant::Matrix(MatrixSide::Sixteen),
        attention: AttentionVariant::Matrix(MatrixSide::Sixteen),
        reduction: Reduction::Subgroups,
        ..Variants::PARALLEL
    };
    for (recompute, dispatches, bytes) in [
        (Recompute::Nothing, 676, 4_764_000_000),
        (Recompute::Cheap, 772, 3_516_000_000),
        (Recompute::Blocks, 817, 2_709_000_000),
    ] {
        let graph = training_graph(&description.graph(128).unwrap(), recompute).unwrap();
        let weights = WeightPlan::new(&graph, Precision::Half, 1 << 27).unwrap();
        let recorded = record_training(&graph, &weights, variants, 1).unwrap();
        let step = recorded.step();
        let optimizer = recorded.backward().end..step.end;
        let recording = recorded.recording;
        let counts = recording.counts(step);
        assert!(counts.dispatches <= dispatches, "{recompute:?}: {counts:?}");
        // The norm reads the gradient; the step reads that, and reads and writes f32 weights, two moments and an average; it
        // writes weights in f16. Beside those there are a few sums of squares.
        let each = 4 + 4 + 4 * 8 + 2;
        let numbers = weights.buffers().iter().sum::<u64>() / 2;
        let of_optimizer = recording.counts(optimizer);
        println!("{recompute:?}: {of_optimizer:?}");
        assert!(
            1000 * of_optimizer.moved <= 1001 * each * numbers,
            "{of_optimizer:?}"
        );
        let room: u64 = recording.buffers.iter().map(|buffer| buffer.bytes).sum();
        println!(
            "{recompute:?}: {} dispatches, {room} bytes",
            counts.dispatches
        );
        assert!(room <= bytes, "{recompute:?}: {room} bytes");
        assert_eq!(recording.mistake(), None, "{recompute:?}");
    }
}
