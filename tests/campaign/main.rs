//! The campaign: what kills, second writers, broken files and hostile values do to the programs and to the
//! library, for as long as there is time.
//!
//! `./ci.sh campaign` takes some minutes, `CAMPAIGN_SECONDS=3600 ./ci.sh campaign` an hour for each part; every
//! part prints what it did. `CAMPAIGN_SEED` repeats one.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../support/archive.rs"]
#[allow(dead_code)]
mod archive;
#[path = "../support/hostile.rs"]
#[allow(dead_code)]
mod hostile;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/run.rs"]
#[allow(dead_code)]
mod run;
#[path = "../support/scratch.rs"]
#[allow(dead_code)]
mod scratch;

mod files;
mod kills;
mod options;
mod writers;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use program::program;
use run::succeed;
use scratch::Scratch;

/// A part of the campaign: how long it goes on, and what it draws.
struct Campaign {
    name: &'static str,
    ends: Instant,
    rounds: u64,
    state: u64,
}

impl Campaign {
    fn new(name: &'static str) -> Self {
        let variable = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
        let seconds = variable("CAMPAIGN_SECONDS").unwrap_or(2);
        let seed = variable("CAMPAIGN_SEED").unwrap_or(0);
        println!("{name}: {seconds} s, CAMPAIGN_SEED={seed}");
        Self {
            name,
            ends: Instant::now() + Duration::from_secs(seconds),
            rounds: 0,
            state: seed
                ^ name.bytes().fold(0, |sum: u64, byte| {
                    sum.wrapping_mul(31).wrapping_add(u64::from(byte))
                }),
        }
    }

    /// Whether there is time for another round; there is for one.
    fn goes_on(&mut self) -> bool {
        let more = self.rounds == 0 || Instant::now() < self.ends;
        self.rounds += u64::from(more);
        more
    }

    /// A number below `end`: splitmix64.
    fn below(&mut self, end: usize) -> usize {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    fn milliseconds(&mut self, end: usize) -> Duration {
        Duration::from_millis(self.below(end) as u64)
    }

    /// What was done, in numbers.
    fn report(&self, counts: &[(&str, u64)]) {
        let counts: Vec<String> = counts
            .iter()
            .map(|(what, count)| format!("{count} {what}"))
            .collect();
        println!(
            "{}: {} rounds, {}",
            self.name,
            self.rounds,
            counts.join(", ")
        );
    }
}

/// A program in a folder, words as in a shell, nothing of it shown.
fn command(name: &str, scratch: &Scratch, arguments: &str) -> Command {
    let mut command = Command::new(program(name));
    command
        .current_dir(scratch.path())
        .args(arguments.split_whitespace())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Pictures to train on: `a_0.png` and on, of two classes.
fn pictures(scratch: &Scratch) {
    std::fs::create_dir_all(scratch.join("pictures")).unwrap();
    // So many that half of them, held out, are enough for `evaluate`.
    for number in 0..32_u32 {
        let picture = image::GrayImage::from_fn(8, 8, |x, y| {
            image::Luma([(x * y * number + 17 * number) as u8])
        });
        let class = ["a", "b"][number as usize % 2];
        let path = scratch.join(&format!("pictures/{class}_{number}.png"));
        picture.save(path).unwrap();
    }
}

/// What a small training takes beside its run and its steps.
const TRAINING: &str = "--data pictures --grey --size 8 --channels 32 --multipliers 1 --attention 1 --heads 1 \
     --batch 4 --timesteps 20 --sample-every 0 --log-every 1 --anneal 0";

/// The files of a state.
const STATE: [&str; 5] = [
    "ema_0.999.safetensors",
    "first_moment.safetensors",
    "model.safetensors",
    "run.json",
    "second_moment.safetensors",
];

/// Whether a run has a state to go on from, which is then whole.
fn has_state(scratch: &Scratch, run: &str) -> bool {
    let Ok(latest) = std::fs::read_to_string(scratch.join(run).join("latest")) else {
        return false;
    };
    let state = scratch.join(run).join(latest.trim());
    let entries = std::fs::read_dir(&state).unwrap_or_else(|error| panic!("{state:?}: {error}"));
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, STATE, "{state:?}");
    true
}

/// The numbers of a run at a step.
fn numbers(scratch: &Scratch, run: &str, step: u64) -> Vec<Vec<u8>> {
    let files = STATE.iter().filter(|name| name.ends_with(".safetensors"));
    let path = |name: &&str| scratch.join(&format!("{run}/step-{step:08}/{name}"));
    files
        .map(|name| std::fs::read(path(name)).unwrap())
        .collect()
}
