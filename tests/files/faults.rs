//! Each operation of a write fails in turn: the old file is then whole, and nothing else is left.

use std::io::{ErrorKind, Seek, SeekFrom, Write};

use iddpm::files::{FileError, faults, remove_empty_folder, write_bytes, write_whole};

use super::scratch::Scratch;
use super::{put, text};

/// More than one piece of what is written at once.
fn long(letter: char) -> String {
    std::iter::repeat_n(letter, 600_000).collect()
}

#[test]
fn every_failure_leaves_the_old_file_and_nothing_else() {
    let folder = Scratch::new("faults");
    let path = folder.join("a");
    put(&path, &long('o')).unwrap();
    faults::fail_at(u64::MAX, ErrorKind::Other);
    put(&path, &long('n')).unwrap();
    let operations = faults::end();
    // Taking the temporary file, three pieces, the sync, the renaming, the sync of the folder at least.
    assert!(operations >= 7, "{operations}");
    for fails in 0..operations {
        for from_then_on in [false, true] {
            put(&path, &long('o')).unwrap();
            let fail = if from_then_on {
                faults::fail_from
            } else {
                faults::fail_at
            };
            fail(fails, ErrorKind::StorageFull);
            let result = put(&path, &long('n'));
            faults::end();
            let case = format!("operation {fails}, from then on: {from_then_on}");
            assert_eq!(folder.names(), ["a"], "{case}");
            let now = text(&path);
            match result {
                Ok(()) => assert_eq!(now, long('n'), "{case}"),
                Err(error) => {
                    assert_eq!(error.error.kind(), ErrorKind::StorageFull, "{case}");
                    assert!(now == long('o') || now == long('n'), "{case}");
                    let renamed = error.action == "syncing the folder";
                    assert_eq!(now == long('n'), renamed, "{case}: {error}");
                }
            }
        }
    }
}

#[test]
fn the_true_cause_is_told_whatever_the_writer_made_of_it() {
    let folder = Scratch::new("cause");
    let path = folder.join("a");
    faults::fail_from(1, ErrorKind::StorageFull);
    let mut after = None;
    let result = write_whole(&path, |file| {
        let piece = vec![0; 1 << 20];
        assert!(file.write_all(&piece).is_err());
        // Tidying up does not fail once more.
        after = Some(file.write_all(&piece).is_ok() && file.flush().is_ok());
        // And is where it would be.
        let at = file.stream_position()?;
        assert!(at >= 1 << 20, "{at}");
        assert_eq!(file.seek(SeekFrom::Start(7))?, 7);
        assert_eq!(file.seek(SeekFrom::Current(-3))?, 4);
        assert_eq!(file.seek(SeekFrom::End(0))?, at);
        Err::<(), Box<dyn std::error::Error>>("something else".into())
    });
    faults::end();
    let error = result.unwrap_err();
    let error = error.downcast::<FileError>().unwrap();
    assert_eq!((error.action, &error.path), ("writing", &path));
    assert_eq!(error.error.kind(), ErrorKind::StorageFull);
    assert_eq!(after, Some(true));
    assert_eq!(folder.names(), [""; 0]);
}

/// A write that a signal has interrupted is tried again, as of any file.
#[test]
fn an_interrupted_write_goes_on() {
    let folder = Scratch::new("interrupted");
    let path = folder.join("a");
    let pieces = || -> Result<(), FileError> {
        write_whole(&path, |file| {
            // Larger than what is kept back, and smaller.
            file.write_all(long('n').as_bytes()).unwrap();
            file.write_all(b"end").unwrap();
            Ok(())
        })
    };
    // The temporary file is taken first; behind it come two writes.
    for fails in [1, 2] {
        faults::fail_at(fails, ErrorKind::Interrupted);
        let result = pieces();
        faults::end();
        result.unwrap();
        assert_eq!(text(&path), long('n') + "end", "operation {fails}");
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_failure_of_the_caller_leaves_the_old_file() {
    let folder = Scratch::new("caller");
    let path = folder.write("a", b"old");
    let result = write_whole(&path, |file| {
        file.write_all(b"half")?;
        Err("no more".into())
    });
    let error: Box<dyn std::error::Error> = result.unwrap_err();
    assert_eq!(error.to_string(), "no more");
    assert_eq!((text(&path).as_str(), folder.names().len()), ("old", 1));
}

#[test]
fn bytes_are_written_whole_or_the_cause_is_told() {
    let folder = Scratch::new("bytes");
    let path = folder.join("a");
    write_bytes(&path, b"old").unwrap();
    let new = long('n');
    faults::fail_at(u64::MAX, ErrorKind::Other);
    write_bytes(&path, new.as_bytes()).unwrap();
    let operations = faults::end();
    assert_eq!(text(&path), new);
    for operation in 0..operations {
        write_bytes(&path, b"old").unwrap();
        faults::fail_from(operation, ErrorKind::StorageFull);
        let error = write_bytes(&path, new.as_bytes()).unwrap_err();
        faults::end();
        assert_eq!(error.error.kind(), ErrorKind::StorageFull);
        let now = text(&path);
        assert!(now == "old" || now == new, "{operation}");
        assert_eq!(folder.names(), ["a"]);
    }
}

#[test]
fn a_folder_is_removed_where_nothing_is_in_it() {
    let folder = Scratch::new("emptied");
    let (empty, full) = (folder.join("empty"), folder.join("full"));
    std::fs::create_dir(&empty).unwrap();
    folder.write("full/mine", b"");
    faults::fail_at(0, ErrorKind::PermissionDenied);
    let error = remove_empty_folder(&empty).unwrap_err();
    assert_eq!(faults::end(), 1);
    assert_eq!((error.action, &error.path), ("removing", &empty));
    remove_empty_folder(&empty).unwrap();
    // It is gone already.
    remove_empty_folder(&empty).unwrap();
    let error = remove_empty_folder(&full).unwrap_err();
    assert_eq!(error.error.kind(), ErrorKind::DirectoryNotEmpty);
    assert_eq!(folder.names(), ["full"]);
}
