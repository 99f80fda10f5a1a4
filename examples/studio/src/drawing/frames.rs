//! A run that is recorded within the window's frames, on the window's device.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use iddpm::run::Budget;
use iddpm::{Error, Run};

use super::sprite::Sprite;
use crate::host::Host;
use crate::times::Times;

/// What a run needs of the window: its device, and a texture that the window shows. No pixel of it comes to the host.
pub(super) struct Frames {
    host: Host,
    sprite: Arc<Sprite>,
    /// Milliseconds from a frame's submission to its end, as the queue tells: what a run learns by on a device without
    /// a clock.
    told: (Sender<f64>, Receiver<f64>),
    /// Frames whose time is known.
    measured: u64,
}

impl Frames {
    pub(super) fn new(host: &Host, (width, height): (usize, usize)) -> Self {
        Self {
            sprite: Arc::new(Sprite::new(host, width, height)),
            host: host.clone(),
            told: channel(),
            measured: 0,
        }
    }

    pub(super) fn sprite(&self) -> Arc<Sprite> {
        Arc::clone(&self.sprite)
    }

    /// Records what fits into so many milliseconds, and the picture as it then is; `false` where nothing was left.
    pub(super) fn advance(
        &mut self,
        run: &mut Run,
        milliseconds: f64,
        times: &mut Times,
    ) -> Result<bool, Error> {
        self.told.1.try_iter().for_each(|took| run.took(took));
        let mut encoder = self.host.device.create_command_encoder(&Default::default());
        let was_left = run.record(&mut encoder, Budget::milliseconds(milliseconds))?;
        run.paint(&mut encoder, self.sprite.texture())?;
        self.host.queue.submit([encoder.finish()]);
        let (told, submitted) = (self.told.0.clone(), Instant::now());
        self.host.queue.on_submitted_work_done(move || {
            // Of a drawing that was given up nobody asks.
            let _ = told.send(1e3 * submitted.elapsed().as_secs_f64());
        });
        let pacing = run.pacing()?;
        if pacing.measured > self.measured {
            self.measured = pacing.measured;
            times.add(pacing.last_milliseconds);
        }
        Ok(was_left)
    }
}
