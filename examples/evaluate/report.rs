//! What was found, as a table and as JSON.

use std::iter::once;

use iddpm::evaluate::Estimate;
use iddpm::run::Mean;
use iddpm::text::OneLine;
use serde::Serialize;

use super::program::{Failure, say};

/// All that is found.
#[derive(Serialize)]
pub(crate) struct Report {
    /// Whose features the numbers are of.
    pub(crate) features: String,
    /// Images that the classifier was trained on, where there is one.
    pub(crate) trained: Option<usize>,
    /// Images that all but the nearest are compared with.
    pub(crate) reference: usize,
    /// The classifier's on all images that it was not trained on.
    pub(crate) held_out_accuracy: Option<Number>,
    /// Real images, then each set of samples.
    pub(crate) sets: Vec<Set>,
}

/// What is found of a set of images.
#[derive(Serialize)]
pub(crate) struct Set {
    pub(crate) name: String,
    pub(crate) images: usize,
    /// The share that is of its class, where it is known which that is.
    pub(crate) accuracy: Option<Number>,
    pub(crate) frechet: Number,
    /// The distance of other real images, where there are any: of as many, or of all where there are fewer.
    pub(crate) frechet_of_real: Option<Number>,
    pub(crate) kernel: Number,
    /// Of 3 neighbours.
    pub(crate) precision: Number,
    pub(crate) recall: Number,
    /// Of 5 neighbours.
    pub(crate) density: Number,
    pub(crate) coverage: Number,
    /// By the classifier, or the network in its place: from 1 to the number of its classes.
    pub(crate) inception_score: Number,
    pub(crate) nearest: Near,
}

/// How near images are to the nearest real one, and real ones to the nearest other, in the root of the mean squared
/// difference of pixels in [-1, 1].
#[derive(Serialize)]
pub(crate) struct Near {
    pub(crate) median: f64,
    pub(crate) least: f64,
}

/// The title of a column, and what it says of a set.
type Column<'a> = (&'a str, &'a dyn Fn(&Set) -> String);

/// A number and its standard error.
#[derive(Serialize)]
pub(crate) struct Number {
    value: f64,
    error: f64,
}

impl From<Mean> for Number {
    fn from(mean: Mean) -> Self {
        let (value, error) = (mean.mean, mean.error);
        Self { value, error }
    }
}

impl From<Estimate> for Number {
    fn from(estimate: Estimate) -> Self {
        let (value, error) = (estimate.value, estimate.error);
        Self { value, error }
    }
}

impl Number {
    fn text(&self) -> String {
        format!("{:.4} ± {:.4}", self.value, self.error)
    }
}

impl Report {
    /// Prints the table.
    pub(crate) fn say(&self) -> Result<(), Failure> {
        if let Some(accuracy) = &self.held_out_accuracy {
            let accuracy = accuracy.text();
            say(format_args!(
                "of the images that it was not trained on, the classifier tells {accuracy}"
            ))?;
        }
        say(&self.features)?;
        let number = |number: &Number| number.text();
        let known = |found: &Option<Number>| found.as_ref().map_or_else(|| "-".into(), number);
        self.table(&[
            ("images", &|set| set.images.to_string()),
            ("of their class", &|set| known(&set.accuracy)),
            ("inception score", &|set| number(&set.inception_score)),
            ("Fréchet distance", &|set| number(&set.frechet)),
            ("of as many real", &|set| known(&set.frechet_of_real)),
            ("kernel distance", &|set| number(&set.kernel)),
        ])?;
        self.table(&[
            ("precision", &|set| number(&set.precision)),
            ("recall", &|set| number(&set.recall)),
            ("density", &|set| number(&set.density)),
            ("coverage", &|set| number(&set.coverage)),
            ("nearest real one", &|set| {
                let Near { median, least } = set.nearest;
                format!("{median:.4}, least {least:.4}")
            }),
        ])
    }

    /// Prints a table of all sets.
    fn table(&self, columns: &[Column<'_>]) -> Result<(), Failure> {
        let head = columns.iter().map(|&(title, _)| title.into());
        let mut rows: Vec<Vec<String>> = vec![once(String::new()).chain(head).collect()];
        rows.extend(self.sets.iter().map(|set| {
            let name = once(OneLine(&set.name).to_string());
            name.chain(columns.iter().map(|(_, text)| text(set)))
                .collect()
        }));
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..=columns.len()).map(width).collect();
        for row in &rows {
            let mut cells = row.iter().zip(&widths);
            let name = cells.next().map(|(name, width)| format!("{name:<width$}"));
            let mut line = name.unwrap_or_default();
            for (cell, width) in cells {
                line.push_str(&format!("  {cell:>width$}"));
            }
            say(line)?;
        }
        Ok(())
    }
}
