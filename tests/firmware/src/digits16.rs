//! The network that is drawn with: what a firmware knows of it beside its files.

use iddpm::diffusion::{Diffusion, Schedule};

/// What it was trained to undo.
pub const MODEL: Diffusion<'static> = Diffusion::new(Schedule::Cosine, 1000);

/// The digit that is drawn.
pub const LABEL: Option<u32> = Some(3);

/// Bytes that begin where numbers of f16 may.
#[repr(align(2))]
pub struct Aligned<T>(pub T);
