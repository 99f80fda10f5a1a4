//! A key: a bow to hold, a shaft, a bit of teeth.

use super::super::canvas::{Canvas, Frame, Surface};
use super::super::choices::Choices;
use super::super::palette::{BRIGHTS, COPPER, GOLD, IRON, STEEL};
use super::super::shapes::{ball, heart, lathe, plate, torus};

pub(crate) fn draw(canvas: &mut Canvas, choices: &mut Choices) {
    let metal = choices.pick(&[GOLD, GOLD, STEEL, COPPER, IRON]);
    let turn = choices.pick(&[45.0, -45.0, 0.0]) + choices.between(-8.0, 8.0);
    let bow = choices.between(5.2, 6.6);
    let length = choices.between(12.5, 15.5);
    let whole = 2.0 * bow + length;
    let middle = 0.5 * whole - bow;
    let (sin, cos) = f32::sin_cos(turn * std::f32::consts::PI / 180.0);
    let frame = Frame::turned(16.0 + middle * sin, 16.0 - middle * cos, turn);
    // y goes down the shaft from the middle of the bow.
    let end = bow + length;
    canvas.paint(frame, metal, |x, y| {
        lathe(x, 1.5, 0.0).filter(|_| y > 0.0 && y < end)
    });
    let side = if choices.chance(0.5) { 1.0 } else { -1.0 };
    let teeth = choices.whole(2, 3);
    let reach = choices.between(3.8, 5.0);
    for tooth in 0..teeth {
        let y_0 = end - 1.1 - 2.9 * tooth as f32;
        let reach = if tooth == 1 { reach - 1.0 } else { reach };
        canvas.paint(frame, metal, |x, y| {
            let out = side * x;
            (out > 0.0 && out < reach && (y - y_0).abs() < 1.1)
                .then_some(Surface::Level(if y < y_0 { 0.75 } else { 0.45 }))
        });
    }
    match choices.whole(0, 3) {
        0 => canvas.paint(frame, metal, |x, y| torus(x, y, bow, bow - 2.9)),
        1 => {
            for (x_0, y_0) in [(-0.5, 0.25), (0.5, 0.25), (0.0, -0.55)] {
                let radius = 0.55 * bow;
                canvas.paint(frame, metal, |x, y| {
                    torus(x - x_0 * bow, y - y_0 * bow, radius, radius - 2.2)
                });
            }
        }
        2 => {
            canvas.paint(frame, metal, |x, y| plate(x, y, bow - 0.4, bow - 0.4));
            canvas.erase(frame, |x, y| x.abs().max(y.abs()) < bow - 3.0);
        }
        _ => {
            let size = bow + 0.6;
            canvas.paint(frame, metal, |x, y| {
                (heart(x / size, -y / size) > 0.0)
                    .then_some(Surface::Normal(0.8 * x / size, 0.8 * y / size))
            });
            canvas.erase(frame, |x, y| {
                heart(x / (0.42 * size), -y / (0.42 * size)) > 0.0
            });
        }
    }
    if choices.chance(0.3) {
        let stone = choices.pick(&BRIGHTS);
        canvas.paint(frame, stone, |x, y| ball(x, y, 2.0, 2.0));
    }
    canvas.paint(frame, metal, |x, y| {
        lathe(x, 2.2, 0.0).filter(|_| (y - bow - 0.6).abs() < 1.0)
    });
}
