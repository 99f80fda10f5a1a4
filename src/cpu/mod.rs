//! The network on the processor: an interpreter of programs over borrowed slices.
//!
//! A [`Program`] is a graph and its plan as plain instructions. [`run`] executes it in plain loops
//! over the caller's slices: no allocation, no thread, no instruction set; it is the specification
//! of every operation, and what a microcontroller runs. `Network` (feature `alloc`) owns all that
//! a run needs; with `std` it uses every core and vector instruction and its own arrangement of the
//! weights.
//!
//! Without a heap: the bytes of a program (`ProgramBuf` makes them on a host) and the
//! weights lie in flash, all else is the caller's memory.
//!
//! ```
//! use iddpm::cpu::{Bare, Program};
//! use iddpm::diffusion::{Clip, Diffusion, Image, InlineProcess, Method, Noise, Sample, Sampler, Schedule, Timesteps};
//! use iddpm::unet::Weights;
//!
//! fn draw(program: &[u8], weights: &[u16], workspace: &mut [f32], x: &mut [f32; 256]) -> Result<(), iddpm::Error> {
//!     let model = Diffusion::new(Schedule::Cosine, 1000); // what the network was trained on
//!     let process = InlineProcess::<10>::new(&model, Timesteps::even(10))?; // 10 steps of it
//!     let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit)?;
//!     let mut network = Bare::new(Program::from_bytes(program)?, Weights::F16(weights), workspace)?;
//!     let (mut output, mut noise) = ([0.0; 512], [0.0; 256]); // twice an image: a variance is learned
//!     let mut image = Image { x, output: &mut output, noise: &mut noise, history: &mut [] };
//!     let sample = Sample { noise: Noise::new(7), number: 0, label: Some(3) };
//!     Ok(sample.run(sampler, &mut network, &mut image)?)
//! }
//! # #[cfg(feature = "alloc")]
//! # {
//! # use iddpm::unet::{ImageSize, Plan, UnetConfig};
//! # let config = UnetConfig::new(1, 32).with_classes(10).with_learned_variance();
//! # let graph = config.graph(1, ImageSize::square(16)).unwrap();
//! # let program = iddpm::cpu::ProgramBuf::new(&graph, &Plan::single(&graph)).unwrap();
//! # let (weights, mut x) = (vec![0x1f00; graph.weights_len()], [0.0; 256]);
//! # let mut workspace = vec![0.0; program.view().unwrap().workspace_len()];
//! # draw(program.as_bytes(), &weights, &mut workspace, &mut x).unwrap();
//! # assert!(x.iter().all(|x| x.abs() <= 1.0));
//! # }
//! ```
//!
//! `plain/` has one file for each family of operations; its documentation is the formula. The plain loops run
//! over f32 or f64, the fast ones over f32. Statistics of a normalisation are summed up in f64 by the fast loops, and
//! by the plain ones in f32 in two numbers, which cores without f64 are quick at; the plain loops' gradients are
//! computed in f64.

mod bare;
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
mod rows;
mod run;

pub use bare::Bare;
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
#[cfg(feature = "run")]
pub(crate) use network::Prepared;
pub use program::{Instruction, Location, Operand, Parameter, Program, ProgramHeader};
#[cfg(feature = "ffi_core")]
pub(crate) use run::Cursor;
pub use run::Run;

pub use crate::unet::Extents;
