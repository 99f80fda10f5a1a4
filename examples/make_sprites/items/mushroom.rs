//! A mushroom: a cap with spots over a pale stem.

use super::super::canvas::{Canvas, Frame, Surface};
use super::super::choices::Choices;
use super::super::palette::{BLUE, BONE, GREEN, ORANGE, PALE, PINK, PURPLE, RED, TEAL, WOOD};
use super::super::shapes::ball;

pub(crate) fn draw(canvas: &mut Canvas, choices: &mut Choices) {
    let cap = choices.pick(&[RED, RED, WOOD, PURPLE, BLUE, ORANGE, TEAL, PINK, GREEN]);
    let flesh = choices.pick(&[BONE, BONE, PALE]);
    let width = choices.between(10.0, 13.8);
    let height = choices.between(9.0, 14.5);
    let rim = choices.between(16.0, 19.0);
    let foot = choices.between(27.0, 29.5);
    let stem = choices.between(2.8, 4.8);
    let lean = choices.between(-1.6, 1.6);
    let bulge = choices.between(0.2, 1.6);
    let x_0 = 16.0;
    let bend = |y: f32| lean * ((y - rim) / (foot - rim)).clamp(0.0, 1.0);
    canvas.paint(Frame::at(x_0, 0.0), flesh, |x, y| {
        let t = (y - rim) / (foot - rim);
        let half = stem + bulge * t * t;
        let x = x - bend(y);
        let across = x / half;
        let foot_round = foot - 1.5 * across * across;
        (y > rim - 2.0 && y < foot_round && across.abs() < 1.0)
            .then_some(Surface::Normal(0.9 * across, 0.15))
    });
    // The cap's shadow on the stem.
    canvas.light(Frame::at(x_0, rim), |_, y| {
        if (0.0..3.0).contains(&y) { -0.25 } else { 0.0 }
    });
    let gills = choices.between(1.6, 3.0);
    canvas.paint(Frame::at(x_0, rim), flesh, |x, y| {
        let line = if (x.abs() as i32) % 2 == 0 { 0.2 } else { 0.42 };
        ball(x, y, 0.88 * width, gills).map(|_| Surface::Level(line))
    });
    let pointed = choices.between(0.75, 1.25);
    let dome = |x: f32, y: f32| {
        let (across, up) = (x / width, -y / height);
        if across.abs() > 1.0 {
            return None;
        }
        let top = (1.0 - across * across).powf(0.5 * pointed);
        let sag = -0.12 * (1.0 - across * across);
        (up <= top && up >= sag).then_some(Surface::Normal(0.9 * across, 0.55 - 1.3 * up.max(0.0)))
    };
    let frame = Frame::at(x_0, rim - 0.5);
    canvas.paint(frame, cap, dome);
    if cap != WOOD || choices.chance(0.3) {
        let size = choices.between(1.3, 2.3);
        let shift = choices.between(-2.0, 2.0);
        let spots = choices.whole(3, 6) as usize;
        let places = [
            (0.05, 0.58),
            (-0.55, 0.28),
            (0.58, 0.3),
            (-0.2, 0.12),
            (0.3, 0.08),
            (-0.85, 0.06),
        ];
        for (at, (x_1, y_1)) in places.into_iter().take(spots).enumerate() {
            let size = size * if at % 2 == 0 { 1.15 } else { 0.8 };
            canvas.stain(frame, flesh, |x, y| {
                let (x, y) = (x - x_1 * width - shift, y + y_1 * height);
                y < 0.9 * height && x.hypot(1.15 * y) < size && -(y - y_1 * height) > -0.5
            });
        }
    }
    if choices.chance(0.35) {
        // Grass at its foot.
        let frame = Frame::at(x_0 + lean, foot + 0.5);
        canvas.paint(frame, GREEN, |x, y| {
            let blade = 1.5 + 1.5 * ((1.7 * x).sin() + (0.9 * x + 1.0).sin()).abs();
            (x.abs() < stem + 4.0 && y < 0.8 && y > -blade + 0.15 * x.abs())
                .then_some(Surface::Level(0.35 - 0.12 * y))
        });
    }
}
