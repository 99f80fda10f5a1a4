//! What is refused, with which error, and that nothing was touched by then.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod kept;
mod lengths;
mod processes;
mod runs;
mod schedules;
mod silent_nan;
mod states;
mod table;

use iddpm::diffusion::Error;

/// The error of a result that must be one.
fn refused<T>(result: Result<T, Error>) -> Error {
    match result {
        Err(error) => error,
        Ok(_) => panic!("accepted"),
    }
}

/// Compares errors that may carry NaN.
#[track_caller]
fn assert_same(found: Error, expected: Error) {
    assert_eq!(format!("{found:?}"), format!("{expected:?}"));
}
