//! The host's device, its limits, and what is refused.

use std::process::Command;

use iddpm::diffusion::{Clip, Diffusion, InlineProcess, Method, Sampler, Schedule, Timesteps};
use iddpm::gpu::{
    ALIGNMENT, DeviceWeights, Generation, Gpu, GpuError, Network, NoiseSource, Precision,
    WeightPlan, grid, record, wgpu,
};
use iddpm::unet::{Extent, Plan, UnetConfig, Weights};

use super::generation::{begin, graph, samples, weights};
use super::gpu;
use super::held::Held;

/// A host's own device, of WebGPU's default limits or lower ones, without any feature.
pub(crate) fn host(change: impl FnOnce(&mut wgpu::Limits)) -> Gpu {
    let descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    let instance = wgpu::Instance::new(descriptor);
    let adapter = pollster::block_on(instance.request_adapter(&Default::default())).unwrap();
    let mut required_limits = wgpu::Limits::default();
    change(&mut required_limits);
    let descriptor = wgpu::DeviceDescriptor {
        required_limits,
        ..Default::default()
    };
    let (device, queue) = pollster::block_on(adapter.request_device(&descriptor)).unwrap();
    Gpu::new(device, queue)
}

fn process() -> InlineProcess<4> {
    InlineProcess::new(&Diffusion::new(Schedule::Cosine, 1000), Timesteps::even(4)).unwrap()
}

/// The same bits on a device of default limits, and where the weights lie in many buffers.
#[test]
fn a_hosts_device_of_default_limits() {
    let process = process();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    let default = host(|_| ());
    // It has no features: the same variants on both.
    let rich = gpu().clone().with_variants(default.variants());
    let want = begin(&rich, &sampler, [5, 6]).finish_blocking().unwrap();
    assert_eq!(
        begin(&default, &sampler, [5, 6]).finish_blocking().unwrap(),
        want
    );

    let low = host(|limits| limits.max_storage_buffer_binding_size = 1 << 19);
    let run = begin(&low, &sampler, [5, 6]).finish_blocking().unwrap();
    assert_eq!(run, want);
    let graph = graph(2);
    let stored = weights(&graph);
    let stored = Weights::F32(&stored);
    let stored = DeviceWeights::upload_blocking(&low, &graph, stored, Precision::Full).unwrap();
    assert!(stored.plan().buffers().len() > 2);
    assert!(
        stored
            .plan()
            .buffers()
            .iter()
            .all(|&bytes| bytes <= 1 << 19)
    );
}

/// A whole run makes nothing, not even one thing that it then drops: no step holds more than before.
#[test]
fn a_step_makes_nothing() {
    let process = process();
    let sampler = Sampler::new(&process, Method::DpmSolverPlusPlus2M, Clip::Unit).unwrap();
    let gpu = host(|_| ());
    let mut run = begin(&gpu, &sampler, [1]);
    let mut readback = pollster::block_on(run.readback()).unwrap();
    gpu.queue().submit([]);
    gpu.device()
        .poll(wgpu::PollType::wait_indefinitely())
        .unwrap();
    let before = Held::by(&gpu);
    let dispatches = run.recording().dispatches.len() as isize;
    assert!(before.bind_groups >= dispatches, "{before:?}");
    assert!(before.pipelines > 5 && before.buffers > 10, "{before:?}");
    let mut last = Vec::new();
    while !run.is_done() {
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        run.record_step(&mut encoder);
        run.read_x(&mut encoder, &readback);
        assert_eq!(Held::by(&gpu), before, "recorded");
        assert_eq!(readback.take(), Ok(None), "nothing was asked for");
        gpu.queue().submit([encoder.finish()]);
        assert_eq!(Held::by(&gpu), before, "submitted");
        readback.map();
        while last.is_empty() {
            gpu.device().poll(wgpu::PollType::Poll).unwrap();
            last = readback.take().unwrap().unwrap_or_default();
        }
        let x = std::mem::take(&mut last);
        assert_eq!(x.len(), 3 * 8 * 8);
        assert!(x.iter().all(|&bits| f32::from_bits(bits).is_finite()));
        assert_eq!(Held::by(&gpu), before, "read");
    }
}

#[test]
fn limits_are_named_with_both_numbers() {
    let low = host(|limits| limits.max_storage_buffer_binding_size = 1 << 17);
    let graph = graph(1);
    let numbers = weights(&graph);
    let refused =
        DeviceWeights::upload_blocking(&low, &graph, Weights::F32(&numbers), Precision::Full);
    let Err(GpuError::Limit {
        limit,
        what,
        wanted,
        had,
    }) = refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!((limit, had), ("max_storage_buffer_binding_size", 1 << 17));
    assert!(wanted > had && what.ends_with("weight"), "{what}: {wanted}");

    // Weights that fit, a tensor that does not.
    let config = UnetConfig::new(1, 32);
    let graph = config.graph(Extent::square(2, 64)).unwrap();
    let low = host(|limits| limits.max_storage_buffer_binding_size = 1 << 18);
    let numbers = vec![0.0; graph.weights_len()];
    let stored =
        DeviceWeights::upload_blocking(&low, &graph, Weights::F32(&numbers), Precision::Full)
            .unwrap();
    let refused = Network::new_blocking(&low, &graph, &stored).err();
    let Some(GpuError::Limit {
        limit, wanted, had, ..
    }) = refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!((limit, had), ("max_storage_buffer_binding_size", 1 << 18));
    // The largest: two tensors beside each other.
    assert_eq!(wanted, 4 * 2 * (64 + 32) * 64 * 64);
}

/// Another network's sampler: the channels of the variance are missing.
#[test]
fn sampler_and_network_must_agree() {
    let process = process();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    let graph = UnetConfig::new(3, 32).graph(Extent::square(2, 8)).unwrap();
    let numbers = vec![0.0; graph.weights_len()];
    let numbers = Weights::F32(&numbers);
    let stored = DeviceWeights::upload_blocking(gpu(), &graph, numbers, Precision::Full).unwrap();
    let mut batch = samples([0, 1]);
    batch.iter_mut().for_each(|sample| sample.label = None);
    let source = NoiseSource::Philox;
    let refused = Generation::new_blocking(gpu(), &graph, &stored, &sampler, &batch, source).err();
    let (len, expected) = (2 * 192, 2 * 384);
    let what = "the network's output";
    assert_eq!(
        refused,
        Some(GpuError::Length {
            what,
            len,
            expected
        })
    );
}

/// The published models, recorded without a device: within WebGPU's default limits.
#[test]
fn published_models_keep_to_the_default_limits() {
    let network = |channels, multipliers: &[usize], blocks, attention: &[usize]| UnetConfig {
        num_res_blocks: blocks,
        ..UnetConfig::new(3, channels)
            .with_multipliers(multipliers)
            .with_attention(attention)
            .with_learned_variance()
    };
    let cifar = network(128, &[1, 2, 2, 2], 3, &[2, 4]);
    let imagenet = network(128, &[1, 2, 3, 4], 3, &[4, 8]);
    let lsun = UnetConfig {
        num_heads: 1,
        num_heads_upsample: 1,
        scale_shift: false,
        ..network(128, &[1, 1, 2, 2, 4, 4], 2, &[16])
    };
    let limits = wgpu::Limits::default();
    for (name, config, side, batches) in [
        ("CIFAR-10", cifar, 32, [1, 16]),
        ("ImageNet-64", imagenet, 64, [1, 4]),
        ("LSUN-256", lsun, 256, [1, 1]),
    ] {
        for batch in batches {
            let graph = config.graph(Extent::square(batch, side)).unwrap();
            let plan = Plan::separated(&graph);
            let limit = limits.max_storage_buffer_binding_size;
            let stored = WeightPlan::new(&graph, Precision::Full, limit).unwrap();
            let recorded = record(&graph, &plan, &stored, gpu().variants());
            let recording = &recorded.recording;
            assert_eq!(recording.mistake(), None);
            for dispatch in &recording.dispatches {
                let most = limits.max_compute_workgroups_per_dimension;
                assert!(
                    grid(dispatch.workgroups, most).is_some(),
                    "{}",
                    dispatch.name
                );
                for binding in &dispatch.bindings {
                    assert!(binding.bytes <= limit, "{name}: {}", dispatch.name);
                    assert!(binding.offset.is_multiple_of(ALIGNMENT));
                }
            }
            for buffer in &recording.buffers {
                let (bytes, had) = (buffer.bytes, limits.max_buffer_size);
                assert!(
                    bytes <= had,
                    "{name}, batch {batch}: {} of {bytes}",
                    buffer.name
                );
            }
            let bytes: usize = plan.arenas().iter().sum();
            println!(
                "{name}, batch {batch}: {} dispatches, arenas of {} MiB",
                recording.dispatches.len(),
                (4 * bytes) >> 20
            );
        }
    }
}

/// A machine without an adapter must fail these tests, not pass over them. The program is named by its
/// first argument: where it runs under a loader of its own, that is not the current executable.
#[test]
fn without_an_adapter_the_tests_fail() {
    let mut child = Command::new(std::env::args_os().next().unwrap());
    child.args(["--exact", "operations::every_operation", "--nocapture"]);
    let output = child
        .env("WGPU_ADAPTER_NAME", "no such adapter")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("no GPU adapter: none is named like no such adapter"),
        "{said}"
    );
}
