//! Wishes to stop.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::command;
use super::scratch::Scratch;

/// Begins a run that would take hours, and waits until it works.
fn begin(scratch: &Scratch, out: &str) -> Child {
    let arguments = [
        "--count", "10000", "--steps", "100", "--batch", "4", "--out", out,
    ];
    working(command(scratch, &arguments))
}

/// From the line on that says what it runs on, it listens.
fn working(mut command: Command) -> Child {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = child.stdout.as_mut().unwrap();
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("running on") {
        let mut some = [0; 64];
        let read = stdout.read(&mut some).unwrap();
        assert!(read > 0, "it ended");
        seen.extend(&some[..read]);
    }
    child
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status();
    assert!(status.unwrap().success());
}

/// The status and what it said, within a time.
fn end(mut child: Child) -> (Option<i32>, String) {
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not end");
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), words)
}

#[test]
fn a_signal_ends_a_run_with_its_status_and_leaves_nothing_half_done() {
    for (name, status, said) in [
        ("INT", 130, "sample: stopped by Ctrl-C"),
        ("TERM", 143, "sample: stopped by SIGTERM"),
        ("HUP", 129, "sample: stopped by SIGHUP"),
    ] {
        let scratch = Scratch::new(&format!("sample-{name}"));
        let child = begin(&scratch, "a.npz");
        signal(&child, name);
        let (code, words) = end(child);
        assert_eq!(code, Some(status), "{name}: {words}");
        assert!(words.contains(said), "{words}");
        assert!(words.contains("a.npz: nothing is written"), "{words}");
        assert!(scratch.names().is_empty(), "{:?}", scratch.names());
    }
}

#[test]
fn a_folder_keeps_what_was_finished() {
    let scratch = Scratch::new("sample-signal-folder");
    let child = begin(&scratch, "d/");
    let begun = Instant::now();
    let pictures = || {
        let entries = std::fs::read_dir(scratch.join("d")).into_iter().flatten();
        let names = entries.flatten().map(|entry| entry.file_name());
        names
            .map(|name| name.into_string().unwrap())
            .collect::<Vec<_>>()
    };
    while pictures()
        .iter()
        .filter(|name| name.ends_with(".png"))
        .count()
        < 4
    {
        assert!(begun.elapsed() < Duration::from_secs(120), "no pictures");
        std::thread::sleep(Duration::from_millis(20));
    }
    signal(&child, "INT");
    let (code, words) = end(child);
    assert_eq!(code, Some(130), "{words}");
    let there = pictures();
    // Whole batches, and nothing else.
    assert!(there.iter().all(|name| name.ends_with(".png")), "{there:?}");
    assert!(there.len() % 4 == 0, "{there:?}");
    let said = format!("d: {} of 10000 images are there", there.len());
    assert!(words.contains(&said), "{words}");
}

/// The first is a wish, which is not heard by a run that waits for the reader of its pipe.
#[test]
fn a_second_signal_ends_at_once() {
    let scratch = Scratch::new("sample-twice");
    let made = Command::new("mkfifo")
        .arg(scratch.join("pipe.png"))
        .status();
    assert!(made.unwrap().success());
    let arguments = ["--count", "1", "--steps", "2", "--out", "pipe.png"];
    let mut child = working(command(&scratch, &arguments));
    // One digit in two steps is made long before.
    std::thread::sleep(Duration::from_secs(3));
    signal(&child, "INT");
    std::thread::sleep(Duration::from_millis(500));
    assert!(child.try_wait().unwrap().is_none(), "it did not wait");
    signal(&child, "INT");
    let (code, words) = end(child);
    assert_eq!(code, Some(130), "{words}");
    assert_eq!(scratch.names(), ["pipe.png"]);
}

/// Whoever began it to outlive its terminal is heard; who ends it otherwise is too.
#[cfg(target_os = "linux")]
#[test]
fn nohup_is_respected() {
    let scratch = Scratch::new("sample-nohup");
    let arguments = ["--count", "10000", "--steps", "100", "--out", "a.npz"];
    let inner = command(&scratch, &arguments);
    let mut outer = Command::new("nohup");
    outer
        .arg(inner.get_program())
        .args(inner.get_args())
        .current_dir(scratch.path())
        .stdin(Stdio::null());
    let mut child = working(outer);
    signal(&child, "HUP");
    std::thread::sleep(Duration::from_secs(3));
    assert!(child.try_wait().unwrap().is_none(), "it ended");
    signal(&child, "TERM");
    let (code, words) = end(child);
    assert_eq!(code, Some(143), "{words}");
}
