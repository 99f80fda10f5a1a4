//! The one file that runs wgpu commands: a recording becomes buffers, pipelines and bind groups, once;
//! then any stretch of it can be encoded, as often as one likes, without making anything.

use core::ops::Range;
use std::string::{String, ToString};
use std::sync::{Arc, PoisonError, mpsc};
use std::vec::Vec;

use super::device::{Gpu, error_of};
use super::error::GpuError;
use super::kernels::{Access, COMMON, Kernel};
use super::recording::{ALIGNMENT, Binding, Contents, Dispatch, Recording, grid};
use super::weights::{Precision, WeightPlan};
use crate::unet::{Graph, Weights};

/// A compiled kernel.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pipeline: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
}

/// A network's weights on a device, shared by everything that runs it there.
#[derive(Debug, Clone)]
pub struct DeviceWeights {
    plan: WeightPlan,
    buffers: Vec<wgpu::Buffer>,
}

impl DeviceWeights {
    /// Brings all parameters of a graph to the device.
    ///
    /// # Errors
    /// [`GpuError::Length`], [`GpuError::Limit`], [`GpuError::OutOfMemory`].
    pub async fn upload(
        gpu: &Gpu,
        graph: &Graph,
        weights: Weights<'_>,
        precision: Precision,
    ) -> Result<Self, GpuError> {
        let limit = gpu.limits().max_storage_buffer_binding_size;
        let plan = WeightPlan::new(graph, precision, limit.min(gpu.limits().max_buffer_size))?;
        let mut buffers = Vec::new();
        for (at, &bytes) in plan.buffers().iter().enumerate() {
            buffers.push(make_buffer(gpu, &std::format!("weights {at}"), bytes).await?);
        }
        plan.for_each(weights, |place, words| {
            if let Some(buffer) = buffers.get(place.buffer) {
                gpu.queue()
                    .write_buffer(buffer, place.offset, bytemuck::cast_slice(words));
            }
        })?;
        Ok(Self { plan, buffers })
    }

    /// [`upload`](Self::upload), waiting for it.
    ///
    /// # Errors
    /// Those of [`upload`](Self::upload).
    pub fn upload_blocking(
        gpu: &Gpu,
        graph: &Graph,
        weights: Weights<'_>,
        precision: Precision,
    ) -> Result<Self, GpuError> {
        pollster::block_on(Self::upload(gpu, graph, weights, precision))
    }

    /// Those of no network.
    pub(crate) fn none() -> Self {
        Self {
            plan: WeightPlan::none(),
            buffers: Vec::new(),
        }
    }

    /// Where each parameter lies.
    pub const fn plan(&self) -> &WeightPlan {
        &self.plan
    }
}

/// A recording on a device.
#[derive(Debug)]
pub(crate) struct Program {
    recording: Recording,
    buffers: Vec<wgpu::Buffer>,
    steps: Vec<Prepared>,
}

/// A dispatch, ready.
#[derive(Debug)]
struct Prepared {
    pipeline: Arc<Pipeline>,
    group: wgpu::BindGroup,
    grid: [u32; 3],
}

impl Program {
    /// Makes everything that the recording needs.
    pub(crate) async fn new(
        gpu: &Gpu,
        recording: Recording,
        weights: &DeviceWeights,
    ) -> Result<Self, GpuError> {
        if let Some(message) = recording.mistake() {
            let what = "a recording".into();
            return Err(GpuError::Refused { what, message });
        }
        let buffers = make_buffers(gpu, &recording, weights).await?;
        let params = make_params(gpu, &recording).await?;
        let half = weights.plan.precision() == Precision::Half;

        let scope = gpu.device().push_error_scope(wgpu::ErrorFilter::Validation);
        let mut pipelines = Vec::new();
        for dispatch in &recording.dispatches {
            pipelines.push(pipeline(gpu, dispatch.kernel, half).await?);
        }
        let mut steps = Vec::new();
        for (at, (dispatch, pipeline)) in recording.dispatches.iter().zip(pipelines).enumerate() {
            steps.push(Prepared {
                group: bind_group(gpu, &pipeline, dispatch, &buffers, (&params, at)),
                grid: grid_of(gpu, dispatch)?,
                pipeline,
            });
        }
        if let Some(error) = scope.pop().await {
            return Err(error_of(error, "a bind group"));
        }
        Ok(Self {
            recording,
            buffers,
            steps,
        })
    }

    /// What runs.
    pub(crate) const fn recording(&self) -> &Recording {
        &self.recording
    }

    /// Encodes a stretch of the dispatches, in one compute pass.
    pub(crate) fn encode(&self, encoder: &mut wgpu::CommandEncoder, range: Range<usize>) {
        let steps = self.steps.get(range).unwrap_or_default();
        if steps.is_empty() {
            return;
        }
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        for step in steps {
            let [x, y, z] = step.grid;
            pass.set_pipeline(&step.pipeline.pipeline);
            pass.set_bind_group(0, &step.group, &[]);
            pass.dispatch_workgroups(x, y, z);
        }
    }

    /// Encodes a copy of `bytes` from within one buffer to the beginning of another.
    pub(crate) fn copy(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        (from, offset): (Binding, u64),
        to: Binding,
        bytes: u64,
    ) {
        if let (Some(source), Some(target)) = (self.buffer(from), self.buffer(to)) {
            encoder.copy_buffer_to_buffer(source, from.offset + offset, target, to.offset, bytes);
        }
    }

    /// Writes from the beginning of a binding, before whatever is submitted next.
    pub(crate) fn write(&self, gpu: &Gpu, binding: Binding, words: &[u32]) {
        if let Some(buffer) = self.buffer(binding) {
            let bytes = bytemuck::cast_slice(words);
            gpu.queue().write_buffer(buffer, binding.offset, bytes);
        }
    }

    /// Fills every buffer that a dispatch may write with NaN.
    pub(crate) fn poison(&self, gpu: &Gpu) {
        for (buffer, described) in self.buffers.iter().zip(&self.recording.buffers) {
            if described.contents == Contents::Workspace {
                let nan = std::vec![f32::NAN.to_bits(); (described.bytes / 4) as usize];
                gpu.queue()
                    .write_buffer(buffer, 0, bytemuck::cast_slice(&nan));
            }
        }
    }

    /// A binding's buffer.
    pub(crate) fn buffer(&self, binding: Binding) -> Option<&wgpu::Buffer> {
        self.buffers.get(binding.buffer.index())
    }

    /// Bytes of all its buffers but the weights.
    pub(crate) fn bytes(&self) -> u64 {
        let own = self.recording.buffers.iter();
        let own = own.filter(|buffer| !matches!(buffer.contents, Contents::Weights(_)));
        own.map(|buffer| buffer.bytes).sum()
    }
}

async fn make_buffers(
    gpu: &Gpu,
    recording: &Recording,
    weights: &DeviceWeights,
) -> Result<Vec<wgpu::Buffer>, GpuError> {
    let mut buffers = Vec::new();
    for described in &recording.buffers {
        let buffer = match &described.contents {
            Contents::Weights(at) => {
                weights
                    .buffers
                    .get(*at)
                    .cloned()
                    .ok_or_else(|| GpuError::Refused {
                        what: described.name.clone(),
                        message: "the weights are another network's".into(),
                    })?
            }
            Contents::Workspace => make_buffer(gpu, &described.name, described.bytes).await?,
            Contents::Constant(words) => {
                let buffer = make_buffer(gpu, &described.name, described.bytes).await?;
                gpu.queue()
                    .write_buffer(&buffer, 0, bytemuck::cast_slice(words));
                buffer
            }
        };
        buffers.push(buffer);
    }
    Ok(buffers)
}

/// The parameters of all dispatches, in one buffer, each at a multiple of [`ALIGNMENT`].
async fn make_params(gpu: &Gpu, recording: &Recording) -> Result<wgpu::Buffer, GpuError> {
    let mut words: Vec<u32> = Vec::new();
    for dispatch in &recording.dispatches {
        words.extend(&dispatch.params);
        words.resize(words.len().next_multiple_of(ALIGNMENT as usize / 4), 0);
    }
    let bytes = 4 * words.len().max(1) as u64;
    let buffer = make_buffer(gpu, "parameters of the dispatches", bytes).await?;
    gpu.queue()
        .write_buffer(&buffer, 0, bytemuck::cast_slice(&words));
    Ok(buffer)
}

async fn make_buffer(gpu: &Gpu, name: &str, bytes: u64) -> Result<wgpu::Buffer, GpuError> {
    let had = gpu.limits().max_buffer_size;
    if bytes > had {
        return Err(GpuError::Limit {
            limit: "max_buffer_size",
            what: name.into(),
            wanted: bytes,
            had,
        });
    }
    let memory = gpu
        .device()
        .push_error_scope(wgpu::ErrorFilter::OutOfMemory);
    let validation = gpu.device().push_error_scope(wgpu::ErrorFilter::Validation);
    gpu.count_object();
    let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: Some(name),
        size: bytes.next_multiple_of(4),
        usage: wgpu::BufferUsages::STORAGE
            | wgpu::BufferUsages::UNIFORM
            | wgpu::BufferUsages::COPY_SRC
            | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let (validation, memory) = (validation.pop(), memory.pop());
    let errors = [validation.await, memory.await];
    match errors.into_iter().flatten().next() {
        Some(error) => Err(error_of(error, name)),
        None => Ok(buffer),
    }
}

/// The compiled kernel, from those of the device where it is there already.
async fn pipeline(
    gpu: &Gpu,
    kernel: &'static Kernel,
    half: bool,
) -> Result<Arc<Pipeline>, GpuError> {
    let half = half && kernel.reads_weights();
    let key = (kernel.name, half);
    let known = gpu
        .pipelines
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&key)
        .cloned();
    if let Some(known) = known {
        return Ok(known);
    }
    let compiled = Arc::new(compile(gpu, kernel, half).await?);
    let mut pipelines = gpu.pipelines.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Arc::clone(pipelines.entry(key).or_insert(compiled)))
}

async fn compile(gpu: &Gpu, kernel: &'static Kernel, half: bool) -> Result<Pipeline, GpuError> {
    let device = gpu.device();
    let internal = device.push_error_scope(wgpu::ErrorFilter::Internal);
    let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
    let source = [COMMON, "\n", kernel.source].concat();
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(kernel.name),
        source: wgpu::ShaderSource::Wgsl(source.into()),
    });
    let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some(kernel.name),
        entries: &layout_entries(kernel),
    });
    let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(kernel.name),
        bind_group_layouts: &[Some(&layout)],
        immediate_size: 0,
    });
    let constants: &[(&str, f64)] = if half { &[("HALF", 1.0)] } else { &[] };
    gpu.count_object();
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(kernel.name),
        layout: Some(&pipeline_layout),
        module: &module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions {
            constants,
            // No kernel reads workgroup memory that it has not written.
            zero_initialize_workgroup_memory: false,
        },
        cache: None,
    });
    let (validation, internal) = (validation.pop(), internal.pop());
    let errors = [validation.await, internal.await];
    match errors.into_iter().flatten().next() {
        None => Ok(Pipeline { pipeline, layout }),
        Some(error) => Err(GpuError::ShaderRejected {
            kernel: kernel.name,
            message: error.to_string(),
        }),
    }
}

fn layout_entries(kernel: &Kernel) -> Vec<wgpu::BindGroupLayoutEntry> {
    let params = [wgpu::BufferBindingType::Uniform].into_iter();
    let bound = kernel.bindings.iter().map(|(_, access)| match access {
        Access::Step => wgpu::BufferBindingType::Uniform,
        Access::Read | Access::Weights => wgpu::BufferBindingType::Storage { read_only: true },
        Access::Write => wgpu::BufferBindingType::Storage { read_only: false },
    });
    let entry = |(binding, ty)| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty,
            has_dynamic_offset: false,
            min_binding_size: None,
        },
        count: None,
    };
    (0..).zip(params.chain(bound)).map(entry).collect()
}

fn bind_group(
    gpu: &Gpu,
    pipeline: &Pipeline,
    dispatch: &Dispatch,
    buffers: &[wgpu::Buffer],
    (params, at): (&wgpu::Buffer, usize),
) -> wgpu::BindGroup {
    let params = wgpu::BufferBinding {
        buffer: params,
        offset: at as u64 * ALIGNMENT,
        size: wgpu::BufferSize::new(4 * dispatch.params.len() as u64),
    };
    let bound = dispatch.bindings.iter().filter_map(|binding| {
        Some(wgpu::BufferBinding {
            buffer: buffers.get(binding.buffer.index())?,
            offset: binding.offset,
            size: wgpu::BufferSize::new(binding.bytes),
        })
    });
    let entries: Vec<wgpu::BindGroupEntry<'_>> = (0..)
        .zip([params].into_iter().chain(bound))
        .map(|(binding, buffer)| wgpu::BindGroupEntry {
            binding,
            resource: wgpu::BindingResource::Buffer(buffer),
        })
        .collect();
    gpu.count_object();
    gpu.device().create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some(&dispatch.name),
        layout: &pipeline.layout,
        entries: &entries,
    })
}

/// The grid of a dispatch, and the checks of the device's limits.
fn grid_of(gpu: &Gpu, dispatch: &Dispatch) -> Result<[u32; 3], GpuError> {
    let limits = gpu.limits();
    let limit = |limit, wanted, had| GpuError::Limit {
        limit,
        what: dispatch.name.clone(),
        wanted,
        had,
    };
    let largest = dispatch
        .bindings
        .iter()
        .map(|binding| binding.bytes)
        .max()
        .unwrap_or(0);
    let had = limits.max_storage_buffer_binding_size;
    if largest > had {
        return Err(limit("max_storage_buffer_binding_size", largest, had));
    }
    let workgroup = dispatch.kernel.workgroup;
    let had = limits.max_compute_invocations_per_workgroup;
    if workgroup > had {
        let (wanted, had) = (u64::from(workgroup), u64::from(had));
        return Err(limit("max_compute_invocations_per_workgroup", wanted, had));
    }
    let most = limits.max_compute_workgroups_per_dimension;
    grid(dispatch.workgroups, most).ok_or_else(|| {
        let name = "max_compute_workgroups_per_dimension";
        limit(name, dispatch.workgroups.isqrt(), u64::from(most))
    })
}

/// Numbers on their way from the device to the host.
///
/// 1. A copy into it is recorded into an encoder, which is then submitted.
/// 2. [`map`](Self::map) asks for the numbers.
/// 3. Once the device has been polled often enough, [`take`](Self::take) yields them.
#[derive(Debug)]
pub struct Readback {
    what: String,
    buffer: wgpu::Buffer,
    mapped: Option<mpsc::Receiver<Result<(), wgpu::BufferAsyncError>>>,
}

impl Readback {
    pub(crate) async fn new(gpu: &Gpu, what: &str, bytes: u64) -> Result<Self, GpuError> {
        let memory = gpu
            .device()
            .push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        gpu.count_object();
        let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
            label: Some(what),
            size: bytes,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        if let Some(error) = memory.pop().await {
            return Err(error_of(error, what));
        }
        Ok(Self {
            what: what.into(),
            buffer,
            mapped: None,
        })
    }

    /// Records a copy of some stretches, one after the other.
    pub(crate) fn copy(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        parts: &[(&wgpu::Buffer, Binding)],
    ) {
        let mut to = 0;
        for (source, binding) in parts {
            let (offset, bytes) = (binding.offset, binding.bytes);
            encoder.copy_buffer_to_buffer(source, offset, &self.buffer, to, bytes);
            to += bytes;
        }
    }

    /// Asks for the numbers. Call it once what was recorded is submitted.
    pub fn map(&mut self) {
        let (sender, receiver) = mpsc::channel();
        self.buffer
            .map_async(wgpu::MapMode::Read, .., move |result| {
                // The receiver may be gone: nobody waits any more.
                drop(sender.send(result));
            });
        self.mapped = Some(receiver);
    }

    /// The numbers, as the bits of f32, or `None` while they are on their way.
    ///
    /// # Errors
    /// [`GpuError::DeviceLost`].
    pub fn take(&mut self) -> Result<Option<Vec<u32>>, GpuError> {
        let Some(mapped) = &self.mapped else {
            return Ok(None);
        };
        let lost = |message: String| GpuError::DeviceLost { message };
        match mapped.try_recv() {
            Err(mpsc::TryRecvError::Empty) => return Ok(None),
            Err(error) => return Err(lost(std::format!("{}: {error}", self.what))),
            Ok(Err(error)) => return Err(lost(std::format!("{}: {error}", self.what))),
            Ok(Ok(())) => {}
        }
        let view = self
            .buffer
            .get_mapped_range(..)
            .map_err(|error| lost(error.to_string()))?;
        let words = bytemuck::pod_collect_to_vec(&view);
        drop(view);
        self.buffer.unmap();
        self.mapped = None;
        Ok(Some(words))
    }
}

/// The words of some stretches, waiting for them.
pub(crate) fn read_blocking(
    gpu: &Gpu,
    what: &str,
    parts: &[(&wgpu::Buffer, Binding)],
) -> Result<Vec<u32>, GpuError> {
    let descriptor = wgpu::CommandEncoderDescriptor::default();
    let mut encoder = gpu.device().create_command_encoder(&descriptor);
    let bytes = parts.iter().map(|(_, binding)| binding.bytes).sum();
    let mut readback = pollster::block_on(Readback::new(gpu, what, bytes))?;
    readback.copy(&mut encoder, parts);
    let submission = gpu.queue().submit([encoder.finish()]);
    readback.map();
    gpu.wait_blocking(Some(submission))?;
    gpu.check()?;
    loop {
        if let Some(words) = readback.take()? {
            return Ok(words);
        }
        // Another thread polls the same device, and has not yet handed on what it was told.
        std::thread::yield_now();
        gpu.wait_blocking(None)?;
    }
}
