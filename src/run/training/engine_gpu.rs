//! What trains, where training on a GPU is built in.

use std::boxed::Box;

use super::made::Made;
use crate::Error;
use crate::gpu::{Gpu, Precision};
use crate::run::OpenDevice;
use crate::run::on_gpu::half;
use crate::train::{GpuEngine, TrainConfig};
use crate::unet::Graph;

/// An engine on a device.
pub(super) fn engine(
    opened: &OpenDevice,
    graph: &Graph,
    config: &TrainConfig,
) -> Result<Made, Error> {
    match opened {
        OpenDevice::Processor(threads) => Ok(Made::on_processor(*threads, graph, config)?),
        OpenDevice::Gpu(gpu) => on_gpu(gpu, graph, config),
    }
}

fn on_gpu(gpu: &Gpu, graph: &Graph, config: &TrainConfig) -> Result<Made, Error> {
    let (width, precision) = if config.half {
        half(gpu)
    } else {
        (Precision::Full, "")
    };
    let engine = GpuEngine::new_blocking(gpu, graph, &config.ema_rates, width)?;
    Ok(Made {
        bytes: engine.training().bytes(),
        engine: Box::new(engine),
        precision,
    })
}
