//! The error of a device, where training on one is not built in: none can occur.

use core::convert::Infallible;

pub(super) type DeviceError = Infallible;
