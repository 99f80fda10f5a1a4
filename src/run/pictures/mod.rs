//! Images as pictures in files: one grid, an archive, a folder; and how they came about.

mod album;
mod animation;
mod archive;
mod colours;
mod drawing;
mod encode;
mod kept;
mod place;
mod sheet;
mod single;
mod trajectory;

pub use album::Album;
#[cfg(feature = "data")]
pub(super) use archive::write_numbers;
pub use trajectory::Trajectory;
