//! The network and the sampling loop as WGSL kernels on wgpu.
//!
//! Data flows one way through these files: graph and plan → `record.rs` → `recording.rs` (plain data) →
//! `engine.rs` (alone runs dispatches) → [`DeviceNetwork`], [`DeviceGeneration`]. `kernels/` has one file for each
//! shader of the folder `shaders`.
//!
//! **The host owns the machine.** [`Gpu::new`] takes the host's device; dispatches go into the host's
//! encoder; nothing polls or waits but the functions named `*_blocking`. All buffers, pipelines and bind
//! groups are made when something is loaded, none afterwards.
//!
//! Through the door these are three calls: `begin` makes all and waits for it, as a level is loaded; in each frame
//! `record` and `paint` wait for nothing. Without it they are [`DeviceWeights::upload`],
//! [`DeviceGeneration::new`], [`record_work`](DeviceGeneration::record_work) and [`paint`](DeviceGeneration::paint).
//!
//! ```no_run
//! use iddpm::gpu::wgpu;
//! use iddpm::run::Budget;
//! use iddpm::{Device, Draw, Images, Model, Saved};
//!
//! fn draw(gpu: &wgpu::Device, queue: &wgpu::Queue, shown: &wgpu::Texture) -> Result<Images, iddpm::Error> {
//!     let model = Model::open("sprites32.safetensors")?;
//!     let mut run = model.on(Device::host(gpu, queue))?.begin(&Draw::new().class("sword"), 1)?;
//!     while run.fraction() < 0.5 { // each time round is a frame of the game
//!         let mut frame = gpu.create_command_encoder(&Default::default());
//!         run.record(&mut frame, Budget::milliseconds(2.0))?;
//!         run.paint(&mut frame, shown)?;
//!         queue.submit([frame.finish()]);
//!     }
//!     run.save()?.write("sword.run")?; // the player leaves; another day, without a GPU:
//!     let mut run = model.on(Device::cpu())?.resume(&Saved::read("sword.run")?)?;
//!     while run.advance()? {}
//!     run.images()
//! }
//! ```

mod adapters;
mod arrival;
mod choice;
mod convolution;
mod cost;
mod device;
mod embedding;
mod engine;
mod error;
mod experimental;
mod fusion;
mod generation;
mod kernels;
mod labels;
mod layers;
mod layout;
mod limits;
mod measured;
mod memory;
mod network;
mod optimizer;
mod pipeline;
mod pipeline_cache;
mod places;
mod record;
mod recording;
mod sampling;
#[cfg_attr(not(target_family = "wasm"), path = "spread_threads.rs")]
#[cfg_attr(target_family = "wasm", path = "spread_none.rs")]
mod spread;
mod steering;
mod stopwatch;
mod store;
mod training;
mod variants;
mod vectors;
mod watch;
mod weights;

pub use adapters::adapters;
pub use cost::Counts;
pub use device::Gpu;
pub use error::{GpuError, Limit};
pub use generation::{DeviceGeneration, PausedReadback, Shown};
// What is hidden is for tests and counts, which look into what is recorded before anything runs.
#[doc(hidden)]
pub use embedding::record_step;
#[doc(hidden)]
pub use kernels::{Access, Dialect, Form, KERNELS, Kernel, Memory, Named, Seen, Uses};
pub use layout::plan;
pub use measured::Measured;
pub use memory::{DeviceWeights, Readback};
pub use network::DeviceNetwork;
pub use record::{Recorded, distinct_variants, record};
#[doc(hidden)]
pub use recording::{
    ALIGNMENT, Binding, Buffer, BufferId, Contents, Dispatch, Recording, Width, grid,
};
pub use sampling::NoiseSource;
pub(crate) use stopwatch::Stopwatch;
pub use training::{DeviceTraining, Kept, record_training};
pub use variants::{AttentionVariant, ConvVariant, DeviceClass, MatrixSide, Reduction, Variants};
pub(crate) use watch::submit;
pub use weights::{Precision, WeightPlan};

pub use crate::optimizer::{OptimizerNumbers, Slot};
pub use wgpu;
