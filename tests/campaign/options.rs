//! Every option of every program with hostile values: refused in words, or taken; no panic, no signal, and no
//! more memory than there is.

use std::ffi::OsString;
use std::process::Command;
use std::time::Duration;

use super::hostile;
use super::program::program;
use super::scratch::Scratch;
use super::{Campaign, pictures, succeed};

/// A program, and arguments with which it does little work well.
const PROGRAMS: [(&str, &str); 10] = [
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
    (
        "evaluate",
        "--real pictures --size 8 --steps 1 --resamples 2 --json found.json",
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
            // Flags that say nothing are the defaults: what is wrong then is the file.
            let nothing =
                |value: &OsString| option == "--flags" && value.to_string_lossy().trim().is_empty();
            let values = hostile::values()
                .into_iter()
                .filter(|value| !nothing(value));
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
        for made in ["r", "sprites", "s.npz", "out.safetensors", "found.json"] {
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
        "/../examples/assets/digits16.safetensors"
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
    let mut command = Command::new("bash");
    command
        .args(["-c", &limited])
        .arg(program(name))
        .args(words)
        .arg(given)
        .current_dir(scratch.path());
    let (status, errors) = hostile::finish(command, scratch.path(), PATIENCE);
    let case = format!("{name} {option} {value:?}: {status:?}: {errors}");
    assert!(!errors.contains("memory allocation"), "{case}");
    let status = status?;
    hostile::ended(&case, status, &errors);
    // Of options that only together make no network, the network's number and bound are named.
    let together = ["the network: ", "the diffusion: "];
    if !status.success() && !together.iter().any(|of| errors.contains(of)) {
        hostile::named(&case, option, value, &errors);
    }
    Some(status.success())
}
