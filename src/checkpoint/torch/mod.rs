//! Weights in PyTorch's own files, as `torch.save` writes them since version 1.6: an archive with a pickle that says
//! which tensors there are, and their numbers beside it.
//!
//! A pickle is a program. This one is not run: of its instructions those few are followed that a state dict is written
//! with, and of what it names nothing is called but three functions, each of which is done here (`values.rs`). Whatever
//! else it says is refused by name.

mod archive;
mod error;
mod pickle;
mod state_dict;
mod values;

pub(super) use archive::{Torch, TorchInMemory, is_torch};
pub use error::TorchError;
