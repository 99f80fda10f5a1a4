//! Every option of every program with hostile values: refused in words, or taken; no panic, no signal, and no
//! more memory than there is.

use std::ffi::OsString;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::hostile;
use super::program::program;
use super::scratch::Scratch;
use super::{Campaign, pictures, succeed};

/// A program, and arguments with which it does little work well.
const PROGRAMS: [(&str, &str); 9] = [
    ("sample", "--backend cpu --count 1 --steps 2 --out s.npz"),
    (
        "train",
        "--data pictures --run r --grey --size 8 --channels 32 --multipliers 1 --attention 1 --heads 1 \
         --batch 4 --timesteps 20 --sample-every 0 --steps 1 --backend cpu",
    ),
    (
        "nll",
        "--checkpoint train/step-00000001/model.safetensors --data pictures --count 1 --steps 2",
    ),
    ("convert", "DIGITS out.safetensors"),
    ("inspect", "DIGITS"),
    ("frames", "--steps 2"),
    ("trajectory", "--steps 3 --count 1"),
    ("flash_table", "--steps 5"),
    ("make_sprites", "--out sprites --count 12"),
];

/// Seconds until a program that was given much to do has shown that it does it.
const PATIENCE: Duration = Duration::from_secs(10);
/// Kilobytes of address space.
const MEMORY: u64 = 8_000_000;

#[test]
fn hostile_values() {
    let mut campaign = Campaign::new("options");
    let scratch = Scratch::new("options");
    pictures(&scratch);
    let trained = PROGRAMS[1].1.replace("--run r", "--run train");
    succeed("train", &scratch, &trained);
    let mut cases = Vec::new();
    for (name, sound) in PROGRAMS {
        for option in hostile::options(name) {
            let values = hostile::values().into_iter();
            cases.extend(values.map(|value| (name, sound, option.clone(), value)));
        }
    }
    let all = cases.len();
    let (mut taken, mut refused, mut at_work) = (0, 0, 0);
    while !cases.is_empty() && campaign.goes_on() {
        let case = cases.swap_remove(campaign.below(cases.len()));
        match run(&scratch, &case) {
            Some(true) => taken += 1,
            Some(false) => refused += 1,
            None => at_work += 1,
        }
        for made in ["r", "sprites", "s.npz", "out.safetensors"] {
            let made = scratch.join(made);
            let _ = std::fs::remove_dir_all(&made).or_else(|_| std::fs::remove_file(&made));
        }
    }
    println!("options: {} of {all} cases", all - cases.len());
    campaign.report(&[
        ("taken", taken),
        ("refused", refused),
        ("still at work", at_work),
    ]);
}

/// Whether a value is taken, by the status that the program ends with; `None` where it goes on.
fn run(
    scratch: &Scratch,
    (name, sound, option, value): &(&str, &str, String, OsString),
) -> Option<bool> {
    let digits = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/assets/digits16.safetensors"
    );
    // The sound value of this option makes way.
    let mut words: Vec<&str> = sound.split_whitespace().collect();
    if let Some(at) = words.iter().position(|word| word == option) {
        words.drain(at..at + 2);
    }
    let words = words
        .iter()
        .map(|&word| if word == "DIGITS" { digits } else { word });
    let mut given = OsString::from(format!("{option}="));
    given.push(value);
    let limited = format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\"");
    let mut child = Command::new("bash")
        .args(["-c", &limited])
        .arg(program(name))
        .args(words)
        .arg(given)
        .current_dir(scratch.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(scratch.join("errors")).unwrap())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if begun.elapsed() > PATIENCE => {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let errors =
        String::from_utf8_lossy(&std::fs::read(scratch.join("errors")).unwrap()).into_owned();
    let value = value.to_string_lossy();
    let case = format!("{name} {option} {value:?}: {status:?}: {errors}");
    assert!(
        !errors.contains("panicked") && !errors.contains("memory allocation"),
        "{case}"
    );
    let code = status?.code().unwrap_or_else(|| panic!("{case}"));
    assert!((0..=2).contains(&code), "{case}");
    if code != 0 {
        let named = errors.contains(option.trim_start_matches('-'))
            || errors.contains(&option.trim_start_matches('-').replace('-', "_"))
            || (!value.trim().is_empty() && errors.contains(value.trim()))
            || errors.contains("UTF-8");
        assert!(named, "neither option nor value is named: {case}");
    }
    Some(code == 0)
}
