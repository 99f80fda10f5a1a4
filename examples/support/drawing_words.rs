//! The words of a drawing's options, and what each says.

use super::words::Word;

pub(crate) const METHODS: [Word; 4] = [
    (
        "ancestral",
        "With new noise in each step, as the paper has it",
    ),
    ("ddim", "With no noise but the first, or some (--eta)"),
    ("dpm", "DPM-Solver++ of second order: good in 15 steps"),
    (
        "heun",
        "Heun's method: two evaluations of the network in a step",
    ),
];

pub(crate) const CLIPS: [Word; 3] = [
    ("unit", "Clipped to [-1, 1]"),
    ("none", "Nothing"),
    (
        "dynamic",
        "Scaled down where more than 0.5 % of it is beyond [-1, 1], then clipped",
    ),
];

pub(crate) const WRAPS: [Word; 4] = [
    ("none", "Nowhere"),
    ("x", "From left to right"),
    ("y", "From top to bottom"),
    ("xy", "Both"),
];
