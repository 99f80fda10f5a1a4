//! What the jobs have in common: the loop that draws an image, and the board that it is measured on.

#![cfg_attr(target_os = "none", no_std)]

#[cfg(all(target_os = "none", target_arch = "arm"))]
pub mod board;
#[cfg(all(target_os = "none", target_arch = "riscv32"))]
#[path = "board_riscv.rs"]
pub mod board;
pub mod drawing;
pub mod job;
#[cfg(feature = "network")]
pub mod network;
