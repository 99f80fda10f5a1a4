//! Why a file of PyTorch is not read.

use core::convert::Infallible;

/// Why a file of PyTorch is not read: none is looked into.
pub type TorchError = Infallible;
