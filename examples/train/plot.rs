//! The loss of a run as a picture.

use std::path::Path;

use plotters::prelude::*;

use super::chart::{Line, Plot};
use super::log::{self, read};
use super::program::Failure;

/// Draws the loss over the steps, all and by quartile of t. Whether there was any.
pub(crate) fn draw(log: &Path, path: &Path) -> Result<bool, Failure> {
    let lines = read(log)?;
    let points = |of: &dyn Fn(&log::Line) -> Option<f64>| -> Vec<(f64, f64)> {
        let points = lines.iter();
        points
            .filter_map(|line| Some((line.step as f64, of(line)?)))
            .collect()
    };
    let names = [
        "t in the first quarter",
        "second",
        "third",
        "last, the noisiest",
    ];
    let mut drawn: Vec<Line> = (0..4)
        .zip(names)
        .map(|(quartile, name)| Line {
            name: name.into(),
            style: HSLColor(0.05 + 0.2 * quartile as f64, 0.6, 0.6).stroke_width(1),
            points: points(&|line| *line.quartiles.get(quartile)?),
        })
        .collect();
    drawn.push(Line {
        name: "all t".into(),
        style: BLACK.stroke_width(2),
        points: points(&|line| line.loss),
    });
    let plot = Plot {
        title: "Loss of the run",
        along: "step",
        end: lines.last().map_or(1, |line| line.step) as f64,
        logarithmic: false,
        of: "loss",
        lines: drawn,
    };
    plot.write(path)
}
