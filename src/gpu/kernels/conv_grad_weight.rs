//! The gradient of a convolution with respect to its weight, the plain variant: 4 rows of one column for an
//! invocation.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "conv_grad_weight" of 64 with "conv_grad_weight.wgsl"
    params { batch: u32, inputs: u32, height: u32, width: u32, outputs: u32, out_height: u32, out_width: u32, side: u32, stride: u32, upsample: u32, wrap_y: u32, wrap_x: u32, rows: u32, row_stride: u32, column_stride: u32, parts: u32 }
    bindings { input: Activations, grad: Activations, output: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let columns = u64::from(params.inputs) * u64::from(params.side) * u64::from(params.side);
    let blocks = u64::from(params.rows.div_ceil(4));
    // An invocation reads a number of the input at each position, and four gradients.
    let image = u64::from(params.out_height) * u64::from(params.out_width);
    let seen = columns * blocks * u64::from(params.batch) * image;
    dispatch_of(name, params, bindings, columns.div_ceil(64) * blocks)
        .moving(&[(0, seen), (1, 4 * seen)])
}
