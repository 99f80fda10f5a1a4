//! How many frames of a host have run, counted by the device: a submission that it refuses is reported as done like
//! any other, and only what it has not counted tells.

use super::DeviceGeneration;
use crate::gpu::error::GpuError;
use crate::gpu::kernels::accumulate;
use crate::gpu::memory::read;
use crate::gpu::recording::{Binding, Contents, Recording};

/// What it begins at: not what memory holds that nothing was copied to.
const BEGIN: f32 = 1.0;

/// A count on the device, and what it is once everything that was recorded has run.
///
/// Exact for 2²⁴ frames, days of them; from then on neither count changes.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) place: Binding,
    /// The dispatch that adds a frame.
    dispatch: usize,
    recorded: f32,
}

impl Tally {
    /// Adds the count to a recording, behind all of its dispatches.
    pub(super) fn record(recording: &mut Recording) -> Self {
        let place = recording.add_buffer("frames", 1, Contents::Workspace);
        let one = Contents::Constant([1.0_f32.to_bits()].into());
        let gradient = recording.add_buffer("a frame", 1, one);
        let bindings = accumulate::Bindings {
            gradient,
            sum: place,
        };
        let dispatch = recording.dispatches.len();
        let params = accumulate::Params { elements: 1 };
        let counts = accumulate::dispatch("frames", &params, bindings);
        recording.dispatches.push(counts);
        Self {
            place,
            dispatch,
            recorded: BEGIN,
        }
    }

    /// What is read of it behind everything that was recorded so far.
    pub(super) const fn expected(&self) -> u32 {
        self.recorded.to_bits()
    }
}

/// Compares what was read with what was expected there.
pub(super) fn check(what: &str, read: u32, expected: u32) -> Result<(), GpuError> {
    if read == expected {
        return Ok(());
    }
    let frames = |bits| (f32::from_bits(bits) - BEGIN) as u32;
    Err(GpuError::NotRun {
        what: what.into(),
        recorded: frames(expected),
        ran: frames(read),
    })
}

impl DeviceGeneration {
    /// Counts a frame, by the encoder that it is recorded into.
    pub(crate) fn record_tally(&mut self, encoder: &mut wgpu::CommandEncoder) {
        let dispatch = self.tally.dispatch;
        self.loaded.encode(encoder, dispatch..dispatch + 1);
        self.tally.recorded += 1.0;
    }

    /// Begins the count anew, where nothing that was recorded can run any more.
    pub(super) fn clear_tally(&mut self) -> Result<(), GpuError> {
        self.tally.recorded = BEGIN;
        self.write_tally()
    }

    /// Writes the count as if everything recorded had run.
    pub(super) fn write_tally(&self) -> Result<(), GpuError> {
        let words = [self.tally.expected()];
        self.loaded.write(&self.gpu, self.tally.place, &words)
    }

    /// Checks that everything that was recorded has run, after what was submitted.
    ///
    /// # Errors
    /// [`GpuError::NotRun`]; those of [`x`](Self::x).
    pub(crate) async fn check_ran(&self) -> Result<(), GpuError> {
        let place = self.tally.place;
        let part = (self.loaded.buffer(place)?, place);
        let words = read(&self.gpu, "frames", &[part]).await?;
        let read = words.first().copied().unwrap_or_default();
        check("x", read, self.tally.expected())
    }
}

#[cfg(test)]
mod tests {
    use std::assert_eq;

    use super::{BEGIN, GpuError, check};

    #[test]
    fn a_frame_that_is_missing_is_told() {
        let count = |frames: u32| (BEGIN + frames as f32).to_bits();
        assert_eq!(check("x", count(7), count(7)), Ok(()));
        for (read, ran) in [(count(6), 6), (count(0), 0), (0, 0)] {
            let (what, recorded) = ("x".into(), 7);
            let missing = GpuError::NotRun {
                what,
                recorded,
                ran,
            };
            assert_eq!(check("x", read, count(7)), Err(missing));
        }
    }
}
