//! What can go wrong on a device, where none is asked for: nothing.

use core::convert::Infallible;

pub(super) type DeviceError = Infallible;
