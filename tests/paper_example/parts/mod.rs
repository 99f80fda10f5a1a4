//! Parts of the program, with the tests that stand beside them.

#![allow(dead_code, unreachable_pub)]

#[path = "../../../examples/make_sprites/canvas.rs"]
mod canvas;
#[path = "../../../examples/make_sprites/choices.rs"]
mod choices;
#[path = "../../../examples/make_sprites/items/mod.rs"]
mod items;
#[path = "../../../examples/make_sprites/palette.rs"]
mod palette;
#[path = "../../../examples/paper/sets.rs"]
mod sets;
#[path = "../../../examples/make_sprites/shapes.rs"]
mod shapes;
#[path = "../../../examples/paper/steps.rs"]
mod steps;
#[path = "../../../examples/paper/verdict.rs"]
mod verdict;

/// As in the program.
mod program {
    pub(crate) type Failure = Box<dyn std::error::Error>;
}
