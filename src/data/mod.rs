//! Images in files, as the network is trained on them.
//!
//! A [`Dataset`] is so many images of one size, 8 bits a value, with or without classes: a [`Folder`] of
//! pictures, read when they are asked for, or [`Images`] in memory, from an archive ([`npz`]) or from
//! CIFAR-10's batches ([`cifar10`]). [`open`](open()) tells which of them a path leads to. Any number of
//! threads may ask one data set at once.
//!
//! ```
//! use iddpm::data::{Dataset, Images};
//! use iddpm::unet::Extents;
//! let extents = Extents { channels: 1, height: 2, width: 2 };
//! let images = Images::new(extents, vec![0, 64, 128, 255], Some(vec![7]), Some(10))?;
//! let example = images.get(0)?;
//! assert_eq!((example.pixels.as_ref(), example.label), (&[0, 64, 128, 255][..], Some(7)));
//! # Ok::<(), iddpm::data::DataError>(())
//! ```
//!
//! Pixels are as the network is trained on them: [C, H, W], and of images that have alpha, the last channel, the colours
//! are [premultiplied](crate::diffusion::pixels). Files have them straight. [`Alpha`] says what becomes of it.
//!
//! What is read is not believed: every fault of a file is a [`Fault`] with the numbers that are wrong,
//! and the [`DataError`] around it names the file. What of a folder is not read is counted
//! ([`Passed`]). Only regular files are read, and of each no more than its kind may hold.

mod alpha;
pub mod cifar10;
mod classes;
mod contents;
mod dataset;
mod decode;
mod error;
mod fault;
mod file;
mod fingerprint;
mod folder;
mod kind;
mod listing;
mod npy;
pub mod npz;
mod open;
mod opened;
mod passed;
mod picture;
mod plane;
mod raw;
mod resample;
mod split;
mod whole;

pub use crate::files::Naming;
pub use alpha::{Alpha, UnknownAlpha};
pub use classes::Classes;
pub use dataset::{Dataset, Example, Images};
pub use error::{DataError, Unclear};
pub use fault::Fault;
pub use fingerprint::Broken;
pub use folder::Folder;
pub use kind::Kind;
pub use listing::Listing;
pub use open::{Fit, Options, open};
pub use opened::Opened;
pub use passed::Passed;
pub use picture::{decode, load, pixels};
pub use split::{Part, Split};
