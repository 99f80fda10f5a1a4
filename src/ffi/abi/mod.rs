//! The functions of the headers, and with `gpu/experimental.rs` the only unsafe code of the crate: what comes as
//! pointers becomes references, slices and texts, each by one way of `memory.rs` or, with a heap,
//! `door/pointers.rs`, and goes on in safe code.
#![allow(unsafe_code)]

#[cfg(feature = "ffi")]
pub(super) mod door;
mod memory;
#[cfg(feature = "cpu")]
mod network;
mod opaque;
mod sampling;

#[cfg(feature = "cpu")]
pub use network::{
    IDDPM_NO_CLASS, iddpm_network, iddpm_network_advance, iddpm_network_begin, iddpm_network_init,
};
pub use opaque::{iddpm_error, iddpm_sampler};
pub use sampling::{
    IDDPM_NOISE_INITIAL, IDDPM_STATE_BYTES, iddpm_abi_version, iddpm_bytes, iddpm_error_text,
    iddpm_guide, iddpm_levels, iddpm_noise, iddpm_sampler_apply, iddpm_sampler_init,
    iddpm_sampler_next, iddpm_sampler_resume, iddpm_sampler_save, iddpm_sampler_x_start,
};
