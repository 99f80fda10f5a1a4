//! The network on the processor against numbers that the public implementation computed.
//!
//! The cases are those of the directory `$IDDPM_GOLDEN`, or of `tests/golden` where that is not
//! set; every size, option and constant is the case's own. The reference was run in f32 and in f64:
//! a value passes within `atol + 4·|ref32 - ref64|` of the f64 one, `atol` 1e-4 of the output's
//! standard deviation: several times what the order of f32 sums moves.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../golden_support/case.rs"]
#[allow(dead_code)]
mod case;
#[path = "../golden_support/generator.rs"]
mod generator;
#[path = "../golden_support/network.rs"]
mod network;
#[path = "../golden_support/report.rs"]
#[allow(dead_code)]
mod report;

mod networks;
mod operations;
mod runner;

use case::{Case, Outcome, cases, check_index, golden_directory};
use report::Report;
use serde_json::Value;

fn check(case: &Case, report: &mut Report) -> Outcome {
    let params = &case.params;
    let entry = |key: &str| params["entries"].get(0).and_then(|entry| entry.get(key));
    if params.get("model").is_some() {
        networks::check(case, report)
    } else if let Some(Value::String(base)) = params.get("base_case") {
        networks::check_half(case, base, report)
    } else if entry("max_period").is_some() {
        operations::timestep_embedding(case, report)
    } else if entry("mode").is_some() {
        operations::resize(case, report)
    } else if entry("expected_error").is_some() {
        networks::check_errors(case, report)
    } else if params.get("groups").is_some() {
        operations::group_norm(case, report)
    } else if entry("num_heads").is_some() {
        operations::attention(case, report)
    } else if case.name.starts_with("op_downsample") {
        operations::conv(case, false, report)
    } else if case.name.starts_with("op_upsample") {
        operations::conv(case, true, report)
    } else {
        Err("an unknown kind of case".into())
    }
}

#[test]
fn unet() {
    let mut report = Report::new("unet");
    for case in cases(&golden_directory(), "unet").unwrap() {
        report.begin(&case.name);
        let outcome = check(&case, &mut report).and_then(|()| case.finish());
        outcome.unwrap_or_else(|error| panic!("unet/{}: {error}", case.name));
    }
    println!("{report}");
    assert!(report.cases > 0, "no case of the group unet");
    if let Err(message) = report.verdict() {
        panic!("{message}");
    }
}

#[test]
fn every_file_is_in_the_index() {
    check_index(&golden_directory(), "unet").unwrap();
}
