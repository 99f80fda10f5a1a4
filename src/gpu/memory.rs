//! Memory of the device: buffers made and filled, weights brought there, numbers brought back.

use std::string::{String, ToString};
use std::vec::Vec;

use super::arrival::{Arrival, Dropped, arrival};
use super::device::Gpu;
use super::error::{GpuError, Limit};
use super::recording::Binding;
use super::watch::{Upload, submit, watched, write};
use super::weights::{Precision, WeightPlan};
use crate::memory::zeros;
use crate::unet::{Graph, GraphError, Weights};

/// A network's weights on a device, shared by everything that runs it there.
///
/// ```no_run
/// use iddpm::checkpoint::{self, Checkpoint};
/// use iddpm::gpu::{DeviceWeights, Gpu, Precision};
/// let file = "examples/assets/sprites32.safetensors";
/// let sprites = Checkpoint::open(file, checkpoint::WeightType::AsStored)?;
/// let gpu = Gpu::create_blocking()?;
/// // The same weights serve any size of batch.
/// let (graph, precision) = (sprites.graph(), Precision::HalfWeights);
/// let weights = DeviceWeights::upload_blocking(&gpu, graph, sprites.weights(), precision)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct DeviceWeights {
    plan: WeightPlan,
    buffers: Vec<wgpu::Buffer>,
}

impl DeviceWeights {
    /// Brings all parameters of a graph to the device.
    ///
    /// # Errors
    /// [`GpuError::Length`], [`GpuError::HostMemory`]; those of [`zeros`](Self::zeros).
    pub async fn upload(
        gpu: &Gpu,
        graph: &Graph,
        weights: Weights<'_>,
        precision: Precision,
    ) -> Result<Self, GpuError> {
        let made = Self::zeros(gpu, graph, precision).await?;
        let mut upload = Upload::new(gpu, "weights");
        made.plan.for_each(weights, |place, words| {
            upload.write(made.buffer(place.buffer)?, place.offset, words)
        })?;
        upload.finish()?;
        Ok(made)
    }

    /// Makes room for all parameters of a graph on the device, where every number begins as 0.
    ///
    /// # Errors
    /// [`GpuError::MissingFeature`] for [`Precision::Half`], [`GpuError::Limit`],
    /// [`GpuError::OutOfMemory`].
    pub async fn zeros(gpu: &Gpu, graph: &Graph, precision: Precision) -> Result<Self, GpuError> {
        let half = wgpu::Features::SHADER_F16;
        if precision == Precision::Half && !gpu.device().features().contains(half) {
            let feature = "SHADER_F16";
            return Err(GpuError::MissingFeature { feature });
        }
        let plan = WeightPlan::within(graph, precision, gpu.limits())?;
        let bytes = plan.buffers().iter().copied();
        gpu.check_memory(bytes.fold(0, u64::saturating_add))?;
        let mut buffers = Vec::new();
        for (at, &bytes) in plan.buffers().iter().enumerate() {
            buffers.push(make_buffer(gpu, &std::format!("weights {at}"), bytes).await?);
        }
        Ok(Self { plan, buffers })
    }

    /// Brings weights to the device as [`upload`](Self::upload), waiting for it.
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

    /// One of its buffers; another network's weights may have fewer.
    pub(crate) fn buffer(&self, at: usize) -> Result<&wgpu::Buffer, GpuError> {
        let (what, index) = ("buffer of weights", at);
        let buffer = self.buffers.get(at);
        Ok(buffer.ok_or(GraphError::NoPlace { what, index })?)
    }

    /// The plan of where each parameter lies.
    pub const fn plan(&self) -> &WeightPlan {
        &self.plan
    }
}

/// Makes a buffer for anything but reading back.
pub(crate) async fn make_buffer(
    gpu: &Gpu,
    name: &str,
    bytes: u64,
) -> Result<wgpu::Buffer, GpuError> {
    let had = gpu.limits().max_buffer_size;
    if bytes > had {
        return Err(GpuError::Limit {
            limit: Limit::BufferSize,
            what: name.into(),
            wanted: bytes,
            had,
        });
    }
    let usage = wgpu::BufferUsages::STORAGE
        | wgpu::BufferUsages::UNIFORM
        | wgpu::BufferUsages::COPY_SRC
        | wgpu::BufferUsages::COPY_DST;
    create(gpu, name, bytes.div_ceil(4).saturating_mul(4), usage).await
}

/// Makes a buffer, which can be copied to, or says why there is none.
pub(super) async fn create(
    gpu: &Gpu,
    name: &str,
    size: u64,
    usage: wgpu::BufferUsages,
) -> Result<wgpu::Buffer, GpuError> {
    let descriptor = wgpu::BufferDescriptor {
        label: Some(name),
        size,
        usage,
        mapped_at_creation: false,
    };
    let made = watched(gpu, name, || gpu.device().create_buffer(&descriptor)).await;
    let buffer = made.map_err(|error| match error {
        GpuError::OutOfMemory { what, .. } => GpuError::OutOfMemory {
            what,
            bytes: Some(size),
        },
        other => other,
    })?;
    // A device that is lost says nothing, but what it makes cannot be used.
    let usable = watched(gpu, name, || gpu.queue().write_buffer(&buffer, 0, &[])).await;
    usable.map_err(|error| match error {
        GpuError::Refused { message, .. } => GpuError::DeviceLost { message },
        other => other,
    })?;
    Ok(buffer)
}

/// Makes a buffer that holds these words.
pub(crate) async fn make_filled(
    gpu: &Gpu,
    name: &str,
    words: &[u32],
) -> Result<wgpu::Buffer, GpuError> {
    let bytes = 4 * words.len().max(1) as u64;
    let buffer = make_buffer(gpu, name, bytes).await?;
    write(gpu, name, (&buffer, 0), words)?;
    Ok(buffer)
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
    mapped: Option<Arrival<Result<(), wgpu::BufferAsyncError>>>,
    /// Elements of an image, where a word before all others tells which element of x is not finite.
    guarded: Option<usize>,
}

impl Readback {
    pub(crate) async fn new(gpu: &Gpu, what: &str, bytes: u64) -> Result<Self, GpuError> {
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let buffer = create(gpu, what, bytes, usage).await?;
        Ok(Self {
            what: what.into(),
            buffer,
            mapped: None,
            guarded: None,
        })
    }

    /// Expects a word before all others that says which element of x is not finite, or [`FINITE`].
    pub(crate) const fn guarded(mut self, elements: usize) -> Self {
        self.guarded = Some(elements);
        self
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

    /// Asks for the numbers to be brought to the host. Call it once what was recorded is submitted.
    pub fn map(&mut self) {
        let (caller, arrival) = arrival();
        let came = move |result| caller.call(result);
        self.buffer.map_async(wgpu::MapMode::Read, .., came);
        self.mapped = Some(arrival);
    }

    /// Asks for the numbers as [`map`](Self::map), once this encoder is submitted.
    pub(crate) fn map_on_submit(&mut self, encoder: &wgpu::CommandEncoder) {
        let (caller, arrival) = arrival();
        let came = move |result| caller.call(result);
        encoder.map_buffer_on_submit(&self.buffer, wgpu::MapMode::Read, .., came);
        self.mapped = Some(arrival);
    }

    /// Gives up what is on its way; whether it may be recorded into again, which is not so while it has yet to come.
    pub(crate) fn forget(&mut self) -> bool {
        let Some(mapped) = &self.mapped else {
            return true;
        };
        match mapped.take() {
            None => return false,
            Some(Ok(Ok(()))) => self.buffer.unmap(),
            // Not mapped: the device could not, or the encoder was dropped.
            Some(Ok(Err(_)) | Err(Dropped)) => {}
        }
        self.mapped = None;
        true
    }

    /// Whether it may be recorded into: nothing is on its way.
    pub(crate) const fn is_free(&self) -> bool {
        self.mapped.is_none()
    }

    /// Takes the numbers, as the bits of f32, or `None` while they are on their way.
    ///
    /// # Errors
    /// [`GpuError::DeviceLost`]; [`GpuError::NotFinite`] of a run whose x is not.
    pub fn take(&mut self) -> Result<Option<Vec<u32>>, GpuError> {
        let Some(mut words) = self.take_all()? else {
            return Ok(None);
        };
        // There is room for that word in whatever is guarded.
        if let Some(elements) = self.guarded
            && !words.is_empty()
        {
            check_finite(words.remove(0), elements)?;
        }
        Ok(Some(words))
    }

    /// Takes all that was copied, whatever it says.
    pub(crate) fn take_all(&mut self) -> Result<Option<Vec<u32>>, GpuError> {
        let Some(mapped) = &self.mapped else {
            return Ok(None);
        };
        let Some(came) = mapped.take() else {
            return Ok(None);
        };
        // Whatever it was, nothing is on its way any more.
        self.mapped = None;
        let lost = |message: String| GpuError::DeviceLost { message };
        let what = &self.what;
        match came {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(lost(std::format!("{what}: {error}"))),
            // Its encoder was dropped.
            Err(Dropped) => {
                let (what, recorded, ran) = (what.clone(), 1, 0);
                return Err(GpuError::NotRun {
                    what,
                    recorded,
                    ran,
                });
            }
        }
        let view = self.buffer.get_mapped_range(..);
        let view = view.map_err(|error| lost(error.to_string()));
        let words = view.and_then(|view| {
            let mut words = zeros(view.len() / 4)?;
            bytemuck::cast_slice_mut::<u32, u8>(&mut words).copy_from_slice(&view);
            Ok(words)
        });
        self.buffer.unmap();
        words.map(Some)
    }

    /// Comes back once [`take`](Self::take) has something to say of what was submitted. A program waits for its device
    /// here; a page's browser goes on with other things.
    pub(crate) async fn come(
        &self,
        gpu: &Gpu,
        submission: wgpu::SubmissionIndex,
    ) -> Result<(), GpuError> {
        gpu.wait_blocking(Some(submission))?;
        gpu.check_lost()?;
        if let Some(mapped) = &self.mapped {
            // Where another thread polls the same device, it may not have handed on yet what it was told.
            mapped.come().await;
        }
        Ok(())
    }

    /// Waits for what is on its way to somebody who has gone, so that it may be recorded into.
    pub(crate) async fn settle(&mut self, gpu: &Gpu) -> Result<(), GpuError> {
        while !self.forget() {
            gpu.wait_blocking(None)?;
            gpu.check_lost()?;
            if let Some(mapped) = &self.mapped {
                mapped.come().await;
            }
        }
        Ok(())
    }

    /// The numbers of what was submitted.
    pub(crate) async fn bring(
        &mut self,
        gpu: &Gpu,
        submission: wgpu::SubmissionIndex,
    ) -> Result<Vec<u32>, GpuError> {
        self.map();
        self.come(gpu, submission).await?;
        // It has come.
        Ok(self.take()?.unwrap_or_default())
    }
}

/// The word that says that all of x is finite.
pub(crate) const FINITE: u32 = u32::MAX;

pub(crate) fn check_finite(at: u32, elements: usize) -> Result<(), GpuError> {
    if at == FINITE {
        return Ok(());
    }
    let (at, elements) = (at as usize, elements.max(1));
    Err(GpuError::NotFinite {
        image: at / elements,
        element: at % elements,
    })
}

/// The words of some stretches.
pub(crate) async fn read(
    gpu: &Gpu,
    what: &str,
    parts: &[(&wgpu::Buffer, Binding)],
) -> Result<Vec<u32>, GpuError> {
    let descriptor = wgpu::CommandEncoderDescriptor::default();
    let mut encoder = gpu.device().create_command_encoder(&descriptor);
    let bytes = parts.iter().map(|(_, binding)| binding.bytes);
    let bytes = bytes.fold(0, u64::saturating_add);
    let mut readback = Readback::new(gpu, what, bytes).await?;
    readback.copy(&mut encoder, parts);
    let submission = submit(gpu, what, [encoder])?;
    readback.bring(gpu, submission).await
}
