//! What encoding costs: on wgpu's backend that does nothing, so that the host's part alone is timed.

use std::collections::HashMap;
use std::num::NonZero;
use std::time::Instant;

use iddpm::checkpoint::Preset;
use iddpm::diffusion::{Clip, InlineProcess, Method, Noise, Sample, Sampler, Timesteps, WeightSet};
use iddpm::gpu::{
    ALIGNMENT, Access, DeviceGeneration, DeviceWeights, Dispatch, Gpu, NoiseSource, Precision,
    Recording, wgpu,
};

/// Steps before any is timed, and steps of which the median counts.
const WARM: usize = 20;
const TIMED: usize = 200;
const STEPS: usize = 250;

/// Prints what a dispatch of a step takes to encode, beside as many that do nothing: bound as the step's are, which is what
/// wgpu takes for them whoever records, and all with one group of one buffer.
///
/// The step is one of sampling from CIFAR-10's model, a batch of one, by the kernels of a GPU without more than WebGPU's
/// defaults.
pub(crate) fn print() {
    let gpu = pollster::block_on(no_device());
    let description = Preset::Cifar10Uncond.describe(WeightSet::Raw, 0).unwrap();
    let graph = description.unet.graph(1, description.size).unwrap();
    let weights = DeviceWeights::zeros(&gpu, &graph, Precision::Full);
    let weights = pollster::block_on(weights).unwrap();
    let process =
        InlineProcess::<STEPS>::new(&description.card.diffusion, Timesteps::even(STEPS as u32));
    let process = process.unwrap();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    let sample = Sample {
        noise: Noise::new(0),
        number: 0,
        label: None,
    };
    let source = NoiseSource::Philox;
    let mut run =
        DeviceGeneration::new_blocking(&gpu, &graph, &weights, &sampler, &[sample], source)
            .unwrap();
    // The first step draws the noise besides.
    let first = run.record_step(&mut encoder(&gpu));
    let mut count = 0;
    let step = median(&gpu, |encoder| count = run.record_step(encoder));
    let recording = run.recording();
    let dispatches = &recording.dispatches[first - count..first];
    let bound = Bare::bound_as(&gpu, recording, dispatches);
    let bound = median(&gpu, |encoder| bound.encode(encoder));
    let bare = Bare::of_one_group(&gpu, count);
    let bare = median(&gpu, |encoder| bare.encode(encoder));

    let bindings: usize = dispatches.iter().map(|it| it.bindings.len() + 1).sum();
    let (count, mean) = (count as f64, bindings as f64 / count as f64);
    println!("{count} dispatches of {mean:.1} buffers each, in microseconds a dispatch:");
    println!("                                     recorded   finished  submitted");
    let rows = [
        ("a step", step),
        ("as many that do nothing, bound as it", bound),
        ("as many that do nothing, one group", bare),
    ];
    for (name, time) in rows {
        let [recorded, finished, submitted] =
            [time.recorded, time.finished, time.submitted].map(|seconds| 1e6 * seconds / count);
        println!("{name:<36} {recorded:>8.3} {finished:>10.3} {submitted:>10.3}");
    }
    let whole = |time: Time| time.recorded + time.finished;
    println!(
        "recorded and finished, a step is {:.2} times the first, {:.2} times the second",
        whole(step) / whole(bound),
        whole(step) / whole(bare)
    );
}

/// A device that does nothing, with what WebGPU's defaults are, for which kernels are chosen as for a GPU.
async fn no_device() -> Gpu {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::NOOP;
    descriptor.backend_options.noop = wgpu::NoopBackendOptions {
        enable: true,
        limits: Some(wgpu::Limits::default()),
        features: Some(wgpu::Features::empty()),
        device_type: Some(wgpu::DeviceType::DiscreteGpu),
        ..wgpu::NoopBackendOptions::default()
    };
    let instance = wgpu::Instance::new(descriptor);
    let options = wgpu::RequestAdapterOptions::default();
    let adapter = instance.request_adapter(&options).await.unwrap();
    Gpu::create_on(&adapter).await.unwrap()
}

fn encoder(gpu: &Gpu) -> wgpu::CommandEncoder {
    let descriptor = wgpu::CommandEncoderDescriptor::default();
    gpu.device().create_command_encoder(&descriptor)
}

/// Seconds of the parts of what a host does for a step.
#[derive(Clone, Copy)]
struct Time {
    /// Putting it into an encoder.
    recorded: f64,
    /// Making commands of it, which is where wgpu checks it.
    finished: f64,
    submitted: f64,
}

fn median(gpu: &Gpu, mut record: impl FnMut(&mut wgpu::CommandEncoder)) -> Time {
    let mut times = Vec::new();
    for _ in 0..WARM + TIMED {
        let mut encoder = encoder(gpu);
        let begun = Instant::now();
        record(&mut encoder);
        let recorded = begun.elapsed().as_secs_f64();
        let commands = encoder.finish();
        let finished = begun.elapsed().as_secs_f64();
        gpu.queue().submit([commands]);
        let submitted = begun.elapsed().as_secs_f64();
        gpu.device().poll(wgpu::PollType::Poll).unwrap();
        times.push([recorded, finished - recorded, submitted - finished]);
    }
    times.drain(..WARM);
    let middle = |part: usize| {
        times.sort_by(|a, b| a[part].total_cmp(&b[part]));
        times[TIMED / 2][part]
    };
    let [recorded, finished, submitted] = [0, 1, 2].map(middle);
    Time {
        recorded,
        finished,
        submitted,
    }
}

/// Dispatches that do nothing, each with its pipeline and what it is bound to.
struct Bare {
    dispatches: Vec<(wgpu::ComputePipeline, wgpu::BindGroup)>,
}

impl Bare {
    /// So many of one pipeline and one group of one buffer.
    fn of_one_group(gpu: &Gpu, count: usize) -> Self {
        let buffer = buffer(gpu, 256);
        let whole = buffer.as_entire_buffer_binding();
        let (layout, pipeline) = nothing(gpu, [Access::Write].into_iter());
        let group = group(gpu, &layout, [whole].into_iter());
        Self {
            dispatches: vec![(pipeline, group); count],
        }
    }

    /// Those of a recording, with kernels that do nothing, bound as they are: what wgpu takes for them whoever records.
    fn bound_as(gpu: &Gpu, recording: &Recording, dispatches: &[Dispatch]) -> Self {
        let buffers: Vec<_> = recording
            .buffers
            .iter()
            .map(|described| buffer(gpu, described.bytes))
            .collect();
        let params = buffer(gpu, ALIGNMENT * dispatches.len() as u64);
        let mut pipelines = HashMap::new();
        let dispatches = (0..).zip(dispatches).map(|(at, dispatch)| {
            let bindings = dispatch.kernel.bindings.iter().map(|&(_, access)| access);
            let accesses = [Access::Step].into_iter().chain(bindings);
            let (layout, pipeline) = pipelines
                .entry((dispatch.kernel.name, dispatch.form))
                .or_insert_with(|| nothing(gpu, accesses));
            let params = wgpu::BufferBinding {
                buffer: &params,
                offset: ALIGNMENT * at,
                size: NonZero::new(4 * dispatch.params.len() as u64),
            };
            let bound = dispatch.bindings.iter().map(|binding| wgpu::BufferBinding {
                buffer: &buffers[binding.buffer.index()],
                offset: binding.offset,
                size: NonZero::new(binding.bytes),
            });
            let group = group(gpu, layout, [params].into_iter().chain(bound));
            (pipeline.clone(), group)
        });
        Self {
            dispatches: dispatches.collect(),
        }
    }

    fn encode(&self, encoder: &mut wgpu::CommandEncoder) {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        for (pipeline, group) in &self.dispatches {
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, group, &[]);
            pass.dispatch_workgroups(1, 1, 1);
        }
    }
}

fn buffer(gpu: &Gpu, size: u64) -> wgpu::Buffer {
    gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size,
        usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::UNIFORM,
        mapped_at_creation: false,
    })
}

/// A kernel that does nothing with bindings of these kinds.
fn nothing(
    gpu: &Gpu,
    accesses: impl Iterator<Item = Access>,
) -> (wgpu::BindGroupLayout, wgpu::ComputePipeline) {
    let device = gpu.device();
    let entries: Vec<_> = (0..)
        .zip(accesses)
        .map(|(binding, access)| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: match (access, access.writes()) {
                    (Access::Step, _) => wgpu::BufferBindingType::Uniform,
                    (_, writes) => wgpu::BufferBindingType::Storage { read_only: !writes },
                },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        })
        .collect();
    let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: None,
        entries: &entries,
    });
    let text = "@compute @workgroup_size(64) fn main() {}";
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(text.into()),
    });
    let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: None,
        bind_group_layouts: &[Some(&layout)],
        immediate_size: 0,
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: Some(&pipeline_layout),
        module: &module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions::default(),
        cache: None,
    });
    (layout, pipeline)
}

fn group<'a>(
    gpu: &Gpu,
    layout: &wgpu::BindGroupLayout,
    bound: impl Iterator<Item = wgpu::BufferBinding<'a>>,
) -> wgpu::BindGroup {
    let entries: Vec<_> = (0..)
        .zip(bound)
        .map(|(binding, buffer)| wgpu::BindGroupEntry {
            binding,
            resource: wgpu::BindingResource::Buffer(buffer),
        })
        .collect();
    gpu.device().create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout,
        entries: &entries,
    })
}
