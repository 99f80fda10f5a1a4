//! The door in C: `include/iddpm.h`, which is generated from this module, over [`run`](crate::run).
//!
//! A handle is a pointer that the library gives and takes back: a model (`iddpm_model`), a model on a device
//! (`iddpm_studio`), images on their way (`iddpm_run`), a picture without end (`iddpm_plane`). A call that can fail returns an [`iddpm_result`], and
//! [`iddpm_last_error`] has the sentence. Nothing calls back, and no panic leaves the library.
//!
//! Threads: a model may be used by any number of them at once. A studio, a run and a plane are used by one at a time,
//! whichever; a call beside another is refused as [`IDDPM_BUSY`](iddpm_result::IDDPM_BUSY). Runs of one studio are apart
//! from each other, and from it; a plane that draws a tile uses its studio. None may be freed while a call with it is
//! under way.
//!
//! The functions are named as in C, and are for C: in Rust, [`Model`](crate::Model) is the way in.
#![allow(non_camel_case_types, reason = "the names that they have in C")]

mod abi;
mod error;
mod guard;
mod handles;
mod info;
mod options;
mod pixels;
mod scene;

pub use abi::{
    iddpm_abi_version, iddpm_device_name, iddpm_devices, iddpm_draw_init, iddpm_last_error,
    iddpm_model, iddpm_model_class_name, iddpm_model_free, iddpm_model_from_memory,
    iddpm_model_info, iddpm_model_notes, iddpm_model_on, iddpm_model_open, iddpm_plane,
    iddpm_plane_begin, iddpm_plane_free, iddpm_plane_tile, iddpm_run, iddpm_run_advance,
    iddpm_run_begin, iddpm_run_cancel, iddpm_run_count, iddpm_run_fraction, iddpm_run_free,
    iddpm_run_pixels, iddpm_run_preview, iddpm_run_resume, iddpm_run_save, iddpm_run_step,
    iddpm_studio, iddpm_studio_device, iddpm_studio_free,
};
pub use error::iddpm_result;
pub use info::iddpm_info;
pub use options::iddpm_draw;
