//! A cut stone: facets, each of one shade.

use super::super::canvas::{Canvas, Frame, Surface};
use super::super::choices::Choices;
use super::super::palette::{BRIGHTS, GLASS, Ramp};
use super::super::shapes::within;

pub(crate) fn draw(canvas: &mut Canvas, choices: &mut Choices) {
    let mut colours = BRIGHTS.to_vec();
    colours.push(GLASS);
    let ramp = choices.pick(&colours);
    let frame = Frame::turned(16.0, 16.0, choices.between(-7.0, 7.0));
    let width = choices.between(10.5, 13.5);
    let height = choices.between(10.5, 13.0);
    match choices.whole(0, 3) {
        0 => brilliant(canvas, choices, frame, ramp, width, height),
        1 => {
            let sides = choices.pick(&[6, 8]);
            let flat = choices.chance(0.5);
            step(canvas, frame, ramp, (0.86 * width, height), sides, flat)
        }
        2 => drop(canvas, frame, ramp, 0.85 * width, height),
        _ => crystal(canvas, choices, ramp),
    }
    let x = choices.between(-0.5, -0.2) * width;
    let y = choices.between(-0.62, -0.4) * height;
    canvas.light(frame, |at_x, at_y| {
        let (x, y) = ((at_x - x).abs(), (at_y - y).abs());
        if x < 1.1 && y < 0.55 || y < 1.1 && x < 0.55 {
            1.0
        } else {
            0.0
        }
    });
}

/// A flat table over a crown and a pavilion, from the side.
fn brilliant(
    canvas: &mut Canvas,
    choices: &mut Choices,
    frame: Frame,
    ramp: Ramp,
    width: f32,
    height: f32,
) {
    let table = choices.between(0.5, 0.68) * width;
    let girdle = -height * choices.between(0.3, 0.45);
    let (top, inner) = (-0.85 * height, 0.42 * width);
    let facets: [(&[(f32, f32)], f32); 8] = [
        (&[(-table, top), (-width, girdle), (-inner, girdle)], 0.95),
        (&[(-table, top), (-inner, girdle), (0.0, top)], 0.72),
        (&[(0.0, top), (-inner, girdle), (inner, girdle)], 0.9),
        (&[(0.0, top), (inner, girdle), (table, top)], 0.5),
        (&[(table, top), (inner, girdle), (width, girdle)], 0.65),
        (&[(-width, girdle), (-inner, girdle), (0.0, height)], 0.62),
        (&[(-inner, girdle), (inner, girdle), (0.0, height)], 0.45),
        (&[(inner, girdle), (width, girdle), (0.0, height)], 0.18),
    ];
    for (corners, level) in facets {
        canvas.paint(frame, ramp, |x, y| {
            within(x, y, corners).then_some(Surface::Level(level))
        });
    }
}

/// Seen from above: a table within a ring of facets.
fn step(canvas: &mut Canvas, frame: Frame, ramp: Ramp, half: (f32, f32), sides: i32, flat: bool) {
    let turn = std::f32::consts::TAU / sides as f32;
    let shift = if flat { 0.5 } else { 0.0 };
    canvas.paint(frame, ramp, |x, y| {
        let (x, y) = (x / half.0, y / half.1);
        let side = ((x.atan2(-y) / turn) - shift).round() + shift;
        let (sin, cos) = (side * turn).sin_cos();
        let out = x * sin - y * cos;
        if out > 0.92 {
            return None;
        }
        let towards = -(0.61 * sin - 0.79 * cos);
        Some(Surface::Level(if out > 0.55 {
            0.5 + 0.45 * towards
        } else {
            // The table mirrors the far side.
            0.68 - 0.3 * towards * ((x + y) * 2.0).clamp(-1.0, 1.0).abs()
        }))
    });
}

/// A pear cut.
fn drop(canvas: &mut Canvas, frame: Frame, ramp: Ramp, width: f32, height: f32) {
    canvas.paint(frame, ramp, |x, y| {
        let t = (y + height) / (2.0 * height);
        if !(0.0..=1.0).contains(&t) {
            return None;
        }
        let half = width
            * (std::f32::consts::PI * t.powf(1.5))
                .sin()
                .max(0.0)
                .powf(0.8);
        let across = x / half.max(0.1);
        if across.abs() > 1.0 {
            return None;
        }
        let facet = (across * 2.0).round() / 2.0;
        let band = if t > 0.72 {
            -0.28
        } else if t < 0.4 {
            0.12
        } else {
            0.0
        };
        Some(Surface::Level(0.6 - 0.35 * facet + band))
    });
}

/// A cluster of raw crystals.
fn crystal(canvas: &mut Canvas, choices: &mut Choices, ramp: Ramp) {
    let side = if choices.chance(0.5) { 1.0 } else { -1.0 };
    let sizes: [(f32, f32, f32); 3] = [
        (38.0 * side, choices.between(12.0, 15.0), 3.2),
        (-27.0 * side, choices.between(15.0, 19.0), 3.6),
        (choices.between(-6.0, 6.0), choices.between(21.0, 25.0), 4.4),
    ];
    for (turn, length, half) in sizes {
        let frame = Frame::turned(16.0, 28.5, turn);
        canvas.paint(frame, ramp, |x, y| {
            let tip = length + y;
            let width = half.min(0.9 * tip).min(half - 0.12 * (y + 6.0).max(0.0));
            if y > 0.0 || x.abs() > width {
                return None;
            }
            let level = if tip < 0.9 * half + 1.0 { 0.12 } else { 0.0 };
            Some(Surface::Level(
                level
                    + if x < -0.3 * half {
                        0.85
                    } else if x < 0.35 * half {
                        0.58
                    } else {
                        0.25
                    },
            ))
        });
    }
}
