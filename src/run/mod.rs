//! The door: a model, a device, a drawing, a run. What most users need, and nothing that they must copy.
//!
//! Data flows one way: [`Model`] (a checkpoint) → [`Studio`] (the model on a [`Device`]) → [`Run`] (a [`Draw`] in
//! the middle of its steps) → [`Images`]. A [`Saved`] run goes on in another studio. Each gives its parts back, so
//! that the floors below stay usable: [`Model::checkpoint`], [`Run::samples`], [`Images::planes`].

mod device;
mod draw;
mod error;
mod images;
mod model;
#[cfg_attr(not(feature = "gpu"), path = "no_gpu.rs")]
mod on_gpu;
mod paused;
mod pictures;
mod processor;
#[expect(clippy::module_inception, reason = "it is what the folder is about")]
mod run;
mod saved;
mod studio;
mod threads;

pub use device::{Chosen, Device, Opened};
pub use draw::Draw;
pub use error::DrawError;
pub use images::Images;
pub use model::Model;
#[cfg(feature = "gpu")]
pub use on_gpu::half;
pub use pictures::{Album, Trajectory};
pub use run::Run;
pub use saved::Saved;
pub use studio::Studio;
pub use threads::Threads;
