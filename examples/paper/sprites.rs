//! The sprites, as `make_sprites` draws them.

#![allow(
    dead_code,
    clippy::indexing_slicing,
    reason = "of another program, which draws more and knows its own pictures"
)]

#[path = "../make_sprites/canvas.rs"]
mod canvas;
#[path = "../make_sprites/choices.rs"]
mod choices;
#[path = "../make_sprites/items/mod.rs"]
mod items;
#[path = "../make_sprites/palette.rs"]
mod palette;
#[path = "../make_sprites/shapes.rs"]
mod shapes;

pub(crate) use items::{ITEMS, picture};
