//! Files that are there whole or not at all.

use std::error::Error;
use std::io::BufWriter;
use std::path::Path;

use atomic_write_file::AtomicWriteFile;

/// Writes a file beside its place, syncs it and moves it there; nothing is left of one that failed.
pub(crate) fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<AtomicWriteFile>) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let attempt = || -> Result<(), Box<dyn Error>> {
        let mut file = BufWriter::new(AtomicWriteFile::open(path)?);
        write(&mut file)?;
        Ok(file.into_inner()?.commit()?)
    };
    attempt().map_err(|error| format!("{}: {error}", path.display()).into())
}
