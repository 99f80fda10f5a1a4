//! A finger ring with a stone, or a signet.

use super::super::canvas::{Canvas, Frame, Surface};
use super::super::choices::Choices;
use super::super::palette::{BRIGHTS, GLASS, METALS};
use super::super::shapes::{ball, plate, within};

pub(crate) fn draw(canvas: &mut Canvas, choices: &mut Choices) {
    let metal = choices.pick(&METALS);
    let stone = if choices.chance(0.15) {
        GLASS
    } else {
        choices.pick(&BRIGHTS)
    };
    let width = choices.between(8.4, 10.4);
    let height = choices.between(7.6, 9.4);
    let band = choices.between(2.2, 3.2);
    let middle = 28.8 - height;
    let frame = Frame::turned(16.0, middle, choices.between(-10.0, 10.0));
    canvas.paint(frame, metal, |x, y| {
        let outer = (x / width).hypot(y / height);
        let inner = (x / (width - band)).hypot(y / (height - 0.8 * band));
        if outer > 1.0 || inner < 1.0 {
            return None;
        }
        // The inner side of the far half is seen from within.
        let across = if y < 0.0 { -0.3 } else { 0.75 };
        Some(Surface::Normal(across * x / width, across * y / height))
    });
    canvas.light(frame, |x, y| {
        let glint = (x + 0.78 * width).abs() < 1.2 && (y - 0.2 * height).abs() < 1.6;
        if glint { 0.4 } else { 0.0 }
    });
    let size = choices.between(4.2, 6.0);
    let top = -height - 0.2 * size;
    canvas.paint(frame, metal, |x, y| {
        let claw = size * 0.75 - 0.35 * (y - top).abs();
        (x.abs() < claw && (y - top - 0.55 * size).abs() < 1.6).then_some(Surface::Level(0.5))
    });
    let side = 0.95 * size;
    match choices.whole(0, 3) {
        0 => canvas.paint(frame, stone, |x, y| ball(x, y - top, size, 0.9 * size)),
        1 => {
            let facets: [(&[(f32, f32)], f32); 5] = [
                (
                    &[
                        (-0.6 * side, -0.8 * side),
                        (-side, -0.2 * side),
                        (-0.4 * side, -0.2 * side),
                    ],
                    0.9,
                ),
                (
                    &[
                        (-0.6 * side, -0.8 * side),
                        (-0.4 * side, -0.2 * side),
                        (0.4 * side, -0.2 * side),
                        (0.6 * side, -0.8 * side),
                    ],
                    0.75,
                ),
                (
                    &[
                        (0.6 * side, -0.8 * side),
                        (0.4 * side, -0.2 * side),
                        (side, -0.2 * side),
                    ],
                    0.5,
                ),
                (
                    &[(-side, -0.2 * side), (0.0, -0.2 * side), (0.0, side)],
                    0.55,
                ),
                (
                    &[(0.0, -0.2 * side), (side, -0.2 * side), (0.0, side)],
                    0.22,
                ),
            ];
            for (corners, level) in facets {
                canvas.paint(frame, stone, |x, y| {
                    within(x, y - top, corners).then_some(Surface::Level(level))
                });
            }
        }
        2 => canvas.paint(frame, stone, |x, y| {
            plate(x, y - top, 0.9 * size, 0.78 * size)
        }),
        _ => {
            canvas.paint(frame, metal, |x, y| ball(x, y - top, size, 0.85 * size));
            canvas.paint(frame, stone, |x, y| {
                ball(x, y - top, 0.6 * size, 0.5 * size)
            });
        }
    }
    canvas.light(frame, |x, y| {
        let glint = (x + 0.35 * size).abs() < 0.9 && (y - top + 0.35 * size).abs() < 0.9;
        if glint { 0.6 } else { 0.0 }
    });
}
