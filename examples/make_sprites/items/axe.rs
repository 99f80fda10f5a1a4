//! A battle axe, its blade up: one bit or two.

use super::super::canvas::{Canvas, Frame, Surface};
use super::super::choices::Choices;
use super::super::palette::{COPPER, GOLD, IRON, RED, Ramp, STEEL, TEAL, WOOD};
use super::super::shapes::{ball, lathe};

pub(crate) fn draw(canvas: &mut Canvas, choices: &mut Choices) {
    let length = choices.between(24.0, 28.0);
    let lean = choices.between(28.0, 48.0);
    let mirrored = if choices.chance(0.5) { -1.0 } else { 1.0 };
    let double = choices.chance(0.4);
    let metal = choices.pick(&[STEEL, STEEL, IRON, GOLD, COPPER, TEAL]);
    let handle: Ramp = choices.pick(&[WOOD, WOOD, IRON, RED]);
    let reach = choices.between(8.0, 10.5);
    let spread = choices.between(4.5, 7.0);
    let hook = choices.between(0.0, 1.0);
    let frame = Frame::turned(16.0 - 1.5 * mirrored, 16.5, lean * mirrored);
    let top = -0.5 * length;
    canvas.paint(frame, handle, |x, y| {
        lathe(x, 1.35, 0.0).filter(|_| y.abs() < 0.5 * length)
    });
    let head = top + 6.0;
    let bit = |side: f32| {
        move |x: f32, y: f32| {
            let (out, y) = (side * x, y - head);
            // Broad at its edge, narrow at the handle, the edge an arc.
            let half = 2.2 + (spread - 2.2) * (out / reach).powi(2);
            let edge = reach * (1.0 - 0.18 * (y / spread).powi(2));
            let beard = y < half + hook * 2.0 * (out / reach).powi(3);
            if out < 0.6 || out > edge || y < -half || !beard {
                return None;
            }
            let sharp = out > edge - 1.8;
            let lit = 0.52 - 0.025 * y;
            Some(Surface::Level(if sharp { 0.95 } else { lit }))
        }
    };
    canvas.paint(frame, metal, bit(mirrored));
    if double {
        canvas.paint(frame, metal, bit(-mirrored));
    } else {
        canvas.paint(frame, metal, |x, y| {
            let (out, y) = (-mirrored * x, y - head);
            (out > 0.6 && out < 3.4 && y.abs() < 1.9).then_some(Surface::Level(0.4))
        });
    }
    canvas.paint(frame, metal, |x, y| {
        lathe(x, 1.9, 0.0).filter(|_| (y - head).abs() < 2.6)
    });
    let grip = choices.pick(&[RED, WOOD, IRON]);
    canvas.paint(frame, grip, |x, y| {
        let wrapped = (0.5 * length - 7.0..0.5 * length - 1.0).contains(&y);
        let stripe = if (y as i32) % 2 == 0 { 0.35 } else { 0.65 };
        (wrapped && x.abs() < 1.6).then_some(Surface::Level(stripe))
    });
    canvas.paint(frame, metal, |x, y| ball(x, y - 0.5 * length, 1.9, 1.6));
}
