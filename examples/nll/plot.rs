//! The terms of the bound as a picture.

use std::path::Path;

use plotters::prelude::*;

use super::Failure;
use super::chart::{Line, Plot};

/// Draws the terms over the steps, the least noisy at the left. Whether there was any above 0.
pub(crate) fn draw(vb: &[f64], path: &Path) -> Result<bool, Failure> {
    let terms = vb.iter().rev().enumerate();
    let plot = Plot {
        title: "Terms of the bound",
        along: "step, from the least noisy",
        end: vb.len() as f64,
        logarithmic: true,
        of: "bits/dim",
        lines: vec![Line {
            name: "terms".into(),
            style: BLUE.stroke_width(2),
            points: terms.map(|(at, term)| (at as f64 + 1.0, *term)).collect(),
        }],
    };
    plot.write(path)
}
