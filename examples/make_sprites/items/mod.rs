//! The items: each a file that draws one.

mod axe;
mod coin;
mod gem;
mod heart;
mod key;
mod mushroom;
mod potion;
mod ring;
mod shield;
mod skull;
mod sword;
mod tree;

use image::RgbaImage;

use super::canvas::Canvas;
use super::choices::Choices;

/// Draws an item.
type Draw = fn(&mut Canvas, &mut Choices);

/// What can be drawn, in the order of its names: an item's place is its class.
pub(crate) const ITEMS: [(&str, Draw); 12] = [
    ("axe", axe::draw),
    ("coin", coin::draw),
    ("gem", gem::draw),
    ("heart", heart::draw),
    ("key", key::draw),
    ("mushroom", mushroom::draw),
    ("potion", potion::draw),
    ("ring", ring::draw),
    ("shield", shield::draw),
    ("skull", skull::draw),
    ("sword", sword::draw),
    ("tree", tree::draw),
];

/// One picture; it depends on nothing but these three.
pub(crate) fn picture(seed: u64, class: u32, index: u64) -> RgbaImage {
    let (_, draw) = ITEMS[class as usize];
    let mut canvas = Canvas::new();
    draw(&mut canvas, &mut Choices::new(seed, class, index));
    canvas.finish()
}
