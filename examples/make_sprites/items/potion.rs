//! A potion in a flask of glass, corked.

use super::super::canvas::{Canvas, Frame, Surface};
use super::super::choices::Choices;
use super::super::palette::{BONE, BRIGHTS, COPPER, GLASS, GOLD, WOOD};
use super::super::shapes::{ball, heart, lathe, star};

pub(crate) fn draw(canvas: &mut Canvas, choices: &mut Choices) {
    let liquid = choices.pick(&BRIGHTS);
    let kind = choices.whole(0, 3);
    let bottom = choices.between(28.0, 29.6);
    let radius = choices.between(8.6, 11.2);
    let neck = choices.between(2.4, 3.4);
    let tall = match kind {
        3 => choices.between(15.0, 18.0),
        _ => 2.0 * radius,
    };
    let shoulder = bottom - tall;
    let lip = (shoulder - choices.between(2.5, 4.5)).max(5.5);
    // Half the width of the glass at a height.
    let half = move |y: f32| -> f32 {
        let t = (y - shoulder) / (bottom - shoulder);
        if !(0.0..=1.0).contains(&t) {
            return if (lip..=shoulder).contains(&y) {
                neck
            } else {
                0.0
            };
        }
        let body = match kind {
            0 => radius * (1.0 - (2.0 * t - 1.0).powi(2)).max(0.0).sqrt(),
            1 => radius * (0.28 + 0.75 * t).min(1.0) * if t > 0.93 { 0.93 } else { 1.0 },
            2 => 0.9 * radius * (1.0 - (2.0 * t - 1.0).abs().powi(5)).max(0.0).powf(0.4),
            _ => 0.62 * radius * (1.0 - (2.0 * t - 1.0).abs().powi(6)).max(0.0).powf(0.5),
        };
        if t < 0.35 { body.max(neck) } else { body }
    };
    let frame = Frame::at(16.0, 0.0);
    let lean = |t: f32| 0.9 * (2.0 * t - 1.0);
    let body = move |x: f32, y: f32| {
        let t = (y - shoulder) / (bottom - shoulder);
        lathe(x, half(y), lean(t.clamp(0.25, 1.0)) * 0.6).filter(|_| half(y) > 0.5)
    };
    canvas.paint(frame, GLASS, body);
    canvas.light(frame, |_, _| -0.15);
    let surface = shoulder + choices.between(0.12, 0.45) * tall;
    canvas.paint(frame, liquid, |x, y| {
        let inside = half(y) - 1.1;
        (y > surface && y < bottom - 0.8 && x.abs() <= inside)
            .then(|| body(x * half(y) / inside, y))
            .flatten()
    });
    canvas.paint(frame, liquid, |x, y| {
        let inside = half(surface) - 1.1;
        let level = Surface::Level(0.95);
        (x.abs() < inside && (y - surface).abs() < 0.9).then_some(level)
    });
    for _ in 0..choices.whole(1, 4) {
        let (x_0, y_0) = (
            choices.between(-4.0, 4.0),
            choices.between(surface + 2.0, bottom - 2.5),
        );
        canvas.light(frame, |x, y| {
            let near = (x - x_0).abs() < 0.5 && (y - y_0).abs() < 0.5;
            if near { 0.45 } else { 0.0 }
        });
    }
    // A streak of light down the glass.
    canvas.light(frame, |x, y| {
        let across = x / half(y).max(1.0);
        let streak = (-0.72..-0.45).contains(&across)
            && y > shoulder + 0.2 * tall
            && y < shoulder + 0.62 * tall;
        if streak { 0.4 } else { 0.0 }
    });
    let mark = Frame::at(16.0, shoulder + 0.66 * tall);
    match choices.whole(0, 5) {
        0 => canvas.stain(mark, BONE, |x, y| x.abs() < 4.5 && y.abs() < 3.0),
        1 => canvas.stain(mark, BONE, |x, y| heart(x / 3.2, y / 3.2) > 0.0),
        2 => canvas.stain(mark, BONE, |x, y| star(x, y, 4, 4.0, 1.5)),
        _ => {}
    }
    let fitting = choices.pick(&[GLASS, GLASS, GOLD, COPPER]);
    canvas.paint(frame, fitting, |x, y| {
        lathe(x, neck + 1.2, 0.0).filter(|_| (y - lip - 0.5).abs() < 1.0)
    });
    let cork = lip - choices.between(2.2, 3.6);
    if choices.chance(0.8) {
        canvas.paint(frame, WOOD, |x, y| {
            lathe(x, neck - 0.3, -0.2).filter(|_| y > cork && y < lip - 0.4)
        });
    } else {
        canvas.paint(frame, fitting, |x, y| ball(x, y - lip + 2.0, 2.6, 2.4));
    }
}
