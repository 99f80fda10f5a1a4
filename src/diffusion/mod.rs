//! The mathematics of the paper: `no_std`, no allocation, no I/O, no clock, no hidden randomness.

pub mod error;
pub mod math;
