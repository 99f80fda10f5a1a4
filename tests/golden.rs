//! The crate against numbers that the public implementation computed.
//!
//! The cases are those of the directory `$IDDPM_GOLDEN`, or of `tests/golden` where that is not
//! set. Every size, option and constant is the case's own, and every tolerance is derived from a
//! count of roundings (`golden_support/track.rs`), so that another set of cases passes unchanged.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod golden_support;
#[path = "support/scratch.rs"]
#[allow(dead_code)]
mod scratch;

use std::path::Path;

use golden_support::case::{check_index, golden_directory};
use golden_support::{GROUPS, run};
use scratch::Scratch;

fn check(group: &str) {
    let report = run(&golden_directory(), group).unwrap_or_else(|error| panic!("{error}"));
    println!("{report}");
    if let Err(message) = report.verdict() {
        panic!("{message}");
    }
}

#[test]
fn schedule() {
    check("schedule");
}

#[test]
fn respace() {
    check("respace");
}

#[test]
fn diffusion() {
    check("diffusion");
}

#[test]
fn sampling_loop() {
    check("loop");
}

#[test]
fn loss() {
    check("loss");
}

#[test]
fn resample() {
    check("resample");
}

#[test]
fn solvers() {
    check("solvers");
}

#[test]
fn every_listed_file_is_there_in_full() {
    let directory = golden_directory();
    let index = std::fs::read(directory.join("index.json")).expect("an index");
    let index: serde_json::Value = serde_json::from_slice(&index).unwrap();
    assert_eq!(index["format"], 1);
    let listed = index["files"].as_array().expect("a list of files");
    for file in listed {
        let path = directory.join(file["file"].as_str().unwrap());
        let len = path.metadata().map(|metadata| metadata.len());
        assert_eq!(len.ok(), file["bytes"].as_u64(), "{}", path.display());
    }
    for (group, _) in GROUPS {
        check_index(&directory, group).unwrap();
    }
}

fn failure(directory: &Path, group: &str) -> String {
    match run(directory, group) {
        Ok(report) => panic!("accepted: {report}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_directory_without_cases_fails_every_group() {
    let scratch = Scratch::new("golden-empty");
    for (group, _) in GROUPS {
        assert!(failure(scratch.path(), group).contains("no case"));
        std::fs::create_dir_all(scratch.join(group)).unwrap();
        assert!(failure(scratch.path(), group).contains("no case"));
    }
}

#[test]
fn a_case_of_an_unknown_kind_fails_every_group() {
    let scratch = Scratch::new("golden-unknown");
    for (group, _) in GROUPS {
        let folder = scratch.join(group);
        std::fs::create_dir_all(&folder).unwrap();
        let case = serde_json::json!({
            "format": 1, "group": group, "case": "novelty",
            "params": {}, "inputs": [], "expected": [],
        });
        std::fs::write(folder.join("novelty.json"), case.to_string()).unwrap();
        assert!(failure(scratch.path(), group).contains("novelty"));
    }
}

#[test]
fn a_tensor_that_nothing_looks_at_fails() {
    let scratch = Scratch::new("golden-tensor");
    let folder = scratch.join("diffusion");
    std::fs::create_dir_all(&folder).unwrap();
    let zero = 0.0_f32.to_le_bytes();
    let view =
        safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![1], &zero).unwrap();
    let tensors = safetensors::serialize([("surprise", view)], None).unwrap();
    std::fs::write(folder.join("scale_timesteps.safetensors"), tensors).unwrap();
    let case = serde_json::json!({
        "format": 1, "group": "diffusion", "case": "scale_timesteps",
        "params": { "entries": [] }, "inputs": [], "expected": ["surprise"],
    });
    std::fs::write(folder.join("scale_timesteps.json"), case.to_string()).unwrap();
    assert!(failure(scratch.path(), "diffusion").contains("surprise"));
}

#[test]
fn a_number_outside_its_tolerance_fails() {
    let mut report = golden_support::report::Report::new("none");
    report.near("inside", 1.0, 1.25, 0.25);
    assert!(report.verdict().is_ok());
    for (got, tolerance) in [
        (1.0, 0.2),
        (f64::NAN, 0.2),
        (1.25, f64::NAN),
        (1.0, f64::INFINITY),
    ] {
        let mut report = golden_support::report::Report::new("none");
        report.near("outside", got, 1.25, tolerance);
        assert!(report.verdict().is_err(), "{got} within {tolerance}");
    }
}
