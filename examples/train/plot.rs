//! The loss of a run as a picture.

use std::path::Path;

use plotters::prelude::*;

use super::Failure;
use super::log::{Line, read};

/// Draws the loss over the steps, all and by quartile of t, on a logarithmic scale. No text: pictures
/// without fonts can be drawn anywhere; the log has the numbers.
pub(crate) fn draw(log: &Path, path: &Path) -> Result<(), Failure> {
    let lines = read(log)?;
    let steps = lines.last().map_or(1, |line| line.step);
    let values = lines.iter().flat_map(|line| {
        let quartiles = line.quartiles.iter().flatten().copied();
        quartiles.chain(line.loss)
    });
    let (low, high) = values
        .filter(|value| *value > 0.0)
        .fold((f64::INFINITY, 0.0_f64), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    if low > high {
        return Ok(());
    }
    let root = BitMapBackend::new(path, (900, 500)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .margin(12)
        .build_cartesian_2d(0..steps, (low * 0.9..high * 1.1).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(RGBColor(230, 230, 230))
        .x_labels(10)
        .y_labels(10)
        .draw()?;
    for quartile in 0..4 {
        let colour = HSLColor(0.05 + 0.2 * quartile as f64, 0.6, 0.6);
        let points = |line: &Line| Some((line.step, *line.quartiles.get(quartile)?.as_ref()?));
        chart.draw_series(LineSeries::new(lines.iter().filter_map(points), colour))?;
    }
    let points = |line: &Line| Some((line.step, line.loss?));
    let points = lines.iter().filter_map(points);
    chart.draw_series(LineSeries::new(points, BLACK.stroke_width(2)))?;
    root.present()?;
    Ok(())
}
