//! What is known of a device from one start of a program to the next: files in a folder that the program gives.
//!
//! ```text
//! digest u64 of all else: what is kept, adapter, driver | what is kept
//! ```
//!
//! Little-endian; the digest is FNV-1a. A file that is damaged, another's, or of another driver is none.

use std::format;
use std::path::{Path, PathBuf};
use std::string::String;

use std::vec::Vec;

use crate::diffusion::fingerprint::Fingerprint;
use crate::files::{FileError, create_folder, read_bytes, write_bytes};

/// The largest file that is read.
const MOST_BYTES: u64 = 1 << 28;

/// A folder's files of one adapter.
#[derive(Debug, Clone)]
pub(super) struct Store {
    folder: PathBuf,
    /// What the adapter's files are called, and what its driver's begin with.
    name: String,
    of: Fingerprint,
}

impl Store {
    /// Makes the folder where it is not there.
    pub(super) fn new(folder: &Path, info: &wgpu::AdapterInfo) -> Result<Self, FileError> {
        create_folder(folder)?;
        let name = format!("{:?}-{}-{}", info.backend, info.vendor, info.device).to_lowercase();
        let mut of = Fingerprint::new();
        for text in [&name, &info.name, &info.driver, &info.driver_info] {
            of.add_u64(text.len() as u64);
            of.add_bytes(text.as_bytes());
        }
        Ok(Self {
            folder: folder.into(),
            name,
            of,
        })
    }

    /// What was [kept](Self::keep) last under this name, of this adapter and this driver.
    pub(super) fn read(&self, what: &str) -> Option<Vec<u8>> {
        let mut all = read_bytes(self.path(what), MOST_BYTES).ok()?;
        let (digest, kept) = all.split_first_chunk()?;
        let is_ours = u64::from_le_bytes(*digest) == self.digest(what, kept);
        is_ours.then(|| all.split_off(size_of::<u64>()))
    }

    /// Keeps it, whole or not at all. Where it cannot be written, the next start is without it, as the first one was.
    pub(super) fn keep(&self, what: &str, bytes: &[u8]) {
        let all = [&self.digest(what, bytes).to_le_bytes(), bytes].concat();
        drop(write_bytes(self.path(what), &all));
    }

    fn path(&self, what: &str) -> PathBuf {
        self.folder.join(format!("{}.{what}", self.name))
    }

    fn digest(&self, what: &str, bytes: &[u8]) -> u64 {
        let mut digest = self.of;
        digest.add_bytes(what.as_bytes());
        digest.add_u64(bytes.len() as u64);
        digest.add_bytes(bytes);
        digest.finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::{assert, assert_eq, env, format, fs, process};

    use super::Store;

    /// What was kept comes back; whatever else lies there is nothing.
    #[test]
    fn a_file_is_ours_or_none() {
        let folder = env::temp_dir().join(format!("iddpm-store-{}", process::id()));
        let mut info = wgpu::AdapterInfo::new(wgpu::DeviceType::Other, wgpu::Backend::Vulkan);
        info.driver_info = "1.0".into();
        let store = Store::new(&folder, &info).unwrap();
        assert_eq!(store.read("test"), None);
        for kept in [&b"first"[..], b"second", b""] {
            store.keep("test", kept);
            assert_eq!(store.read("test").as_deref(), Some(kept));
        }
        store.keep("test", b"kept");
        let path = store.path("test");
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            for bytes in [&damaged[..], &whole[..at]] {
                fs::write(&path, bytes).unwrap();
                assert_eq!(store.read("test"), None, "at {at}");
            }
        }
        // Another driver's, and of something else.
        store.keep("test", b"kept");
        info.driver_info = "1.1".into();
        let updated = Store::new(&folder, &info).unwrap();
        assert_eq!(updated.path("test"), path);
        assert_eq!(updated.read("test"), None);
        fs::rename(&path, store.path("other")).unwrap();
        assert_eq!(store.read("other"), None);
        // What cannot be written is not there.
        fs::remove_dir_all(&folder).unwrap();
        store.keep("test", b"lost");
        assert_eq!(store.read("test"), None);
        fs::write(&folder, "a file").unwrap();
        assert!(Store::new(&folder, &info).is_err());
        fs::remove_file(&folder).unwrap();
    }
}
