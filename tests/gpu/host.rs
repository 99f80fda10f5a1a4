//! The host's device, its limits, and what is refused.

use std::process::Command;

use iddpm::diffusion::{Clip, Diffusion, InlineProcess, Method, Sampler, Schedule, Timesteps};
use iddpm::gpu::{
    self, DeviceGeneration, DeviceNetwork, DeviceWeights, Gpu, GpuError, Limit, NoiseSource,
    Precision, Shown, Variants, wgpu,
};
use iddpm::unet::{GraphError, ImageSize, UnetConfig, Weights};

use super::generation::{SIDE, begin, graph, samples, weights};
use super::gpu;
use super::held::Held;

/// A host's own device, of WebGPU's default limits or lower ones, without any feature.
pub(crate) fn host(change: impl FnOnce(&mut wgpu::Limits)) -> Gpu {
    let adapter = &pollster::block_on(gpu::adapters())[0];
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

/// The identity that wgpu gives the next object of each kind: a place, and how often it was given away. It
/// is taken and given back, so that it is the same place once more where nothing was made meanwhile, be it
/// only for a moment, which what is [held](Held) does not show.
fn next_identities(gpu: &Gpu, texture: &wgpu::Texture) -> Vec<(u64, u64)> {
    let device = gpu.device();
    let buffer = device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 16,
        usage: wgpu::BufferUsages::STORAGE,
        mapped_at_creation: false,
    });
    let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: None,
        entries: &[],
    });
    let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &layout,
        entries: &[],
    });
    let view = texture.create_view(&Default::default());
    let named = [
        (format!("{buffer:?}"), "BufferId("),
        (format!("{layout:?}"), "BindGroupLayoutId("),
        (format!("{group:?}"), "BindGroupId("),
        (format!("{view:?}"), "TextureViewId("),
    ];
    let identity = |(text, kind): (String, &str)| {
        let (_, behind) = text.split_once(kind).unwrap_or_else(|| panic!("{text}"));
        let (place, behind) = behind.split_once(',').unwrap();
        let (epoch, _) = behind.split_once(')').unwrap();
        (place.parse().unwrap(), epoch.parse().unwrap())
    };
    named.into_iter().map(identity).collect()
}

/// Looks again and again whether anything was made.
struct Watch<'a> {
    gpu: &'a Gpu,
    texture: &'a wgpu::Texture,
    held: Held,
    identities: Vec<(u64, u64)>,
}

impl<'a> Watch<'a> {
    fn new(gpu: &'a Gpu, texture: &'a wgpu::Texture) -> Self {
        // The first identities are of places that then are there to be given again.
        next_identities(gpu, texture);
        Self {
            gpu,
            texture,
            held: Held::by(gpu),
            identities: next_identities(gpu, texture),
        }
    }

    fn is_as_before(&mut self) -> bool {
        let held = Held::by(self.gpu);
        let identities = next_identities(self.gpu, self.texture);
        let before = std::mem::replace(&mut self.identities, identities);
        let given_once = before.into_iter().map(|(place, epoch)| (place, epoch + 1));
        held == self.held && given_once.eq(self.identities.iter().copied())
    }
}

/// Recorded in pieces, by work or by steps, shown and read: a whole run makes nothing, and nothing that it
/// then drops.
#[test]
fn a_step_makes_nothing() {
    let process = process();
    let sampler = Sampler::new(&process, Method::DpmSolverPlusPlus2M, Clip::Unit).unwrap();
    let gpu = host(|_| ());
    let mut run = begin(&gpu, &sampler, [1]);
    let mut readback = pollster::block_on(run.readback()).unwrap();
    let texture = gpu.device().create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d {
            width: 8,
            height: 8,
            depth_or_array_layers: 1,
        },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba8Unorm,
        usage: wgpu::TextureUsages::COPY_DST | wgpu::TextureUsages::TEXTURE_BINDING,
        view_formats: &[],
    });
    gpu.queue().submit([]);
    gpu.device()
        .poll(wgpu::PollType::wait_indefinitely())
        .unwrap();
    let before = Held::by(&gpu);
    let dispatches = run.recording().dispatches.len() as isize;
    assert!(before.bind_groups >= dispatches, "{before:?}");
    assert!(before.pipelines > 5 && before.buffers > 10, "{before:?}");

    let mut watch = Watch::new(&gpu, &texture);
    assert!(watch.is_as_before());
    drop(pollster::block_on(run.readback()));
    assert!(!watch.is_as_before(), "a buffer made and dropped is seen");

    let origin = wgpu::Origin3d::ZERO;
    let mut last = Vec::new();
    while !run.is_done() {
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        assert_eq!(run.record(&mut encoder, 7), 7);
        assert!(watch.is_as_before(), "recorded in part");
        assert!(run.record_work(&mut encoder, run.work_of_step() / 3) > 0);
        assert!(watch.is_as_before(), "recorded by work");
        run.record_step(&mut encoder);
        assert!(watch.is_as_before(), "recorded to the step's end");
        for shown in [Shown::X, Shown::XStart] {
            run.paint(&mut encoder, shown, 0, &texture, origin).unwrap();
            assert!(watch.is_as_before(), "painted");
        }
        run.read_x_start(&mut encoder, &readback);
        run.read_x(&mut encoder, &readback);
        assert!(watch.is_as_before(), "copied");
        assert_eq!(readback.take(), Ok(None), "nothing was asked for");
        gpu.queue().submit([encoder.finish()]);
        assert!(watch.is_as_before(), "submitted");
        readback.map();
        while last.is_empty() {
            gpu.device().poll(wgpu::PollType::Poll).unwrap();
            last = readback.take().unwrap().unwrap_or_default();
        }
        let x = std::mem::take(&mut last);
        assert_eq!(x.len(), 3 * SIDE * SIDE);
        assert!(x.iter().all(|&bits| f32::from_bits(bits).is_finite()));
        assert!(watch.is_as_before(), "read");
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
    assert_eq!((limit, had), (Limit::StorageBinding, 1 << 17));
    assert!(wanted > had && what.ends_with("weight"), "{what}: {wanted}");

    // Weights that fit, a tensor that does not.
    let config = UnetConfig::new(1, 32);
    let graph = config.graph(2, ImageSize::square(64)).unwrap();
    let low = host(|limits| limits.max_storage_buffer_binding_size = 1 << 18);
    let numbers = vec![0.0; graph.weights_len()];
    let stored =
        DeviceWeights::upload_blocking(&low, &graph, Weights::F32(&numbers), Precision::Full)
            .unwrap();
    let refused = DeviceNetwork::new_blocking(&low, &graph, &stored).err();
    let Some(GpuError::Limit {
        limit, wanted, had, ..
    }) = refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!((limit, had), (Limit::StorageBinding, 1 << 18));
    // The largest: two tensors beside each other.
    assert_eq!(wanted, 4 * 2 * (64 + 32) * 64 * 64);
}

/// Another network's sampler: the channels of the variance are missing.
#[test]
fn sampler_and_network_must_agree() {
    let process = process();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    let graph = UnetConfig::new(3, 32)
        .graph(2, ImageSize::square(8))
        .unwrap();
    let numbers = vec![0.0; graph.weights_len()];
    let numbers = Weights::F32(&numbers);
    let stored = DeviceWeights::upload_blocking(gpu(), &graph, numbers, Precision::Full).unwrap();
    let mut batch = samples([0, 1]);
    batch.iter_mut().for_each(|sample| sample.label = None);
    let source = NoiseSource::Philox;
    let refused =
        DeviceGeneration::new_blocking(gpu(), &graph, &stored, &sampler, &batch, source).err();
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

/// Weights of another network with as many parameters, which would be bound where they do not lie.
#[test]
fn weights_and_network_must_agree() {
    let graph = |multipliers: &[usize]| {
        let config = UnetConfig::new(3, 32).with_multipliers(multipliers);
        config.graph(1, ImageSize::square(8)).unwrap()
    };
    let (graph, other) = (graph(&[1, 2]), graph(&[1, 3]));
    assert_eq!(graph.params().len(), other.params().len());
    let stored = DeviceWeights::zeros(gpu(), &other, Precision::Full);
    let stored = pollster::block_on(stored).unwrap();
    let refused = DeviceNetwork::new_blocking(gpu(), &graph, &stored).err();
    let mut pairs = graph.params().iter().zip(other.params());
    let index = pairs.position(|(param, other)| param.shape != other.shape);
    let (what, index) = ("parameter", index.unwrap());
    let wrong = GraphError::NoPlace { what, index };
    assert_eq!(refused, Some(GpuError::Graph(wrong)));
}

/// Where it is known what the device has, that must be there: otherwise fewer variants would be tested, and
/// nobody told.
#[test]
fn the_device_has_what_it_is_known_for() {
    let features = gpu().device().features();
    let has = [
        gpu().matrices().is_some(),
        features.contains(wgpu::Features::SHADER_F16),
        features.contains(wgpu::Features::SUBGROUP),
    ];
    let variants = Variants::all(gpu().device(), gpu().matrices());
    println!(
        "matrices, f16, subgroups: {has:?}; {} variants",
        variants.len()
    );
    if std::env::var_os("IDDPM_TEST_EXPECT_MATRICES").is_some() {
        assert_eq!(has, [true; 3]);
        assert_eq!(variants.len(), 5);
    }
}

/// A machine without an adapter must fail these tests, not pass over them. The program is named by its
/// first argument: where it runs under a loader of its own, that is not the current executable.
#[test]
fn without_an_adapter_the_tests_fail() {
    let mut child = Command::new(std::env::args_os().next().unwrap());
    let test = "host::the_device_has_what_it_is_known_for";
    child.args(["--exact", test, "--nocapture"]);
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
