//! One writer of a run at a time; runs that are killed, and a disk that is full.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use iddpm::train::{RunDirectory, SavedRun, TrainConfig, TrainError};

use super::cases::generate;
use super::runs::{begin, config, everything, go_on, run_in, steps};
use super::scratch::Scratch;

/// Where the child of the tests below does its work.
const CHILD: &str = "IDDPM_TEST_RUN";
const CHILD_STEPS: u64 = 14;
/// What it ends with where it could not save, and where another trains.
const NOT_SAVED: i32 = 3;
const BUSY: i32 = 4;

/// Not a test of its own: what the tests below start as another process. It trains and saves after
/// every step.
#[test]
fn child() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    let mut folder = match RunDirectory::open(&path) {
        Ok(folder) => folder,
        Err(TrainError::Busy { .. }) => std::process::exit(BUSY),
        Err(error) => panic!("{error}"),
    };
    let config = config();
    let mut trainer = match folder.latest().unwrap() {
        Some(_) => go_on(folder.path(), &config),
        None => begin(&config),
    };
    while trainer.progress().step < CHILD_STEPS {
        steps(&mut trainer, 1);
        if let Err(error) = folder.save(&trainer, 2) {
            println!("not saved: {error}");
            std::process::exit(NOT_SAVED);
        }
    }
}

fn arguments() -> [&'static str; 3] {
    ["writers::child", "--exact", "--nocapture"]
}

fn start(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(arguments())
        .env(CHILD, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_second_writer_is_refused_and_touches_nothing() {
    let folder = Scratch::new("two");
    let mut run = run_in(&folder);
    let mut trainer = begin(&config());
    let state = run.save(&trainer, 2).unwrap();
    // What it would tidy up if it were the one.
    folder.write(".fresh-step-00000003/run.json", b"half");
    let names = folder.names();
    let begun = Instant::now();
    let error = RunDirectory::open(folder.path()).unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert!(matches!(error, TrainError::Busy { .. }), "{error}");
    let text = error.to_string();
    let begins = format!("{}: this process itself trains", folder.path().display());
    assert!(text.starts_with(&begins), "{text}");
    assert_eq!(start(folder.path()).wait().unwrap().code(), Some(BUSY));
    assert_eq!(folder.names(), names);
    // Readers are not kept out.
    assert_eq!(
        SavedRun::latest_in(folder.path()).unwrap(),
        Some(state.clone())
    );
    SavedRun::load(&state).unwrap();
    steps(&mut trainer, 1);
    run.save(&trainer, 2).unwrap();
    drop(run);
    run_in(&folder);
}

/// Whoever removes or moves a folder in which somebody trains, and begins another run there, has the folder: the
/// first does not write into it.
#[test]
fn a_folder_that_was_removed_or_moved() {
    let folder = Scratch::new("removed");
    let path = folder.join("run");
    let mut trainer = begin(&config());
    let mut first = RunDirectory::open(&path).unwrap();
    first.save(&trainer, 1).unwrap();
    std::fs::remove_dir_all(&path).unwrap();
    let mut second = RunDirectory::open(&path).unwrap();
    let seed = TrainConfig {
        seed: 6,
        ..config()
    };
    let state = second.save(&begin(&seed), 1).unwrap();
    let before = folder.names_in("run");
    steps(&mut trainer, 1);
    let error = first.save(&trainer, 1).unwrap_err();
    assert!(matches!(error, TrainError::Busy { .. }), "{error}");
    assert_eq!(folder.names_in("run"), before);
    SavedRun::load(&state).unwrap();

    // Nor where the other has left: there is its run.
    drop(second);
    let error = first.save(&trainer, 1).unwrap_err();
    assert!(error.to_string().ends_with("is of another run"), "{error}");
    assert_eq!(folder.names_in("run"), before);

    // Where nobody took it, it is made and taken again.
    std::fs::rename(&path, folder.join("moved")).unwrap();
    let state = first.save(&trainer, 1).unwrap();
    SavedRun::load(&state).unwrap();
    assert!(matches!(
        RunDirectory::open(&path),
        Err(TrainError::Busy { .. })
    ));
    drop(RunDirectory::open(folder.join("moved")).unwrap());
}

/// Two processes at once, again and again: one of them trains, and its run is as if it were alone.
#[test]
fn two_processes_at_once_are_one_run() {
    let mut whole = begin(&config());
    steps(&mut whole, CHILD_STEPS as usize);
    let mut busy = 0;
    for round in 0..10 {
        let folder = Scratch::new(&format!("twice-{round}"));
        let mut children = [start(folder.path()), start(folder.path())];
        let codes = children
            .each_mut()
            .map(|child| child.wait().unwrap().code());
        assert!(codes.contains(&Some(0)), "{codes:?}");
        assert!(
            codes
                .iter()
                .all(|code| [Some(0), Some(BUSY)].contains(code))
        );
        busy += usize::from(codes.contains(&Some(BUSY)));
        let names = folder.names();
        assert_eq!(names, [".lock", "latest", "step-00000013", "step-00000014"]);
        assert!(everything(&go_on(folder.path(), &config())) == everything(&whole));
    }
    println!("{busy} of 10 second processes were refused");
    assert!(busy > 0);
}

#[test]
fn a_run_that_is_killed_at_any_moment_can_go_on() {
    let folder = Scratch::new("killed");
    let mut kills = 0;
    for moment in generate(8, "moments", 100, 90.0, 88.0) {
        let mut child = start(folder.path());
        std::thread::sleep(Duration::from_millis(moment as u64));
        let done = child.try_wait().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(done.is_none_or(|status| status.success()));
        if let Some(state) = SavedRun::latest_in(folder.path()).unwrap() {
            let saved = SavedRun::load(&state).unwrap();
            if saved.progress.step == CHILD_STEPS {
                break;
            }
        }
        kills += 1;
    }
    // However slow the machine is.
    assert!(start(folder.path()).wait().unwrap().success());
    let mut whole = begin(&config());
    steps(&mut whole, CHILD_STEPS as usize);
    assert!(everything(&go_on(folder.path(), &config())) == everything(&whole));
    // Nothing adds up: what was killed between a state and the removal of an older one, the next to save removes.
    let state = run_in(&folder).save(&go_on(folder.path(), &config()), 2);
    assert!(state.unwrap().ends_with("step-00000014"));
    let names = folder.names();
    assert_eq!(names, [".lock", "latest", "step-00000013", "step-00000014"]);
    println!("killed {kills} times");
    assert!(kills > 2, "killed {kills} times");
}

/// A file system that holds one state but not two, or where none can be mounted a limit on the length of
/// files that the second state passes.
#[test]
fn a_full_disk_costs_no_earlier_state() {
    let folder = Scratch::new("full");
    let mut trainer = begin(&config());
    steps(&mut trainer, 1);
    let probe = run_in(&folder).save(&trainer, 1).unwrap();
    let files = std::fs::read_dir(&probe).unwrap();
    let bytes: u64 = files
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum();
    let disk = Scratch::new("disk");
    let size = format!("size={}", bytes * 3 / 2);
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
        .arg(disk.path())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    // Blocks of 512 bytes; the largest file of a state is about a fifth of it.
    let limit = if mounted {
        "unlimited".to_owned()
    } else {
        std::fs::remove_dir_all(disk.path()).unwrap();
        std::fs::rename(folder.path(), disk.path()).unwrap();
        (bytes / 10 / 512).to_string()
    };
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!(
            "trap '' XFSZ; ulimit -f {limit}; exec \"$0\" \"$@\""
        ))
        .arg(std::env::current_exe().unwrap())
        .args(arguments())
        .env(CHILD, disk.path())
        .output()
        .unwrap();
    let kept = SavedRun::latest_in(disk.path()).unwrap();
    let saved = kept.map(|state| SavedRun::load(&state).unwrap().progress.step);
    if mounted {
        Command::new("umount").arg(disk.path()).status().unwrap();
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(NOT_SAVED), "{text}");
    assert!(text.contains("not saved: "), "{text}");
    assert_eq!(saved, Some(1), "{text}");
}
