//! A coin from the front or turned a little, with a rim and an emblem.

use super::super::canvas::{Canvas, Frame, Surface};
use super::super::choices::Choices;
use super::super::palette::{COPPER, GOLD, STEEL};
use super::super::shapes::{heart, star, within};

pub(crate) fn draw(canvas: &mut Canvas, choices: &mut Choices) {
    let metal = choices.pick(&[GOLD, GOLD, GOLD, STEEL, COPPER]);
    let radius = choices.between(10.0, 13.0);
    let squash = choices.between(0.62, 1.0);
    let thick = (1.0 - squash) * 7.0;
    let frame = Frame::at(16.0 - 0.5 * thick, 16.0 + choices.between(-0.6, 0.6));
    let rim = choices.between(1.6, 2.4);
    let emblem = choices.whole(0, 6);
    // The edge behind the face.
    canvas.paint(frame, metal, |x, y| {
        let near = x.clamp(0.0, thick);
        let away = ((x - near) / squash).hypot(y);
        let ridge = if (y as i32) % 2 == 0 { 0.1 } else { 0.3 };
        (away <= radius).then_some(Surface::Level(ridge))
    });
    canvas.paint(frame, metal, |x, y| {
        let (x, y) = (x / squash, y);
        let away = x.hypot(y);
        if away > radius {
            return None;
        }
        let towards = -(0.61 * x + 0.79 * y) / away.max(1.0);
        let level = if away > radius - rim {
            0.62 + 0.36 * towards
        } else if away > radius - rim - 1.0 {
            0.36 - 0.2 * towards
        } else {
            0.55
        };
        Some(Surface::Level(level))
    });
    let size = radius - rim - 2.2;
    let marked = move |x: f32, y: f32| {
        let (x, y) = (x / squash / size, y / size);
        match emblem {
            0 => star(x, y, 5, 1.0, 0.45),
            1 => heart(0.95 * x, 0.95 * y) > 0.0,
            2 => x.abs() + y.abs() < 0.95,
            3 => within(
                x,
                y,
                &[
                    (-0.9, 0.7),
                    (-0.9, -0.6),
                    (-0.4, 0.0),
                    (0.0, -0.8),
                    (0.4, 0.0),
                    (0.9, -0.6),
                    (0.9, 0.7),
                ],
            ),
            4 => {
                x.abs() < 0.24 && y.abs() < 0.85 || y.abs() > 0.6 && y.abs() < 0.85 && x.abs() < 0.5
            }
            5 => x.hypot(y) < 0.85 && (x - 0.38).hypot(y) > 0.62,
            _ => x.abs().max(y.abs()) < 0.4,
        }
    };
    if emblem == 6 {
        canvas.erase(frame, marked);
        return;
    }
    // Raised: its shadow first.
    canvas.paint(frame, metal, |x, y| {
        marked(x - 1.0, y - 1.0).then_some(Surface::Level(0.22))
    });
    canvas.paint(frame, metal, |x, y| {
        marked(x, y).then_some(Surface::Level(0.9 - 0.02 * (x + y)))
    });
}
