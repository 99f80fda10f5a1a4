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
mod trajectory;

pub use album::Album;
pub use trajectory::Trajectory;
