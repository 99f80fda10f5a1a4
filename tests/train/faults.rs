//! Each operation on a file fails in turn while a state is saved: once, as on a disk that had an error, and
//! from then on, as on one that is full.

use std::io::ErrorKind;

use iddpm::files::faults;
use iddpm::train::{CpuEngine, RunDirectory, SavedRun, Trainer};

use super::copy::copy;
use super::runs::{begin, config, everything, go_on, run_in, steps};
use super::scratch::Scratch;

/// Whether the newest state of a folder is that of one of these trainers, or there is none and that is right.
fn is_one_of(folder: &Scratch, right: &[Option<&Trainer<CpuEngine>>]) -> bool {
    let newest = SavedRun::latest_in(folder.path()).unwrap();
    let found = newest.map(|_| everything(&go_on(folder.path(), &config())));
    right.iter().any(|right| right.map(everything) == found)
}

/// Saves `trainer` into a copy of `before` with each operation failing in turn; `earlier` is what is there.
/// How many operations there were.
fn each_fails(
    name: &str,
    before: &Scratch,
    earlier: Option<&Trainer<CpuEngine>>,
    trainer: &Trainer<CpuEngine>,
    names: &[&str],
) -> u64 {
    let count = Scratch::new(&format!("{name}-count"));
    copy(before.path(), count.path());
    faults::fail_at(u64::MAX, ErrorKind::Other);
    let mut run = RunDirectory::open(count.path()).unwrap();
    run.save(trainer, 1).unwrap();
    let operations = faults::end();
    assert_eq!(count.names(), names);
    for fail in [faults::fail_at, faults::fail_from] {
        for operation in 0..operations {
            let folder = Scratch::new(&format!("{name}-{operation}"));
            copy(before.path(), folder.path());
            fail(operation, ErrorKind::StorageFull);
            let saved = RunDirectory::open(folder.path()).and_then(|mut run| run.save(trainer, 1));
            faults::end();
            let case = format!("{name}: operation {operation} of {operations}: {saved:?}");
            if let Err(error) = &saved {
                assert!(error.to_string().contains("no storage space"), "{case}");
            }
            let right: &[_] = match saved {
                Ok(_) => &[Some(trainer)],
                Err(_) => &[earlier, Some(trainer)],
            };
            assert!(is_one_of(&folder, right), "{case}");
            let mut run = RunDirectory::open(folder.path()).unwrap();
            run.save(trainer, 1).unwrap();
            assert_eq!(folder.names(), names, "{case}");
            assert!(is_one_of(&folder, &[Some(trainer)]), "{case}");
        }
    }
    operations
}

fn after_steps(count: usize) -> Trainer<CpuEngine> {
    let mut trainer = begin(&config());
    steps(&mut trainer, count);
    trainer
}

#[test]
fn a_first_save_fails() {
    let empty = Scratch::new("fault-empty");
    let names = [".lock", "latest", "step-00000000"];
    let operations = each_fails("fault-first", &empty, None, &after_steps(0), &names);
    println!("{operations} operations");
}

#[test]
fn a_save_fails() {
    let earlier = after_steps(0);
    let before = Scratch::new("fault-before");
    run_in(&before).save(&earlier, 1).unwrap();
    let names = [".lock", "latest", "step-00000001"];
    let trainer = after_steps(1);
    let operations = each_fails("fault-next", &before, Some(&earlier), &trainer, &names);
    println!("{operations} operations");
    // Five files, run.json and latest, of at least a write, a sync and a renaming each.
    assert!(operations > 21, "{operations}");
}

/// A state of this step is there, which `latest` does not name, and what a killed save left.
#[test]
fn a_save_that_replaces_a_state_fails() {
    let earlier = after_steps(0);
    let before = Scratch::new("fault-unnamed");
    run_in(&before).save(&earlier, 1).unwrap();
    let trainer = after_steps(1);
    let elsewhere = Scratch::new("fault-elsewhere");
    let state = run_in(&elsewhere).save(&trainer, 1).unwrap();
    copy(&state, &before.join("step-00000001"));
    copy(&state, &before.join(".fresh-step-00000004"));
    let names = [".lock", "latest", "step-00000001"];
    let operations = each_fails("fault-replaced", &before, Some(&earlier), &trainer, &names);
    println!("{operations} operations");
}

/// The first state is whole, and its save was killed before `latest` had its name; the run goes on from it and
/// saves it again, which fails too: it is all there is.
#[test]
fn a_save_of_the_only_state_fails() {
    let trainer = after_steps(1);
    let before = Scratch::new("fault-only");
    let first = Scratch::new("fault-only-count");
    faults::fail_at(u64::MAX, ErrorKind::Other);
    run_in(&first).save(&trainer, 1).unwrap();
    let operations = faults::end();
    // The last operation after which there is a state, and no `latest`.
    let unnamed = (0..operations).rev().find(|&operation| {
        std::fs::remove_dir_all(before.path()).unwrap();
        std::fs::create_dir(before.path()).unwrap();
        faults::fail_from(operation, ErrorKind::StorageFull);
        let saved = RunDirectory::open(before.path()).and_then(|mut run| run.save(&trainer, 1));
        faults::end();
        saved.is_err() && !before.join("latest").exists()
    });
    assert!(unnamed.is_some());
    assert_eq!(before.names(), [".lock", "step-00000001"]);
    let names = [".lock", "latest", "step-00000001"];
    let operations = each_fails("fault-named", &before, Some(&trainer), &trainer, &names);
    println!("{operations} operations");
}

/// Nobody is told, and nothing else is removed.
#[test]
fn a_folder_that_cannot_be_removed_stays() {
    let folder = Scratch::new("fault-removed");
    let inner = folder.join("a/run");
    let run = RunDirectory::open(&inner).unwrap();
    // The lock, and both folders.
    faults::fail_from(1, ErrorKind::PermissionDenied);
    drop(run);
    assert_eq!(faults::end(), 3);
    assert_eq!(folder.names_in("a/run"), [""; 0]);
}
