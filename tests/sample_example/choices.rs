//! Seeds and threads: what can be asked for, and that it is done.

use std::process::Stdio;

use super::scratch::Scratch;
use super::{bytes, command, run, sample};

const LAST: &str = "18446744073709551615";

#[test]
fn a_seed_that_is_none_is_refused_with_what_there_is() {
    let scratch = Scratch::new("sample-seeds");
    let none = [
        "-1",
        "18446744073709551616",
        "1.5",
        "1e3",
        "x",
        "Random",
        "0x10",
        " 1",
        "",
    ];
    for seed in none {
        for arguments in [
            vec!["--seed".to_owned(), seed.to_owned()],
            vec![format!("--seed={seed}")],
        ] {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let output = run(&scratch, &arguments);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{seed}: {errors}");
            for named in ["--seed", seed, "0", LAST, "random"] {
                assert!(errors.contains(named), "{seed:?}, {named}: {errors}");
            }
        }
    }
    sample(&scratch, &["--count", "1", "--seed", LAST]);
}

#[test]
fn a_drawn_seed_is_said_and_makes_the_same_again() {
    let scratch = Scratch::new("sample-random");
    let drawn = || {
        let output = run(
            &scratch,
            &["--count", "1", "--seed", "random", "--out", "a.npz"],
        );
        assert!(output.status.success());
        let printed = String::from_utf8(output.stdout).unwrap();
        let line = printed
            .lines()
            .find(|line| line.starts_with("seed "))
            .unwrap();
        let number = line.split(&[' ', ','][..]).nth(1).unwrap().to_owned();
        assert!(line.contains(&format!("--seed {number} ")), "{line}");
        (number, bytes(&scratch, "a.npz"))
    };
    let (one, image) = drawn();
    let (two, other) = drawn();
    assert!(one != two && image != other);
    sample(
        &scratch,
        &["--count", "1", "--seed", &one, "--out", "b.npz"],
    );
    assert_eq!(bytes(&scratch, "b.npz"), image);
}

/// The line that says what it runs on.
fn on(scratch: &Scratch, options: &[&str], variable: Option<&str>) -> Result<String, String> {
    let arguments = [&["--count", "2", "--out", "a.npz"], options].concat();
    let mut command = command(scratch, &arguments);
    command.env_remove("RAYON_NUM_THREADS");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(threads) = variable {
        command.env("RAYON_NUM_THREADS", threads);
    }
    let output = command.output().unwrap();
    match output.status.success() {
        true => {
            let printed = String::from_utf8(output.stdout).unwrap();
            let line = printed.lines().find(|line| line.starts_with("running on"));
            Ok(line.unwrap().to_owned())
        }
        false => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

#[test]
fn threads_are_as_many_as_asked_for_and_never_more_than_there_are() {
    let scratch = Scratch::new("sample-threads");
    let all = std::thread::available_parallelism().unwrap().get();
    let said = |threads: usize| match threads {
        1 => "the CPU (asked for), 1 thread".to_owned(),
        threads => format!("the CPU (asked for), {threads} threads"),
    };
    let mut first = None;
    let mut cases: Vec<(&[&str], Option<&str>, usize)> = vec![
        (&[], None, all),
        (&["--threads", "1"], None, 1),
        (&[], Some("1"), 1),
        (&[], Some(""), all),
        (&["--threads", "1"], Some("junk"), 1),
    ];
    if all > 1 {
        cases.push((&["--threads", "2"], Some("1"), 2));
    }
    for (options, variable, threads) in cases {
        let line = on(&scratch, options, variable).unwrap();
        assert!(
            line.ends_with(&said(threads)),
            "{options:?}, {variable:?}: {line}"
        );
        let made = bytes(&scratch, "a.npz");
        assert!(
            *first.get_or_insert(made.clone()) == made,
            "{options:?}: other bits"
        );
    }
    for (options, variable) in [(&["--threads", "4097"][..], None), (&[], Some("4097"))] {
        let line = on(&scratch, options, variable).unwrap();
        let due = format!("{all} thread");
        assert!(
            line.contains(&due) && line.contains("of the 4097 asked for"),
            "{line}"
        );
    }
}

#[test]
fn threads_that_are_none_are_refused() {
    let scratch = Scratch::new("sample-no-threads");
    for threads in ["0", "-1", "1.5", "all", ""] {
        let option = format!("--threads={threads}");
        let errors = on(&scratch, &[&option], None).unwrap_err();
        assert!(errors.contains("--threads"), "{errors}");
        assert!(
            errors.contains("a whole number from 1 on") || threads.is_empty(),
            "{errors}"
        );
    }
    for threads in ["-1", "0", "all"] {
        let errors = on(&scratch, &[], Some(threads)).unwrap_err();
        assert!(
            errors.contains(&format!("RAYON_NUM_THREADS {threads}: ")),
            "{errors}"
        );
    }
    // Threads of the processor, where it is not the processor.
    let errors = on(&scratch, &["--threads", "1", "--backend", "gpu"], None).unwrap_err();
    assert!(
        errors.contains("--threads: a GPU was asked for"),
        "{errors}"
    );
    assert!(!scratch.join("a.npz").exists());
}
