//! The opening of devices.

use std::boxed::Box;
use std::string::{String, ToString};
use std::vec::Vec;

use super::device::{Chosen, Device, OpenDevice, Wanted};
use super::error::DrawError;
use super::on_gpu;
use super::threads::Threads;
use crate::waiting::block_on;

impl Device {
    /// Lists what [`named`](Self::named) finds a GPU by, best first; none where the crate was built without
    /// the feature `gpu`.
    pub fn list() -> Vec<String> {
        on_gpu::list()
    }

    /// Opens it, for whatever runs there: [`Model::on`](super::Model::on) does so for drawing. It waits for the device;
    /// [`open_async`](Self::open_async) is for pages.
    ///
    /// # Errors
    /// [`DrawError::Adapter`] and [`DrawError::NoGpu`] where a GPU was asked for and none can be had; [`DrawError::Value`] for
    /// a name without a letter, and for a folder of a cache that cannot be made;
    /// [`DrawError::ThreadsOfGpu`] where there is one, and threads of the processor were asked for.
    pub fn open(&self) -> Result<(OpenDevice, Chosen), DrawError> {
        block_on(self.open_async())
    }

    /// Opens it as [`open`](Self::open), without waiting: in a page, whose browser allows no waiting.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub async fn open_async(&self) -> Result<(OpenDevice, Chosen), DrawError> {
        let why = match &self.wanted {
            Wanted::Cpu => "asked for".into(),
            // It would be a part of every name, or of nearly every one.
            Wanted::Named(part) if part.trim().is_empty() => {
                let why = "a GPU is asked for by a part of its name";
                return Err(DrawError::value("adapter", part, why));
            }
            wanted => match (on_gpu::open(wanted).await, wanted) {
                // Of the best they are what the processor would be given.
                (Ok(_), wanted) if self.threads.is_some() && !matches!(wanted, Wanted::Best) => {
                    return Err(DrawError::ThreadsOfGpu);
                }
                (Ok((gpu, chosen)), _) => {
                    let (gpu, chosen) = on_gpu::prepared(gpu, chosen, &self.gpu).await?;
                    return Ok((OpenDevice::Gpu(Box::new(gpu)), chosen));
                }
                (Err(none), Wanted::Best) => none.to_string(),
                (Err(none), _) => return Err(none),
            },
        };
        let threads = Threads::choose(self.threads)?;
        Ok((
            OpenDevice::Processor(threads),
            Chosen::Processor { why, threads },
        ))
    }
}
