//! On the processor: the plain loops in f32, and the fast ones on any number of threads.

use iddpm::gpu::Precision;

use super::cases::processor::{fast, plain};
use super::cases::{Stands, table};
use super::compare::{bits, off};

#[test]
fn every_operation() {
    let mut failures = String::new();
    for case in table(Stands::Alone) {
        let truth = case.truth();
        for (how, result) in [("plain", plain(&case)()), ("fast", fast(&case, 1)())] {
            if let Some(what) = off(&case, case.tolerance, Precision::Full, &result, &truth) {
                failures += &format!("{how}: {what}");
            }
        }
        if bits(&fast(&case, 1)()) != bits(&fast(&case, 3)()) {
            failures += &format!("{}: other bits on three threads\n", case.name);
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}
