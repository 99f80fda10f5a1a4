//! Several writers, killed ones among them, and what stands where a temporary file would.

use std::process::{Command, Stdio};
use std::time::Duration;

use iddpm::files::{FolderLock, write_whole};

use super::scratch::Scratch;
use super::{put, text};

#[cfg(unix)]
#[test]
fn what_killed_writers_left_is_taken_over() {
    let folder = Scratch::new("left");
    // Another file's, and one that no writer makes.
    folder.write(".ab.tmp", b"half");
    folder.write(".a.x.tmp", b"mine");
    // With gaps: what stood there, others have taken over.
    for left in [
        &[".a.tmp", ".a.1.tmp", ".a.2.tmp"][..],
        &[".a.2.tmp"],
        &[".a.1.tmp", ".a.63.tmp"],
    ] {
        for name in left {
            folder.write(name, b"half");
        }
        put(folder.join("a"), "whole").unwrap();
        assert_eq!(folder.names(), [".a.x.tmp", ".ab.tmp", "a"], "{left:?}");
    }
}

/// It may be what another has just finished, under the name that it had before.
#[cfg(not(unix))]
#[test]
fn what_killed_writers_left_is_passed_by() {
    let folder = Scratch::new("left");
    folder.write(".a.tmp", b"half");
    put(folder.join("a"), "whole").unwrap();
    assert_eq!(folder.names(), [".a.tmp", "a"]);
    assert_eq!(text(folder.join(".a.tmp")), "half");
}

#[test]
fn what_is_no_temporary_file_of_ours_is_passed_by() {
    let folder = Scratch::new("stands");
    std::fs::create_dir(folder.join(".a.tmp")).unwrap();
    folder.write(".a.1.tmp/inside", b"mine");
    put(folder.join("a"), "whole").unwrap();
    assert_eq!(folder.names(), [".a.1.tmp", ".a.tmp", "a"]);
    assert_eq!(text(folder.join("a")), "whole");
}

#[test]
fn a_writer_within_a_writer() {
    let folder = Scratch::new("within");
    let path = folder.join("a");
    write_whole(&path, |file| {
        std::io::Write::write_all(file, b"outer")?;
        put(&path, "inner")?;
        assert_eq!(text(&path), "inner");
        Ok::<(), Box<dyn std::error::Error>>(())
    })
    .unwrap();
    assert_eq!((text(&path).as_str(), folder.names().len()), ("outer", 1));
}

#[test]
fn many_writers_at_once_leave_one_whole_file() {
    let folder = Scratch::new("many");
    let path = folder.join("a");
    std::thread::scope(|scope| {
        for letter in 'a'..='f' {
            let path = &path;
            scope.spawn(move || {
                for _ in 0..20 {
                    put(path, &String::from_iter([letter; 100_000])).unwrap();
                }
            });
        }
    });
    let now = text(&path);
    assert_eq!((now.len(), folder.names().len()), (100_000, 1));
    assert!(now.bytes().all(|byte| byte == now.as_bytes()[0]));
}

#[test]
fn a_folder_has_one_holder() {
    let folder = Scratch::new("lock");
    let held = FolderLock::take(folder.path()).unwrap().unwrap();
    assert!(FolderLock::take(folder.path()).unwrap().is_none());
    drop(held);
    let held = FolderLock::take(folder.path()).unwrap();
    assert!(held.is_some());
    assert!(FolderLock::take(folder.join("absent")).is_err());
}

/// What the test below starts as a process of its own.
#[test]
#[ignore = "started by another test"]
fn hold_a_folder_until_killed() {
    let folder = std::env::var_os("IDDPM_TEST_FOLDER").unwrap();
    let _held = FolderLock::take(&folder).unwrap().unwrap();
    std::fs::write(std::path::Path::new(&folder).join("held"), "").unwrap();
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
fn the_lock_of_a_killed_process_is_free_at_once() {
    let folder = Scratch::new("killed");
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "writers::hold_a_folder_until_killed",
            "--ignored",
        ])
        .env("IDDPM_TEST_FOLDER", folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while !folder.join("held").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(FolderLock::take(folder.path()).unwrap().is_none());
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(FolderLock::take(folder.path()).unwrap().is_some());
}
