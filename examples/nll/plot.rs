//! The terms of the bound as a picture.

use std::io::{Write, stdout};
use std::path::Path;

use plotters::prelude::*;

use super::Failure;

/// Draws the terms over the steps, the least noisy at the left, both on logarithmic scales; without text,
/// as pictures without fonts can be drawn anywhere.
pub(crate) fn draw(vb: &[f64], path: &Path) -> Result<(), Failure> {
    let points = || {
        let terms = vb.iter().rev().enumerate();
        terms
            .filter(|(_, term)| **term > 0.0)
            .map(|(at, term)| (at as f64 + 1.0, *term))
    };
    let (low, high) = points().fold((f64::INFINITY, 0.0_f64), |(low, high), (_, term)| {
        (low.min(term), high.max(term))
    });
    if low > high {
        return Ok(());
    }
    let root = BitMapBackend::new(path, (900, 500)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root).margin(12).build_cartesian_2d(
        (1.0..vb.len() as f64).log_scale(),
        (low * 0.9..high * 1.1).log_scale(),
    )?;
    chart
        .configure_mesh()
        .light_line_style(RGBColor(230, 230, 230))
        .draw()?;
    chart.draw_series(LineSeries::new(points(), BLUE.stroke_width(2)))?;
    root.present()?;
    writeln!(stdout(), "{}", path.display())?;
    Ok(())
}
