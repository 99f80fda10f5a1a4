//! What is behind the calls that need no heap: `include/iddpm_core.h`.

mod failure;
mod plain;
mod running;

pub(super) use failure::Why;
pub(super) use plain::{Flags, parsed};
pub use plain::{iddpm_diffusion, iddpm_level, iddpm_step};
pub(super) use running::Running;
