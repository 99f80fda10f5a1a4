//! What trains on a GPU, where that is built in.

use std::boxed::Box;

use super::made::Made;
use crate::Error;
use crate::gpu::{Gpu, Precision};
use crate::run::on_gpu::half;
use crate::train::{GpuEngine, TrainConfig};
use crate::unet::Graph;

pub(super) async fn on_gpu(gpu: &Gpu, graph: &Graph, config: &TrainConfig) -> Result<Made, Error> {
    let (width, precision) = if config.half {
        half(gpu)
    } else {
        (Precision::Full, "")
    };
    let engine = GpuEngine::new(gpu, graph, &config.ema_rates, width).await?;
    Ok(Made {
        bytes: engine.training().bytes(),
        engine: Box::new(engine),
        precision,
    })
}
