//! What tests compute for many seconds: they are built with less optimisation than this package, which is compiled once.

#[cfg(feature = "cpu")]
use iddpm::cpu::{Given, NetworkError, Program, Results, run_plain};

/// Runs a program in f64: generic loops are optimised as the package is that names their numbers.
///
/// # Errors
/// Those of [`run_plain`].
#[cfg(feature = "cpu")]
pub fn run_plain_f64(
    program: &Program<'_>,
    weights: &[f64],
    given: &Given<'_, f64>,
    workspace: &mut [f64],
    results: &mut Results<'_, f64>,
) -> Result<(), NetworkError> {
    run_plain(program, weights, given, workspace, results)
}

/// The sum of squared differences.
pub fn squared_distance(a: &[u8], b: &[u8]) -> u64 {
    let differences = a.iter().zip(b);
    let squares = differences.map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2));
    squares.sum()
}

/// How many are not the same.
pub fn unlike(a: &[bool], b: &[bool]) -> usize {
    a.iter().zip(b).filter(|(a, b)| a != b).count()
}
