//! The calls of the door, which have a heap.

mod models;
mod planes;
mod pointers;
mod runs;

pub use models::{
    iddpm_device_name, iddpm_devices, iddpm_last_error, iddpm_last_result, iddpm_model_class_name,
    iddpm_model_free, iddpm_model_from_memory, iddpm_model_info, iddpm_model_notes, iddpm_model_on,
    iddpm_model_open, iddpm_studio_device, iddpm_studio_free,
};
pub use planes::{iddpm_plane_begin, iddpm_plane_free, iddpm_plane_tile};
pub use pointers::{iddpm_model, iddpm_plane, iddpm_run, iddpm_studio};
pub use runs::{
    iddpm_draw_init, iddpm_run_advance, iddpm_run_begin, iddpm_run_cancel, iddpm_run_count,
    iddpm_run_fraction, iddpm_run_free, iddpm_run_pixels, iddpm_run_preview, iddpm_run_resume,
    iddpm_run_save, iddpm_run_step,
};
