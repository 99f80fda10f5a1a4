//! Images in files, as the network is trained on them.
//!
//! A [`Dataset`] is so many images of one size, 8 bits a value, with or without classes: a [`Folder`] of
//! pictures, read when they are asked for, or [`Images`] in memory, from an archive ([`npz`]) or from
//! CIFAR-10's batches ([`cifar10`]). Any number of threads may ask one data set at once.
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
//! What is read is not believed: every fault of a file is a [`Fault`] with the numbers that are wrong,
//! and the [`DataError`] around it names the file.

pub mod cifar10;
mod dataset;
mod error;
mod folder;
mod listing;
mod npy;
pub mod npz;
mod picture;
mod resample;

pub use dataset::{Dataset, Example, Images};
pub use error::{DataError, Fault};
pub use folder::Folder;
pub use listing::Listing;
pub use picture::load;
