//! Links, modes and pipes.

use std::io::{ErrorKind, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use iddpm::files::Place;

use super::scratch::Scratch;
use super::{put, text};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_link_stays_a_link() {
    let folder = Scratch::new("link");
    let disk = folder.write("disk/a", b"old");
    let (one, two) = (folder.join("one"), folder.join("two"));
    symlink("disk/a", &one).unwrap();
    symlink(&one, &two).unwrap();
    for (at, link) in [&one, &two].into_iter().enumerate() {
        put(link, &at.to_string()).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert!(disk.symlink_metadata().unwrap().is_file());
        assert_eq!(text(&disk), at.to_string());
    }
    assert_eq!(folder.names(), ["disk", "one", "two"]);
}

#[test]
fn a_link_that_leads_nowhere_yet_is_followed() {
    let folder = Scratch::new("dangling");
    std::fs::create_dir(folder.join("disk")).unwrap();
    symlink("disk/a", folder.join("one")).unwrap();
    symlink("one", folder.join("two")).unwrap();
    put(folder.join("two"), "new").unwrap();
    assert_eq!(text(folder.join("disk/a")), "new");
    symlink("absent/a", folder.join("three")).unwrap();
    let error = put(folder.join("three"), "new").unwrap_err();
    assert_eq!(error.error.kind(), ErrorKind::NotFound);
    symlink("five", folder.join("four")).unwrap();
    symlink("four", folder.join("five")).unwrap();
    assert!(put(folder.join("four"), "new").is_err());
}

#[test]
fn a_mode_is_kept_and_a_new_one_is_the_users() {
    let folder = Scratch::new("mode");
    let path = folder.write("a", b"old");
    for kept in [0o600, 0o640, 0o664, 0o755] {
        std::fs::set_permissions(&path, PermissionsExt::from_mode(kept)).unwrap();
        put(&path, "new").unwrap();
        assert_eq!(mode(&path), kept);
    }
    put(folder.join("b"), "new").unwrap();
    let plain = folder.write("c", b"");
    assert_eq!(mode(&folder.join("b")), mode(&plain));
}

#[test]
fn a_pipe_is_written_to_and_a_device_refused() {
    let folder = Scratch::new("pipe");
    let pipe = folder.join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let place = Place::of(&pipe).unwrap();
    assert_eq!(place, Place::Pipe(pipe.clone()));
    place.check().unwrap();
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || {
            let mut read = String::new();
            let mut pipe = std::fs::File::open(pipe).unwrap();
            pipe.read_to_string(&mut read).unwrap();
            read
        }
    });
    put(&pipe, "through").unwrap();
    assert_eq!(reader.join().unwrap(), "through");
    assert!(mode(&pipe) > 0 && !pipe.is_file());
    for device in ["/dev/null", "/dev/zero", "/dev/full"] {
        let error = put(device, "text").unwrap_err();
        assert!(error.to_string().contains("device"), "{error}");
    }
}
