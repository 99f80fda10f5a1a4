//! How much a dispatch does, so that a host can keep to its frame budget.

use std::collections::HashMap;
use std::vec::Vec;

use super::Generation;
use crate::gpu::recording::Recording;
use crate::unet::Graph;

/// Multiplications and additions that take about as long as one byte of memory.
const OPERATIONS_PER_BYTE: u64 = 10;

/// The work of each dispatch: the operations of the tensor it makes, and what it binds. It is no time, but
/// nearly in proportion to it.
pub(super) fn work(recording: &Recording, graph: Option<&Graph>) -> Vec<u64> {
    let mut operations = HashMap::new();
    for node in graph.map(Graph::nodes).unwrap_or_default() {
        let tensor = graph.and_then(|graph| graph.tensor(node.output));
        let flops = graph.map_or(0, |graph| graph.node_flops(node));
        operations.extend(tensor.map(|tensor| (tensor.name.as_str(), flops)));
    }
    let of_dispatch = |dispatch: &crate::gpu::Dispatch| {
        let name = dispatch.name.strip_suffix(".stretches");
        // A tensor that takes two dispatches is computed by the first.
        let flops = operations.remove(name.unwrap_or(&dispatch.name));
        let bytes: u64 = dispatch.bindings.iter().map(|binding| binding.bytes).sum();
        flops.unwrap_or(0) + OPERATIONS_PER_BYTE * bytes
    };
    recording.dispatches.iter().map(of_dispatch).collect()
}

impl Generation {
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
            let left = self.work.get(self.dispatch..self.end).unwrap_or_default();
            for &one in left {
                if done > 0 && done + one > work {
                    break;
                }
                done += one;
                dispatches += 1;
            }
            if dispatches == 0 {
                break;
            }
            self.record(encoder, dispatches);
        }
        done
    }

    /// The work of one step: multiplications and additions, and ten for each byte that is bound.
    pub fn work_of_step(&self) -> u64 {
        let step = self.work.get(self.begin..self.end).unwrap_or_default();
        step.iter().sum()
    }
}
