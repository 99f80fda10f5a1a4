//! The shipped sprites.

use std::path::PathBuf;

/// The network that draws in four steps; or, for what is drawn otherwise than it has learnt, the one that it was
/// distilled from.
pub(crate) fn sprites(otherwise: bool) -> PathBuf {
    let file = match otherwise {
        true => "examples/assets/sprites32.safetensors",
        false => "examples/assets/sprites32_4_steps.safetensors",
    };
    [env!("CARGO_MANIFEST_DIR"), file].iter().collect()
}
