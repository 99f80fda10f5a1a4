//! Batches of examples, read ahead on a thread of their own where there are threads.

use std::string::ToString;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::vec::Vec;

use rayon::prelude::*;

use super::config::TrainConfig;
use super::error::TrainError;
use super::order::{Draws, Order};
use crate::data::{Broken, DataError, Dataset};
use crate::diffusion::pixels::from_u8;
use crate::memory::collected;
use crate::unet::Extents;

/// Batches that are ready before they are asked for.
const AHEAD: usize = 2;

/// The examples of a step.
pub(crate) struct Examples {
    pub(crate) x_start: Vec<f32>,
    pub(crate) labels: Vec<u32>,
    /// What was left out, and why.
    pub(crate) skipped: Vec<DataError>,
}

/// Reads the batches of consecutive steps.
pub(crate) struct Loader(Source);

enum Source {
    Ahead(Ahead),
    /// Where there are no threads, as in a page: read when it is asked for.
    Here(Reader),
}

/// Batches that a thread reads before they are asked for.
struct Ahead {
    batches: Option<Receiver<Result<Examples, TrainError>>>,
    thread: Option<JoinHandle<()>>,
}

impl core::fmt::Debug for Loader {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Loader").finish_non_exhaustive()
    }
}

impl Loader {
    /// Begins to read the batch of `step`; a label that is dropped becomes the null label.
    pub(crate) fn new(
        data: Arc<dyn Dataset>,
        config: &TrainConfig,
        null_label: Option<u32>,
        broken: Broken,
        step: u64,
    ) -> Result<Self, TrainError> {
        let draws = Draws::new(config.seed);
        let reader = Reader {
            step,
            order: Order::new(draws, data.len()),
            data,
            draws,
            batch: config.batch,
            flip: config.flip,
            drop_labels: config.drop_labels,
            null_label,
            broken,
        };
        Ok(Self(match cfg!(target_family = "wasm") {
            true => Source::Here(reader),
            false => Source::Ahead(Ahead::new(reader)?),
        }))
    }

    /// The next step's batch.
    pub(crate) fn next(&mut self) -> Result<Examples, TrainError> {
        match &mut self.0 {
            Source::Ahead(ahead) => ahead.next(),
            Source::Here(reader) => reader.next(),
        }
    }
}

impl Ahead {
    fn new(mut reader: Reader) -> Result<Self, TrainError> {
        let (sender, batches) = sync_channel(AHEAD);
        let thread = std::thread::Builder::new()
            .name("examples".into())
            .spawn(move || {
                loop {
                    let read = reader.next();
                    let ends = read.is_err();
                    // Nobody waits for it any more: the run is over.
                    if sender.send(read).is_err() || ends {
                        return;
                    }
                }
            })
            .map_err(|error| TrainError::Thread {
                message: error.to_string(),
            })?;
        Ok(Self {
            batches: Some(batches),
            thread: Some(thread),
        })
    }

    fn next(&self) -> Result<Examples, TrainError> {
        let batches = self.batches.as_ref();
        match batches.and_then(|batches| batches.recv().ok()) {
            Some(read) => read,
            None => Err(TrainError::Thread {
                message: "it has ended".into(),
            }),
        }
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            // It ends at its next attempt to hand a batch over.
            let _ = thread.join();
        }
    }
}

struct Reader {
    /// The step whose batch is the next.
    step: u64,
    data: Arc<dyn Dataset>,
    order: Order,
    draws: Draws,
    batch: usize,
    flip: bool,
    drop_labels: f64,
    null_label: Option<u32>,
    broken: Broken,
}

impl Reader {
    fn next(&mut self) -> Result<Examples, TrainError> {
        let first = self.step * self.batch as u64;
        self.step += 1;
        let positions: Vec<u64> = (first..first + self.batch as u64).collect();
        let examples: Vec<(u64, usize)> = positions
            .into_iter()
            .map(|position| (position, self.order.example(position)))
            .collect();
        let read: Vec<_> = examples
            .par_iter()
            .map(|&(position, example)| self.read(position, example))
            .collect();
        let pixels = self.batch.saturating_mul(self.data.extents().elements());
        let mut batch = Examples {
            x_start: collected(pixels, [])?,
            labels: Vec::new(),
            skipped: Vec::new(),
        };
        for read in read {
            let (pixels, label, skipped) = read?;
            batch.x_start.extend(pixels);
            batch.labels.extend(label);
            batch.skipped.extend(skipped);
        }
        Ok(batch)
    }

    /// One example, or the first readable one behind it in the data.
    #[expect(clippy::type_complexity, reason = "used in one place")]
    fn read(
        &self,
        position: u64,
        example: usize,
    ) -> Result<(Vec<f32>, Option<u32>, Vec<DataError>), TrainError> {
        let mut skipped = Vec::new();
        let len = self.data.len();
        for offset in 0..len {
            let index = (example + offset) % len;
            match self.data.get(index) {
                Ok(found) => {
                    let (len, expected) = (found.pixels.len(), self.data.extents().elements());
                    if len != expected {
                        return Err(TrainError::Example {
                            index,
                            len,
                            expected,
                        });
                    }
                    let values = found.pixels.iter().map(|&value| from_u8(value));
                    let mut pixels = collected(len, values)?;
                    if self.flip && self.draws.flip(position) {
                        mirror(self.data.extents(), &mut pixels);
                    }
                    return Ok((pixels, self.told(position, found.label), skipped));
                }
                Err(error) if self.broken == Broken::Fatal => return Err(error.into()),
                Err(error) => skipped.push(error),
            }
        }
        Err(TrainError::AllSkipped {
            examples: len,
            first: skipped.into_iter().next(),
        })
    }

    /// The label that the network is told of the example at a position.
    fn told(&self, position: u64, label: Option<u32>) -> Option<u32> {
        match self.draws.drops_label(position, self.drop_labels) {
            true => self.null_label,
            false => label,
        }
    }
}

fn mirror(extents: Extents, pixels: &mut [f32]) {
    for row in pixels.chunks_exact_mut(extents.width.max(1)) {
        row.reverse();
    }
}
