//! A tree: round, a fir, or a poplar.

use super::super::canvas::{Canvas, Frame, Surface};
use super::super::choices::Choices;
use super::super::palette::{AUTUMN, GOLD, GREEN, PALE, PINE, PINK, RED, TEAL, WOOD};
use super::super::shapes::{ball, lathe};

pub(crate) fn draw(canvas: &mut Canvas, choices: &mut Choices) {
    let foot = choices.between(28.6, 30.0);
    let trunk = choices.between(1.5, 2.5);
    let frame = Frame::at(16.0, foot);
    canvas.paint(frame, WOOD, |x, y| {
        let roots = 0.5 * (y + 2.6).max(0.0);
        lathe(x, trunk + roots, 0.1).filter(|_| y < 0.0 && y > -14.0)
    });
    match choices.whole(0, 4) {
        0 | 1 => round(canvas, choices, foot),
        2 | 3 => fir(canvas, choices, foot),
        _ => poplar(canvas, choices, foot),
    }
}

/// Balls of leaves, the upper ones in front.
fn round(canvas: &mut Canvas, choices: &mut Choices, foot: f32) {
    let leaves = choices.pick(&[GREEN, GREEN, PINE, AUTUMN, PINK, GOLD, TEAL]);
    let size = choices.between(5.4, 6.8);
    let base = foot - choices.between(8.0, 10.0);
    let wide = choices.between(5.0, 6.6);
    let places = [
        (-wide, 0.0, 1.0),
        (wide, 0.4, 1.0),
        (0.0, -1.0, 1.05),
        (-0.62 * wide, -6.0, 0.95),
        (0.66 * wide, -5.4, 0.92),
        (0.0, -9.2, 0.95),
    ];
    for (x_0, y_0, scale) in places {
        let (x_0, y_0) = (
            x_0 + choices.between(-0.8, 0.8),
            y_0 + choices.between(-0.6, 0.6),
        );
        let radius = scale * size;
        canvas.paint(Frame::at(16.0 + x_0, base + y_0), leaves, |x, y| {
            ball(x, y, radius, 0.92 * radius)
        });
    }
    if choices.chance(0.35) {
        let fruit = choices.pick(&[RED, GOLD, PALE]);
        for (x_0, y_0) in [
            (-5.0, -1.0),
            (4.0, 1.0),
            (0.5, -5.0),
            (-3.0, -8.0),
            (5.0, -6.0),
        ] {
            let frame = Frame::at(16.0 + x_0 + choices.between(-1.0, 1.0), base + y_0);
            canvas.stain(frame, fruit, |x, y| x.abs().max(y.abs()) < 1.0);
            canvas.light(frame, |x, y| {
                if x.abs().max(y.abs()) < 1.0 {
                    0.25
                } else {
                    0.0
                }
            });
        }
    }
}

/// Skirts of needles.
fn fir(canvas: &mut Canvas, choices: &mut Choices, foot: f32) {
    let needles = choices.pick(&[PINE, PINE, GREEN, TEAL]);
    let snow = choices.chance(0.3);
    let tiers = choices.whole(3, 4);
    let width = choices.between(9.0, 11.5);
    let base = foot - choices.between(3.0, 5.0);
    let top = choices.between(2.6, 4.5);
    let rise = (base - top) / (tiers as f32 + 0.6);
    for tier in 0..tiers {
        let low = base - rise * tier as f32;
        let high = low - 1.65 * rise;
        let half = width * (1.0 - 0.72 * tier as f32 / tiers as f32);
        let frame = Frame::at(16.0, low);
        canvas.paint(frame, needles, |x, y| {
            let t = (y / (high - low)).clamp(0.0, 1.0);
            let edge = half * (1.0 - t).powf(1.15);
            let fringe = 0.9 * ((x.abs() as i32) % 2) as f32;
            let inside = x.abs() <= edge && y <= -fringe && y >= high - low;
            inside.then(|| Surface::Normal(0.85 * x / half, 0.75 - 1.25 * t))
        });
        if snow {
            canvas.stain(frame, PALE, |x, y| {
                let t = y / (high - low);
                x.abs() <= half * (1.0 - t) && t > 0.5 + 0.08 * (1.3 * x).sin() && t < 1.0
            });
        }
    }
}

/// Tall and narrow.
fn poplar(canvas: &mut Canvas, choices: &mut Choices, foot: f32) {
    let leaves = choices.pick(&[GREEN, PINE, AUTUMN, GOLD]);
    let half = choices.between(5.8, 7.6);
    let base = foot - 4.0;
    let tall = choices.between(10.4, 11.4);
    let wave = choices.between(0.5, 0.9);
    canvas.paint(Frame::at(16.0, base - tall), leaves, |x, y| {
        let ripple = 1.0 + 0.06 * (wave * y).sin();
        ball(x / ripple, y, half, tall)
    });
    // Tufts, each with a shadow under it.
    canvas.light(Frame::at(16.0, base - tall), |x, y| {
        let row = (y + 0.12 * x * x).rem_euclid(4.6);
        if row < 1.2 { -0.16 } else { 0.0 }
    });
}
