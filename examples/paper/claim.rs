//! A claim of the paper: what it says, what was measured, and what that comes to.

use iddpm::run::Mean;

use super::chart::{Line, Plot};
use super::program::Failure;
use super::verdict::Verdict;
use super::work::Work;

/// A claim, measured.
pub(crate) struct Claim {
    pub(crate) number: u32,
    pub(crate) title: &'static str,
    /// What the paper says, and where.
    pub(crate) paper: &'static str,
    pub(crate) tests: Vec<Test>,
    pub(crate) tables: Vec<Table>,
    pub(crate) plots: Vec<Drawing>,
}

/// A sentence of a claim that can be true or not.
pub(crate) struct Test {
    pub(crate) what: String,
    /// What the paper has.
    pub(crate) paper: String,
    pub(crate) measured: String,
    pub(crate) verdict: Verdict,
}

impl Test {
    /// That a number is above 0, by one of each seed.
    pub(crate) fn above_zero(
        what: impl Into<String>,
        paper: impl Into<String>,
        differences: &[f64],
    ) -> Self {
        Self {
            what: what.into(),
            paper: paper.into(),
            measured: mean(differences),
            verdict: Verdict::above_zero(differences),
        }
    }

    /// That something exact is so.
    pub(crate) fn exact(
        what: impl Into<String>,
        paper: impl Into<String>,
        measured: impl Into<String>,
        holds: bool,
    ) -> Self {
        Self {
            what: what.into(),
            paper: paper.into(),
            measured: measured.into(),
            verdict: Verdict::exact(holds),
        }
    }
}

/// Rows of a table under their heads.
pub(crate) struct Table {
    pub(crate) heads: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<const N: usize>(heads: [&str; N]) -> Self {
        Self {
            heads: heads.map(Into::into).into(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

/// A plot, and the name of its file.
pub(crate) struct Drawing {
    pub(crate) name: &'static str,
    pub(crate) plot: Plot<'static>,
}

impl Drawing {
    /// Lines over what is along the axis, each with its name.
    pub(crate) fn new(
        name: &'static str,
        title: &'static str,
        (along, logarithmic): (&'static str, bool),
        of: &'static str,
        lines: Vec<(String, Vec<(f64, f64)>)>,
    ) -> Self {
        let points = lines.iter().flat_map(|(_, points)| points);
        let end = points.map(|&(along, _)| along).fold(0.0, f64::max);
        let lines = lines.into_iter().enumerate();
        Self {
            name,
            plot: Plot {
                title,
                along,
                end,
                logarithmic,
                of,
                lines: lines
                    .map(|(at, (name, points))| Line {
                        name,
                        style: style(at),
                        points,
                    })
                    .collect(),
            },
        }
    }
}

/// The colours of lines: Okabe and Ito's, which the colour-blind tell apart.
const COLOURS: [[u8; 3]; 7] = [
    [0, 114, 178],
    [213, 94, 0],
    [0, 158, 115],
    [204, 121, 167],
    [230, 159, 0],
    [86, 180, 233],
    [0, 0, 0],
];

fn style(at: usize) -> plotters::style::ShapeStyle {
    use plotters::style::{Color, RGBColor};
    let [red, green, blue] = COLOURS.iter().cycle().nth(at).copied().unwrap_or_default();
    RGBColor(red, green, blue).stroke_width(2)
}

/// A mean and its error, in words; of numbers that are none it is not told.
pub(crate) fn mean(of: &[f64]) -> String {
    match of.iter().any(|number| number.is_nan()) {
        true => "not told".into(),
        false => Mean::of(of.iter().copied()).to_string(),
    }
}

/// The mean alone.
pub(crate) fn middle(of: &[f64]) -> f64 {
    of.iter().sum::<f64>() / of.len() as f64
}

/// What each is above its twin.
pub(crate) fn above(of: &[f64], others: &[f64]) -> Vec<f64> {
    of.iter()
        .zip(others)
        .map(|(one, other)| one - other)
        .collect()
}

impl Work<'_> {
    /// A number of each seed.
    pub(crate) fn over_seeds(
        &self,
        number: impl FnMut(u64) -> Result<f64, Failure>,
    ) -> Result<Vec<f64>, Failure> {
        (0..self.scale.seeds).map(number).collect()
    }
}
