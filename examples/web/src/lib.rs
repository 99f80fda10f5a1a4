//! The crate in a page: a model on a device, drawings, and lessons on pictures, for the script that runs beside it.
//!
//! Nothing here waits: what a GPU does in its own time is a promise to the script.

mod drawing;
mod lesson;
mod pictures;
mod replay;
mod sprites;

pub use drawing::Drawing;
pub use lesson::Lesson;
pub use pictures::Pictures;
pub use replay::Replay;
pub use sprites::Sprites;
