//! Values that no option was made for, and programs that are given them.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::program::program;
use super::scratch::Scratch;

/// How long a program may take for a value, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(120);

/// The values; `file` is no picture, `folder` holds a file, `absent` is not there.
pub(crate) fn values() -> Vec<OsString> {
    let long = "9".repeat(4000);
    let texts = [
        "",
        " ",
        "-",
        "--",
        "-1",
        "-0",
        "0",
        "1.5",
        "0x10",
        "1,,2",
        "nan",
        "-nan",
        "inf",
        "-inf",
        "1e999",
        "1e-999",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775809",
        "/dev/null",
        "/dev/full",
        "/dev/zero",
        "file",
        "file/within",
        "folder",
        "absent/within",
        "..",
        "../",
        "two words",
        "line\nbreak",
        "%s%n$(id)",
        "🦀é",
        &long,
    ];
    let mut values: Vec<OsString> = texts.iter().map(OsString::from).collect();
    values.extend(no_text());
    values
}

/// What is no UTF-8.
#[cfg(unix)]
fn no_text() -> Option<OsString> {
    use std::os::unix::ffi::OsStringExt;
    Some(OsString::from_vec(b"a\xff\xfeb.png".to_vec()))
}

#[cfg(not(unix))]
fn no_text() -> Option<OsString> {
    None
}

/// The options of a program that take a value, as its help lists them.
pub(crate) fn options(name: &str) -> Vec<String> {
    let help = Command::new(program(name)).arg("--help").output().unwrap();
    assert!(help.status.success(), "{name} --help");
    let help = String::from_utf8(help.stdout).unwrap();
    let lines = help.lines().map(str::trim_start);
    let options = lines.filter_map(|line| {
        let (option, value) = line.strip_prefix("--")?.split_once(' ')?;
        value.starts_with('<').then(|| format!("--{option}"))
    });
    let options: Vec<String> = options.collect();
    assert!(!options.is_empty(), "{name} --help: {help}");
    options
}

/// Gives every option of a program every value, beside what makes a run short, and checks what becomes of it;
/// how many runs there were. What `passes` says of an option and a value is left out: a run that is none.
pub(crate) fn try_all(
    name: &str,
    short: &[(&str, &str)],
    passes: impl Fn(&str, &OsStr) -> bool,
) -> usize {
    let mut cases = Vec::new();
    for option in options(name) {
        for value in values() {
            if !passes(&option, &value) {
                cases.push((option.clone(), value));
            }
        }
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = cases.len().div_ceil(threads);
    std::thread::scope(|scope| {
        for (at, cases) in cases.chunks(share).enumerate() {
            scope.spawn(move || {
                let scratch = Scratch::new(&format!("hostile-{name}-{at}"));
                for (number, (option, value)) in cases.iter().enumerate() {
                    try_one(&scratch, number, name, short, (option, value));
                }
            });
        }
    });
    cases.len()
}

fn try_one(
    scratch: &Scratch,
    number: usize,
    name: &str,
    short: &[(&str, &str)],
    (option, value): (&str, &OsStr),
) {
    let folder = scratch.join(&number.to_string());
    scratch.write(
        &format!("{number}/file"),
        b"no picture, no network, no data",
    );
    scratch.write(&format!("{number}/folder/file"), b"no picture");
    let mut given = OsString::from(option);
    given.push("=");
    given.push(value);
    let mut command = Command::new(program(name));
    for (other, value) in short.iter().filter(|(other, _)| *other != option) {
        command.arg(format!("{other}={value}"));
    }
    command.arg(&given).current_dir(&folder);
    let (status, words) = finish(command, &folder, PATIENCE);
    let shown = format!("{name} {}: {status:?}: {words}", shorten(&given));
    let status = status.expect(&shown);
    ended(&shown, status, &words);
    if !status.success() {
        named(&shown, option, value, &words);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// It came to an end of its own.
pub(crate) fn ended(shown: &str, status: ExitStatus, words: &str) {
    assert!(matches!(status.code(), Some(0..=2)), "{shown}");
    assert!(!words.contains("panicked"), "{shown}");
}

/// What refuses a value names its option, or the value where that is a path that no other words hold; "UTF-8"
/// is enough where it is none.
pub(crate) fn named(shown: &str, option: &str, value: &OsStr, words: &str) {
    let is_of_option = |letter: char| letter == '-' || letter.is_alphanumeric();
    let mut of_words = words.split(|letter| !is_of_option(letter));
    let named = match value.to_str() {
        Some(path) if path.contains('/') && path.len() > 4 => words.contains(path),
        Some(_) => false,
        None => words.contains("UTF-8"),
    };
    let named = named || of_words.any(|word| word == option);
    assert!(named, "no word of the option: {shown}");
}

/// Its status, `None` where it was ended for the time it took, and what it says on the standard error.
pub(crate) fn finish(
    mut command: Command,
    folder: &Path,
    patience: Duration,
) -> (Option<ExitStatus>, String) {
    // Files, not pipes: nobody reads while it runs.
    let said = folder.join(".said");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&said).unwrap())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if begun.elapsed() > patience {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let said = std::fs::read(said).unwrap();
    (status, String::from_utf8_lossy(&said).into_owned())
}

/// As it can be shown.
fn shorten(text: &OsStr) -> String {
    let text = text.to_string_lossy();
    text.chars().take(60).collect()
}
