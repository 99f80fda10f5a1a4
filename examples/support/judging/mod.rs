//! Sets of images beside real ones, number by number: what programs share that judge samples.

mod basis;
mod compare;
mod drawn;
mod near;
mod report;

pub(crate) use basis::{Basis, HELD_OUT, RESAMPLES, train};
pub(crate) use compare::{Compare, enough, spread};
pub(crate) use drawn::Network;
pub(crate) use near::{to_real, within_real};
pub(crate) use report::{Number, Report, Set};
