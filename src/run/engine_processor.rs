//! What trains, where only the processor does.

use std::boxed::Box;

use super::device::Opened;
use super::error::DrawError;
use crate::Error;
use crate::train::{CpuEngine, Engine, TrainConfig};
use crate::unet::Graph;

pub(super) fn engine(
    opened: &Opened,
    graph: &Graph,
    config: &TrainConfig,
) -> Result<Box<dyn Engine>, Error> {
    let Opened::Processor(threads) = opened else {
        let why = "built without the feature train, which trains on a GPU".into();
        return Err(DrawError::NoGpu { why }.into());
    };
    let rates = &config.ema_rates;
    Ok(Box::new(CpuEngine::with_threads(graph, rates, config.half, threads.count)?))
}
