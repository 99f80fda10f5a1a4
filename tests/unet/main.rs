//! The network as data: parameters against the public implementation's, plans, bad configurations.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod bad_config;
mod drawings;
mod full_size;
mod operations;
mod refused;
