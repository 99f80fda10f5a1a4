//! What trains, where training on a GPU is built in.

use std::boxed::Box;

use super::device::Opened;
use super::on_gpu::half;
use crate::Error;
use crate::gpu::Precision;
use crate::train::{CpuEngine, Engine, GpuEngine, TrainConfig};
use crate::unet::Graph;

pub(super) fn engine(
    opened: &Opened,
    graph: &Graph,
    config: &TrainConfig,
) -> Result<Box<dyn Engine>, Error> {
    let rates = &config.ema_rates;
    Ok(match opened {
        Opened::Processor(threads) => {
            Box::new(CpuEngine::with_threads(graph, rates, config.half, threads.count)?)
        }
        Opened::Gpu(gpu) => {
            let precision = if config.half {
                half(gpu).0
            } else {
                Precision::Full
            };
            Box::new(GpuEngine::new_blocking(gpu, graph, rates, precision)?)
        }
    })
}
