//! Training: gradients as a transformation of graphs, objectives, optimiser, resumable runs.
//!
//! [`grad`] turns a network's graph into one that also noises the image, evaluates the loss and has
//! every parameter's gradient among its operations. Planner and executors treat it as any other graph.

pub mod grad;

pub use grad::{GradError, Recompute, training_graph};
