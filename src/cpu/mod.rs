//! The network on the processor: an interpreter of programs over borrowed slices.
//!
//! A [`Program`] is a graph and its plan as plain instructions. [`run`] executes it in plain loops
//! over the caller's slices: no allocation, no thread, no instruction set; it is the specification
//! of every operation, and what a microcontroller runs. [`Network`] (feature `alloc`) owns all that
//! a run needs; with `std` it uses every core and vector instruction and its own arrangement of the
//! weights.
//!
//! `plain/` has one file for each family of operations; its documentation is the formula. The plain loops run
//! over f32 or f64, the fast ones over f32; statistics of a normalisation, and the plain loops' gradients, are
//! computed in f64.

#[cfg(feature = "alloc")]
mod compile;
#[cfg(feature = "alloc")]
mod encode;
mod error;
#[cfg(feature = "alloc")]
#[cfg_attr(feature = "std", path = "executor_fast.rs")]
#[cfg_attr(not(feature = "std"), path = "executor_plain.rs")]
mod executor;
#[cfg(feature = "std")]
mod fast;
#[cfg(feature = "alloc")]
mod generation;
mod given;
#[cfg(feature = "std")]
mod gradients;
mod interpreter;
mod math;
#[cfg(feature = "alloc")]
mod network;
mod plain;
mod program;
pub mod resize;

#[cfg(feature = "alloc")]
pub use compile::ProgramBuf;
pub use error::{NetworkError, NetworkSlice, ProgramError};
#[cfg(feature = "run")]
pub(crate) use generation::Batch;
#[cfg(feature = "alloc")]
pub use generation::Generation;
pub use given::{Given, Inputs, Results, TrainingInputs};
#[cfg(feature = "std")]
pub use gradients::Gradients;
pub use interpreter::{run, run_plain};
pub use math::Real;
#[cfg(feature = "alloc")]
pub use network::Network;
pub use program::{Instruction, Location, Operand, Parameter, Program, ProgramHeader};

pub use crate::unet::Extents;
