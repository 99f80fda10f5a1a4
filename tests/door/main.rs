//! The door: what a user of the library asks for, and what is refused.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../support/enlarging.rs"]
mod enlarging_network;
#[path = "../support/scratch.rs"]
#[allow(dead_code)]
mod scratch;

mod albums;
#[cfg(feature = "train_cpu")]
mod alpha;
#[cfg(feature = "train_cpu")]
mod distill;
mod draws;
mod likelihood;
mod models;
mod null_class;
mod planes;
mod saved;
mod slices;
mod steered;
#[cfg(feature = "train_cpu")]
mod training;

use iddpm::checkpoint::Checkpoint;
use iddpm::{Device, Model, Studio};

/// The shipped digits.
pub(crate) fn digits() -> Model {
    Model::open("../examples/assets/digits16.safetensors").unwrap()
}

pub(crate) fn studio() -> Studio {
    digits().on(Device::cpu()).unwrap()
}

/// The shipped digits under other names.
pub(crate) fn renamed() -> Model {
    let checkpoint = digits().checkpoint().clone();
    let (mut description, _, weights) = checkpoint.into_parts();
    let names = (0..10).rev().map(|number| number.to_string());
    description.class_names = Some(names.collect());
    Model::from(Checkpoint::new(description, weights).unwrap())
}
