//! Digests of a state's files, by which it is seen whether they are those that were saved.

use std::format;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::string::String;
use std::vec;

use serde::{Deserialize, Serialize};

use super::error::TrainError;
use crate::diffusion::fingerprint::Fingerprint;
use crate::files::FileError;

/// Bytes that are read at once.
const PIECE: usize = 1 << 18;

/// FNV-1a of 64 bits; as text 16 digits, as JSON text too, since not every reader of JSON has 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(super) struct Digest(pub(super) u64);

impl Digest {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut digest = Fingerprint::new();
        digest.add_bytes(bytes);
        Self(digest.finish())
    }

    /// Of a file, read piece by piece.
    pub(super) fn of_file(path: &Path) -> Result<Self, TrainError> {
        let read = || -> io::Result<Self> {
            let mut file = File::open(path)?;
            let mut piece = vec![0; PIECE];
            let mut digest = Fingerprint::new();
            loop {
                match file.read(&mut piece)? {
                    0 => return Ok(Self(digest.finish())),
                    read => digest.add_bytes(piece.get(..read).unwrap_or_default()),
                }
            }
        };
        read().map_err(reading(path))
    }
}

/// For `map_err`: what went wrong while a file was read.
pub(super) fn reading(path: &Path) -> impl FnOnce(io::Error) -> TrainError {
    move |error| {
        TrainError::File(FileError {
            action: "reading",
            path: path.into(),
            error,
        })
    }
}

impl From<Digest> for String {
    fn from(Digest(digest): Digest) -> Self {
        format!("{digest:016x}")
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let digest = u64::from_str_radix(&text, 16).ok().filter(|_| digits);
        digest
            .map(Self)
            .ok_or_else(|| format!("{text:?} is not a digest of 16 digits"))
    }
}
