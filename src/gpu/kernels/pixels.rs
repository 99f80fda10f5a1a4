//! Images as words of four 8-bit channels, in rows as a copy to a texture wants them.

use super::declare::kernel;
use crate::gpu::recording::Dispatch;

kernel! {
    "pixels" of 64
    params {
        batch: u32, channels: u32, height: u32, width: u32, pitch: u32, blue_first: u32,
    }
    bindings { x: Read, output: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let pixels = u64::from(params.batch) * u64::from(params.height) * u64::from(params.width);
    dispatch_of(name, params, bindings, pixels.div_ceil(64))
}
