//! Folders that are new or empty, and one writer's.

use std::io::ErrorKind;

use iddpm::files::{FreshFolder, Place, faults};

use super::put;
use super::scratch::Scratch;

#[test]
fn a_folder_that_is_new_or_empty_is_taken_once() {
    let folder = Scratch::new("fresh");
    std::fs::create_dir(folder.join("empty")).unwrap();
    // What the lock of a killed writer has left is nothing.
    folder.write("killed/.lock", b"");
    for name in ["empty", "killed", "new", "new/within/another"] {
        let path = folder.join(name);
        FreshFolder::check(&path).unwrap();
        let taken = FreshFolder::take(&path).unwrap();
        assert_eq!(taken.path(), path);
        let error = FreshFolder::take(&path).unwrap_err();
        assert_eq!(error.error.kind(), ErrorKind::ResourceBusy, "{error}");
        put(taken.path().join("a"), "text").unwrap();
        drop(taken);
        let names = std::fs::read_dir(&path).unwrap().count();
        assert_eq!(names, 1, "{name}: a lock is left");
        let error = FreshFolder::take(&path).unwrap_err();
        assert_eq!(error.error.kind(), ErrorKind::DirectoryNotEmpty);
        assert!(error.to_string().contains("a is in it"), "{error}");
        std::fs::remove_file(path.join("a")).unwrap();
    }
}

#[test]
fn a_check_makes_nothing() {
    let folder = Scratch::new("fresh-check");
    folder.write("file", b"mine");
    folder.write("full/a", b"mine");
    FreshFolder::check(folder.join("new/within")).unwrap();
    for (name, kind) in [
        ("file", ErrorKind::NotADirectory),
        ("file/within", ErrorKind::NotADirectory),
        ("full", ErrorKind::DirectoryNotEmpty),
    ] {
        for error in [
            FreshFolder::check(folder.join(name)).unwrap_err(),
            FreshFolder::take(folder.join(name)).unwrap_err(),
        ] {
            assert_eq!(error.error.kind(), kind, "{error}");
            assert!(error.to_string().contains(name), "{error}");
        }
    }
    assert_eq!(folder.names(), ["file", "full"]);
}

#[test]
fn every_failure_leaves_a_folder_that_can_be_taken() {
    let folder = Scratch::new("fresh-faults");
    let path = folder.join("a");
    for fails in 0..3 {
        faults::fail_at(fails, ErrorKind::StorageFull);
        let taken = FreshFolder::take(&path);
        faults::end();
        if let Err(error) = &taken {
            assert_eq!(error.error.kind(), ErrorKind::StorageFull);
        }
        assert_eq!(taken.is_err(), fails < 2, "operation {fails}");
        drop(taken);
        drop(FreshFolder::take(&path).unwrap());
    }
    assert!(folder.names().is_empty(), "nothing was made in it");
}

/// A folder that was there stays.
#[test]
fn a_run_that_made_nothing_leaves_nothing() {
    let folder = Scratch::new("fresh-nothing");
    std::fs::create_dir(folder.join("old")).unwrap();
    for (name, left) in [("old", true), ("new", false)] {
        drop(FreshFolder::take(folder.join(name)).unwrap());
        assert_eq!(folder.join(name).exists(), left, "{name}");
    }
    assert!(folder.names_in("old").is_empty());
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_no_folder() {
    let folder = Scratch::new("fresh-link");
    std::os::unix::fs::symlink("nowhere", folder.join("link")).unwrap();
    let error = FreshFolder::check(folder.join("link")).unwrap_err();
    assert!(error.to_string().contains("leads nowhere"), "{error}");
}

#[test]
fn two_places_are_equal_where_they_are_one_file() {
    let folder = Scratch::new("places-equal");
    std::fs::create_dir(folder.join("b")).unwrap();
    folder.write("old", b"old");
    for name in ["old", "new"] {
        let place = Place::of(folder.join(name)).unwrap();
        for other in [
            format!("./{name}"),
            format!("b/../{name}"),
            format!("b/.././{name}"),
        ] {
            assert_eq!(Place::of(folder.join(&other)).unwrap(), place, "{other}");
        }
        assert_ne!(Place::of(folder.join(&format!("b/{name}"))).unwrap(), place);
    }
}
