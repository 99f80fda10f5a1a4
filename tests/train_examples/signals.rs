//! Runs that are asked to stop.

use std::io::Read;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use super::interrupted::{OPTIONS, data, start, wait_for_the_first_state};
use super::scratch::Scratch;
use super::{program, run, succeed};

fn send(signal: &str, child: &Child) {
    let kill = format!("kill -{signal} {}", child.id());
    let status = Command::new("sh").args(["-c", &kill]).status();
    assert!(status.unwrap().success());
}

fn latest(scratch: &Scratch) -> String {
    std::fs::read_to_string(scratch.join("r/latest")).unwrap()
}

/// The step is finished, saved and named; the status is that of the signal; and the run that goes on has the
/// bits of one that nobody stopped.
#[test]
fn a_signal_finishes_the_step_and_saves() {
    let scratch = Scratch::new("signals");
    data(&scratch, 8);
    // Nothing is saved in between.
    let options = OPTIONS.replace("--save-every 3", "--save-every 0");
    for (signal, status) in [("TERM", 143), ("INT", 130), ("HUP", 129)] {
        let child = start(&scratch, &format!("{options} --run r --steps 1000000"));
        wait_for_the_first_state(&scratch);
        // A step is done where the log has a line.
        while std::fs::metadata(scratch.join("r/log.jsonl")).map_or(0, |log| log.len()) == 0 {
            std::thread::sleep(Duration::from_millis(10));
        }
        send(signal, &child);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{signal}");
        let printed = String::from_utf8(output.stdout).unwrap();
        let latest = latest(&scratch);
        assert!(printed.contains(&format!("r/{latest}")), "{printed}");
        let step: u64 = latest.strip_prefix("step-").unwrap().parse().unwrap();
        assert!(step > 0);
        let end = step + 3;
        succeed(
            "train",
            &scratch,
            &format!("{options} --run r --resume --steps {end}"),
        );
        succeed(
            "train",
            &scratch,
            &format!("{options} --run whole --steps {end}"),
        );
        for name in ["model", "ema_0.999", "first_moment", "second_moment"] {
            let bytes = |run: &str| {
                let path = format!("{run}/step-{end:08}/{name}.safetensors");
                std::fs::read(scratch.join(&path)).unwrap()
            };
            assert!(bytes("r") == bytes("whole"), "{signal}: {name}");
        }
        for run in ["r", "whole"] {
            std::fs::remove_dir_all(scratch.join(run)).unwrap();
        }
    }
}

/// In a step that takes long, the first signal is kept in mind and the second ends the program; what was saved
/// before is there.
#[test]
fn a_second_signal_ends_at_once() {
    let scratch = Scratch::new("signals-second");
    let pixels = vec![9; 64 * 32 * 32];
    super::write_archive(&scratch.join("large.npz"), [64, 32, 32, 1], &pixels, &[]);
    let options = "--data large.npz --no-classes --multipliers 1,1 --channels 64 --blocks 4 \
         --batch 64 --microbatch 2 --sample-every 0 --backend cpu --run r";
    let mut child = start(&scratch, &format!("{options} --steps 1000"));
    wait_for_the_first_state(&scratch);
    std::thread::sleep(Duration::from_millis(500));
    send("INT", &child);
    std::thread::sleep(Duration::from_millis(300));
    // It is still in its step.
    assert_eq!(child.try_wait().unwrap(), None);
    let begun = Instant::now();
    send("INT", &child);
    let status = child.wait().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!(status.code(), Some(130));
    assert_eq!(latest(&scratch), "step-00000000");
    let printed = succeed("train", &scratch, &format!("{options} --steps 0 --resume"));
    assert!(printed.contains("r/step-00000000"), "{printed}");
}

/// A grid of many steps is being drawn: it is given up, not waited for.
#[test]
fn a_signal_is_heard_while_a_grid_is_drawn() {
    let scratch = Scratch::new("signals-grid");
    data(&scratch, 8);
    let options = "--data plain.npz --no-classes --multipliers 1,1 --channels 128 --blocks 4 --attention 1 \
         --batch 1 --backend cpu --sample-every 1 --save-every 0 --log-every 1 --run r";
    let mut child = start(&scratch, &format!("{options} --steps 1000"));
    wait_for_the_first_state(&scratch);
    // Behind the first line of the log comes the grid.
    while std::fs::metadata(scratch.join("r/log.jsonl")).map_or(0, |log| log.len()) == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(300));
    assert!(!scratch.join("r/samples-00000001.png").exists());
    send("TERM", &child);
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(!scratch.join("r/samples-00000001.png").exists());
    assert_eq!(latest(&scratch), "step-00000001");
    assert!(
        scratch
            .names_in("r")
            .iter()
            .all(|name| !name.ends_with(".tmp"))
    );
}

/// Whoever began it with `nohup` wants it to outlive the terminal.
#[cfg(target_os = "linux")]
#[test]
fn nohup_is_kept() {
    let scratch = Scratch::new("signals-nohup");
    data(&scratch, 8);
    let train = program::program("train");
    let mut child = Command::new("sh")
        .args(["-c", "trap '' HUP; exec \"$0\" \"$@\""])
        .arg(train)
        .args(OPTIONS.split_whitespace())
        .args(["--run", "r", "--steps", "100000"])
        .current_dir(scratch.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    wait_for_the_first_state(&scratch);
    std::thread::sleep(Duration::from_millis(200));
    send("HUP", &child);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(child.try_wait().unwrap(), None);
    send("TERM", &child);
    assert_eq!(child.wait().unwrap().code(), Some(143));
    let mut printed = String::new();
    child.stdout.unwrap().read_to_string(&mut printed).unwrap();
    assert!(printed.contains("step "), "{printed}");
}

/// A run that a signal finds at its end is done.
#[test]
fn a_run_that_is_done_ends_well() {
    let scratch = Scratch::new("signals-done");
    data(&scratch, 8);
    let output = run("train", &scratch, &format!("{OPTIONS} --run r --steps 3"));
    assert_eq!(output.status.code(), Some(0));
    let output = run(
        "train",
        &scratch,
        &format!("{OPTIONS} --run r --steps 3 --resume"),
    );
    assert_eq!(output.status.code(), Some(0));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.contains("all of them are done already"),
        "{printed}"
    );
}
