//! Numbers that were measured, each in a file of its own: what is there is not measured again.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Instant;

use iddpm::files::{create_folder, write_bytes};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::program::{Failure, say};

/// A folder of numbers.
pub(crate) struct Kept {
    folder: PathBuf,
    /// What all that was asked for took, whenever that was.
    took: RefCell<BTreeMap<String, Took>>,
    /// What was made since the program began took.
    since: Cell<f64>,
}

/// A file of it.
#[derive(Serialize, Deserialize)]
struct File<T> {
    /// As text, what the numbers follow from: of another text they are others.
    of: String,
    took: Took,
    value: T,
}

/// What it took to make numbers.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Took {
    seconds: f64,
    /// The most memory that the process had had then, in bytes, where the system tells.
    peak: Option<u64>,
}

impl Kept {
    /// A folder, which is made where it is not there.
    pub(crate) fn new(folder: PathBuf) -> Result<Self, Failure> {
        create_folder(&folder)?;
        Ok(Self {
            folder,
            took: RefCell::default(),
            since: Cell::new(0.0),
        })
    }

    /// The numbers by a name, which follow from what `of` says: as they are kept, or made and then kept.
    pub(crate) fn get<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        of: &str,
        make: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let path = self.folder.join(format!("{name}.json"));
        if let Some(file) = read::<T>(&path)?.filter(|file| file.of == of) {
            self.took.borrow_mut().insert(name.into(), file.took);
            return Ok(file.value);
        }
        let (began, before) = (Instant::now(), self.since.get());
        let value = make()?;
        let elapsed = began.elapsed().as_secs_f64();
        // Without what others took that this one asked for.
        let seconds = elapsed - (self.since.get() - before);
        self.since.set(before + elapsed);
        let took = Took {
            seconds,
            peak: peak(),
        };
        let file = File {
            of: of.into(),
            took,
            value,
        };
        write_bytes(&path, &serde_json::to_vec_pretty(&file)?)?;
        self.took.borrow_mut().insert(name.into(), took);
        say(format_args!("{name}: {seconds:.0} s"))?;
        Ok(file.value)
    }

    /// What all that was asked for took, in seconds, whenever it was measured.
    pub(crate) fn seconds(&self) -> f64 {
        let took = self.took.borrow();
        took.values().fold(0.0, |sum, took| sum + took.seconds)
    }

    /// The most memory that it took, in bytes, where the system tells.
    pub(crate) fn peak(&self) -> Option<u64> {
        self.took
            .borrow()
            .values()
            .filter_map(|took| took.peak)
            .max()
    }
}

/// A file of numbers; `None` where there is none, or one of another form.
fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<File<T>>, Failure> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display()).into()),
    }
}

/// The most memory that this process has had, in bytes, where the system tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
