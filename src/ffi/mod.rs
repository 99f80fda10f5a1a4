//! The sampler and the door in C, from whose source the headers are made.
//!
//! `include/iddpm_core.h` (feature `ffi_core`) needs no heap and no system: tables of steps, runs over them, steps and noise
//! on the caller's memory, over [`diffusion`](crate::diffusion). A call that can fail returns an [`iddpm_result`], and leaves
//! why in an [`iddpm_error`] of the caller's.
//!
//! `include/iddpm_network.h` (with feature `cpu` beside it) needs none either: a network whose program and weights lie in flash,
//! evaluated in pieces, over [`cpu`](crate::cpu).
//!
//! `include/iddpm.h` (feature `ffi`) is the door, over `run`. A handle is a pointer that the library gives and takes back: a
//! model (`iddpm_model`), a model on a device (`iddpm_studio`), images on their way (`iddpm_run`), a picture without end (`iddpm_plane`). A call that can fail
//! returns an [`iddpm_result`], and `iddpm_last_error` has the sentence. Nothing calls back, and no panic leaves the library.
//!
//! Threads: a model may be used by any number of them at once. A studio, a run and a plane are used by one at a time,
//! whichever; a call beside another is refused as [`IDDPM_BUSY`](iddpm_result::IDDPM_BUSY). Runs of one studio are apart
//! from each other, and from it; a plane that draws a tile uses its studio. None may be freed while a call with it is
//! under way.
//!
//! The functions are named as in C, and are for C: in Rust, `Model` and [`Sampler`](crate::diffusion::Sampler) are the ways in.
#![allow(non_camel_case_types, reason = "the names that they have in C")]

mod abi;
mod bad_pointer;
#[cfg(feature = "ffi")]
mod door;
mod result;
mod sampling;

#[cfg(feature = "cpu")]
pub use abi::{
    IDDPM_NO_CLASS, iddpm_network, iddpm_network_advance, iddpm_network_begin, iddpm_network_init,
};
pub use abi::{
    IDDPM_NOISE_INITIAL, IDDPM_STATE_BYTES, iddpm_abi_version, iddpm_bytes, iddpm_error,
    iddpm_error_text, iddpm_guide, iddpm_levels, iddpm_noise, iddpm_sampler, iddpm_sampler_apply,
    iddpm_sampler_init, iddpm_sampler_next, iddpm_sampler_resume, iddpm_sampler_save,
    iddpm_sampler_x_start,
};
pub use result::iddpm_result;
pub use sampling::{iddpm_diffusion, iddpm_level, iddpm_step};
#[cfg(feature = "ffi")]
pub use {
    abi::door::*,
    door::{iddpm_draw, iddpm_info},
};
