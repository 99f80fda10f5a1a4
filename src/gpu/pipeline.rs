//! Kernels compiled for a device, each once.

use std::collections::HashMap;
use std::string::ToString;
use std::sync::{Arc, Mutex, PoisonError};
use std::vec::Vec;

use super::error::GpuError;
use super::experimental::kernel_module;
use super::kernels::{Access, Dialect, Form, Kernel};

/// A compiled kernel.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) pipeline: wgpu::ComputePipeline,
    pub(crate) layout: wgpu::BindGroupLayout,
}

/// The kernels that were compiled for a device so far, by address, which no two have in common, and form.
#[derive(Debug, Default)]
pub(crate) struct Pipelines(Mutex<HashMap<(usize, Form), Arc<Pipeline>>>);

impl Pipelines {
    /// The compiled kernel, from those that are there where it is among them already.
    pub(crate) async fn get(
        &self,
        device: &wgpu::Device,
        kernel: &'static Kernel,
        form: Form,
    ) -> Result<Arc<Pipeline>, GpuError> {
        let Self(compiled) = self;
        let key = (core::ptr::from_ref(kernel).addr(), form);
        let lock = || compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let pipeline = Arc::new(compile(device, kernel, form).await?);
        Ok(Arc::clone(lock().entry(key).or_insert(pipeline)))
    }
}

async fn compile(
    device: &wgpu::Device,
    kernel: &'static Kernel,
    form: Form,
) -> Result<Pipeline, GpuError> {
    let internal = device.push_error_scope(wgpu::ErrorFilter::Internal);
    let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
    let dialect = match device.adapter_info().backend {
        wgpu::Backend::BrowserWebGpu => Dialect::Browser,
        wgpu::Backend::Metal => Dialect::Metal,
        wgpu::Backend::Noop | wgpu::Backend::Vulkan | wgpu::Backend::Dx12 | wgpu::Backend::Gl => {
            Dialect::Native
        }
    };
    let descriptor = wgpu::ShaderModuleDescriptor {
        label: Some(kernel.name),
        source: wgpu::ShaderSource::Wgsl(kernel.text(form, dialect).into()),
    };
    let module = kernel_module(device, descriptor);
    let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some(kernel.name),
        entries: &layout_entries(kernel),
    });
    let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(kernel.name),
        bind_group_layouts: &[Some(&layout)],
        immediate_size: 0,
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(kernel.name),
        layout: Some(&pipeline_layout),
        module: &module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions {
            // No kernel reads workgroup memory that it has not written.
            zero_initialize_workgroup_memory: false,
            ..wgpu::PipelineCompilationOptions::default()
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
        Access::Read | Access::Weights | Access::Activations => {
            wgpu::BufferBindingType::Storage { read_only: true }
        }
        Access::Write | Access::Result => wgpu::BufferBindingType::Storage { read_only: false },
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
