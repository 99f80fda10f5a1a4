//! Plots as SVG, whose text needs no font here: whoever shows it has one.

use std::error::Error;
use std::io::Write;
use std::path::Path;

use iddpm::files::write_whole;
use plotters::coord::ranged1d::ValueFormatter;
use plotters::prelude::*;

/// Times the least number that the largest is, where they are of several powers of ten.
const SEVERAL: f64 = 20.0;

/// What is plotted: lines of numbers greater than 0, on a logarithmic scale where they are of several powers of ten.
pub(crate) struct Plot<'a> {
    pub(crate) title: &'a str,
    /// What lies along the horizontal axis, and its last value; the first is 1 where it is logarithmic, else 0.
    pub(crate) along: &'a str,
    pub(crate) end: f64,
    pub(crate) logarithmic: bool,
    /// What the numbers are.
    pub(crate) of: &'a str,
    pub(crate) lines: Vec<Line>,
}

/// A line: its points, others than those with a number greater than 0 left out.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) style: ShapeStyle,
    pub(crate) points: Vec<(f64, f64)>,
}

impl Line {
    fn shown(&self) -> impl Iterator<Item = (f64, f64)> + Clone {
        let points = self.points.iter().copied();
        points.filter(|&(_, number)| number > 0.0)
    }
}

impl Plot<'_> {
    /// Writes the plot; nothing where there is no point.
    pub(crate) fn write(&self, path: &Path) -> Result<bool, Box<dyn Error>> {
        let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
        for (_, number) in self.lines.iter().flat_map(Line::shown) {
            (low, high) = (low.min(number), high.max(number));
        }
        if low > high {
            return Ok(false);
        }
        let mut text = String::new();
        self.draw((low * 0.9, high * 1.1), &mut text)?;
        write_whole(path, |file| -> Result<(), Box<dyn Error>> {
            Ok(file.write_all(text.as_bytes())?)
        })?;
        Ok(true)
    }

    fn draw(&self, (low, high): (f64, f64), text: &mut String) -> Result<(), Box<dyn Error>> {
        let root = SVGBackend::with_string(text, (900, 500)).into_drawing_area();
        root.fill(&WHITE)?;
        let mut builder = ChartBuilder::on(&root);
        builder
            .caption(self.title, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(60);
        let along = 0.0..self.end.max(1.0);
        let along_log = (1.0..self.end.max(2.0)).log_scale();
        // Within one power of ten a logarithmic scale has no number beside it.
        let (range, range_log) = (low..high, (low..high).log_scale());
        match (self.logarithmic, high > SEVERAL * low) {
            (false, false) => self.fill(builder.build_cartesian_2d(along, range)?)?,
            (false, true) => self.fill(builder.build_cartesian_2d(along, range_log)?)?,
            (true, false) => self.fill(builder.build_cartesian_2d(along_log, range)?)?,
            (true, true) => self.fill(builder.build_cartesian_2d(along_log, range_log)?)?,
        }
        Ok(root.present()?)
    }

    fn fill<'c, X, Y>(
        &self,
        mut chart: ChartContext<'c, SVGBackend<'c>, Cartesian2d<X, Y>>,
    ) -> Result<(), Box<dyn Error>>
    where
        X: Ranged<ValueType = f64> + ValueFormatter<f64> + 'c,
        Y: Ranged<ValueType = f64> + ValueFormatter<f64> + 'c,
    {
        chart
            .configure_mesh()
            .light_line_style(RGBColor(235, 235, 235))
            .y_labels(30)
            .x_desc(self.along)
            .y_desc(self.of)
            .x_label_formatter(&|along| ((10.0 * along).round() / 10.0).to_string())
            .y_label_formatter(&|number| short(*number))
            .draw()?;
        for line in &self.lines {
            let (points, style) = (line.shown(), line.style);
            chart
                .draw_series(LineSeries::new(points, style))?
                .label(&line.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
        }
        if self.lines.len() > 1 {
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::UpperRight)
                .background_style(WHITE)
                .border_style(RGBColor(200, 200, 200))
                .draw()?;
        }
        Ok(())
    }
}

/// A number with three digits, or fewer where they are 0.
fn short(number: f64) -> String {
    let decimals = (2.0 - number.abs().log10().floor()).clamp(0.0, 15.0) as usize;
    let text = format!("{number:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}
