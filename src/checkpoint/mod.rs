//! Weights in files, in the safetensors format: read, checked, written.
//!
//! A checkpoint says of itself what it is: the network, the size of its images, the diffusion it was
//! trained on, which weights they are and when they were taken travel in the file's metadata
//! ([`Description`]). Names and shapes are those of the public implementation, so either side reads
//! the other's tensors; a file that has tensors alone is read with [`Checkpoint::from_bytes_as`],
//! given a description, such as a [`Preset`]'s.
//!
//! ```
//! use iddpm::checkpoint::{Checkpoint, WeightType};
//! # #[rustfmt::skip]
//! static SPRITES: &[u8] = include_bytes!(
//! # concat!(env!("CARGO_MANIFEST_DIR"), "/",
//!     "examples/assets/sprites32.safetensors"
//! # )
//! );
//! let sprites = Checkpoint::from_bytes(SPRITES, WeightType::AsStored)?;
//! assert_eq!(sprites.description().unet.num_classes, Some(12));
//! assert_eq!(sprites.graph().weights_len(), sprites.weights().len());
//! # Ok::<(), iddpm::checkpoint::CheckpointError>(())
//! ```
//!
//! The tensors become one buffer, each at its parameter's offset. A file is read tensor by tensor
//! into it: beside that buffer there are 64 KiB and the header, never a second copy. Who wants a memory-mapped
//! file maps it, which is unsafe as long as others may cut it short, and passes the map to
//! [`Checkpoint::from_bytes`]. Nothing in a
//! file can cause a panic, and no buffer is made before the file is known to hold what fills it.
//!
//! What is no network is refused by what it is: a file of another format by its first bytes
//! ([`Foreign`]), an optimiser's moments by what they say of themselves ([`Content`]), other tensors
//! by their names ([`Mismatch`]). With `std`, `locate` finds the network that a training run stands
//! for.

mod content;
pub mod description;
pub mod error;
#[cfg(feature = "std")]
mod file;
pub mod flags;
pub mod foreign;
mod format;
#[cfg(feature = "evaluate")]
mod graph_file;
pub mod header;
mod in_memory;
#[cfg(feature = "std")]
pub mod locate;
mod mismatch;
mod names;
#[cfg(feature = "std")]
mod opened;
pub mod presets;
mod published;
mod read;
mod shown;
mod source;
#[cfg(feature = "std")]
pub(crate) mod states;
pub mod tensors;
#[cfg_attr(not(feature = "torch"), path = "no_torch/mod.rs")]
mod torch;
mod values;
mod write;

pub use content::Content;
pub use description::{Description, ImageSize};
pub use error::CheckpointError;
#[cfg(feature = "std")]
pub use file::save;
#[cfg(feature = "train_cpu")]
pub(crate) use file::save_shown;
pub use flags::Flags;
pub use foreign::Foreign;
pub use format::{Dtype, TensorType};
#[cfg(feature = "evaluate")]
pub(crate) use graph_file::{open_graph, save_graph};
pub use header::{Header, TensorInfo};
#[cfg(feature = "std")]
pub use locate::{Located, locate};
pub use mismatch::Mismatch;
pub use published::Preset;
pub use read::{Checkpoint, ReadOptions, WeightBuffer, WeightType};
pub use shown::Listed;
pub use torch::TorchError;
#[cfg(feature = "train_cpu")]
pub(crate) use values::f32_of;
pub use write::to_bytes;
