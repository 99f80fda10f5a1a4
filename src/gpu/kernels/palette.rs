//! The nearest colours of a palette: an invocation for each pixel.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "palette" of 64
    params { batch: u32, channels: u32, pixels: u32, output_elements: u32, colours: u32 }
    bindings { step_numbers: Step, x: Read, output: Read, colours: Read, x_start: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let pixels = u64::from(params.batch) * u64::from(params.pixels);
    dispatch_of(name, params, bindings, pixels.div_ceil(64))
}
