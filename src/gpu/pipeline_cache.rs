//! Kernels as the driver compiled them, kept from one start of a program to the next, where wgpu can: on Vulkan.

#![allow(unsafe_code)]

use std::sync::{Mutex, PoisonError};
use std::vec::Vec;

use super::arrival::at_once;
use super::store::Store;

/// What it is called in a device's folder.
const KIND: &str = "pipelines";

/// The driver's memory of kernels that it has compiled, and where it is kept.
#[derive(Debug)]
pub(super) struct PipelineCache {
    cache: wgpu::PipelineCache,
    store: Store,
    /// What lies there.
    kept: Mutex<Vec<u8>>,
}

impl PipelineCache {
    /// What was kept of this device, or nothing yet; none where the device was made without the feature for it.
    pub(super) fn open(device: &wgpu::Device, store: Store) -> Option<Self> {
        if !device.features().contains(wgpu::Features::PIPELINE_CACHE) {
            return None;
        }
        let kept = store.read(KIND).unwrap_or_default();
        let known = (!kept.is_empty()).then(|| make(device, Some(&kept)));
        let cache = known.flatten().or_else(|| make(device, None))?;
        let kept = Mutex::new(kept);
        Some(Self { cache, store, kept })
    }

    pub(super) const fn cache(&self) -> &wgpu::PipelineCache {
        &self.cache
    }

    /// Keeps what the driver knows by now, where it is more than was known.
    pub(super) fn keep(&self) {
        let Some(known) = self.cache.get_data() else {
            return;
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if *kept != known {
            self.store.keep(KIND, &known);
            *kept = known;
        }
    }
}

/// The driver's memory with what was kept of it. What it does not take is none, and an error of nobody's.
fn make(device: &wgpu::Device, data: Option<&[u8]>) -> Option<wgpu::PipelineCache> {
    let memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
    let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
    let descriptor = wgpu::PipelineCacheDescriptor {
        label: Some("iddpm"),
        data,
        fallback: true,
    };
    // SAFETY: the data must be what `get_data` gave. `PipelineCache::keep` hands nothing else to the store, under a name
    // of its own, and the store gives back only what has the digest that it wrote before it, which is of this adapter and
    // this driver. A file whose bytes somebody made so on purpose is no mistake: who may write to the program's folder may
    // run what he likes anyway.
    let cache = unsafe { device.create_pipeline_cache(&descriptor) };
    let (validation, memory) = (validation.pop(), memory.pop());
    let errors = [at_once(validation), at_once(memory)];
    errors
        .iter()
        .all(|error| matches!(error, Some(None)))
        .then_some(cache)
}
