//! The watch over errors of a device, caught where something is asked of it: nothing reaches the host's
//! handler, which without one would be a panic. And numbers on their way there, in memory that may be
//! refused.

use std::vec::Vec;

use super::arrival::at_once;
use super::device::{Gpu, error_of};
use super::error::GpuError;
use crate::memory::extend;
use crate::part::split;

/// Asks, and yields what the device says of it; `what` is what was being made or written.
pub(crate) async fn watched<T>(
    gpu: &Gpu,
    what: &str,
    ask: impl FnOnce() -> T,
) -> Result<T, GpuError> {
    let (made, error) = asked(gpu, ask);
    let error = error.await.map(|error| error_of(error, what));
    error.map_or(Ok(made), Err)
}

/// [`watched`] where nobody may wait. Natively the device answers at once. A browser answers later, and
/// then an error is lost; but there it is the page's memory that runs out first, which is an exception.
pub(crate) fn watched_now<T>(
    gpu: &Gpu,
    what: &str,
    ask: impl FnOnce() -> T,
) -> Result<T, GpuError> {
    let (made, error) = asked(gpu, ask);
    let error = at_once(error).flatten();
    let error = error.map(|error| error_of(error, what));
    error.map_or(Ok(made), Err)
}

/// Submits what was recorded: what the device refuses of it is told here, and to nobody else.
pub(crate) fn submit<const N: usize>(
    gpu: &Gpu,
    what: &str,
    encoders: [wgpu::CommandEncoder; N],
) -> Result<wgpu::SubmissionIndex, GpuError> {
    watched_now(gpu, what, || {
        let recorded = encoders.map(wgpu::CommandEncoder::finish);
        gpu.queue().submit(recorded)
    })
}

/// Asks within scopes that end before anything is waited for: they belong to this thread.
fn asked<T>(gpu: &Gpu, ask: impl FnOnce() -> T) -> (T, impl Future<Output = Option<wgpu::Error>>) {
    let device = gpu.device();
    let memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
    let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
    let made = ask();
    let (validation, memory) = (validation.pop(), memory.pop());
    // What there is no memory for is invalid besides.
    let error = async { memory.await.or(validation.await) };
    (made, error)
}

/// Bytes that are on their way at a time.
const PIECE: usize = 64 << 20;

/// Writes up to so many bytes go through the queue's own memory, which costs no submission.
const SMALL: usize = 1 << 20;

/// Where a stretch of numbers goes: a buffer, the first byte there, how many bytes.
type Target<'a> = (&'a wgpu::Buffer, u64, u64);

/// Writes of any number to buffers, a piece at a time: all weights of a network at once would be on the
/// device twice.
pub(crate) struct Upload<'a> {
    gpu: &'a Gpu,
    what: &'a str,
    words: Vec<u32>,
    targets: Vec<Target<'a>>,
}

impl<'a> Upload<'a> {
    pub(crate) const fn new(gpu: &'a Gpu, what: &'a str) -> Self {
        Self {
            gpu,
            what,
            words: Vec::new(),
            targets: Vec::new(),
        }
    }

    pub(crate) fn write(
        &mut self,
        buffer: &'a wgpu::Buffer,
        offset: u64,
        words: &[u32],
    ) -> Result<(), GpuError> {
        if 4 * (self.words.len() + words.len()) > PIECE {
            self.flush()?;
        }
        if 4 * words.len() > PIECE {
            return write(self.gpu, self.what, (buffer, offset), words);
        }
        self.targets.push((buffer, offset, 4 * words.len() as u64));
        Ok(extend(&mut self.words, words)?)
    }

    /// Sends what is left.
    pub(crate) fn finish(mut self) -> Result<(), GpuError> {
        self.flush()
    }

    fn flush(&mut self) -> Result<(), GpuError> {
        send(self.gpu, self.what, &self.words, &self.targets)?;
        self.words.clear();
        self.targets.clear();
        Ok(())
    }
}

/// Writes words to a buffer from an offset on, before whatever is submitted next.
pub(crate) fn write(
    gpu: &Gpu,
    what: &str,
    (buffer, mut offset): (&wgpu::Buffer, u64),
    words: &[u32],
) -> Result<(), GpuError> {
    for piece in words.chunks(PIECE / 4) {
        let bytes = 4 * piece.len() as u64;
        send(gpu, what, piece, &[(buffer, offset, bytes)])?;
        offset += bytes;
    }
    Ok(())
}

fn send(gpu: &Gpu, what: &str, words: &[u32], targets: &[Target<'_>]) -> Result<(), GpuError> {
    let bytes: &[u8] = bytemuck::cast_slice(words);
    if bytes.len() > SMALL {
        return watched_now(gpu, what, || send_large(gpu, what, bytes, targets));
    }
    watched_now(gpu, what, || {
        let mut rest = bytes;
        for &(buffer, offset, len) in targets {
            let (part, others) = split(rest, len as usize);
            gpu.queue().write_buffer(buffer, offset, part);
            rest = others;
        }
    })
}

/// Through a buffer of our own: where there is no memory for it the device says so and lives. Where the
/// queue has none for what it is to write, wgpu gives the device up.
fn send_large(gpu: &Gpu, what: &str, bytes: &[u8], targets: &[Target<'_>]) {
    let staging = gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: Some(what),
        size: bytes.len() as u64,
        usage: wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC,
        mapped_at_creation: true,
    });
    // Without memory there is nothing to write to, as the device has said.
    let Ok(mut view) = staging.get_mapped_range_mut(..) else {
        return;
    };
    view.copy_from_slice(bytes);
    drop(view);
    staging.unmap();
    let descriptor = wgpu::CommandEncoderDescriptor::default();
    let mut encoder = gpu.device().create_command_encoder(&descriptor);
    let mut from = 0;
    for &(buffer, offset, len) in targets {
        encoder.copy_buffer_to_buffer(&staging, from, buffer, offset, len);
        from += len;
    }
    gpu.queue().submit([encoder.finish()]);
}
