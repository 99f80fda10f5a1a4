//! What the jobs have in common: the loop that draws an image, and the board that it is measured on.

#![cfg_attr(target_os = "none", no_std)]

#[cfg(target_os = "none")]
pub mod board;
pub mod drawing;
pub mod job;
