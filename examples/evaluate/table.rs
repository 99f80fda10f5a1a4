//! A report as tables.

use std::iter::once;

use iddpm::text::OneLine;

use super::judging::{Number, Report, Set};
use super::program::{Failure, say};

/// The title of a column, and what it says of a set.
type Column<'a> = (&'a str, &'a dyn Fn(&Set) -> String);

/// Prints a report.
pub(crate) fn tell(report: &Report) -> Result<(), Failure> {
    if let Some(accuracy) = &report.held_out_accuracy {
        let accuracy = accuracy.text();
        say(format_args!(
            "of the images that it was not trained on, the classifier tells {accuracy}"
        ))?;
    }
    say(&report.features)?;
    let number = |number: &Number| number.text();
    let known = |found: &Option<Number>| found.as_ref().map_or_else(|| "-".into(), number);
    print(
        &report.sets,
        &[
            ("images", &|set| set.images.to_string()),
            ("of their class", &|set| known(&set.accuracy)),
            ("inception score", &|set| number(&set.inception_score)),
            ("Fréchet distance", &|set| number(&set.frechet)),
            ("of as many real", &|set| known(&set.frechet_of_real)),
            ("kernel distance", &|set| number(&set.kernel)),
        ],
    )?;
    print(
        &report.sets,
        &[
            ("precision", &|set| number(&set.precision)),
            ("recall", &|set| number(&set.recall)),
            ("density", &|set| number(&set.density)),
            ("coverage", &|set| number(&set.coverage)),
            ("nearest real one", &|set| {
                let near = &set.nearest;
                format!("{:.4}, least {:.4}", near.median, near.least)
            }),
        ],
    )
}

/// Prints a table of all sets.
fn print(sets: &[Set], columns: &[Column<'_>]) -> Result<(), Failure> {
    let head = columns.iter().map(|&(title, _)| title.into());
    let mut rows: Vec<Vec<String>> = vec![once(String::new()).chain(head).collect()];
    rows.extend(sets.iter().map(|set| {
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
