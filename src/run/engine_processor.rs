//! What trains, where only the processor does.

use std::boxed::Box;

use super::device::OpenDevice;
use super::error::DrawError;
use crate::Error;
use crate::train::{CpuEngine, Engine, TrainConfig};
use crate::unet::Graph;

/// An engine, and what is to be said of its precision.
pub(super) fn engine(
    opened: &OpenDevice,
    graph: &Graph,
    config: &TrainConfig,
) -> Result<(Box<dyn Engine>, &'static str), Error> {
    let OpenDevice::Processor(threads) = opened else {
        let why = "built without the feature train, which trains on a GPU".into();
        return Err(DrawError::NoGpu { why }.into());
    };
    let rates = &config.ema_rates;
    let engine = CpuEngine::with_threads(graph, rates, config.half, threads.count)?;
    Ok((Box::new(engine), ""))
}
