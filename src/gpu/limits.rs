//! The check of a recording against a device's limits: all of it is looked at here, before anything is
//! made.

use super::error::{GpuError, Limit};
use super::kernels::{Access, Form, Kernel};
use super::recording::{Dispatch, Recording, grid};

/// Bytes that a kernel can bind, whatever the device allows: it numbers words in 32 bits.
pub(crate) const MOST_BOUND: u64 = 4 * u32::MAX as u64;

/// A limit, how much is wanted of it, and how much there is.
type Need = (Limit, u64, u64);

impl Recording {
    /// Checks the recording against a device's limits. Where one is too low, the error says how high it
    /// would have to be for all of the recording.
    ///
    /// # Errors
    /// [`GpuError::Limit`].
    pub fn check(&self, limits: &wgpu::Limits) -> Result<(), GpuError> {
        let buffers = self.buffers.iter().map(|buffer| {
            let need = (Limit::BufferSize, buffer.bytes, limits.max_buffer_size);
            (buffer.name.as_str(), need)
        });
        let dispatches = self.dispatches.iter().flat_map(|dispatch| {
            let of_kernel = of_kernel(dispatch.kernel, dispatch.form, limits);
            let needs = of_kernel.into_iter().chain(of_dispatch(dispatch, limits));
            needs.map(|need| (dispatch.name.as_str(), need))
        });
        let exceeds = |(_, (_, wanted, had)): &(&str, Need)| wanted > had;
        let mut exceeded = buffers.chain(dispatches).filter(exceeds);
        let Some(first) = exceeded.next() else {
            return Ok(());
        };
        let (_, (name, ..)) = first;
        let alike = exceeded.filter(|(_, (other, ..))| *other == name);
        let more = |a: (_, Need), b: (_, Need)| if b.1.1 > a.1.1 { b } else { a };
        let (what, (limit, wanted, had)) = alike.fold(first, more);
        Err(GpuError::Limit {
            limit,
            what: what.into(),
            wanted,
            had,
        })
    }
}

/// Whether a device can run a kernel, whatever is bound.
pub(crate) fn fits(kernel: &Kernel, form: Form, limits: &wgpu::Limits) -> bool {
    let needs = of_kernel(kernel, form, limits);
    needs.iter().all(|(_, wanted, had)| wanted <= had)
}

fn of_kernel(kernel: &Kernel, form: Form, limits: &wgpu::Limits) -> [Need; 7] {
    let is_step = |&&(_, access): &&(&str, Access)| access == Access::Step;
    let steps = kernel.bindings.iter().filter(is_step).count() as u64;
    // `Params` is one more, and uniform.
    let bound = kernel.bindings.len() as u64 + 1;
    let uniform = steps + 1;
    let invocations = u64::from(kernel.workgroup);
    let memory = kernel.workgroup_bytes(form);
    // Bindings, buffers of either kind and both together; then what a workgroup is.
    [
        (Limit::Bindings, bound, limits.max_bindings_per_bind_group),
        (
            Limit::StorageBuffers,
            bound - uniform,
            limits.max_storage_buffers_per_shader_stage,
        ),
        (
            Limit::UniformBuffers,
            uniform,
            limits.max_uniform_buffers_per_shader_stage,
        ),
        (
            Limit::Buffers,
            bound,
            limits.max_buffers_and_acceleration_structures_per_shader_stage,
        ),
        (
            Limit::Invocations,
            invocations,
            limits.max_compute_invocations_per_workgroup,
        ),
        (
            Limit::WorkgroupWidth,
            invocations,
            limits.max_compute_workgroup_size_x,
        ),
        (
            Limit::WorkgroupMemory,
            memory,
            limits.max_compute_workgroup_storage_size,
        ),
    ]
    .map(|(name, wanted, had)| (name, wanted, u64::from(had)))
}

fn of_dispatch(dispatch: &Dispatch, limits: &wgpu::Limits) -> [Need; 3] {
    let bound = || dispatch.bindings.iter().zip(dispatch.kernel.bindings);
    let largest = |of_steps: bool| {
        let of_kind = bound().filter(|(_, (_, access))| (*access == Access::Step) == of_steps);
        let bytes = of_kind.map(|(binding, _)| binding.bytes);
        // Where none is bound of a kind, none of it is needed.
        bytes.max().unwrap_or(0)
    };
    let params = 4 * dispatch.params.len() as u64;
    let most = limits.max_compute_workgroups_per_dimension;
    let side = match grid(dispatch.workgroups, most) {
        Some(_) => 0,
        None => root_above(dispatch.workgroups),
    };
    [
        (
            Limit::StorageBinding,
            largest(false),
            limits.max_storage_buffer_binding_size.min(MOST_BOUND),
        ),
        (
            Limit::UniformBinding,
            largest(true).max(params),
            limits.max_uniform_buffer_binding_size,
        ),
        (Limit::Grid, side, most.into()),
    ]
}

/// The side of the smallest square grid of so many workgroups.
const fn root_above(workgroups: u64) -> u64 {
    let root = workgroups.isqrt();
    root + (root * root < workgroups) as u64
}

#[cfg(test)]
mod tests {
    use std::assert_eq;

    use super::root_above;

    #[test]
    fn the_side_of_a_grid() {
        for (workgroups, side) in [
            (0, 0),
            (1, 1),
            (4, 2),
            (5, 3),
            (65_535 * 65_535 + 1, 65_536),
        ] {
            assert_eq!(root_above(workgroups), side);
        }
    }
}
