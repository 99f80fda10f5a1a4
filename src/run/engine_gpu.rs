//! What trains, where training on a GPU is built in.

use std::boxed::Box;

use super::device::OpenDevice;
use super::on_gpu::half;
use crate::Error;
use crate::gpu::Precision;
use crate::train::{CpuEngine, Engine, GpuEngine, TrainConfig};
use crate::unet::Graph;

/// An engine, and what is to be said of its precision.
pub(super) fn engine(
    opened: &OpenDevice,
    graph: &Graph,
    config: &TrainConfig,
) -> Result<(Box<dyn Engine>, &'static str), Error> {
    let rates = &config.ema_rates;
    Ok(match opened {
        OpenDevice::Processor(threads) => {
            let engine = CpuEngine::with_threads(graph, rates, config.half, threads.count)?;
            (Box::new(engine), "")
        }
        OpenDevice::Gpu(gpu) => {
            let (precision, note) = if config.half {
                half(gpu)
            } else {
                (Precision::Full, "")
            };
            let engine = GpuEngine::new_blocking(gpu, graph, rates, precision)?;
            (Box::new(engine), note)
        }
    })
}
