//! Linear layers, matrices times vectors, behind a SiLU or not: a workgroup for each row of four images.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "linear" of 64 uses Reductions
    params { batch: u32, inputs: u32, rows: u32, layers: u32, silu: u32 }
    bindings { input: Read, weight: Weights, bias: Weights, layers: Read, output: Write }
}

/// Images whose numbers of a row a workgroup makes.
const IMAGES: u32 = 4;

crate::words::words! {
    /// Where a layer's rows begin among all, and how many they are; its first weight, bias and number of the output.
    pub(crate) Row { first: u32, rows: u32, weight: u32, bias: u32, output: u32 }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let rows = u64::from(params.rows);
    let quads = u64::from(params.batch.div_ceil(IMAGES));
    let products = rows * u64::from(params.inputs);
    // Every lane reads each weight once for four images.
    dispatch_of(name, params, bindings, quads * rows).moving(&[
        (0, u64::from(params.batch) * products),
        (1, quads * products),
        (4, u64::from(params.batch) * rows),
    ])
}
