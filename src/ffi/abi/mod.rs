//! The functions of the header, and with `gpu/experimental.rs` the only unsafe code of the crate: what comes as
//! pointers becomes references, slices and texts, each by one way of `memory.rs` or, with a heap,
//! `pointers.rs`, and goes on in safe code.
#![allow(unsafe_code)]

mod core;
mod memory;
#[cfg(feature = "ffi")]
mod models;
mod opaque;
#[cfg(feature = "ffi")]
mod planes;
#[cfg(feature = "ffi")]
mod pointers;
#[cfg(feature = "ffi")]
mod runs;

pub use self::core::{
    IDDPM_NOISE_INITIAL, IDDPM_STATE_BYTES, iddpm_abi_version, iddpm_bytes, iddpm_error_text,
    iddpm_guide, iddpm_levels, iddpm_noise, iddpm_sampler_apply, iddpm_sampler_init,
    iddpm_sampler_next, iddpm_sampler_resume, iddpm_sampler_save, iddpm_sampler_x_start,
};
#[cfg(feature = "ffi")]
pub use models::{
    iddpm_device_name, iddpm_devices, iddpm_last_error, iddpm_model_class_name, iddpm_model_free,
    iddpm_model_from_memory, iddpm_model_info, iddpm_model_notes, iddpm_model_on, iddpm_model_open,
    iddpm_studio_device, iddpm_studio_free,
};
pub use opaque::{iddpm_error, iddpm_sampler};
#[cfg(feature = "ffi")]
pub use planes::{iddpm_plane_begin, iddpm_plane_free, iddpm_plane_tile};
#[cfg(feature = "ffi")]
pub use pointers::{iddpm_model, iddpm_plane, iddpm_run, iddpm_studio};
#[cfg(feature = "ffi")]
pub use runs::{
    iddpm_draw_init, iddpm_run_advance, iddpm_run_begin, iddpm_run_cancel, iddpm_run_count,
    iddpm_run_fraction, iddpm_run_free, iddpm_run_pixels, iddpm_run_preview, iddpm_run_resume,
    iddpm_run_save, iddpm_run_step,
};
