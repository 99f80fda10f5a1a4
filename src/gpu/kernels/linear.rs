//! Linear layers, matrices times vectors, behind a SiLU or not: a workgroup for each row of four images.

use super::declare::kernel;
use crate::gpu::recording::{Binding, Dispatch, Width};

kernel! {
    "linear" of 64 uses Reductions
    params { batch: u32, inputs: u32, rows: u32, layers: u32, silu: u32, images: u32, apart: u32 }
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

/// The same layers for all images of so many steps: what they read, and the buffer `row` of a step's results as a row of
/// `rows`.
pub(crate) fn of_steps(
    dispatch: &Dispatch,
    steps: u32,
    input: Binding,
    (row, rows): (Binding, Binding),
) -> Dispatch {
    let (params, bindings) = (dispatch.params.as_slice(), dispatch.bindings.as_slice());
    let (&[images, inputs, all, layers, silu, ..], &[_, weight, bias, table, output]) =
        (params, bindings)
    else {
        debug_assert!(false, "no linear layers: {dispatch:?}");
        return dispatch.clone();
    };
    let params = Params {
        batch: images * steps,
        inputs,
        rows: all,
        layers,
        silu,
        images,
        apart: (row.bytes / 4) as u32,
    };
    let bindings = Bindings {
        input,
        weight,
        bias,
        layers: table,
        output: Binding {
            offset: output.offset,
            bytes: rows.bytes - output.offset,
            width: Width::Full,
            ..rows
        },
    };
    let name = std::format!("{} of all steps", dispatch.name);
    let made = self::dispatch(&name, &params, bindings);
    Dispatch {
        form: dispatch.form,
        flops: dispatch.flops * u64::from(steps),
        ..made
    }
}
