//! The folder of a run: what others put there, what was left there, what cannot be written there.

use std::process::Command;

use super::interrupted::{OPTIONS, data};
use super::program::program;
use super::scratch::Scratch;
use super::{refuse, run, succeed};

/// Names that are not as this program writes them are nobody's states and in nobody's way.
#[test]
fn what_others_put_there_stays() {
    let scratch = Scratch::new("folders-others");
    data(&scratch, 8);
    std::fs::create_dir_all(scratch.join("r/step-0")).unwrap();
    scratch.write("r/.fresh-step-3", b"");
    std::fs::create_dir_all(scratch.join("r/latest.tmp")).unwrap();
    scratch.write("r/.log.jsonl.backup", b"mine");
    scratch.write("r/.samples.tmp", b"mine");
    let options = OPTIONS.replace("--save-every 3", "--save-every 1");
    succeed(
        "train",
        &scratch,
        &format!("{options} --run r --steps 4 --keep 1"),
    );
    succeed(
        "train",
        &scratch,
        &format!("{options} --run r --steps 5 --keep 1 --resume"),
    );
    assert_eq!(
        scratch.names_in("r"),
        [
            ".fresh-step-3",
            ".lock",
            ".log.jsonl.backup",
            ".samples.tmp",
            "events.out.tfevents.iddpm",
            "latest",
            "latest.tmp",
            "log.jsonl",
            "loss.svg",
            "options.toml",
            "step-0",
            "step-00000005",
        ]
    );
}

/// What killed runs left of every file goes when the run is gone on with, also a finished one.
#[test]
fn leftovers_go() {
    let scratch = Scratch::new("folders-left");
    data(&scratch, 8);
    let options = format!("{OPTIONS} --run r --steps 2 --keep 1");
    succeed("train", &scratch, &options);
    let whole = scratch.names_in("r");
    for left in [
        ".log.jsonl.tmp",
        ".log.jsonl.1.tmp",
        ".log.jsonl.nAdIiF",
        ".loss.svg.tmp",
        ".samples-00000100.png.tmp",
        ".samples-00000100.png.1.tmp",
        ".latest.tmp",
        ".old-step-00000001/model.safetensors",
        ".fresh-step-00000003/.model.safetensors.tmp",
    ] {
        scratch.write(&format!("r/{left}"), b"half");
    }
    succeed("train", &scratch, &format!("{options} --resume"));
    assert_eq!(scratch.names_in("r"), whole);
}

/// A first attempt that fails leaves nothing, or what can be begun anew.
#[test]
fn a_failed_attempt_can_be_begun_anew() {
    let scratch = Scratch::new("folders-failed");
    data(&scratch, 8);
    scratch.write("broken.npz", b"no archive");
    for wrong in [
        "--batch 9",
        "--lr=-1",
        "--channels 33",
        "--multipliers 2",
        "--data broken.npz",
        "--data absent.npz",
        "--steps 9 --anneal 4",
        "--init absent",
        "--resume",
        "--backend gpu --adapter nonesuch",
        "--low-res 8",
    ] {
        let options: Vec<&str> = OPTIONS
            .split("--")
            .filter(|option| {
                let name = option.split(' ').next().unwrap();
                name.is_empty()
                    || !wrong.contains(&format!("--{name} "))
                        && !wrong.contains(&format!("--{name}="))
            })
            .collect();
        let options = options.join("--");
        let line = refuse("train", &scratch, &format!("{options} --run a/r {wrong}"));
        println!("{wrong}\n    {line}");
        assert!(!scratch.join("a").exists(), "{wrong}");
        // In a folder that is there, with something in it.
        scratch.write("there/mine", b"");
        refuse("train", &scratch, &format!("{options} --run there {wrong}"));
        let mut names = scratch.names_in("there");
        names.retain(|name| name != ".lock");
        assert_eq!(names, ["mine"], "{wrong}");
    }
    succeed("train", &scratch, &format!("{OPTIONS} --run a/r --steps 1"));
    succeed(
        "train",
        &scratch,
        &format!("{OPTIONS} --run there --steps 1"),
    );
}

/// A run that was killed before its first state had a name goes on, and is not begun anew by mistake.
#[test]
fn a_first_state_without_a_name() {
    let scratch = Scratch::new("folders-unnamed");
    data(&scratch, 8);
    succeed("train", &scratch, &format!("{OPTIONS} --run r --steps 0"));
    std::fs::remove_file(scratch.join("r/latest")).unwrap();
    let line = refuse(
        "train",
        &scratch,
        &format!("{OPTIONS} --run r --steps 1 --seed 4"),
    );
    assert!(
        line.contains("r/step-00000000") && line.contains("--resume"),
        "{line}"
    );
    succeed(
        "train",
        &scratch,
        &format!("{OPTIONS} --run r --steps 1 --resume"),
    );
}

/// Where log, plot or grids cannot be written, that is said before anything is trained.
#[test]
fn what_cannot_be_written_is_found_at_once() {
    let scratch = Scratch::new("folders-unwritable");
    data(&scratch, 8);
    scratch.write("file", b"mine");
    for (at, name) in ["log.jsonl", "loss.svg", "samples-00000000.png"]
        .into_iter()
        .enumerate()
    {
        let folder = format!("r{at}");
        std::fs::create_dir_all(scratch.join(&format!("{folder}/{name}"))).unwrap();
        let options = OPTIONS.replace("--sample-every 0", "--sample-every 5");
        let line = refuse(
            "train",
            &scratch,
            &format!("{options} --run {folder} --steps 1"),
        );
        assert!(line.contains(name), "{line}");
        assert!(!scratch.join(&format!("{folder}/latest")).exists());
    }
    for place in ["file", "file/within"] {
        let line = refuse(
            "train",
            &scratch,
            &format!("{OPTIONS} --run {place} --steps 1"),
        );
        assert!(line.contains(place), "{line}");
    }
    assert_eq!(std::fs::read(scratch.join("file")).unwrap(), b"mine");
}

/// Runs `train` where no file may be longer than so many bytes.
#[cfg(unix)]
fn limited(scratch: &Scratch, bytes: u64, arguments: &str) -> std::process::Output {
    Command::new("bash")
        .arg("-c")
        .arg(format!(
            "trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"",
            bytes / 1024
        ))
        .arg(program("train"))
        .args(arguments.split_whitespace())
        .current_dir(scratch.path())
        .output()
        .unwrap()
}

/// A disk without room: which state is whole is said, and it is; where there is none, nothing is left.
#[cfg(unix)]
#[test]
fn no_room_for_a_state() {
    let scratch = Scratch::new("folders-full");
    data(&scratch, 8);
    let options = format!("{OPTIONS} --run r --steps 9");
    let output = limited(&scratch, 100 << 10, &options);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.trim_end().ends_with("; nothing was saved"), "{said}");
    assert!(!scratch.join("r").exists());

    succeed("train", &scratch, &format!("{OPTIONS} --run r --steps 2"));
    let output = limited(&scratch, 100 << 10, &format!("{options} --resume"));
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    let line = said.lines().last().unwrap();
    assert!(line.contains("model.safetensors: "), "{line}");
    assert!(line.ends_with("; r/step-00000002 is whole"), "{line}");
    // The log is kept up to where it was, and goes on.
    let log = std::fs::read_to_string(scratch.join("r/log.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 3, "{log}");
    succeed("train", &scratch, &format!("{options} --resume"));
    let log = std::fs::read_to_string(scratch.join("r/log.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 9, "{log}");
}

/// A log without room: that is said once, training goes on to its end, and is saved.
#[cfg(unix)]
#[test]
fn no_room_for_the_log() {
    let scratch = Scratch::new("folders-log");
    data(&scratch, 8);
    let options = format!("{OPTIONS} --run r");
    succeed("train", &scratch, &format!("{options} --steps 1"));
    let log = scratch.join("r/log.jsonl");
    let line = std::fs::read_to_string(&log).unwrap();
    let model = scratch.join("r/step-00000001/model.safetensors");
    let room = (std::fs::metadata(model).unwrap().len() + (64 << 10)).next_multiple_of(1024);
    // As long as files may be, but for half a line.
    let lines = (room as usize - line.len() / 2) / line.len();
    std::fs::write(&log, line.repeat(lines)).unwrap();
    let output = limited(&scratch, room, &format!("{options} --steps 6 --resume"));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(said.matches("log.jsonl: ").count(), 1, "{said}");
    assert!(scratch.join("r/step-00000006").exists());
    // What there is of it is whole, and goes on.
    succeed("train", &scratch, &format!("{options} --steps 8 --resume"));
    let log = std::fs::read_to_string(&log).unwrap();
    let last: serde_json::Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!(last["step"], 8);
    for line in log.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

/// A link in the folder stays one, wherever the log is to lie.
#[cfg(unix)]
#[test]
fn a_log_elsewhere() {
    let scratch = Scratch::new("folders-link");
    data(&scratch, 8);
    std::fs::create_dir_all(scratch.join("disk")).unwrap();
    std::fs::create_dir_all(scratch.join("r")).unwrap();
    let link = scratch.join("r/log.jsonl");
    std::os::unix::fs::symlink("../disk/log.jsonl", &link).unwrap();
    let output = run("train", &scratch, &format!("{OPTIONS} --run r --steps 2"));
    assert!(output.status.success());
    assert!(link.is_symlink());
    let log = std::fs::read_to_string(scratch.join("disk/log.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 2);
}
