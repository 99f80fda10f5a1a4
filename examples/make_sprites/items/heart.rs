//! A heart: plain, banded, half empty, or winged by a crack.

use super::super::canvas::{Canvas, Frame, Surface};
use super::super::choices::Choices;
use super::super::palette::{BLUE, DARK, GOLD, GREEN, ORANGE, PINK, PURPLE, RED, STEEL};
use super::super::shapes::heart;

pub(crate) fn draw(canvas: &mut Canvas, choices: &mut Choices) {
    let ramp = choices.pick(&[RED, RED, RED, PINK, PURPLE, BLUE, GREEN, ORANGE]);
    let width = choices.between(11.0, 13.8);
    let height = choices.between(11.0, 13.4);
    let frame = Frame::turned(16.0, 16.0, choices.between(-9.0, 9.0));
    let depth = |x: f32, y: f32| heart(x / width, y / height);
    canvas.paint(frame, ramp, |x, y| {
        if depth(x, y) <= 0.0 {
            return None;
        }
        // Two cushions over a point: the normal is that of the nearer one.
        let side = x.signum() * 0.42 * width;
        let (nx, ny) = (
            (x - side) / (0.72 * width),
            (y + 0.25 * height) / (1.1 * height),
        );
        Some(Surface::Normal(nx.clamp(-0.7, 0.7), ny.clamp(-0.7, 0.7)))
    });
    let style = choices.whole(0, 5);
    let line = choices.between(-2.0, 3.0);
    match style {
        0 => {
            let metal = choices.pick(&[GOLD, STEEL]);
            canvas.stain(frame, metal, |x, y| {
                (y - line).abs() < 1.6 && depth(x, y) > 0.0
            });
        }
        1 => canvas.stain(frame, DARK, |x, _| x > 0.0),
        2 => canvas.erase(frame, |x, y| {
            let zigzag = 1.4 * (((0.5 * y).rem_euclid(2.0) - 1.0).abs() - 0.5);
            (x - 2.0 * zigzag).abs() < 0.7 && y < 5.0
        }),
        _ => {}
    }
    let (x, y) = (-0.48 * width, -0.42 * height);
    let size = choices.between(1.4, 2.2);
    canvas.light(frame, |at_x, at_y| {
        if (at_x - x).hypot(1.3 * (at_y - y)) < size {
            0.6
        } else {
            0.0
        }
    });
}
