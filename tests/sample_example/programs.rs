//! The smaller programs: a full standard output, a reader that is gone, options that are refused.

use std::fs::File;
use std::process::{Command, Output, Stdio};

use super::program::program;
use super::scratch::Scratch;

/// Programs that print, each in a short run.
const SHORT: [(&str, &str); 4] = [
    ("flash_table", ""),
    ("trajectory", "--steps 3 --count 1"),
    ("make_sprites", "--count 1 --out sprites"),
    ("sample", "--backend cpu --steps 2 --count 1"),
];

fn prepared(scratch: &Scratch, name: &str, arguments: &str) -> Command {
    let mut command = Command::new(program(name));
    command.current_dir(scratch.path()).stdin(Stdio::null());
    command.args(arguments.split_whitespace());
    command
}

fn output(scratch: &Scratch, name: &str, arguments: &str) -> Output {
    prepared(scratch, name, arguments).output().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_is_an_error() {
    for (name, arguments) in SHORT {
        for arguments in [arguments, "--help"] {
            let scratch = Scratch::new(&format!("full-{name}"));
            let full = File::options().write(true).open("/dev/full").unwrap();
            let output = prepared(&scratch, name, arguments)
                .stdout(full)
                .output()
                .unwrap();
            let words = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{name} {arguments}: {words}");
            let begins = format!("{name}: the standard output: No space left on device");
            assert!(words.starts_with(&begins), "{words}");
            assert_eq!(words.lines().count(), 1, "{words}");
        }
    }
}

/// Not even what is wrong can be said.
#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_error_too() {
    for (name, _) in SHORT {
        let scratch = Scratch::new(&format!("full-both-{name}"));
        let full = || File::options().write(true).open("/dev/full").unwrap();
        let mut command = prepared(&scratch, name, "--out=/dev/null/x.png --steps=x");
        let status = command.stdout(full()).stderr(full()).status().unwrap();
        assert!(matches!(status.code(), Some(1 | 2)), "{name}: {status}");
    }
}

#[test]
fn a_reader_that_is_gone_ends_nothing_and_loses_no_file() {
    for (name, arguments) in SHORT {
        for arguments in [arguments, "--help"] {
            let scratch = Scratch::new(&format!("gone-{name}"));
            let mut child = prepared(&scratch, name, arguments)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            drop(child.stdout.take());
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{name} {arguments}: {output:?}");
            assert!(output.stderr.is_empty(), "{name} {arguments}: {output:?}");
            let files = match (name, arguments) {
                ("flash_table", _) | (_, "--help") => 0,
                _ => 1,
            };
            assert_eq!(scratch.names().len(), files, "{name} {arguments}");
        }
    }
}

#[test]
fn a_table_is_printed_as_it_was() {
    let scratch = Scratch::new("flash-table");
    let printed = output(&scratch, "flash_table", "").stdout;
    assert!(printed == include_bytes!("../flash_table/cosine_4000_10.rs"));
}

/// In short beside the option, in full with what each says.
#[test]
fn the_words_of_an_option_are_in_the_help() {
    let scratch = Scratch::new("programs-help");
    for (name, usual, words) in [
        (
            "trajectory",
            Some("ancestral"),
            "ancestral, ddim, dpm, heun",
        ),
        // The network's to say.
        ("sample", None, "ancestral, ddim, dpm, heun"),
        ("sample", Some("unit"), "unit, none, dynamic"),
        ("sample", Some("as-stored"), "as-stored, f32, f16"),
    ] {
        let help = |option| String::from_utf8(output(&scratch, name, option).stdout).unwrap();
        let (short, full) = (help("-h"), help("--help"));
        let usual = usual.map_or(String::new(), |usual| format!("[default: {usual}]"));
        let listed = format!("{usual} [possible values: {words}]");
        assert!(short.contains(&listed), "{short}");
        for word in words.split(", ") {
            assert!(full.contains(&format!("- {word}: ")), "{word}: {full}");
        }
        assert!(full.contains(&usual), "{full}");
    }
}

#[test]
fn options_are_refused_by_name_before_any_work() {
    let scratch = Scratch::new("programs-options");
    scratch.write("full/file", b"mine");
    scratch.write("file", b"mine");
    std::fs::create_dir(scratch.join("a.png")).unwrap();
    let cases = [
        ("flash_table", "--schedule x", "--schedule x: "),
        ("flash_table", "--steps 0", "--steps 0: "),
        ("flash_table", "--steps many", "--steps many: "),
        (
            "flash_table",
            "--timesteps 1",
            "not a whole number from 2 to 1000000",
        ),
        (
            "flash_table",
            "--timesteps 0",
            "not a whole number from 2 to 1000000",
        ),
        ("flash_table", "--timesteps -1", "--timesteps"),
        (
            "flash_table",
            "--timesteps 4294967295",
            "not a whole number from 2 to 1000000",
        ),
        ("trajectory", "--steps 0", "--steps 0: "),
        (
            "trajectory",
            "--steps 1001",
            "--steps 1001: 1001 steps of only 1000",
        ),
        ("trajectory", "--count 0", "--count"),
        ("trajectory", "--count -1", "--count"),
        ("trajectory", "--count 101", "--count"),
        ("trajectory", "--columns 0", "--columns"),
        ("trajectory", "--seed -1", "--seed"),
        (
            "trajectory",
            "--eta 0.5",
            "--eta: only --method ddim has one",
        ),
        (
            "trajectory",
            "--method ddim --eta nan",
            "--eta NaN: must be within [0, 1]",
        ),
        (
            "trajectory",
            "--method ddim --eta -1",
            "--eta -1: must be within [0, 1]",
        ),
        ("trajectory", "--out a.png", "--out a.png: this is a folder"),
        ("trajectory", "--out a.gif", "ends in .png"),
        ("trajectory", "--out -", "ends in .png"),
        (
            "trajectory",
            "--out absent/t.png",
            "--out absent/t.png: there is no folder absent",
        ),
        ("make_sprites", "", "--out"),
        ("make_sprites", "--out x --count 0", "--count"),
        ("make_sprites", "--out x --count 100000", "--count"),
        ("make_sprites", "--out x --seed -1", "--seed"),
        (
            "make_sprites",
            "--out full",
            "--out full: this folder is not empty, file is in it",
        ),
        (
            "make_sprites",
            "--out file",
            "--out file: this is a file, not a folder",
        ),
        (
            "make_sprites",
            "--out x --sheet a.png",
            "--sheet a.png: this is a folder",
        ),
        ("make_sprites", "--out x --sheet s.jpg", "ends in .png"),
        (
            "make_sprites",
            "--out x --sheet absent/s.png",
            "there is no folder absent",
        ),
    ];
    for (name, arguments, why) in cases {
        let output = output(&scratch, name, arguments);
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(
            matches!(output.status.code(), Some(1 | 2)),
            "{name} {arguments}: {words}"
        );
        assert!(words.contains(why), "{name} {arguments}: {words}");
        assert_eq!(
            scratch.names(),
            ["a.png", "file", "full"],
            "{name} {arguments}"
        );
    }
    // A sheet among the pictures would be one of them.
    std::fs::create_dir(scratch.join("new")).unwrap();
    let output = output(
        &scratch,
        "make_sprites",
        "--count 1 --out new --sheet new/s.png",
    );
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(
        words.contains("--sheet new/s.png: in this folder the pictures go"),
        "{words}"
    );
    assert_eq!(std::fs::read_dir(scratch.join("new")).unwrap().count(), 0);
}

#[test]
fn a_drawn_seed_is_said() {
    let scratch = Scratch::new("programs-random");
    let runs = [
        ("trajectory", "--steps 3 --count 1 --out one.png"),
        ("make_sprites", "--count 1 --out sprites --sheet one.png"),
    ];
    for (name, arguments) in runs {
        let drawn = output(&scratch, name, &format!("{arguments} --seed random"));
        assert!(drawn.status.success());
        let printed = String::from_utf8(drawn.stdout).unwrap();
        let line = printed
            .lines()
            .find(|line| line.contains("drawn: --seed "))
            .unwrap();
        let seed = line.split(&[' ', ','][..]).nth(1).unwrap();
        let first = std::fs::read(scratch.join("one.png")).unwrap();
        let again = arguments.replace("sprites", "again").replace("one", "two");
        let again = output(&scratch, name, &format!("{again} --seed {seed}"));
        assert!(again.status.success());
        assert!(
            std::fs::read(scratch.join("two.png")).unwrap() == first,
            "{name}"
        );
    }
}

/// An error leaves nothing beside the place of its file.
#[test]
fn nothing_is_left_of_what_was_not_written() {
    let scratch = Scratch::new("programs-left");
    std::fs::create_dir(scratch.join("t.png")).unwrap();
    let output = output(&scratch, "trajectory", "--steps 3 --count 1 --out t.png");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(scratch.names(), ["t.png"]);
}

#[cfg(feature = "gpu")]
#[test]
fn frames_within_a_time_that_is_one() {
    let scratch = Scratch::new("frames-options");
    let digits = format!("--checkpoint {} ", super::DIGITS_FILE);
    for (arguments, why) in [
        ("--milliseconds nan", "--milliseconds"),
        ("--milliseconds -1", "--milliseconds"),
        ("--milliseconds=-inf", "--milliseconds"),
        ("--milliseconds inf", "not a number above 0 and up to 1000"),
        ("--milliseconds 0", "not a number above 0 and up to 1000"),
        (
            "--milliseconds 1e-999",
            "not a number above 0 and up to 1000",
        ),
        (
            "--milliseconds 1000.1",
            "not a number above 0 and up to 1000",
        ),
        ("--steps 0", "not a whole number from 2 to 1000000"),
        ("--steps 1001", "--steps 1001: "),
        ("--steps -1", "--steps"),
        (
            "--class 10",
            "--class \"10\": this network's classes are 0 to 9",
        ),
        ("--class -1", "--class"),
        ("--seed -1", "--seed"),
        ("--checkpoint absent", "absent"),
    ] {
        let common = match arguments.contains("--checkpoint") {
            true => "",
            false => &digits,
        };
        let output = output(&scratch, "frames", &format!("{common}{arguments}"));
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(
            matches!(output.status.code(), Some(1 | 2)),
            "{arguments}: {words}"
        );
        assert!(words.contains(why), "{arguments}: {words}");
        assert!(output.stdout.is_empty(), "{arguments}");
    }
}
