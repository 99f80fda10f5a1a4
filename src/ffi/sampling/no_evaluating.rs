//! In place of networks, where there are none: nothing is ever wrong with one.

use core::fmt;

use crate::ffi::result::iddpm_result;

/// What is wrong with a network.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::ffi) enum Fault {}

impl Fault {
    pub(super) fn result(&self) -> iddpm_result {
        match *self {}
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}
