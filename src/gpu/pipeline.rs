//! Kernels compiled for a device, each once.

use std::string::ToString;
use std::sync::{Arc, PoisonError};
use std::vec::Vec;

use super::device::Gpu;
use super::error::GpuError;
use super::kernels::{Access, COMMON, Kernel};

/// A compiled kernel.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) pipeline: wgpu::ComputePipeline,
    pub(crate) layout: wgpu::BindGroupLayout,
}

/// The compiled kernel, from those of the device where it is there already.
pub(crate) async fn pipeline(
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
