//! Data laws whose optimal denoiser is known: what the samplers and the bound must give on them.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod few_steps;
mod gaussian;
mod images;
mod law;
mod order;
mod published;
mod range;
mod steered;
