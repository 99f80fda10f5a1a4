//! Frames that were recorded and have not run yet.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::gpu::wgpu;

const ON_ITS_WAY: u8 = 0;
const DONE: u8 = 1;
const DROPPED: u8 = 2;

/// Frames in the order in which they were recorded.
#[derive(Debug, Default)]
pub(super) struct Frames(VecDeque<Arc<AtomicU8>>);

/// What an encoder holds: called once its work is done, or dropped with it.
struct Told(Arc<AtomicU8>);

impl Drop for Told {
    fn drop(&mut self) {
        // Unless it was done.
        let (from, to) = (ON_ITS_WAY, DROPPED);
        let _ = self
            .0
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
    }
}

impl Frames {
    /// Follows what was recorded into an encoder.
    pub(super) fn follow(&mut self, encoder: &wgpu::CommandEncoder) {
        let state = Arc::new(AtomicU8::new(ON_ITS_WAY));
        let told = Told(Arc::clone(&state));
        encoder.on_submitted_work_done(move || told.0.store(DONE, Ordering::Release));
        self.0.push_back(state);
    }

    /// Forgets those that are done; whether one was dropped before it ran.
    pub(super) fn were_dropped(&mut self) -> bool {
        let state = |frame: &Arc<AtomicU8>| frame.load(Ordering::Acquire);
        self.0.retain(|frame| state(frame) != DONE);
        self.0.iter().any(|frame| state(frame) == DROPPED)
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether one has neither run nor been dropped: the host may submit it yet.
    pub(super) fn may_run(&self) -> bool {
        self.0
            .iter()
            .any(|frame| frame.load(Ordering::Acquire) == ON_ITS_WAY)
    }

    /// Whether all were submitted, and the device is past them: whether it refused them only its count tells.
    pub(super) fn are_done(&self) -> bool {
        self.0
            .iter()
            .all(|frame| frame.load(Ordering::Acquire) == DONE)
    }
}
