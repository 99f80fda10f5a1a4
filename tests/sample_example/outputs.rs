//! What a result is written to: links, modes, pipes, the standard output, a full disk.

use std::process::{Command, Stdio};

use iddpm::data::{Dataset, npz};

use super::program::program;
use super::scratch::Scratch;
use super::{DIGITS_FILE, bytes, command, run, sample};

/// Refused before any work: a checkpoint that is not there would be found next.
fn refused(scratch: &Scratch, options: &[&str]) -> String {
    let arguments = [&["--checkpoint", "absent.safetensors"], options].concat();
    let output = run(scratch, &arguments);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{options:?}");
    assert!(
        !errors.contains("absent.safetensors"),
        "{options:?}: {errors}"
    );
    assert!(!errors.contains("panicked"), "{errors}");
    errors
}

#[test]
fn suffixes_count_in_capitals() {
    let scratch = Scratch::new("sample-capitals");
    let trajectories = [("T.PNG", b"\x89PNG"), ("T.Gif", b"GIF8")];
    for (trajectory, magic) in trajectories {
        let arguments = ["--count", "1", "--out", "A.NPZ", "--trajectory", trajectory];
        sample(&scratch, &arguments);
        assert!(bytes(&scratch, trajectory).starts_with(magic));
        assert_eq!(npz::open(scratch.join("A.NPZ")).unwrap().len(), 1);
    }
    sample(&scratch, &["--count", "1", "--out", "S.Png"]);
    assert!(bytes(&scratch, "S.Png").starts_with(b"\x89PNG"));
    let errors = refused(&scratch, &["--out", "run.v2"]);
    assert!(
        errors.contains("--out") && errors.contains("run.v2/"),
        "{errors}"
    );
    let errors = refused(&scratch, &["--trajectory", "t.mp4"]);
    assert!(errors.contains("neither .png nor .gif"), "{errors}");
}

#[test]
fn what_cannot_be_written_is_found_before_any_work() {
    let scratch = Scratch::new("sample-unwritable");
    scratch.write("file", b"a user's");
    let read_only = scratch.write("old.png", b"old");
    let mut mode = std::fs::metadata(&read_only).unwrap().permissions();
    mode.set_readonly(true);
    std::fs::set_permissions(&read_only, mode).unwrap();
    std::fs::create_dir(scratch.join("a.png")).unwrap();
    for option in ["--out", "--trajectory"] {
        for path in ["absent/a.png", "file/a.png", "old.png", "a.png"] {
            let errors = refused(&scratch, &[option, path]);
            assert!(errors.contains(&format!("{option} {path}: ")), "{errors}");
        }
    }
    for path in ["absent/folder/", "file/", "file/folder"] {
        let errors = refused(&scratch, &["--out", path]);
        assert!(
            errors.contains("--out file") || errors.contains("--out absent/folder: "),
            "{errors}"
        );
    }
    assert_eq!(scratch.names(), ["a.png", "file", "old.png"]);
}

#[test]
fn a_trajectory_is_no_image_of_the_folder() {
    let scratch = Scratch::new("sample-trajectory-within");
    std::fs::create_dir(scratch.join("d")).unwrap();
    let errors = refused(&scratch, &["--out", "d/", "--trajectory", "d/t.png"]);
    assert!(
        errors.contains("--trajectory d/t.png: in this folder the images go"),
        "{errors}"
    );
}

/// An archive that cannot be written in full: one message, and nothing is left.
#[cfg(unix)]
#[test]
fn a_full_disk_is_told_alone() {
    let scratch = Scratch::new("sample-full");
    // A file may have 4 blocks; going beyond is an error, not a signal.
    let script = "trap '' XFSZ; ulimit -f 4; exec \"$0\" \"$@\"";
    for out in ["a.npz", "a.png", "a/"] {
        let output = Command::new("bash")
            .current_dir(scratch.path())
            .args(["-c", script])
            .arg(program("sample"))
            .args([
                "--backend",
                "cpu",
                "--checkpoint",
                DIGITS_FILE,
                "--steps",
                "2",
            ])
            .args(["--count", "60", "--out", out])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        // A digit alone is small enough.
        if out == "a/" {
            assert!(output.status.success(), "{errors}");
            continue;
        }
        assert_eq!(output.status.code(), Some(1), "{errors}");
        let lines: Vec<&str> = errors.lines().collect();
        assert_eq!(lines.len(), 1, "{errors}");
        assert!(lines[0].starts_with("sample: writing "), "{errors}");
        assert!(lines[0].contains(&format!("{out}: ")), "{errors}");
        assert!(scratch.names().is_empty(), "{:?}", scratch.names());
    }
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_a_mode_is_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let scratch = Scratch::new("sample-links");
    let mode = |name: &str| {
        let about = std::fs::symlink_metadata(scratch.join(name)).unwrap();
        (about.permissions().mode() & 0o777, about.is_symlink())
    };
    for (option, suffix) in [("--out", "png"), ("--out", "npz"), ("--trajectory", "gif")] {
        let there = scratch.write(&format!("disk/old.{suffix}"), b"old");
        std::fs::set_permissions(&there, PermissionsExt::from_mode(0o640)).unwrap();
        symlink(
            format!("disk/old.{suffix}"),
            scratch.join(&format!("link.{suffix}")),
        )
        .unwrap();
        symlink(
            format!("disk/new.{suffix}"),
            scratch.join(&format!("new.{suffix}")),
        )
        .unwrap();
        for link in ["link", "new"] {
            let link = format!("{link}.{suffix}");
            let others: &[&str] = match option {
                "--out" => &["--count", "1"],
                _ => &["--count", "1", "--out", "x.npz"],
            };
            sample(&scratch, &[others, &[option, &link]].concat());
            assert!(mode(&link).1, "{link}");
        }
        assert_eq!(mode(&format!("disk/old.{suffix}")), (0o640, false));
        let (new, is_link) = mode(&format!("disk/new.{suffix}"));
        assert!(!is_link && new & 0o111 == 0, "{new:o}");
        let kept = bytes(&scratch, &format!("disk/old.{suffix}"));
        assert!(kept == bytes(&scratch, &format!("disk/new.{suffix}")) && kept != b"old");
    }
    // Two names of one file are one.
    symlink("disk/old.png", scratch.join("again.png")).unwrap();
    let errors = refused(
        &scratch,
        &["--out", "link.png", "--trajectory", "again.png"],
    );
    assert!(
        errors.contains("--trajectory again.png: there the images go"),
        "{errors}"
    );
}

#[cfg(unix)]
#[test]
fn pipes_are_streamed_to_and_devices_refused() {
    let scratch = Scratch::new("sample-pipes");
    sample(&scratch, &["--count", "2", "--out", "plain.png"]);
    for pipe in ["pipe.png", "pipe.npz"] {
        let made = Command::new("mkfifo").arg(scratch.join(pipe)).status();
        assert!(made.unwrap().success());
    }
    for device in ["/dev/null", "/dev/full", "/dev/null/a.png"] {
        let errors = refused(&scratch, &["--out", device]);
        assert!(errors.contains(device), "{errors}");
    }
    let mut child = command(&scratch, &["--count", "2", "--out", "pipe.png"])
        .spawn()
        .unwrap();
    let read = std::fs::read(scratch.join("pipe.png")).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(read, bytes(&scratch, "plain.png"));
    use std::os::unix::fs::FileTypeExt;
    let about = std::fs::symlink_metadata(scratch.join("pipe.png")).unwrap();
    assert!(about.file_type().is_fifo());
}

/// A dash is the standard output: the picture and nothing else, all words beside it.
#[test]
fn a_grid_on_the_standard_output() {
    let scratch = Scratch::new("sample-dash");
    sample(&scratch, &["--count", "2", "--out", "plain.png"]);
    let output = run(&scratch, &["--count", "2", "--seed", "0", "--out", "-"]);
    assert!(output.status.success());
    assert!(output.stdout == bytes(&scratch, "plain.png"));
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(
        words.contains("running on the CPU") && words.contains("2 images of 5"),
        "{words}"
    );
    assert_eq!(scratch.names(), ["plain.png"]);
    // Whoever read it may be gone.
    let mut child = command(&scratch, &["--count", "1", "--out", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{words}");
    assert!(!words.contains("sample: "), "{words}");
}

/// A reader that is gone does not take the files with it.
#[test]
fn a_reader_that_is_gone() {
    let scratch = Scratch::new("sample-gone");
    let arguments = ["--count", "3", "--out", "a.npz", "--trajectory", "t.png"];
    let mut child = command(&scratch, &arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    assert_eq!(scratch.names(), ["a.npz", "t.png"]);
    assert_eq!(npz::open(scratch.join("a.npz")).unwrap().len(), 3);
}
