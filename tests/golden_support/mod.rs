//! What the golden tests are made of: reading a case, bounding rounding errors, and one file for
//! each group of cases.

pub(crate) mod case;
pub(crate) mod model;
pub(crate) mod report;

pub(crate) mod applied;
pub(crate) mod public;
pub(crate) mod track;

mod diffusion;
mod loss;
mod resample;
mod respace;
mod sampling_loop;
mod schedule;
mod solvers;
mod training;
mod trajectory;

use std::path::Path;

use case::{Case, Outcome, cases};
use report::Report;

/// How a group's cases are checked.
type Check = fn(&Case, &mut Report) -> Outcome;

/// Every group that these tests read, and how.
pub(crate) const GROUPS: [(&str, Check); 7] = [
    ("schedule", schedule::check),
    ("respace", respace::check),
    ("diffusion", diffusion::check),
    ("loop", sampling_loop::check),
    ("loss", loss::check),
    ("resample", resample::check),
    ("solvers", solvers::check),
];

/// Checks every case of a group that the directory holds; none at all is a failure.
pub(crate) fn run(directory: &Path, group: &str) -> Outcome<Report> {
    let (_, check) = GROUPS
        .iter()
        .find(|(name, _)| *name == group)
        .ok_or_else(|| format!("no such group: {group}"))?;
    let mut report = Report::new(group);
    for case in cases(directory, group)? {
        let named = |error| format!("{group}/{}: {error}", case.name);
        report.begin(&case.name);
        check(&case, &mut report).map_err(named)?;
        case.finish().map_err(named)?;
    }
    if report.cases == 0 {
        return Err(format!("no case of the group {group} in {}", directory.display()).into());
    }
    Ok(report)
}
