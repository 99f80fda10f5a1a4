//! Batches of examples, read ahead on a thread of their own where there are threads.

use std::io::ErrorKind;
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
        let reader = Reader::new(data, config, null_label, broken, step);
        let (hand_over, reader_for_thread) = sync_channel(1);
        Ok(Self(match Ahead::new(reader_for_thread) {
            Ok(ahead) => {
                // It has a place for one, and waits for it.
                let _ = hand_over.send(reader);
                Source::Ahead(ahead)
            }
            Err(error) if error.kind() == ErrorKind::Unsupported => Source::Here(reader),
            Err(error) => {
                let message = error.to_string();
                return Err(TrainError::Thread { message });
            }
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
    /// A thread that reads with whoever comes.
    fn new(readers: Receiver<Reader>) -> std::io::Result<Self> {
        let (sender, batches) = sync_channel(AHEAD);
        let read_ahead = move || {
            let Ok(mut reader) = readers.recv() else {
                return;
            };
            loop {
                let read = reader.next();
                let ends = read.is_err();
                // Nobody waits for it any more: the run is over.
                if sender.send(read).is_err() || ends {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("examples".into());
        Ok(Self {
            batches: Some(batches),
            thread: Some(thread.spawn(read_ahead)?),
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
    fn new(
        data: Arc<dyn Dataset>,
        config: &TrainConfig,
        null_label: Option<u32>,
        broken: Broken,
        step: u64,
    ) -> Self {
        let draws = Draws::new(config.seed);
        Self {
            step,
            order: Order::new(draws, data.len()),
            data,
            draws,
            batch: config.batch,
            flip: config.flip,
            drop_labels: config.drop_labels,
            null_label,
            broken,
        }
    }

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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::assert_eq;
    use std::sync::Arc;
    use std::vec;

    use super::{Loader, Reader, Source};
    use crate::data::{Broken, Dataset, Images};
    use crate::train::TrainConfig;
    use crate::unet::Extents;

    /// What is read when it is asked for is what a thread reads ahead.
    #[test]
    fn a_thread_reads_what_is_read_without_one() {
        let extents = Extents {
            channels: 1,
            height: 2,
            width: 3,
        };
        let pixels = (0..7 * 6).collect();
        let images =
            Images::new(extents, pixels, Some(vec![0, 1, 2, 0, 1, 2, 0]), Some(4)).unwrap();
        let data: Arc<dyn Dataset> = Arc::new(images);
        let config = TrainConfig {
            batch: 3,
            flip: true,
            drop_labels: 0.5,
            ..TrainConfig::default()
        };
        let step = 5;
        let null = Some(3);
        let mut ahead = Loader::new(Arc::clone(&data), &config, null, Broken::Fatal, step).unwrap();
        let reader = Reader::new(data, &config, null, Broken::Fatal, step);
        let mut here = Loader(Source::Here(reader));
        for _ in 0..10 {
            let (ahead, here) = (ahead.next().unwrap(), here.next().unwrap());
            assert_eq!((ahead.x_start, ahead.labels), (here.x_start, here.labels));
        }
    }
}
