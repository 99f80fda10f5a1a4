//! What a device holds.

use iddpm::gpu::Gpu;

/// What a device holds, by wgpu's own count.
#[derive(Debug, PartialEq)]
pub(crate) struct Held {
    pub(crate) buffers: isize,
    bytes: isize,
    pub(crate) bind_groups: isize,
    layouts: isize,
    pub(crate) pipelines: isize,
    shaders: isize,
    textures: isize,
}

impl Held {
    pub(crate) fn by(gpu: &Gpu) -> Self {
        let counters = gpu.device().get_internal_counters().hal;
        Self {
            buffers: counters.buffers.read(),
            bytes: counters.buffer_memory.read(),
            bind_groups: counters.bind_groups.read(),
            layouts: counters.bind_group_layouts.read() + counters.pipeline_layouts.read(),
            pipelines: counters.compute_pipelines.read(),
            shaders: counters.shader_modules.read(),
            textures: counters.textures.read(),
        }
    }
}
