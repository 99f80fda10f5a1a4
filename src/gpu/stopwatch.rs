//! How long the device takes for what is recorded, by its own clock, while the host goes on.

use std::vec::Vec;

use super::arrival::{Arrival, arrival};
use super::device::{CLOCK, Gpu};
use super::error::GpuError;
use super::memory::create;
use super::watch::watched;

/// Measurements on their way at a time: frames that a host may be ahead of its device.
const LAPS: u32 = 4;
/// Bytes of two timestamps.
const LAP_BYTES: u64 = 16;

/// A clock of a device for stretches of what is recorded.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    laps: Vec<Lap>,
    /// Nanoseconds of a tick.
    period: f64,
}

/// A stretch that is measured, or none where `mapped` is absent.
#[derive(Debug)]
struct Lap {
    buffer: wgpu::Buffer,
    work: u64,
    mapped: Option<Arrival<Result<(), wgpu::BufferAsyncError>>>,
}

impl Stopwatch {
    /// The clock of a device; `None` where it has none.
    pub(crate) async fn of(gpu: &Gpu) -> Result<Option<Self>, GpuError> {
        let device = gpu.device();
        if !device.features().contains(CLOCK) {
            return Ok(None);
        }
        let descriptor = wgpu::QuerySetDescriptor {
            label: Some("stopwatch"),
            ty: wgpu::QueryType::Timestamp,
            count: 2 * LAPS,
        };
        let queries = watched(gpu, "stopwatch", || device.create_query_set(&descriptor)).await?;
        let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
        let bytes = u64::from(LAPS) * wgpu::QUERY_RESOLVE_BUFFER_ALIGNMENT;
        let resolved = create(
            gpu,
            "stopwatch",
            bytes,
            usage | wgpu::BufferUsages::COPY_DST,
        )
        .await?;
        let mut laps = Vec::new();
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        for _ in 0..LAPS {
            laps.push(Lap {
                buffer: create(gpu, "a lap", LAP_BYTES, usage).await?,
                work: 0,
                mapped: None,
            });
        }
        Ok(Some(Self {
            queries,
            resolved,
            laps,
            period: f64::from(gpu.queue().get_timestamp_period()),
        }))
    }

    /// Measures what `record` puts into an encoder, and what work that is. Where all measurements are on their
    /// way still, it is recorded and not measured.
    pub(crate) fn measure(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        record: impl FnOnce(&mut wgpu::CommandEncoder) -> u64,
    ) -> u64 {
        let mut free = (0..).zip(&mut self.laps);
        let Some((at, lap)) = free.find(|(_, lap)| lap.mapped.is_none()) else {
            return record(encoder);
        };
        encoder.write_timestamp(&self.queries, 2 * at);
        lap.work = record(encoder);
        encoder.write_timestamp(&self.queries, 2 * at + 1);
        let from = u64::from(at) * wgpu::QUERY_RESOLVE_BUFFER_ALIGNMENT;
        encoder.resolve_query_set(&self.queries, 2 * at..2 * at + 2, &self.resolved, from);
        encoder.copy_buffer_to_buffer(&self.resolved, from, &lap.buffer, 0, LAP_BYTES);
        let (caller, arrival) = arrival();
        let came = move |result| caller.call(result);
        encoder.map_buffer_on_submit(&lap.buffer, wgpu::MapMode::Read, .., came);
        lap.mapped = Some(arrival);
        lap.work
    }

    /// Takes a measurement that has come since: the work, and milliseconds.
    pub(crate) fn take(&mut self) -> Option<(u64, f64)> {
        let period = self.period;
        self.laps.iter_mut().find_map(|lap| lap.take(period))
    }
}

impl Lap {
    /// One that the device could not bring is dropped: it costs a measurement.
    fn take(&mut self, period: f64) -> Option<(u64, f64)> {
        let came = self.mapped.as_ref()?.take()?;
        self.mapped = None;
        let Ok(Ok(())) = came else {
            return None;
        };
        let view = self.buffer.get_mapped_range(..).ok();
        let ticks = view.and_then(|view| ticks(&view));
        self.buffer.unmap();
        let (begun, ended) = ticks?;
        // A clock that was set anew in between has measured nothing.
        let ticks = ended.checked_sub(begun)?;
        Some((self.work, ticks as f64 * period * 1e-6))
    }
}

/// Two timestamps, from bytes that may begin anywhere in the host's memory.
fn ticks(bytes: &[u8]) -> Option<(u64, u64)> {
    match bytes.as_chunks() {
        (&[begun, ended], []) => Some((u64::from_le_bytes(begun), u64::from_le_bytes(ended))),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::assert_eq;
    use std::vec::Vec;

    #[test]
    fn timestamps_may_begin_anywhere() {
        let words = [3, u64::MAX].map(u64::to_le_bytes);
        let bytes: Vec<u8> = [0; 8]
            .into_iter()
            .chain(words.into_iter().flatten())
            .collect();
        for from in 0..8 {
            let mut moved = bytes.clone();
            moved.rotate_left(from);
            let words = moved.get(8 - from..24 - from).unwrap();
            assert_eq!(super::ticks(words), Some((3, u64::MAX)), "from {from}");
        }
        assert_eq!(super::ticks(&bytes), None);
    }
}
