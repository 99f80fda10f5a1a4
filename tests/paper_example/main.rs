//! `examples/paper` as a program, on a plan of seconds: the signs that no scale changes, what is kept and gone on with,
//! and what it refuses.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../support/archive.rs"]
mod archive;
mod parts;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/run.rs"]
mod run;
#[path = "../support/scratch.rs"]
#[allow(dead_code)]
mod scratch;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use archive::write_archive;
use run::{run, succeed};
use scratch::Scratch;

/// A plan of seconds.
const SHORT: &str = "--scale 0.003 --seeds 2 --backend cpu";

/// A document without the sentence of how long it took.
fn timeless(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("All of it took"));
    lines.collect::<Vec<_>>().join("\n")
}

/// What came of the sentence of a document that begins so, and its verdict.
fn found<'t>(text: &'t str, sentence: &str) -> (&'t str, &'t str) {
    let begin = format!("- {sentence}");
    let line = text.lines().find_map(|line| line.strip_prefix(&begin));
    let line = line.unwrap_or_else(|| panic!("{sentence}: {text}"));
    let (measured, rest) = line.split_once("; the paper: ").unwrap();
    let measured = measured.rsplit(": ").next().unwrap();
    (measured, rest.rsplit("; ").next().unwrap())
}

/// Exact figures; more steps have no worse bound.
#[test]
fn certain_signs_are_found() {
    let scratch = Scratch::new("paper-signs");
    succeed("paper", &scratch, &format!("{SHORT} --only 1,8"));
    let text = fs::read_to_string(scratch.join("paper/claims-1-8.md")).unwrap();
    for sentence in [
        "the longer the process, the sooner",
        "at T = 4000 it is above 0.99",
        "the more steps, the lower the bound",
    ] {
        assert_eq!(found(&text, sentence).1, "holds", "{sentence}");
    }
    for plot in ["figure-1.svg", "appendix-e.svg"] {
        assert!(text.contains(&format!("]({plot})")), "{plot}");
        let svg = fs::read_to_string(scratch.join("paper").join(plot)).unwrap();
        assert!(
            svg.contains("<polyline") && svg.ends_with("</svg>\n"),
            "{plot}"
        );
    }
}

/// Where the entropy is known, no bound is below it, and one with a variance that is learnt is lower.
#[test]
fn no_bound_is_below_an_entropy() {
    let scratch = Scratch::new("paper-known");
    let options = "--scale 0.012 --seeds 2 --backend cpu --only 10";
    succeed("paper", &scratch, options);
    let text = fs::read_to_string(scratch.join("paper/claims-10.md")).unwrap();
    let (_, verdict) = found(&text, "no evaluation is below the truth");
    assert_eq!(verdict, "holds");
    for set in ["field", "mosaic"] {
        let sentence = format!("{set}: bits/dim of L_simple above those of L_hybrid");
        let (measured, _) = found(&text, &sentence);
        let mean: f64 = measured.split(' ').next().unwrap().parse().unwrap();
        assert!(mean > 0.0, "{sentence}: {measured}");
    }
}

/// Killed within a training, it goes on to the same numbers; asked again, it measures nothing.
#[test]
fn a_killed_one_goes_on() {
    let scratch = Scratch::new("paper-killed");
    let options = format!("{SHORT} --only 2");
    let whole = succeed("paper", &scratch, &format!("{options} --out whole"));
    assert!(whole.contains("quarter-4"), "{whole}");

    let mut command = Command::new(program::program("paper"));
    command.current_dir(scratch.path()).stdout(Stdio::null());
    command.args(options.split(' ')).args(["--out", "killed"]);
    let mut child = command.spawn().unwrap();
    let second = scratch.join("killed/numbers/digits-cosine-hybrid-usual-0.quarter-2.json");
    while !second.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended");
        sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let options = format!("{options} --out killed");
    let rest = succeed("paper", &scratch, &options);
    assert!(
        !rest.contains("digits-cosine-hybrid-usual-0.quarter-1"),
        "{rest}"
    );
    let [whole, killed] = ["whole", "killed"].map(|out| scratch.join(out).join("claims-2.md"));
    let named = |path: &Path| timeless(path).replace("--out whole", "--out killed");
    assert_eq!(named(&whole), named(&killed));
    assert!(!succeed("paper", &scratch, &options).contains(" s\n"));
}

/// One line that names the option, before anything is trained.
#[test]
fn what_is_wrong_is_refused() {
    let scratch = Scratch::new("paper-refused");
    write_archive(
        &scratch.join("one.npz"),
        [8, 8, 8, 1],
        &[7; 8 * 64],
        &[0; 8],
    );
    for (options, words) in [
        ("--scale 0", "--scale 0"),
        ("--scale NaN", "--scale NaN"),
        ("--threads 2 --backend gpu", "--threads"),
        ("--only 2 --data none.npz", "--data none.npz"),
        ("--only 2 --data one.npz", "--data one.npz"),
    ] {
        let output = run("paper", &scratch, options);
        assert_eq!(output.status.code(), Some(1), "{options}");
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(errors.lines().count(), 1, "{options}: {errors}");
        assert!(errors.contains(words), "{options}: {errors}");
    }
    for options in [
        "--only 12",
        "--seeds 1",
        "--quick --scale 1",
        "--network large",
    ] {
        let output = run("paper", &scratch, options);
        assert_eq!(output.status.code(), Some(2), "{options}");
    }
}

/// What all of it costs is said, and nothing is trained.
#[test]
fn a_plan_is_told() {
    let scratch = Scratch::new("paper-plan");
    let plan = succeed("paper", &scratch, "--plan --only 9 --seeds 2");
    let networks = plan.lines().filter(|line| line.contains(" parameters, "));
    assert_eq!(networks.count(), 6, "{plan}");
    assert!(plan.contains("PFLOP"), "{plan}");
    assert!(!scratch.join("paper/networks").exists(), "{plan}");
}
