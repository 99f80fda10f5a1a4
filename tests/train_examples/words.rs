//! What `train` says, to whom, and what happens where nobody listens.

use std::process::{Command, Stdio};

use super::interrupted::{OPTIONS, data};
use super::program::program;
use super::scratch::Scratch;
use super::{run, succeed, write_archive};

/// Without a terminal: what is trained on, what runs, where the log is; then a line at intervals.
#[test]
fn lines_at_intervals() {
    let scratch = Scratch::new("words");
    let pixels: Vec<u8> = (0..64 * 8).map(|at| (7 * at) as u8).collect();
    write_archive(
        &scratch.join("classes.npz"),
        [8, 8, 8, 1],
        &pixels,
        &[0, 1, 1, 0, 2, 2, 2, 1],
    );
    let options = "--data classes.npz --multipliers 1 --attention 1 --batch 4 --sample-every 0 \
         --log-every 4 --backend cpu --threads 1 --steps 10 --run r";
    let output = run("train", &scratch, options);
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    for part in [
        "8 images of classes.npz",
        "3 classes: 0 (2), 1 (3), 2 (3)",
        " parameters",
        "running on the CPU (asked for), 1 thread",
        " MB",
        "log: r/log.jsonl",
        "step 10: r/step-00000010",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    let said = String::from_utf8(output.stderr).unwrap();
    let steps = [4, 8].map(|step| format!("step {step} of 10: loss "));
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    for (line, begins) in lines.iter().zip(steps) {
        assert!(
            line.starts_with(&begins) && line.ends_with(" left"),
            "{line}"
        );
    }
    // The numbers are those of the log, whose last line is of what is left.
    let log = std::fs::read_to_string(scratch.join("r/log.jsonl")).unwrap();
    let of_log: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(of_log.len(), 3);
    let loss = of_log[0]["loss"].as_f64().unwrap();
    assert!(
        lines[0].contains(&format!("loss {loss:.4},")),
        "{}",
        lines[0]
    );
}

/// The classes of folders by their names, what was passed over, and that many are not all told.
#[test]
fn the_classes_are_told() {
    let scratch = Scratch::new("words-classes");
    let picture = image::GrayImage::from_pixel(8, 8, image::Luma([9]));
    for folder in ["pets/cat", "pets/dog", "many"] {
        std::fs::create_dir_all(scratch.join(folder)).unwrap();
    }
    for number in 0..3 {
        picture
            .save(scratch.join(&format!("pets/cat/{number}.png")))
            .unwrap();
    }
    picture.save(scratch.join("pets/dog/0.png")).unwrap();
    scratch.write("pets/notes.txt", b"");
    for class in 0..30 {
        let name = format!("many/c{class:02}_0.png");
        picture.save(scratch.join(&name)).unwrap();
    }
    let options = "--size 8 --multipliers 1 --batch 2 --sample-every 0 --backend cpu --steps 0";
    let printed = succeed("train", &scratch, &format!("{options} --data pets --run p"));
    assert!(printed.contains("2 classes: cat (3), dog (1)"), "{printed}");
    assert!(printed.contains("passed over: 1 .txt"), "{printed}");
    let printed = succeed("train", &scratch, &format!("{options} --data many --run m"));
    assert!(printed.contains("30 classes: c00 (1)"), "{printed}");
    assert!(
        printed.contains(" more") && !printed.contains("c29"),
        "{printed}"
    );
}

/// A reader that goes away, streams that are closed or full: the run is trained and saved, and ends well.
#[cfg(unix)]
#[test]
fn nobody_listens() {
    let scratch = Scratch::new("words-nobody");
    data(&scratch, 8);
    let train = program("train");
    for (name, end) in [
        ("head", "2>&1 | head -1 > first"),
        ("gone", "2>&1 | true"),
        ("closed", ">&- 2>&-"),
        ("errors", "2> /dev/full > words"),
    ] {
        let script = format!("\"$0\" {OPTIONS} --run {name} --steps 4 {end}");
        let status = Command::new("bash")
            .args(["-c", &format!("set -o pipefail; {script}")])
            .arg(&train)
            .current_dir(scratch.path())
            .status()
            .unwrap();
        assert!(status.success(), "{name}: {status}");
        assert!(
            scratch
                .join(&format!("{name}/step-00000004/run.json"))
                .exists(),
            "{name}"
        );
    }
    let first = std::fs::read_to_string(scratch.join("first")).unwrap();
    assert_eq!(first.lines().count(), 1, "{first}");
}

/// Where nothing can be said before the first step, nothing is begun; what fills up later changes nothing.
#[cfg(target_os = "linux")]
#[test]
fn a_full_output() {
    let scratch = Scratch::new("words-full");
    data(&scratch, 8);
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = Command::new(program("train"))
        .current_dir(scratch.path())
        .args(OPTIONS.split_whitespace())
        .args(["--run", "r", "--steps", "2"])
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("train: the standard output: "), "{said}");
    assert!(!scratch.join("r").exists());
}
