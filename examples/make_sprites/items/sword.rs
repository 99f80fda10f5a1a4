//! A sword or dagger, its point up.

use super::super::canvas::{Canvas, Frame, Surface};
use super::super::choices::Choices;
use super::super::palette::{BLUE, BRIGHTS, COPPER, GOLD, IRON, RED, STEEL, TEAL, WOOD};
use super::super::shapes::{ball, lathe};

pub(crate) fn draw(canvas: &mut Canvas, choices: &mut Choices) {
    let metal = choices.pick(&[STEEL, STEEL, STEEL, IRON, COPPER, TEAL, BLUE, GOLD]);
    let fitting = choices.pick(&[GOLD, GOLD, COPPER, IRON, STEEL]);
    let leather = choices.pick(&[WOOD, WOOD, RED, IRON]);
    let blade = choices.between(17.0, 23.0);
    let half = choices.between(1.8, 3.2);
    let point = choices.between(2.5, 6.0);
    let waist = choices.between(-0.6, 0.6);
    let grip = choices.between(4.0, 5.6);
    let guard = choices.between(3.6, 6.2);
    let droop = choices.between(-0.09, 0.09);
    let curved = if choices.chance(0.3) {
        choices.between(0.006, 0.012)
    } else {
        0.0
    };
    let tilt = choices.pick(&[45.0, 45.0, -45.0]) + choices.between(-7.0, 7.0);
    let middle = 0.5 * (grip + 2.5 - blade);
    let (sin, cos) = f32::sin_cos(tilt * std::f32::consts::PI / 180.0);
    // The guard is the origin; the blade goes up from it.
    let frame = Frame::turned(16.0 + middle * sin, 16.0 - middle * cos, tilt);
    let ridge = choices.chance(0.6);
    canvas.paint(frame, metal, |x, y| {
        let up = -y;
        if !(0.0..=blade).contains(&up) {
            return None;
        }
        let x = x - curved * up * up;
        let width = (half + waist * (up / blade)).min(half * ((blade - up) / point).powf(0.8));
        if x.abs() > width.max(0.3) {
            return None;
        }
        let level = if ridge && x.abs() < 0.55 && up < blade - point {
            0.3
        } else if x < 0.0 {
            0.95
        } else {
            0.55
        };
        Some(Surface::Level(level))
    });
    canvas.paint(frame, leather, |x, y| {
        let stripe = if (y as i32) % 2 == 0 { 0.3 } else { 0.62 };
        (x.abs() < 1.3 && y > 0.0 && y < grip + 1.0).then_some(Surface::Level(stripe))
    });
    canvas.paint(frame, fitting, |x, y| {
        let y = y - droop * x * x;
        (x.abs() < guard && y.abs() < 1.25).then_some(Surface::Level(if y < 0.0 {
            0.82
        } else {
            0.42
        }))
    });
    canvas.paint(frame, fitting, |x, y| ball(x, y - grip - 1.6, 2.0, 2.0));
    if choices.chance(0.45) {
        let stone = choices.pick(&BRIGHTS);
        canvas.paint(frame, stone, |x, y| {
            lathe(x, 1.3, 0.0)
                .filter(|_| y.abs() < 1.2)
                .map(|_| Surface::Level(if x + y < 0.0 { 0.85 } else { 0.5 }))
        });
    }
}
