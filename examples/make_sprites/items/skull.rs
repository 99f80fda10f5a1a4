//! A skull from the front.

use super::super::canvas::{Canvas, Frame, Surface};
use super::super::choices::Choices;
use super::super::palette::{BLUE, BONE, DARK, GREEN, PALE, RED};
use super::super::shapes::{ball, within};

pub(crate) fn draw(canvas: &mut Canvas, choices: &mut Choices) {
    let bone = choices.pick(&[BONE, BONE, PALE]);
    let width = choices.between(10.0, 12.6);
    let height = choices.between(8.6, 10.4);
    let jaw = choices.between(5.2, 7.4);
    let crown = choices.between(3.0, 4.4);
    let middle = crown + height;
    let chin = (middle + height + choices.between(3.0, 5.5)).min(29.4);
    let frame = Frame::at(16.0, middle);
    let teeth = chin - middle;
    canvas.paint(frame, bone, |x, y| {
        let half = jaw - 0.25 * (y - teeth + 2.0).max(0.0);
        (x.abs() < half && y > 0.0 && y < teeth).then_some(Surface::Normal(0.8 * x / jaw, 0.35))
    });
    canvas.paint(frame, bone, |x, y| ball(x, y, width, height));
    // Cheeks.
    canvas.light(frame, |x, y| {
        let below = y > 0.55 * height && y < height && x.abs() > jaw - 1.5;
        if below { -0.2 } else { 0.0 }
    });
    let eye = (choices.between(2.5, 3.5), choices.between(2.4, 3.7));
    let apart = choices.between(4.1, 5.2);
    let slant = choices.between(-0.35, 0.5);
    let glow = choices
        .chance(0.3)
        .then(|| choices.pick(&[RED, BLUE, GREEN]));
    for side in [-1.0, 1.0] {
        let socket = move |x: f32, y: f32| {
            let (x, y) = (x - side * apart, y - 0.18 * height);
            let y = y + slant * side * x * 0.5;
            (x / eye.0).hypot(y / eye.1) < 1.0
        };
        canvas.paint(frame, DARK, |x, y| {
            socket(x, y).then_some(Surface::Level(0.1))
        });
        if let Some(glow) = glow {
            canvas.paint(frame, glow, |x, y| {
                let (x, y) = (x - side * apart, y - 0.18 * height);
                (x.hypot(y) < 1.15).then_some(Surface::Level(0.75))
            });
        }
    }
    let nose = 0.72 * height;
    canvas.paint(frame, DARK, |x, y| {
        within(
            x,
            y,
            &[(0.0, nose - 2.2), (2.0, nose + 1.0), (-2.0, nose + 1.0)],
        )
        .then_some(Surface::Level(0.1))
    });
    let gap = choices.pick(&[2.0, 3.0]);
    let mouth = teeth - choices.between(3.0, 4.2);
    canvas.paint(frame, DARK, |x, y| {
        let between = (x + 0.5 * gap).rem_euclid(gap) < 1.0;
        (between && y > mouth && y < teeth - 0.4 && x.abs() < jaw - 1.2)
            .then_some(Surface::Level(0.25))
    });
    if choices.chance(0.4) {
        let from = choices.between(-5.0, 5.0);
        canvas.light(frame, |x, y| {
            let zigzag = from + 1.2 * ((y as i32).rem_euclid(2) as f32 - 0.5);
            let crack = y < -0.3 * height && (x - zigzag).abs() < 0.55;
            if crack { -0.55 } else { 0.0 }
        });
    }
}
