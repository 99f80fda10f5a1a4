//! Improved DDPM (Nichol & Dhariwal, ICML 2021, arXiv:2102.09672) that runs everywhere.
//!
//! ```no_run
//! # #[cfg(feature = "run")]
//! # {
//! use iddpm::{Device, Draw, Model}; // feature gpu, or run: the processor alone
//!
//! let model = Model::open("examples/assets/sprites32.safetensors")?;
//! let mut studio = model.on(Device::best())?; // a GPU if a real one is there, else the processor
//! let draw = Draw::new().class("sword").seed(7);
//! studio.sample(&draw, 8)?.save("swords.png")?;
//! # }
//! # Ok::<(), iddpm::Error>(())
//! ```
//!
//! | layer | what it is | who needs it |
//! |---|---|---|
//! | [`diffusion`] | schedules, samplers, noise, likelihood: `no_std`, no allocation | everyone |
//! | `files` (feature `std`) | files written whole or not at all, folders with one writer | whoever writes one |
//! | [`text`] | texts of others in lines of ours | whoever shows one |
//! | `memory` (features `alloc`, `cpu`) | how much is needed and how much is free | whoever is refused it |
//! | `unet` (feature `alloc`) | what the network is, as data | whoever runs or trains one |
//! | `checkpoint` (feature `checkpoint`) | weights in files that say what they are | whoever loads or saves one |
//! | `cpu` (feature `cpu`) | the network in plain loops without allocation; with `std`, fast | whoever runs one |
//! | `gpu` (feature `gpu`) | the network and the sampling loop as kernels on wgpu | whoever has one |
//! | `data` (feature `data`) | images in files, as the network is trained on them | whoever trains one |
//! | `train` (features `train_cpu`, `train`) | gradients, optimiser, resumable runs | whoever trains one |
//! | `run` (feature `run`) | the door: a model on a device, drawings, runs, pictures in files | everyone with a heap |
//! | `ffi` (features `ffi_core`, `ffi`) | the sampler and the door in C: `include/iddpm_core.h`, `include/iddpm.h` | whoever draws from C, or an engine |
//! | `evaluate` (feature `evaluate`) | samples judged by numbers | whoever compares models |
//!
//! A normal user needs `Model`, `Device` and `Draw`, of the feature `run` or `gpu`. Without a heap it is
//! [`Diffusion`](diffusion::Diffusion) (what a network was trained on),
//! [`InlineProcess`](diffusion::InlineProcess) (the steps that are kept) and
//! [`Sampler`](diffusion::Sampler) (the run), and `cpu::Bare` for a network in flash.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "checkpoint")]
pub mod checkpoint;
mod codes;
#[cfg(feature = "cpu")]
pub mod cpu;
#[cfg(feature = "data")]
pub mod data;
pub mod diffusion;
mod error;
#[cfg(feature = "evaluate")]
pub mod evaluate;
#[cfg(feature = "ffi_core")]
pub mod ffi;
#[cfg(feature = "std")]
pub mod files;
#[cfg(feature = "gpu")]
pub mod gpu;
#[cfg(any(feature = "alloc", feature = "cpu"))]
pub mod memory;
#[cfg(any(feature = "gpu", feature = "train_cpu"))]
mod optimizer;
mod part;
#[cfg(feature = "run")]
pub mod run;
pub mod text;
#[cfg(feature = "train_cpu")]
pub mod train;
#[cfg(any(feature = "alloc", feature = "cpu"))]
pub mod unet;
#[cfg(feature = "run")]
#[cfg_attr(feature = "gpu", path = "waiting_gpu.rs")]
#[cfg_attr(not(feature = "gpu"), path = "waiting_none.rs")]
mod waiting;
#[cfg(any(feature = "gpu", feature = "train_cpu"))]
mod words;

pub use error::Error;
#[cfg(feature = "run")]
pub use run::{Device, Draw, Images, Model, Run, Saved, Studio};
#[cfg(feature = "train_cpu")]
pub use run::{Recipe, Training, TrainingRun};

/// The README's examples, as tests.
#[cfg(all(doctest, feature = "train"))]
#[doc = include_str!("../README.md")]
struct Readme;
