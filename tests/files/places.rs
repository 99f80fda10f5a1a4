//! What can be written to, and what is refused.

use std::io::{ErrorKind, Seek, SeekFrom, Write};

use iddpm::files::{FileError, Place, write_whole};

use super::scratch::Scratch;
use super::{put, text};

#[test]
fn a_file_is_made_and_made_anew() {
    let folder = Scratch::new("anew");
    let path = folder.join("a");
    put(&path, "one").unwrap();
    put(&path, "two").unwrap();
    put(&path, "").unwrap();
    assert_eq!((text(&path).as_str(), folder.names().len()), ("", 1));
}

#[test]
fn a_writer_can_go_back() {
    let folder = Scratch::new("back");
    let path = folder.join("a");
    write_whole(&path, |file| {
        let _ = file.write_all(b"0123");
        let _ = file.seek(SeekFrom::Start(1));
        let _ = file.write_all(b"x");
        Ok::<(), FileError>(())
    })
    .unwrap();
    assert_eq!(text(&path), "0x23");
}

#[test]
fn checking_leaves_nothing() {
    let folder = Scratch::new("check");
    let place = Place::of(folder.join("new")).unwrap();
    place.check().unwrap();
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = Scratch::new("refused");
    std::fs::create_dir(folder.join("folder")).unwrap();
    let cases = [
        ("folder", ErrorKind::IsADirectory),
        ("absent/a", ErrorKind::NotFound),
        ("..", ErrorKind::IsADirectory),
    ];
    for (name, kind) in cases {
        let error = put(folder.join(name), "text").unwrap_err();
        assert_eq!(error.error.kind(), kind, "{name}: {error}");
        assert!(error.to_string().contains(name), "{error}");
    }
    let error = put("", "text").unwrap_err();
    assert_eq!(error.error.kind(), ErrorKind::InvalidInput);
    assert_eq!(folder.names(), ["folder"]);
}

#[test]
fn a_file_that_is_read_only_is_refused() {
    let folder = Scratch::new("read-only");
    let path = folder.write("a", b"old");
    let mut mode = std::fs::metadata(&path).unwrap().permissions();
    mode.set_readonly(true);
    std::fs::set_permissions(&path, mode).unwrap();
    let error = put(&path, "new").unwrap_err();
    assert_eq!(error.error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(text(&path), "old");
}

#[test]
fn a_name_as_long_as_names_can_be() {
    let folder = Scratch::new("long");
    let path = folder.join(&"n".repeat(255));
    put(&path, "text").unwrap();
    assert_eq!((text(&path).as_str(), folder.names().len()), ("text", 1));
}

#[test]
fn a_dash_is_the_standard_output() {
    assert_eq!(Place::of("-").unwrap(), Place::Stdout);
    assert!(matches!(Place::of("./-").unwrap(), Place::File(_)));
    for name in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        assert_eq!(Place::of(name).unwrap(), Place::Stdout);
    }
}

#[test]
fn a_name_with_a_slash_at_its_end_is_no_files() {
    let folder = Scratch::new("slash");
    let error = Place::of(folder.join("new/")).unwrap_err();
    assert_eq!(error.error.kind(), ErrorKind::IsADirectory, "{error}");
}
