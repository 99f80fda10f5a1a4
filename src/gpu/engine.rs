//! The engine: the one file that runs dispatches. A recording becomes buffers, pipelines and bind groups,
//! once; then any stretch of it can be encoded, as often as one likes, without making anything.

use core::ops::Range;
use std::sync::Arc;
use std::vec::Vec;

use super::device::Gpu;
use super::error::{GpuError, Limit};
use super::memory::{DeviceWeights, make_buffer, make_filled};
use super::pipeline::Pipeline;
use super::recording::{ALIGNMENT, Binding, Buffer, Contents, Dispatch, Recording, grid};
use super::watch::{watched, write};
use crate::part::part;

/// Bytes that are poisoned at a time.
const POISON: usize = 1 << 20;

/// A recording on a device.
#[derive(Debug)]
pub(crate) struct Loaded {
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

impl Loaded {
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
        recording.check(gpu.limits())?;
        gpu.check_memory(own_bytes(&recording))?;
        let most = gpu.limits().max_compute_workgroups_per_dimension;
        let buffers = make_buffers(gpu, &recording, weights).await?;
        let (params, offsets) = make_params(gpu, &recording).await?;

        let mut wanted = Vec::new();
        let mut grids = Vec::new();
        for dispatch in &recording.dispatches {
            wanted.push((dispatch.kernel, dispatch.form));
            grids.push(folded(dispatch, most)?);
        }
        let pipelines = gpu.pipelines.get(gpu.device(), &wanted).await?;
        let ready = pipelines.into_iter().zip(grids);
        let prepare = || {
            let steps = recording.dispatches.iter().zip(offsets).zip(ready);
            let steps = steps.map(|((dispatch, offset), (pipeline, grid))| Prepared {
                group: bind_group(gpu, &pipeline, dispatch, &buffers, (&params, offset)),
                grid,
                pipeline,
            });
            steps.collect()
        };
        let steps = watched(gpu, "bind groups", prepare).await?;
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
        // Every range is of this recording.
        let steps = part(&self.steps, range.start, range.len());
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

    /// Encodes a copy of `bytes` from within one buffer to the beginning of another, both of which the caller
    /// has [looked up](Self::buffer) before: what is encoded in a host's frame cannot fail.
    pub(crate) fn copy(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        (from, offset): (Binding, u64),
        to: Binding,
        bytes: u64,
    ) {
        let found = (self.buffer(from), self.buffer(to));
        debug_assert!(found.0.is_ok() && found.1.is_ok(), "{from:?}, {to:?}");
        if let (Ok(source), Ok(target)) = found {
            encoder.copy_buffer_to_buffer(source, from.offset + offset, target, to.offset, bytes);
        }
    }

    /// Encodes zeros for a whole binding.
    pub(crate) fn clear(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        binding: Binding,
    ) -> Result<(), GpuError> {
        let buffer = self.buffer(binding)?;
        encoder.clear_buffer(buffer, binding.offset, Some(binding.bytes));
        Ok(())
    }

    /// Writes from the beginning of a binding, before whatever is submitted next.
    pub(crate) fn write(&self, gpu: &Gpu, binding: Binding, words: &[u32]) -> Result<(), GpuError> {
        let (described, buffer) = self.described(binding)?;
        write(gpu, &described.name, (buffer, binding.offset), words)
    }

    /// Fills every buffer that a dispatch may write with NaN, of either width.
    pub(crate) fn poison(&self, gpu: &Gpu) {
        let nan = std::vec![0x7fff_7fff_u32; POISON / 4];
        let bytes: &[u8] = bytemuck::cast_slice(&nan);
        for (buffer, described) in self.buffers.iter().zip(&self.recording.buffers) {
            if described.contents == Contents::Workspace {
                for at in (0..described.bytes).step_by(POISON) {
                    let len = (described.bytes - at).min(POISON as u64) as usize;
                    gpu.queue().write_buffer(buffer, at, part(bytes, 0, len));
                }
            }
        }
    }

    /// A binding's buffer; another recording's binding may have none here.
    pub(crate) fn buffer(&self, binding: Binding) -> Result<&wgpu::Buffer, GpuError> {
        Ok(self.described(binding)?.1)
    }

    /// The same, as the recording describes it, and as it is on the device.
    fn described(&self, binding: Binding) -> Result<(&Buffer, &wgpu::Buffer), GpuError> {
        let mut buffers = self.recording.buffers.iter().zip(&self.buffers);
        let at = binding.buffer.index();
        buffers.nth(at).ok_or_else(|| GpuError::Refused {
            what: std::format!("buffer {at}"),
            message: "the recording has no such buffer".into(),
        })
    }

    /// Bytes of all its buffers but the weights.
    pub(crate) fn bytes(&self) -> u64 {
        own_bytes(&self.recording)
    }
}

/// Its workgroups over the grid. Where no grid holds them though the device's limits would, they are more than
/// a kernel counts.
fn folded(dispatch: &Dispatch, most: u32) -> Result<[u32; 3], GpuError> {
    grid(dispatch.workgroups, most).ok_or_else(|| GpuError::Limit {
        limit: Limit::Workgroups,
        what: dispatch.name.clone(),
        wanted: dispatch.workgroups,
        had: u32::MAX.into(),
    })
}

fn own_bytes(recording: &Recording) -> u64 {
    let own = recording.buffers.iter();
    let own = own.filter(|buffer| !matches!(buffer.contents, Contents::Weights(_)));
    own.map(|buffer| buffer.bytes).fold(0, u64::saturating_add)
}

async fn make_buffers(
    gpu: &Gpu,
    recording: &Recording,
    weights: &DeviceWeights,
) -> Result<Vec<wgpu::Buffer>, GpuError> {
    let mut buffers = Vec::new();
    for described in &recording.buffers {
        let buffer = match &described.contents {
            Contents::Weights(at) => weights.buffer(*at)?.clone(),
            Contents::Workspace => make_buffer(gpu, &described.name, described.bytes).await?,
            Contents::Constant(words) => make_filled(gpu, &described.name, words).await?,
        };
        buffers.push(buffer);
    }
    Ok(buffers)
}

/// The parameters of all dispatches, in one buffer, and where each one's begin: at multiples of [`ALIGNMENT`].
async fn make_params(
    gpu: &Gpu,
    recording: &Recording,
) -> Result<(wgpu::Buffer, Vec<u64>), GpuError> {
    let mut words: Vec<u32> = Vec::new();
    let mut offsets = Vec::new();
    for dispatch in &recording.dispatches {
        offsets.push(4 * words.len() as u64);
        words.extend(&dispatch.params);
        words.resize(words.len().next_multiple_of(ALIGNMENT as usize / 4), 0);
    }
    let buffer = make_filled(gpu, "parameters of the dispatches", &words).await?;
    Ok((buffer, offsets))
}

fn bind_group(
    gpu: &Gpu,
    pipeline: &Pipeline,
    dispatch: &Dispatch,
    buffers: &[wgpu::Buffer],
    (params, offset): (&wgpu::Buffer, u64),
) -> wgpu::BindGroup {
    let params = wgpu::BufferBinding {
        buffer: params,
        offset,
        size: wgpu::BufferSize::new(4 * dispatch.params.len() as u64),
    };
    let bound = dispatch.bindings.iter().filter_map(|binding| {
        let buffer = buffers.get(binding.buffer.index());
        debug_assert!(buffer.is_some(), "`mistake` has found a buffer for each");
        Some(wgpu::BufferBinding {
            buffer: buffer?,
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
    gpu.device().create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some(&dispatch.name),
        layout: &pipeline.layout,
        entries: &entries,
    })
}
