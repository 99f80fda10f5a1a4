//! The mathematics of the paper: `no_std`, no allocation, no I/O, no clock, no hidden randomness.
//!
//! Data flows one way through these files, in this order:
//! [`schedule`] → [`timesteps`] → [`process`] ([`posterior`], [`prediction`]) → [`sampler`]
//! ([`method`], [`step`], [`update`], [`state`]) ⇄ [`denoiser`] → pixels. [`noise`] is an argument of a step, never drawn
//! behind the caller's back. [`likelihood`], [`loss`] and [`resample`] evaluate and train.
//!
//! ```
//! use iddpm::diffusion::{Clip, Diffusion, InlineProcess, Method, Sampler, Schedule, Timesteps};
//! let model = Diffusion::new(Schedule::Cosine, 4000); // what the network was trained on
//! let process = InlineProcess::<50>::new(&model, Timesteps::even(50))?; // 50 steps of it
//! for step in Sampler::new(&process, Method::Ancestral, Clip::Unit)? {
//!     // The network sees x at this timestep; then step.apply(&mut x, &output, &noise) makes the next x of it.
//!     println!("{}", step.timestep());
//! }
//! # Ok::<(), iddpm::Error>(())
//! ```
//!
//! [`Sample::run`] is that loop, with the noise of a seed.

pub mod error;
pub(crate) mod fingerprint;
pub mod linear;
pub(crate) mod math;
mod numbers;

pub mod schedule;
pub mod timesteps;

#[cfg(feature = "alloc")]
pub mod distill;
#[cfg(feature = "alloc")]
pub mod grid;
#[cfg(feature = "alloc")]
mod owned;
#[cfg(feature = "alloc")]
mod paused;
pub mod posterior;
pub mod prediction;
pub mod process;

mod ancestral;
pub(crate) mod kernel;
#[cfg_attr(feature = "std", path = "lanes_detected.rs")]
#[cfg_attr(not(feature = "std"), path = "lanes_portable.rs")]
pub(crate) mod lanes;
#[cfg_attr(feature = "defmt", path = "log_defmt.rs")]
#[cfg_attr(not(feature = "defmt"), path = "log_silent.rs")]
mod log;
pub mod method;
pub mod noise;
pub mod sampler;
mod setting;
pub mod state;
pub mod step;
pub mod update;
mod walk;

#[cfg(feature = "alloc")]
pub mod controls;
pub mod guidance;
pub mod kept;
pub mod palette;

pub mod denoiser;
pub mod exact;
pub mod pixels;

mod bound;
pub mod card;
pub mod likelihood;
pub mod loss;
pub mod loss_row;
pub(crate) mod names;
pub mod resample;

#[cfg(feature = "half")]
pub mod half_precision;

pub use card::{ModelCard, WeightSet};
#[cfg(feature = "alloc")]
pub use controls::{Controls, Guidance, KnownBuf, PaletteBuf};
pub use denoiser::{Denoiser, Image, Query, RunError, Sample};
#[cfg(feature = "alloc")]
pub use distill::{Lesson, TeacherStep};
pub use error::{Error, Slice};
#[cfg(feature = "alloc")]
pub use grid::Grid;
pub use guidance::{MOST_GUIDANCE, guide};
pub use kept::Known;
pub use linear::Linear;
pub use loss::{Loss, Objective};
pub use loss_row::{ElementLoss, LossRow};
pub use method::Method;
pub use noise::Noise;
#[cfg(feature = "alloc")]
pub use owned::OwnedProcess;
pub use palette::Colours;
#[cfg(feature = "alloc")]
pub use paused::Paused;
pub use posterior::{Coefficients, LogVariance, Variance};
pub use prediction::{Clip, Prediction};
pub use process::{
    Diffusion, InlineProcess, Process, ProcessView, ReverseElement, ReverseLaw, ReverseMean,
};
pub use sampler::Sampler;
pub use schedule::{Level, Levels, Schedule};
pub use state::SamplerState;
pub use step::Step;
pub use timesteps::Timesteps;
pub use update::{Mix, NoiseScale, Pixels, Update};
pub use walk::Resampling;
