//! Kernels compiled for a device, each once.

use std::collections::{HashMap, HashSet};
use std::string::ToString;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

use super::error::GpuError;
use super::experimental::kernel_module;
use super::kernels::{Access, Dialect, Form, Kernel};
use super::pipeline_cache::PipelineCache;
use super::spread::spread;
use super::store::Store;

/// A compiled kernel.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) pipeline: wgpu::ComputePipeline,
    pub(crate) layout: wgpu::BindGroupLayout,
}

/// The kernels that were compiled for a device so far, by address, which no two have in common, and form.
#[derive(Debug, Default)]
pub(crate) struct Pipelines {
    known: Mutex<HashMap<Key, Arc<Pipeline>>>,
    cache: Option<PipelineCache>,
}

/// What a kernel's pipeline is known by.
type Key = (usize, Form);

impl Pipelines {
    /// None yet; what the driver makes of them is kept for other starts, where it can be.
    pub(super) fn kept(device: &wgpu::Device, store: Store) -> Self {
        Self {
            known: Mutex::default(),
            cache: PipelineCache::open(device, store),
        }
    }

    /// The compiled kernels in their forms, in this order. Those that are not there yet are compiled on all threads, each
    /// once; an error is that of the first.
    pub(crate) async fn get(
        &self,
        device: &wgpu::Device,
        wanted: &[(&'static Kernel, Form)],
    ) -> Result<Vec<Arc<Pipeline>>, GpuError> {
        let missing = self.missing(wanted);
        let cache = self.cache.as_ref().map(PipelineCache::cache);
        let compile = |&(kernel, form): &_| compile(device, kernel, form, cache);
        let compiled = match device.adapter_info().backend {
            // One thread at a time has its context, and gives up where it waits for long.
            wgpu::Backend::Gl => missing.iter().map(compile).collect(),
            _ => spread(&missing, compile),
        };
        for (&(kernel, form), (pipeline, error)) in missing.iter().zip(compiled) {
            if let Some(error) = error.await {
                return Err(GpuError::ShaderRejected {
                    kernel: kernel.name,
                    message: error.to_string(),
                });
            }
            let mut known = self.lock();
            let known = known.entry(key(kernel, form));
            known.or_insert_with(|| Arc::new(pipeline));
        }
        if let Some(cache) = self.cache.as_ref().filter(|_| !missing.is_empty()) {
            cache.keep();
        }
        let known = self.lock();
        let of = |&(kernel, form): &_| known.get(&key(kernel, form)).cloned();
        let all: Vec<_> = wanted.iter().filter_map(of).collect();
        debug_assert_eq!(all.len(), wanted.len(), "none is ever taken out");
        Ok(all)
    }

    /// Those of the wanted that were not compiled yet, each once.
    fn missing(&self, wanted: &[(&'static Kernel, Form)]) -> Vec<(&'static Kernel, Form)> {
        let known = self.lock();
        let mut seen = HashSet::new();
        let is_new = |&&(kernel, form): &&_| {
            let key = key(kernel, form);
            !known.contains_key(&key) && seen.insert(key)
        };
        wanted.iter().filter(is_new).copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Arc<Pipeline>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(kernel: &'static Kernel, form: Form) -> Key {
    (core::ptr::from_ref(kernel).addr(), form)
}

/// Compiles a kernel, within scopes of errors that are this thread's; what the device says of it may come later.
fn compile(
    device: &wgpu::Device,
    kernel: &'static Kernel,
    form: Form,
    cache: Option<&wgpu::PipelineCache>,
) -> (Pipeline, impl Future<Output = Option<wgpu::Error>>) {
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
        cache,
    });
    let (validation, internal) = (validation.pop(), internal.pop());
    let error = async { validation.await.or(internal.await) };
    (Pipeline { pipeline, layout }, error)
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::sync::Arc;
    use std::vec::Vec;
    use std::{assert, assert_eq};

    use super::{Form, Pipelines};
    use crate::gpu::KERNELS;
    use crate::gpu::adapters::choose;

    /// Each kernel once, in the order of who asks.
    #[test]
    fn a_kernel_is_compiled_once() {
        let adapter = pollster::block_on(choose()).unwrap();
        let device = adapter.request_device(&wgpu::DeviceDescriptor::default());
        let (device, _) = pollster::block_on(device).unwrap();
        let pipelines = Pipelines::default();
        let forms = KERNELS.iter().filter(|kernel| kernel.forms().len() == 1);
        let wanted: Vec<_> = forms.map(|&kernel| (kernel, Form::default())).collect();
        assert!(wanted.len() > 9);
        let twice = [&wanted[..], &wanted].concat();
        let get = |wanted| pollster::block_on(pipelines.get(&device, wanted)).unwrap();
        let (first, again) = (get(&twice), get(&wanted));
        assert_eq!((first.len(), again.len()), (twice.len(), wanted.len()));
        let (one, other) = first.split_at(wanted.len());
        for ((one, other), again) in one.iter().zip(other).zip(&again) {
            assert!(Arc::ptr_eq(one, other) && Arc::ptr_eq(one, again));
        }
        let distinct = one.iter().enumerate().all(|(at, pipeline)| {
            let mut others = one.iter().skip(at + 1);
            others.all(|other| !Arc::ptr_eq(pipeline, other))
        });
        assert!(distinct);
    }
}
