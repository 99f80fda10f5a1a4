//! Files written whole or not at all: links, modes, streams, leftovers, several writers, and every operation
//! made to fail in turn.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod faults;
mod fresh;
mod places;
#[path = "../support/scratch.rs"]
mod scratch;
#[cfg(unix)]
mod unix;
mod writers;

use std::io::Write;
use std::path::Path;

use iddpm::files::{FileError, write_whole};

/// Writes a text.
fn put(path: impl AsRef<Path>, text: &str) -> Result<(), FileError> {
    write_whole(path, |file| {
        for piece in text.as_bytes().chunks(100_000) {
            // What fails is told by the module.
            let _ = file.write_all(piece);
        }
        Ok(())
    })
}

fn text(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap()
}
