//! What can go wrong on a device, provoked: each error by its name, the host's own handler undisturbed, and
//! the run continued on another device.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use iddpm::diffusion::{Clip, Diffusion, InlineProcess, Method, Sampler, Schedule, Timesteps};
use iddpm::gpu::{
    DeviceGeneration, DeviceNetwork, DeviceWeights, Gpu, GpuError, NoiseSource, Precision,
    Reduction, Variants, wgpu,
};
use iddpm::unet::{Graph, ImageSize, UnetConfig, Weights};

use super::generation::{begin, graph, samples, weights};
use super::gpu;
use super::host::host;

fn process() -> InlineProcess<4> {
    InlineProcess::new(&Diffusion::new(Schedule::Cosine, 1000), Timesteps::even(4)).unwrap()
}

/// Counts what reaches a host's own handler of errors.
fn listen(gpu: &Gpu) -> Arc<AtomicUsize> {
    let heard = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&heard);
    gpu.device().on_uncaptured_error(Arc::new(move |error| {
        println!("the host hears: {error}");
        count.fetch_add(1, Ordering::Relaxed);
    }));
    heard
}

/// A device lost in the middle of a step: the run says so, and what was saved before goes on elsewhere, to
/// the same bits.
#[test]
fn a_lost_device_costs_what_was_not_saved() {
    let process = process();
    let sampler = Sampler::new(&process, Method::DpmSolverPlusPlus2M, Clip::Unit).unwrap();
    let survivor = gpu().clone().with_variants(host(|_| ()).variants());
    let want = begin(&survivor, &sampler, [7]).finish_blocking().unwrap();

    let doomed = host(|_| ());
    let heard = listen(&doomed);
    let mut run = begin(&doomed, &sampler, [7]);
    let mut encoder = doomed.device().create_command_encoder(&Default::default());
    run.record_step(&mut encoder);
    run.record_step(&mut encoder);
    doomed.submit_blocking(encoder).unwrap();
    let saved = run.paused_blocking().unwrap();
    doomed.device().destroy();
    let error = run.finish_blocking().unwrap_err();
    assert!(matches!(error, GpuError::DeviceLost { .. }), "{error:?}");
    let error = run.paused_blocking().unwrap_err();
    assert!(matches!(error, GpuError::DeviceLost { .. }), "{error:?}");
    let numbers = weights(&graph(1));
    let numbers = Weights::F32(&numbers);
    let error = DeviceWeights::upload_blocking(&doomed, &graph(1), numbers, Precision::Full);
    assert!(
        matches!(error, Err(GpuError::DeviceLost { .. })),
        "{error:?}"
    );
    assert_eq!(heard.load(Ordering::Relaxed), 0);

    let mut resumed = begin(&survivor, &sampler, [7]);
    resumed.resume(&saved).unwrap();
    assert_eq!(resumed.position(), 2);
    assert_eq!(resumed.finish_blocking().unwrap(), want);
}

/// What nobody waits for, on a device of our own, is kept until it is asked for; the first of several, and once.
#[test]
fn a_device_of_our_own_keeps_what_nobody_waited_for() {
    let own = Gpu::create_blocking().unwrap();
    own.check().unwrap();
    let ask = |label| {
        let buffer = own.device().create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size: 4,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::MAP_WRITE,
            mapped_at_creation: false,
        });
        drop(buffer);
    };
    ask("the first");
    ask("the second");
    let is_of = |kept: Result<(), GpuError>, label| {
        let Err(GpuError::Refused { what, message }) = kept else {
            panic!("{kept:?}");
        };
        assert!(message.contains(label), "{message}");
        assert_eq!(what, "a command");
    };
    is_of(own.check(), "the first");
    let encoder = || own.device().create_command_encoder(&Default::default());
    own.submit_blocking(encoder()).unwrap();
    ask("the third");
    is_of(own.submit_blocking(encoder()), "the third");

    // What is destroyed on purpose is no accident, but nothing can be made of it.
    let own = Gpu::create_blocking().unwrap();
    own.device().destroy();
    own.device().poll(wgpu::PollType::Poll).unwrap();
    own.check().unwrap();
    let numbers = weights(&graph(1));
    let numbers = Weights::F32(&numbers);
    let error = DeviceWeights::upload_blocking(&own, &graph(1), numbers, Precision::Full);
    assert!(
        matches!(error, Err(GpuError::DeviceLost { .. })),
        "{error:?}"
    );
}

/// Everything that takes memory, where others have taken nearly all of it: where the driver tells how much is
/// left, wgpu can be told to leave it alone. Else a software device lives in the process, which may not grow. In
/// a process of its own: what other tests take counts too.
#[test]
fn no_memory_left() {
    let small = gpu_in_software();
    if std::env::var_os(OWN_PROCESS).is_none() {
        let mut child = Command::new("sh");
        // As cargo started this one: the variable is empty where there is no runner.
        let runner = "${CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER-}";
        let most = if small { "4000000" } else { "unlimited" };
        let script = format!("ulimit -v {most} && exec {runner} \"$0\" \"$@\"");
        child.args(["-c", &script]);
        child.arg(std::env::args_os().next().unwrap());
        child.args(["--exact", "failures::no_memory_left", "--nocapture"]);
        let output = child.env(OWN_PROCESS, "1").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        return;
    }
    let (device, queue) = pollster::block_on(nearly_full_device());
    let full = Gpu::new(device, queue);
    let heard = listen(&full);
    // Host memory, which is the device's where that is software: taken before.
    let large = Large::new();
    let run = small.then(|| large.begin(&full).unwrap());
    let Some(mut taken) = fill(&full, small) else {
        println!("this driver refuses nothing");
        return;
    };
    is_refused("a run", large.begin(&full));
    is_refused("room for weights", large.upload(&full));
    // On its way between host and device it lies in memory of the host's, of which only here nothing is left.
    if let Some(run) = run {
        is_refused("x written", run.write_x(&large.image));
        is_refused("room to read x", pollster::block_on(run.readback()));
        is_refused("x read", run.x_blocking());
        is_refused("saved", run.paused_blocking());
        // Room for the weights themselves.
        drop(taken.swap_remove(0));
        is_refused("weights on their way", large.upload(&full));
        // The device lives on.
        drop((taken, run));
        large.upload(&full).unwrap();
        let run = large.begin(&full).unwrap();
        run.write_x(&large.image).unwrap();
        assert!(run.x_blocking().unwrap() == large.image);
    }
    assert_eq!(heard.load(Ordering::Relaxed), 0);
}

fn is_refused<T>(what: &str, result: Result<T, GpuError>) {
    let error = result.err();
    // A device in software has the host's memory, which is looked at first.
    let Some(said @ (GpuError::OutOfMemory { .. } | GpuError::HostMemory(_))) = error else {
        panic!("{what}: {error:?}");
    };
    println!("{what}: {said}");
}

/// A run of buffers of 60 MiB and of 120, about the largest that any device binds, and weights of more than
/// 100 MiB in one buffer.
struct Large {
    process: InlineProcess<4>,
    image: Vec<f32>,
    graph: Graph,
    weights: Vec<f32>,
}

impl Large {
    fn new() -> Self {
        let config = UnetConfig::new(3, 352).with_multipliers(&[1]);
        let graph = config.graph(1, ImageSize::square(8)).unwrap();
        let weights = vec![0.0; graph.weights_len()];
        assert!((100..128).contains(&(weights.len() >> 18)));
        Self {
            process: process(),
            image: vec![0.5; 15 << 20],
            graph,
            weights,
        }
    }

    fn begin(&self, gpu: &Gpu) -> Result<DeviceGeneration, GpuError> {
        let sampler = Sampler::new(&self.process, Method::Ancestral, Clip::Unit).unwrap();
        let (elements, source) = (self.image.len(), NoiseSource::Host);
        DeviceGeneration::without_network_blocking(gpu, elements, &sampler, &samples([0]), source)
    }

    fn upload(&self, gpu: &Gpu) -> Result<DeviceWeights, GpuError> {
        let weights = Weights::F32(&self.weights);
        DeviceWeights::upload_blocking(gpu, &self.graph, weights, Precision::Full)
    }
}

/// Takes what memory there is, until not even 32 MiB are left. None where the driver gives more than the
/// process can have: Mesa's newer software device does, of what it cannot map.
fn fill(gpu: &Gpu, small: bool) -> Option<Vec<wgpu::Buffer>> {
    let mut taken = Vec::new();
    for bytes in [128 << 20, 32 << 20] {
        loop {
            let scope = gpu
                .device()
                .push_error_scope(wgpu::ErrorFilter::OutOfMemory);
            let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some("what others take"),
                size: bytes,
                usage: wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            });
            if pollster::block_on(scope.pop()).is_some() {
                break;
            }
            taken.push(buffer);
            let sum: u64 = taken.iter().map(wgpu::Buffer::size).sum();
            if small && sum > 4_000_000 << 10 {
                return None;
            }
        }
    }
    Some(taken)
}

/// A device that may take at most 2% of its memory more than it has taken when it was made.
async fn nearly_full_device() -> (wgpu::Device, wgpu::Queue) {
    let make = async |percent: u8| {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
        descriptor.backends = gpu().device().adapter_info().backend.into();
        descriptor.memory_budget_thresholds.for_resource_creation = Some(percent);
        let instance = wgpu::Instance::new(descriptor);
        let adapter = instance.request_adapter(&Default::default()).await;
        let adapter = adapter.map_err(|error| error.to_string())?;
        let descriptor = wgpu::DeviceDescriptor {
            required_limits: adapter.limits(),
            ..Default::default()
        };
        let device = adapter.request_device(&descriptor).await;
        device.map_err(|error| error.to_string())
    };
    for percent in 0..99 {
        if make(percent).await.is_ok() {
            return make(percent + 1).await.unwrap();
        }
    }
    make(100).await.unwrap()
}

/// Set for the process that tries.
const OWN_PROCESS: &str = "IDDPM_TEST_OWN_PROCESS";

fn gpu_in_software() -> bool {
    gpu().device().adapter_info().device_type == wgpu::DeviceType::Cpu
}

/// Kernels with subgroups on a device that was made without them.
#[test]
fn a_rejected_kernel_is_named() {
    let bare = host(|_| ());
    let variants = Variants {
        reduction: Reduction::Subgroups,
        ..Variants::PARALLEL
    };
    let bare = bare.with_variants(variants);
    let heard = listen(&bare);
    let graph = graph(1);
    let numbers = weights(&graph);
    let numbers = Weights::F32(&numbers);
    let stored = DeviceWeights::upload_blocking(&bare, &graph, numbers, Precision::Full).unwrap();
    let refused = DeviceNetwork::new_blocking(&bare, &graph, &stored);
    let Err(GpuError::ShaderRejected { kernel, message }) = refused else {
        panic!("{refused:?}");
    };
    assert!(
        !kernel.is_empty() && message.to_lowercase().contains("subgroup"),
        "{message}"
    );
    assert_eq!(heard.load(Ordering::Relaxed), 0);
    // The device is as good as before.
    let plain = bare.with_variants(Variants::PLAIN);
    DeviceNetwork::new_blocking(&plain, &graph, &stored).unwrap();
}
