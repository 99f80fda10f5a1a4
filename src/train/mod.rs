//! Training: gradients as a transformation of graphs, objectives, optimiser, resumable runs.
//!
//! [`grad`] turns a network's graph into one that also noises the image, evaluates the loss and has
//! every parameter's gradient among its operations. Planner and executors treat it as any other graph.
//! An [`Engine`] runs it and keeps weights, moments and averages, on the processor or, with the feature `train`,
//! on a GPU. A
//! [`Trainer`] feeds it; a [`RunDirectory`], of which there is one writer at a time, keeps it; a [`SavedRun`] is
//! what it has kept.
//!
//! Everything random follows from the seed and an example's position in the run, so that a run that was
//! stopped and goes on is the run that was not stopped.
//!
//! Through the door all of it is [`Training`](crate::Training), which is told what to train by a
//! [`Recipe`](crate::Recipe):
//!
//! ```no_run
//! use iddpm::data::{self, Options};
//! use iddpm::{Device, Recipe, Training};
//! let pets = data::open("pets/", &Options::square(32))?;
//! let recipe = Recipe::of(&pets);
//! let mut training = Training::begin_or_resume("run", &recipe, pets, Device::best())?;
//! while training.position() < 20_000 {
//!     let report = training.step()?;
//!     println!("step {}: loss {:.4}", report.step, report.loss);
//!     training.save_if_due()?;
//! }
//! training.save()?;
//! # Ok::<(), iddpm::Error>(())
//! ```

mod check;
mod choices;
mod config;
mod cpu_engine;
mod data;
#[cfg_attr(feature = "train", path = "device_gpu.rs")]
#[cfg_attr(not(feature = "train"), path = "device_none.rs")]
mod device;
mod difference;
mod digest;
mod distill;
mod engine;
mod error;
#[cfg(feature = "train")]
mod gpu_engine;
pub mod grad;
mod initial;
pub(crate) mod loader;
mod loss_scale;
mod names;
mod noise_scale;
mod optimizer;
mod order;
mod progress;
mod report;
mod run;
mod saved;
mod state;
mod trainer;

pub use crate::data::Broken;
pub use crate::optimizer::{OptimizerNumbers, Slot};
pub use check::check_data;
pub use config::{Annealing, MicrobatchRule, TimestepLaw, TrainConfig};
pub use cpu_engine::CpuEngine;
pub use data::TrainingData;
pub use digest::Digest;
pub use distill::{Distilling, Teacher};
pub use engine::{Awaited, Batch, Engine};
pub use error::TrainError;
#[cfg(feature = "train")]
pub use gpu_engine::GpuEngine;
pub use grad::{GradError, Recompute, gradient_graph, training_graph};
pub use initial::{graph_of, initial_weights};
pub use loss_scale::LossScale;
pub use noise_scale::GradientNoise;
pub use optimizer::{AdamW, OptimizerStep, Report, average};
pub use progress::Progress;
pub use report::StepReport;
pub use run::RunDirectory;
pub use saved::{SavedRun, check_network};
pub use trainer::Trainer;
