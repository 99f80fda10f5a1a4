//! What is behind the calls that need no heap: `include/iddpm_core.h` and `include/iddpm_network.h`.

#[cfg(feature = "cpu")]
mod evaluating;
#[cfg(not(feature = "cpu"))]
#[path = "no_evaluating.rs"]
mod evaluating;
mod failure;
mod plain;
mod running;

#[cfg(feature = "cpu")]
pub(super) use evaluating::Evaluating;
pub(super) use failure::Why;
pub(super) use plain::{Flags, parsed};
pub use plain::{iddpm_diffusion, iddpm_level, iddpm_step};
pub(super) use running::Running;
