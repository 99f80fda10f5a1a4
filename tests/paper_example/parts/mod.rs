//! Parts of the program, with the tests that stand beside them.

#![allow(dead_code, unreachable_pub)]

#[path = "../../../examples/paper/sets.rs"]
mod sets;
#[path = "../../../examples/paper/sprites.rs"]
mod sprites;
#[path = "../../../examples/paper/steps.rs"]
mod steps;
#[path = "../../../examples/paper/verdict.rs"]
mod verdict;

/// As in the program.
mod program {
    pub(crate) type Failure = Box<dyn std::error::Error>;
}
