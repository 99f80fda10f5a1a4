//! What handles hold: a studio and a run, each used by one thread at a time.

use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::vec::Vec;

use super::error::Failure;
use super::options::Asked;
use crate::ffi::result::iddpm_result;
use crate::{Device, Run, Saved, Studio};

// Handles go from thread to thread, and models are shared. A page has one thread, and a GPU there is that thread's.
#[cfg(not(target_family = "wasm"))]
pub(super) const fn shared<T: Send + Sync>() {}

#[cfg(not(target_family = "wasm"))]
const _: () = {
    shared::<crate::Model>();
    shared::<Painter>();
    shared::<Painting>();
};

/// Takes what is behind a handle for a call. A call beside another is refused, and so is one after a panic: what that
/// left may be half done.
pub(super) fn lock<'a, T>(
    what: &'static str,
    value: &'a Mutex<T>,
) -> Result<MutexGuard<'a, T>, Failure> {
    value.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => Failure::new(
            iddpm_result::IDDPM_BUSY,
            std::format!("{what}: another thread is in a call with it"),
        ),
        TryLockError::Poisoned(_) => Failure::new(
            iddpm_result::IDDPM_PANIC,
            std::format!("{what}: an earlier call with it ended by a mistake in iddpm, and it can only be freed"),
        ),
    })
}

/// What is asked for by its word, the best where there is none.
pub(in crate::ffi) fn device(word: Option<&str>, threads: u32) -> Device {
    let device = word.map_or_else(Device::best, Device::from);
    match threads {
        0 => device,
        threads => device.with_threads(threads as usize),
    }
}

/// A model on a device.
#[derive(Debug)]
pub(in crate::ffi) struct Painter(Arc<Mutex<Studio>>);

impl Painter {
    #[cfg_attr(
        target_family = "wasm",
        allow(
            clippy::arc_with_non_send_sync,
            reason = "a page has one thread, and a GPU there is that thread's"
        )
    )]
    pub(in crate::ffi) fn new(studio: Studio) -> Self {
        Self(Arc::new(Mutex::new(studio)))
    }

    /// The studio, for who needs it longer than its handle is there.
    pub(super) fn shared(&self) -> Arc<Mutex<Studio>> {
        Arc::clone(&self.0)
    }

    pub(in crate::ffi) fn studio(&self) -> Result<MutexGuard<'_, Studio>, Failure> {
        lock("studio", &self.0)
    }

    pub(in crate::ffi) fn begin(&self, asked: &Asked<'_>) -> Result<Painting, Failure> {
        let mut studio = self.studio()?;
        let (draw, numbers) = (asked.draw()?, asked.numbers()?);
        let low_res = asked.low_res(studio.model())?;
        let run = match asked.canvas(studio.model())? {
            Some(canvas) => studio.begin_on(&draw, &canvas, numbers)?,
            None => studio.begin_numbers(&draw, numbers)?,
        };
        Ok(Painting::new(match low_res {
            Some(bytes) => run.with_low_res_bytes(&bytes)?,
            None => run,
        }))
    }

    pub(in crate::ffi) fn resume(&self, saved: &[u8]) -> Result<Painting, Failure> {
        let saved = Saved::from_bytes(saved)?;
        let resumed = self.studio()?.resume(&saved).map_err(Failure::from);
        // What it asks for is the save's, and no argument of the call.
        let resumed = resumed.map_err(|failure| match failure.result {
            iddpm_result::IDDPM_ARGUMENT => Failure::new(iddpm_result::IDDPM_SAVED, failure.text),
            _ => failure,
        });
        Ok(Painting::new(resumed?))
    }
}

/// Images on their way; none any more where they were cancelled.
#[derive(Debug)]
pub(in crate::ffi) struct Painting(Mutex<Option<Run>>);

impl Painting {
    const fn new(run: Run) -> Self {
        Self(Mutex::new(Some(run)))
    }

    /// Does something with the run, where it was not cancelled.
    fn with<T>(&self, call: impl FnOnce(&mut Run) -> Result<T, Failure>) -> Result<T, Failure> {
        match lock("run", &self.0)?.as_mut() {
            Some(run) => call(run),
            None => Err(Failure::new(
                iddpm_result::IDDPM_ENDED,
                "run: it was cancelled",
            )),
        }
    }

    pub(in crate::ffi) fn advance(&self, time: Duration) -> Result<iddpm_result, Failure> {
        self.with(|run| Ok(progress(run.advance_for(time)?)))
    }

    pub(in crate::ffi) fn step(&self) -> Result<iddpm_result, Failure> {
        self.with(|run| {
            run.advance()?;
            Ok(progress(!run.is_done()))
        })
    }

    pub(in crate::ffi) fn fraction(&self) -> Result<f32, Failure> {
        self.with(|run| Ok(run.fraction()))
    }

    pub(in crate::ffi) fn count(&self) -> Result<u32, Failure> {
        self.with(|run| Ok(run.samples().len() as u32))
    }

    /// One of the images as RGBA, row after row, and the width and height that it has.
    pub(in crate::ffi) fn rgba(
        &self,
        view: View,
        image: u32,
    ) -> Result<(Vec<u8>, (usize, usize)), Failure> {
        self.with(|run| {
            let images = match view {
                View::Pixels => run.images()?,
                View::Preview => run.preview()?,
            };
            let (index, count) = (image as usize, images.len());
            if index >= count {
                let why = std::format!("the run has {count} images, the first of which is 0");
                return Err(Failure::argument("image", image, why));
            }
            Ok((images.rgba(index)?, images.size()))
        })
    }

    pub(in crate::ffi) fn cancel(&self) -> Result<(), Failure> {
        *lock("run", &self.0)? = None;
        Ok(())
    }

    pub(in crate::ffi) fn save(&self) -> Result<Vec<u8>, Failure> {
        self.with(|run| Ok(run.save()?.to_bytes()?))
    }
}

const fn progress(is_left: bool) -> iddpm_result {
    match is_left {
        true => iddpm_result::IDDPM_MORE,
        false => iddpm_result::IDDPM_OK,
    }
}

/// How images are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ffi) enum View {
    /// As they are.
    Pixels,
    /// As the last step predicted them.
    Preview,
}
