//! The door: a model, a device, a drawing, a run. What most users need, and nothing that they must copy.
//!
//! Data flows one way: [`Model`] (a checkpoint) → [`Studio`] (the model on a [`Device`]) → [`Run`] (a [`Draw`] in
//! the middle of its steps) → [`Images`]. A [`Saved`] run goes on in another studio. Each gives its parts back, so
//! that the floors below stay usable: [`Model::checkpoint`], [`Run::samples`], [`Images::planes`].
//!
//! ```no_run
//! use iddpm::{Device, Draw, Model};
//! let model = Model::open("sprites32.safetensors")?; // a file, or a training run's folder
//! let mut studio = model.on(Device::best())?;
//! println!("on {}", studio.device()); // which device, and why
//!
//! let mut run = studio.begin(&Draw::new().class("sword"), 8)?;
//! while run.advance()? {
//!     if run.position() == 25 {
//!         run.preview()?.save("halfway.png")?;
//!         run.save()?.write("swords.run")?; // goes on by studio.resume(&Saved::read("swords.run")?)
//!     }
//! }
//! run.images()?.save("swords.png")?;
//! # Ok::<(), iddpm::Error>(())
//! ```

mod between;
mod canvas;
#[cfg(feature = "data")]
mod canvas_open;
mod device;
mod draw;
#[cfg(feature = "data")]
mod enlarge;
mod error;
#[cfg(feature = "gpu")]
mod frames;
#[cfg_attr(feature = "gpu", path = "gpu_some.rs")]
#[cfg_attr(not(feature = "gpu"), path = "gpu_none.rs")]
mod gpu_type;
mod images;
#[cfg(feature = "data")]
mod likelihood;
mod model;
#[cfg(feature = "data")]
mod model_data;
#[cfg_attr(not(feature = "gpu"), path = "no_gpu.rs")]
mod on_gpu;
mod open;
mod palette;
mod pictures;
mod plane;
mod planes;
mod processor;
#[expect(clippy::module_inception, reason = "it is what the folder is about")]
mod run;
mod saved;
mod studio;
#[cfg(feature = "data")]
mod terms;
mod threads;
#[cfg(feature = "train_cpu")]
mod training;

pub use canvas::Canvas;
pub use device::{Chosen, Device, OpenDevice};
pub use draw::Draw;
#[cfg(feature = "data")]
pub use enlarge::LowRes;
pub use error::DrawError;
pub use images::Images;
#[cfg(feature = "data")]
pub use likelihood::Likelihood;
pub use model::Model;
#[cfg(feature = "gpu")]
pub use on_gpu::{Budget, Pacing};
pub use palette::Palette;
pub use pictures::{Album, Trajectory};
pub use plane::Plane;
#[cfg(feature = "ffi")]
pub(crate) use plane::Windows;
pub use run::Run;
pub use saved::Saved;
pub use studio::Studio;
#[cfg(feature = "data")]
pub use terms::{Mean, Terms};
pub use threads::Threads;
#[cfg(feature = "train_cpu")]
pub use training::{
    Beginning, Best, ClassRows, Cost, Kept, Origin, Prepared, Recipe, TeacherCost, Training,
    TrainingRun, Validated, Validation,
};
