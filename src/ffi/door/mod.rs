//! What is behind the calls of the door: `include/iddpm.h`.

mod error;
mod guard;
mod handles;
mod info;
mod options;
mod pixels;
mod scene;

pub(in crate::ffi) use error::Failure;
pub(in crate::ffi) use guard::{answer, last, result};
pub(in crate::ffi) use handles::{Painter, Painting, View, device};
pub use info::iddpm_info;
pub(in crate::ffi) use options::Asked;
pub use options::iddpm_draw;
pub(in crate::ffi) use pixels::{Layout, RGBA, Rows};
pub(in crate::ffi) use scene::Scene;
