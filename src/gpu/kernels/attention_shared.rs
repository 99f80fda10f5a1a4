//! Self-attention, the shared variant: a workgroup for each query of each head.

use super::attention::{self, Bindings, Params};
use super::{Kernel, Memory, Uses};
use crate::gpu::recording::Dispatch;

/// Parameters and bindings are those of the plain variant.
pub(crate) static KERNEL: Kernel = Kernel {
    name: "attention_shared",
    source: include_str!("../../../shaders/attention_shared.wgsl"),
    uses: Uses::Reductions,
    // A query's row, and a number of each invocation.
    memory: Memory::Bytes(4 * MAX_ROWS as u64 + 4 * 128),
    workgroup: 128,
    ..attention::KERNEL
};

/// The most rows of a head that the kernel has room for.
pub(crate) const MAX_ROWS: usize = 1024;

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let heads = u64::from(params.batch) * u64::from(params.heads);
    Dispatch {
        kernel: &KERNEL,
        workgroups: heads * u64::from(params.positions),
        ..attention::dispatch(name, params, bindings)
    }
}
