//! A shield: heater, round or kite, a metal rim round a painted field.

use super::super::canvas::{Canvas, Frame, Surface};
use super::super::choices::Choices;
use super::super::palette::{
    BLUE, BONE, GOLD, GREEN, IRON, METALS, PALE, PURPLE, RED, STEEL, TEAL, WOOD,
};
use super::super::shapes::{ball, star};

pub(crate) fn draw(canvas: &mut Canvas, choices: &mut Choices) {
    let rim = choices.pick(&[STEEL, IRON, METALS[0], METALS[3]]);
    let field = choices.pick(&[RED, BLUE, GREEN, PURPLE, TEAL, WOOD, WOOD, STEEL]);
    let charge = choices.pick(&[GOLD, PALE, BONE]);
    let width = choices.between(10.5, 12.8);
    let height = choices.between(12.0, 13.6);
    let kind = choices.whole(0, 2);
    let belly = choices.between(0.0, 0.25);
    // How far inside its outline a point lies, in pixels or so.
    let depth = move |x: f32, y: f32| -> f32 {
        let (across, down) = (x.abs() / width, y / height);
        match kind {
            0 => {
                let side = 1.0 - ((down - belly).max(0.0) / (1.0 - belly)).powi(2);
                let top = y + height - 1.2 * across * across;
                (width * (side.max(0.0) - across)).min(top)
            }
            1 => width * (1.0 - (x / width).hypot(y / width)),
            _ => {
                let side = 0.82 * (1.0 - (down.max(-0.35) + 0.35).powf(1.6) / 1.62);
                let crown = 0.82
                    * (1.0 - ((-0.35 - down).max(0.0) / 0.65).powi(2))
                        .max(0.0)
                        .sqrt();
                width * (side.min(crown) - across)
            }
        }
    };
    let frame = Frame::at(16.0, 16.0);
    let border = choices.between(1.9, 2.7);
    let bulge = move |x: f32, y: f32| Surface::Normal(0.62 * x / width, 0.55 * y / height);
    canvas.paint(frame, field, |x, y| {
        (depth(x, y) > 0.0).then(|| bulge(x, y))
    });
    let emblem = choices.whole(0, 6);
    let line = choices.between(1.5, 2.4);
    canvas.stain(frame, charge, |x, y| match emblem {
        0 => x.abs() < line || (y + 2.0).abs() < line,
        1 => (x - y).abs() < 1.5 * line,
        2 => x > 0.0,
        3 => (y - x.abs() + 1.0).abs() < 1.4 * line,
        4 => (x > 0.0) == (y + 1.0 > 0.0),
        5 => star(x, y + 1.0, 5, 0.62 * width, 0.27 * width),
        _ => false,
    });
    if field == WOOD && emblem != 5 {
        // Planks.
        canvas.light(
            frame,
            |x, _| if x.rem_euclid(4.0) < 1.0 { -0.22 } else { 0.0 },
        );
    }
    canvas.paint(frame, rim, |x, y| {
        let inside = depth(x, y);
        if inside <= 0.0 || inside > border {
            return None;
        }
        let across = 1.2 * (inside / border) - 0.6;
        let (x, y) = (x / width, y / height);
        Some(Surface::Level(
            0.55 - 0.4 * across.signum() * 0.25 - 0.22 * (x + y),
        ))
    });
    if emblem == 6 || choices.chance(0.25) {
        let boss = choices.between(2.6, 4.2);
        canvas.paint(frame, rim, |x, y| ball(x, y + 1.0, boss, boss));
    }
}
