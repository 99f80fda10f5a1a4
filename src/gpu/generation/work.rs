//! The work of dispatches, so that a host can keep to its frame budget.

use std::vec::Vec;

use super::DeviceGeneration;
use crate::gpu::recording::{Dispatch, Recording};
use crate::part::part;

/// Multiplications and additions that take about as long as one byte of memory.
const OPERATIONS_PER_BYTE: u64 = 10;

/// The work of each dispatch: its operations, and what it binds. It is no time, but nearly in proportion to it.
pub(super) fn work(recording: &Recording) -> Vec<u64> {
    let of_dispatch = |dispatch: &Dispatch| {
        let bytes = dispatch.bindings.iter().map(|binding| binding.bytes);
        let bytes = bytes.fold(0, u64::saturating_add);
        let as_operations = OPERATIONS_PER_BYTE.saturating_mul(bytes);
        dispatch.flops.saturating_add(as_operations)
    };
    recording.dispatches.iter().map(of_dispatch).collect()
}

impl DeviceGeneration {
    /// Records dispatches until they come to `work`, at least one, and returns the work of those recorded:
    /// 0 once the run is done.
    ///
    /// The unit is that of [`work_of_step`](Self::work_of_step): about a multiplication or addition. To
    /// keep to a budget of b milliseconds a frame, record `rate`·b, and follow what it took:
    /// `rate` ← recorded work / measured milliseconds. `examples/frames.rs` does so.
    pub fn record_work(&mut self, encoder: &mut wgpu::CommandEncoder, work: u64) -> u64 {
        let mut done = 0;
        while !self.is_done() && (done == 0 || done < work) {
            let mut dispatches = 0;
            for &one in part(&self.work, self.dispatch, self.end - self.dispatch) {
                let then = one.saturating_add(done);
                if done > 0 && then > work {
                    break;
                }
                done = then;
                dispatches += 1;
            }
            if dispatches == 0 {
                break;
            }
            let counted = self.dispatch + dispatches;
            let with_it = self.whole(counted).saturating_sub(counted);
            let rest = part(&self.work, counted, with_it).iter();
            done = rest.fold(done, |done, &one| done.saturating_add(one));
            self.record(encoder, dispatches);
        }
        done
    }

    /// The share of the next step that was recorded, by its work.
    pub fn part_of_step(&self) -> f32 {
        let recorded = part(
            &self.work,
            self.begin,
            self.dispatch.saturating_sub(self.begin),
        );
        let recorded = recorded.iter().copied().fold(0, u64::saturating_add);
        recorded as f32 / self.work_of_step().max(1) as f32
    }

    /// The work of one step: multiplications and additions, and ten for each byte that is bound.
    pub fn work_of_step(&self) -> u64 {
        let step = part(&self.work, self.begin, self.end - self.begin);
        step.iter().copied().fold(0, u64::saturating_add)
    }
}
