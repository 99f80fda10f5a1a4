//! What was found, as a table and as JSON.

use iddpm::evaluate::Frechet;
use iddpm::run::Mean;
use iddpm::text::OneLine;
use serde::Serialize;

use super::program::{Failure, say};

/// All that is found.
#[derive(Serialize)]
pub(crate) struct Report {
    /// Whose features the numbers are of.
    pub(crate) features: String,
    /// Images that the classifier was trained on.
    pub(crate) trained: usize,
    /// Images that the distances are to.
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
    /// The distance of real images: of as many, or of all where there are fewer.
    pub(crate) frechet_of_real: Number,
}

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

impl From<Frechet> for Number {
    fn from(frechet: Frechet) -> Self {
        let (value, error) = (frechet.distance, frechet.error);
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
        let mut rows = vec![
            [
                "",
                "images",
                "of their class",
                "Fréchet distance",
                "of as many real",
            ]
            .map(String::from),
        ];
        rows.extend(self.sets.iter().map(|set| {
            let accuracy = set.accuracy.as_ref().map(Number::text);
            [
                OneLine(&set.name).to_string(),
                set.images.to_string(),
                accuracy.unwrap_or_else(|| "-".into()),
                set.frechet.text(),
                set.frechet_of_real.text(),
            ]
        }));
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths = [0, 1, 2, 3, 4].map(width);
        for [name, numbers @ ..] in &rows {
            let [first, others @ ..] = widths;
            let mut line = format!("{name:<first$}");
            for (number, width) in numbers.iter().zip(others) {
                line.push_str(&format!("  {number:>width$}"));
            }
            say(line)?;
        }
        Ok(())
    }
}
