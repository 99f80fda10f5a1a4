//! Without the feature `torch` files of PyTorch are not read.

mod archive;
mod error;

#[cfg(feature = "std")]
pub(super) use archive::Torch;
pub(super) use archive::{TorchInMemory, is_torch};
pub use error::TorchError;
