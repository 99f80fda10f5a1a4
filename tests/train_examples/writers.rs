//! Two processes on one run.

use std::time::{Duration, Instant};

use super::copy::copy;
use super::interrupted::{OPTIONS, data, start, wait_for_the_first_state};
use super::scratch::Scratch;
use super::{refuse, succeed};

/// The second, new or going on, is refused at once and touches nothing; readers are not kept out; and where the
/// first is killed the next begins at once.
#[test]
fn one_writer_at_a_time() {
    let scratch = Scratch::new("writers");
    data(&scratch, 8);
    let mut first = start(&scratch, &format!("{OPTIONS} --run r --steps 1000000"));
    wait_for_the_first_state(&scratch);
    for more in ["", "--resume", "--resume --seed 4"] {
        let begun = Instant::now();
        let line = refuse(
            "train",
            &scratch,
            &format!("{OPTIONS} --run r --steps 9 {more}"),
        );
        assert!(
            begun.elapsed() < Duration::from_secs(1),
            "{:?}",
            begun.elapsed()
        );
        assert_eq!(
            line,
            "train: --run: r: another process trains there; a run has one writer at a time"
        );
    }
    assert_eq!(first.try_wait().unwrap(), None);
    first.kill().unwrap();
    let begun = Instant::now();
    first.wait().unwrap();
    let latest = std::fs::read_to_string(scratch.join("r/latest")).unwrap();
    let step: u64 = latest.strip_prefix("step-").unwrap().parse().unwrap();
    succeed(
        "train",
        &scratch,
        &format!("{OPTIONS} --run r --steps {step} --resume"),
    );
    assert!(begun.elapsed() < Duration::from_secs(20));
}

/// Two at once, again and again: one trains, and every file of its state is there.
#[test]
fn two_at_once() {
    let scratch = Scratch::new("writers-twice");
    data(&scratch, 8);
    let options = OPTIONS.replace("--save-every 3", "--save-every 1");
    succeed(
        "train",
        &scratch,
        &format!("{options} --run begun --steps 3"),
    );
    let mut refused = 0;
    for round in 0..10 {
        copy(&scratch.join("begun"), &scratch.join("w"));
        let keep = 1 + round % 2;
        let resume = format!("{options} --run w --steps 6 --keep {keep} --resume");
        let mut both = [0, 1].map(|_| start(&scratch, &resume));
        let ended = both.each_mut().map(|child| child.wait().unwrap().code());
        assert!(ended.contains(&Some(0)), "{ended:?}");
        refused += usize::from(ended.contains(&Some(1)));
        let mut names = scratch.names_in("w");
        names.retain(|name| name.contains("step-"));
        assert_eq!(names, ["step-00000005", "step-00000006"][2 - keep..]);
        assert_eq!(scratch.names_in("w/step-00000006").len(), 5);
        std::fs::remove_dir_all(scratch.join("w")).unwrap();
    }
    println!("{refused} of 10 were refused");
    assert!(refused > 0);
}
