//! Training: gradients as a transformation of graphs, objectives, optimiser, resumable runs.
//!
//! [`grad`] turns a network's graph into one that also noises the image, evaluates the loss and has
//! every parameter's gradient among its operations. Planner and executors treat it as any other graph.
//! An [`Engine`] runs it and keeps weights, moments and averages, on the processor or on a GPU.

mod cpu_engine;
mod engine;
mod error;
pub mod grad;
mod optimizer;

pub use cpu_engine::CpuEngine;
pub use engine::{Batch, Engine, Slot};
pub use error::TrainError;
pub use grad::{GradError, Recompute, training_graph};
pub use optimizer::{AdamW, Report, Update, average};
