//! What Godot calls when it loads the library. The crate `godot` writes the function, and is trusted with it.
#![expect(unsafe_code, reason = "the engine's ABI")]

use godot::init::{ExtensionLibrary, gdextension};

struct Iddpm;

#[gdextension]
unsafe impl ExtensionLibrary for Iddpm {}
