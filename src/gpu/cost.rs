//! What recordings cost, by counts that need no device.

use core::ops::Range;
use std::collections::BTreeMap;
use std::vec::Vec;

use super::recording::{Binding, Dispatch, Recording};

/// What dispatches cost, by counts that need no device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// The number of dispatches.
    pub dispatches: u64,
    /// Those that use what the dispatch before them wrote, or write what it used: they wait for it.
    pub dependent: u64,
    /// Those that share a buffer with the dispatch before them which either writes, wherever in it: before such a one wgpu
    /// has a barrier.
    pub barriers: u64,
    /// The number of workgroups.
    pub workgroups: u64,
    /// The bytes of the stretches that are bound.
    pub bound: u64,
    /// The bytes that invocations ask memory for, or write, as [`Dispatch::moved`] counts them.
    pub moved: u64,
    /// Multiplications and additions of the operations, as [`Graph::flops`](crate::unet::Graph::flops) counts them.
    pub flops: u64,
}

impl Counts {
    fn add(&mut self, dispatch: &Dispatch, before: Option<&Dispatch>) {
        let is_behind = |meet| before.is_some_and(|before| share(before, dispatch, meet));
        self.dispatches += 1;
        self.dependent += u64::from(is_behind(overlap));
        self.barriers += u64::from(is_behind(in_one_buffer));
        self.workgroups = self.workgroups.saturating_add(dispatch.workgroups);
        let bound = dispatch.bindings.iter().map(|binding| binding.bytes);
        self.bound = bound.fold(self.bound, u64::saturating_add);
        let moved = dispatch.moved.iter().copied();
        self.moved = moved.fold(self.moved, u64::saturating_add);
        self.flops = self.flops.saturating_add(dispatch.flops);
    }
}

impl Recording {
    /// Counts what some of the dispatches cost together.
    ///
    /// A [`Recorded`](super::Recorded) knows which are of the network, and which of its gradients.
    ///
    /// ```
    /// use iddpm::gpu::{Precision, Variants, WeightPlan, plan, record};
    /// use iddpm::unet::{ImageSize, UnetConfig};
    /// let graph = UnetConfig::new(1, 32).graph(1, ImageSize::square(8))?;
    /// let weights = WeightPlan::new(&graph, Precision::Half, 1 << 27)?;
    /// let places = plan(&graph, Precision::Half);
    /// let recorded = record(&graph, &places, &weights, Variants::PARALLEL)?;
    /// let counts = recorded.recording.counts(recorded.forward());
    /// assert_eq!(counts.flops, graph.flops());
    /// assert!(counts.dependent <= counts.barriers && counts.barriers < counts.dispatches);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn counts(&self, dispatches: Range<usize>) -> Counts {
        let mut all = Counts::default();
        for (dispatch, before) in self.with_those_before(dispatches) {
            all.add(dispatch, before);
        }
        all
    }

    /// Counts what they cost by their kernels, those first that move the most.
    pub fn counts_by_kernel(&self, dispatches: Range<usize>) -> Vec<(&'static str, Counts)> {
        let mut kernels = BTreeMap::<_, Counts>::new();
        for (dispatch, before) in self.with_those_before(dispatches) {
            let of_kernel = kernels.entry(dispatch.kernel.name).or_default();
            of_kernel.add(dispatch, before);
        }
        let mut kernels = Vec::from_iter(kernels);
        kernels.sort_by_key(|(_, counts)| core::cmp::Reverse(counts.moved));
        kernels
    }

    /// Counts how often a kernel loads from a workgroup's memory for each product, as
    /// [`Kernel::loads_per_product`](super::Kernel::loads_per_product) has it: the mean over the operations of some of the
    /// dispatches; none where it makes no products from there.
    pub fn loads_per_product(&self, dispatches: Range<usize>, kernel: &str) -> Option<f64> {
        let all = self.dispatches.get(dispatches).unwrap_or_default().iter();
        let of_kernel = all.filter(|dispatch| dispatch.kernel.name == kernel);
        let (mut loads, mut products) = (0.0, 0.0);
        for dispatch in of_kernel {
            let each = dispatch.kernel.loads_per_product?;
            let named = |name: &str| dispatch.param(name).unwrap_or(0);
            loads += f64::from(each(dispatch.form, &named)) * dispatch.flops as f64;
            products += dispatch.flops as f64;
        }
        (products > 0.0).then(|| loads / products)
    }

    /// The dispatches of a range, each with the one before it, where that is in the range too.
    fn with_those_before(
        &self,
        dispatches: Range<usize>,
    ) -> impl Iterator<Item = (&Dispatch, Option<&Dispatch>)> {
        let all = self.dispatches.get(dispatches).unwrap_or_default();
        let before = core::iter::once(None).chain(all.iter().map(Some));
        all.iter().zip(before)
    }
}

/// Whether a stretch that one binds meets one that the other binds, of which either is written.
fn share(before: &Dispatch, after: &Dispatch, meet: fn(&Binding, &Binding) -> bool) -> bool {
    bound(before).any(|(one, is_written)| {
        bound(after).any(|(other, writes)| (is_written || writes) && meet(one, other))
    })
}

/// What a dispatch binds, and whether it writes that.
fn bound(dispatch: &Dispatch) -> impl Iterator<Item = (&Binding, bool)> {
    let accesses = dispatch.kernel.bindings.iter();
    let writes = accesses.map(|(_, access)| access.writes());
    dispatch.bindings.iter().zip(writes)
}

fn in_one_buffer(one: &Binding, other: &Binding) -> bool {
    one.buffer == other.buffer
}

fn overlap(one: &Binding, other: &Binding) -> bool {
    in_one_buffer(one, other)
        && one.offset < other.offset.saturating_add(other.bytes)
        && other.offset < one.offset.saturating_add(one.bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
