//! Digests, by which it is seen whether the files of a state are those that were saved, and a teacher the same.

use std::format;
use std::path::Path;
use std::string::String;

use serde::{Deserialize, Serialize};

use crate::diffusion::fingerprint::Fingerprint;
use crate::files::FileError;
use crate::files::regular::{self, open_file};

/// A digest, FNV-1a of 64 bits; as text 16 digits, as JSON text too, since not every reader of JSON has 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Digest(pub u64);

impl Digest {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut digest = Fingerprint::new();
        digest.add_bytes(bytes);
        Self(digest.finish())
    }

    /// Of a file, read piece by piece.
    pub(super) fn of_file(path: &Path) -> Result<Self, FileError> {
        let (file, bytes) = open_file(path)?;
        let mut digest = Fingerprint::new();
        regular::digest(file, bytes, &mut digest).map_err(FileError::of("reading", path))?;
        Ok(Self(digest.finish()))
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
