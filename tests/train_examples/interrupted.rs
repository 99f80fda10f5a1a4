//! Runs that are killed, or whose data is not what it was, or not whole.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::program::program;
use super::scratch::Scratch;
use super::{refuse, run, succeed, write_archive};

pub(crate) const OPTIONS: &str = "--data plain.npz --no-classes --multipliers 1,2 --attention 2 --batch 4 \
     --sample-every 0 --log-every 1 --backend cpu --save-every 3 --anneal 0";

pub(crate) fn data(scratch: &Scratch, count: usize) {
    let pixels: Vec<u8> = (0..64 * count).map(|at| (7 * at) as u8).collect();
    write_archive(&scratch.join("plain.npz"), [count, 8, 8, 1], &pixels, &[]);
}

pub(crate) fn start(scratch: &Scratch, arguments: &str) -> Child {
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

pub(crate) fn wait_for_the_first_state(scratch: &Scratch) {
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
        // Whoever comes next finds the folder free at once.
    }
    succeed(
        "train",
        &scratch,
        &format!("{OPTIONS} --run r {end} --resume"),
    );
    println!("killed {kills} times");
    assert!(kills > 0);
    let names = scratch.names_in("r");
    let expected = [
        ".lock",
        "events.out.tfevents.iddpm",
        "latest",
        "log.jsonl",
        "loss.svg",
        "options.toml",
        "step-00000039",
        "step-00000040",
    ];
    assert_eq!(names, expected);
    for name in ["model", "ema_0.999", "first_moment", "second_moment"] {
        let bytes = |run: &str| {
            let path = format!("{run}/step-00000040/{name}.safetensors");
            std::fs::read(scratch.join(&path)).unwrap()
        };
        assert!(bytes("r") == bytes("whole"), "{name}");
    }
}

/// Other data than a run was begun with: more, or as much.
#[test]
fn with_other_data() {
    let scratch = Scratch::new("interrupted-data");
    data(&scratch, 8);
    succeed("train", &scratch, &format!("{OPTIONS} --run r --steps 1"));
    let resume = format!("{OPTIONS} --run r --steps 2 --resume");
    data(&scratch, 9);
    let line = refuse("train", &scratch, &resume);
    assert_eq!(
        line,
        "train: --data plain.npz: 9 examples; the run was begun with 8"
    );
    let mut pixels: Vec<u8> = (0..64 * 8).map(|at| (7 * at) as u8).collect();
    pixels[300] ^= 1;
    write_archive(&scratch.join("plain.npz"), [8, 8, 8, 1], &pixels, &[]);
    let line = refuse("train", &scratch, &resume);
    assert!(line.starts_with("train: --data plain.npz: "), "{line}");
    assert!(line.contains("fingerprint"), "{line}");
    data(&scratch, 8);
    succeed("train", &scratch, &resume);
}

/// Images that have a size of their own, whatever they lie in: no option says it.
#[test]
fn with_data_of_another_size() {
    let scratch = Scratch::new("interrupted-size");
    data(&scratch, 5);
    succeed("train", &scratch, &format!("{OPTIONS} --run r --steps 1"));
    for batch in 1..=5 {
        scratch.write(&format!("cifar/data_batch_{batch}.bin"), &[7; 3073]);
    }
    let options = OPTIONS.replace("plain.npz", "cifar");
    let line = refuse(
        "train",
        &scratch,
        &format!("{options} --run r --steps 2 --resume"),
    );
    assert!(line.starts_with("train: --data cifar: "), "{line}");
}

/// A last line that was cut goes; a whole one that is no line of a log is somebody's, and is named.
#[test]
fn with_a_log_that_is_none() {
    let scratch = Scratch::new("interrupted-log");
    data(&scratch, 4);
    succeed("train", &scratch, &format!("{OPTIONS} --run r --steps 2"));
    let log = scratch.join("r/log.jsonl");
    let whole = std::fs::read_to_string(&log).unwrap();
    let resume = format!("{OPTIONS} --run r --steps 2 --resume");
    std::fs::write(&log, format!("{whole}{{\"step\": 3, \"lo")).unwrap();
    succeed("train", &scratch, &resume);
    assert_eq!(std::fs::read_to_string(&log).unwrap(), whole);
    let garbage = format!("{whole}a note\n");
    std::fs::write(&log, &garbage).unwrap();
    let line = refuse("train", &scratch, &resume);
    assert!(line.contains("r/log.jsonl:3: no line of a log"), "{line}");
    assert_eq!(std::fs::read_to_string(&log).unwrap(), garbage);
}

/// What is waited for in the place of a file is refused: nobody could end such a wait.
#[cfg(unix)]
#[test]
fn with_pipes_for_files() {
    let scratch = Scratch::new("interrupted-pipes");
    data(&scratch, 4);
    succeed("train", &scratch, &format!("{OPTIONS} --run r --steps 2"));
    for file in ["log.jsonl", "latest"] {
        let path = scratch.join(&format!("r/{file}"));
        let whole = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let line = refuse(
            "train",
            &scratch,
            &format!("{OPTIONS} --run r --steps 2 --resume"),
        );
        assert!(
            line.contains(&format!("r/{file}: this is a pipe")),
            "{line}"
        );
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, whole).unwrap();
    }
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
    assert_eq!(errors.matches("left out: ").count(), 1, "{errors}");
    assert!(errors.contains("a_9.png"), "{errors}");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.contains("examples left out: 1, 2 times in all"),
        "{printed}"
    );
    let log = std::fs::read_to_string(scratch.join("r/log.jsonl")).unwrap();
    assert_eq!(log.matches("\"skipped\":1").count(), 2, "{log}");

    let line = refuse("train", &scratch, &format!("{options} --run fatal"));
    assert!(line.contains("a_9.png"), "{line}");
}
