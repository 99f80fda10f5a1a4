//! What trains, where only the processor does.

use super::made::Made;
use crate::Error;
use crate::run::{DrawError, OpenDevice};
use crate::train::TrainConfig;
use crate::unet::Graph;

/// An engine on a device.
pub(super) fn engine(
    opened: &OpenDevice,
    graph: &Graph,
    config: &TrainConfig,
) -> Result<Made, Error> {
    match opened {
        OpenDevice::Processor(threads) => Ok(Made::on_processor(*threads, graph, config)?),
        OpenDevice::Gpu(_) => {
            let why = "built without the feature train, which trains on a GPU".into();
            Err(DrawError::NoGpu { why }.into())
        }
    }
}
