//! Numbers that were measured, each in a file of its own: what is there is not measured again.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use iddpm::files::{create_folder, write_bytes};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::program::{Failure, say};

/// A folder of numbers.
pub(crate) struct Kept {
    folder: PathBuf,
    /// What all that was asked for took, whenever that was.
    seconds: RefCell<BTreeMap<String, f64>>,
    /// What was made since the program began took.
    since: Cell<f64>,
}

/// A file of it.
#[derive(Serialize, Deserialize)]
struct File<T> {
    /// As text, what the numbers follow from: of another text they are others.
    of: String,
    seconds: f64,
    value: T,
}

impl Kept {
    /// A folder, which is made where it is not there.
    pub(crate) fn new(folder: PathBuf) -> Result<Self, Failure> {
        create_folder(&folder)?;
        Ok(Self {
            folder,
            seconds: RefCell::default(),
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
        let there = std::fs::read(&path).ok();
        let there = there.and_then(|bytes| serde_json::from_slice::<File<T>>(&bytes).ok());
        if let Some(file) = there.filter(|file| file.of == of) {
            self.took(name, file.seconds);
            return Ok(file.value);
        }
        let (began, before) = (Instant::now(), self.since.get());
        let value = make()?;
        let elapsed = began.elapsed().as_secs_f64();
        // Without what others took that this one asked for.
        let seconds = elapsed - (self.since.get() - before);
        self.since.set(before + elapsed);
        let file = File {
            of: of.into(),
            seconds,
            value,
        };
        write_bytes(&path, &serde_json::to_vec_pretty(&file)?)?;
        self.took(name, seconds);
        say(format_args!("{name}: {seconds:.0} s"))?;
        Ok(file.value)
    }

    fn took(&self, name: &str, seconds: f64) {
        self.seconds.borrow_mut().insert(name.into(), seconds);
    }

    /// What all that was asked for took, in seconds, whenever it was measured.
    pub(crate) fn seconds(&self) -> f64 {
        self.seconds.borrow().values().sum()
    }
}
