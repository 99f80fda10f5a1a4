//! Runs that are stopped, killed, or whose data is not whole.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::program::program;
use super::scratch::Scratch;
use super::{archive, refuse, run, succeed};

const OPTIONS: &str = "--data plain.npz --no-classes --multipliers 1,2 --attention 2 --batch 4 \
     --sample-every 0 --log-every 1 --backend cpu --save-every 3";

fn data(scratch: &Scratch, count: u64) {
    let pixels: Vec<u8> = (0..64 * count).map(|at| (7 * at) as u8).collect();
    archive(&scratch.join("plain.npz"), [count, 8, 8, 1], &pixels, &[]);
}

fn start(scratch: &Scratch, arguments: &str) -> Child {
    Command::new(program("train"))
        .current_dir(scratch.path())
        .args(arguments.split_whitespace())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Whether there is a state to go on from.
fn has_begun(scratch: &Scratch) -> bool {
    scratch.join("r/latest").exists()
}

fn wait_for_the_first_state(scratch: &Scratch) {
    for _ in 0..600 {
        if has_begun(scratch) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("nothing was saved");
}

/// A run that is killed again and again, and one that nobody disturbs, end in the same bytes.
#[test]
fn killed_and_resumed() {
    let scratch = Scratch::new("interrupted-kill");
    data(&scratch, 8);
    let end = "--steps 40";
    succeed("train", &scratch, &format!("{OPTIONS} --run whole {end}"));
    let mut kills = 0;
    for moment in [40, 90, 60, 130, 75, 110] {
        let resume = if has_begun(&scratch) { "--resume" } else { "" };
        let mut child = start(&scratch, &format!("{OPTIONS} --run r {end} {resume}"));
        wait_for_the_first_state(&scratch);
        std::thread::sleep(Duration::from_millis(moment));
        kills += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    succeed(
        "train",
        &scratch,
        &format!("{OPTIONS} --run r {end} --resume"),
    );
    println!("killed {kills} times");
    assert!(kills > 0);
    for name in ["model", "ema_0.999", "first_moment", "second_moment"] {
        let bytes = |run: &str| {
            let path = format!("{run}/step-00000040/{name}.safetensors");
            std::fs::read(scratch.join(&path)).unwrap()
        };
        assert!(bytes("r") == bytes("whole"), "{name}");
    }
}

/// Ctrl-C: the step is finished, and saved.
#[cfg(unix)]
#[test]
fn interrupted() {
    let scratch = Scratch::new("interrupted-int");
    data(&scratch, 8);
    let child = start(&scratch, &format!("{OPTIONS} --run r --steps 1000000"));
    wait_for_the_first_state(&scratch);
    std::thread::sleep(Duration::from_millis(500));
    let kill = format!("kill -INT {}", child.id());
    assert!(
        Command::new("sh")
            .args(["-c", &kill])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    let latest = std::fs::read_to_string(scratch.join("r/latest")).unwrap();
    assert!(printed.contains(&format!("r/{latest}")), "{printed}");
    let step: u64 = latest.strip_prefix("step-").unwrap().parse().unwrap();
    assert!(step > 0);
    succeed(
        "train",
        &scratch,
        &format!("{OPTIONS} --run r --resume --steps {}", step + 1),
    );
}

/// Other data than a run was begun with: another order.
#[test]
fn with_more_data() {
    let scratch = Scratch::new("interrupted-data");
    data(&scratch, 8);
    succeed("train", &scratch, &format!("{OPTIONS} --run r --steps 1"));
    data(&scratch, 9);
    let line = refuse(
        "train",
        &scratch,
        &format!("{OPTIONS} --run r --steps 2 --resume"),
    );
    assert!(
        line.contains("examples") && line.contains('8') && line.contains('9'),
        "{line}"
    );
}

/// What cannot be read is named and counted, also where no terminal shows progress.
#[test]
fn broken_pictures_are_named_and_counted() {
    let scratch = Scratch::new("interrupted-broken");
    for number in 0..4 {
        let picture = image::GrayImage::from_fn(8, 8, |x, y| image::Luma([(x * y) as u8 * 3]));
        std::fs::create_dir_all(scratch.join("pictures")).unwrap();
        let path = scratch.join(&format!("pictures/a_{number}.png"));
        picture.save(path).unwrap();
    }
    scratch.write("pictures/a_9.png", b"no picture");
    let options = "--data pictures --no-classes --size 8 --multipliers 1 --attention 1 --batch 5 \
         --sample-every 0 --log-every 1 --backend cpu --steps 2";
    let output = run(
        "train",
        &scratch,
        &format!("{options} --run r --skip-broken"),
    );
    assert!(output.status.success());
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(errors.matches("left out: ").count(), 2, "{errors}");
    assert!(errors.contains("a_9.png"), "{errors}");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.contains("2 times an example was left out"),
        "{printed}"
    );
    let log = std::fs::read_to_string(scratch.join("r/log.jsonl")).unwrap();
    assert_eq!(log.matches("\"skipped\":1").count(), 2, "{log}");

    let line = refuse("train", &scratch, &format!("{options} --run fatal"));
    assert!(line.contains("a_9.png"), "{line}");
}
