//! Files that are there whole or not at all.

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

/// Writes a file beside its place, syncs it and moves it there; nothing is left of one that failed.
pub(crate) fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let unfinished = path.with_file_name(name);
    let attempt = || -> Result<(), Box<dyn Error>> {
        let mut file = BufWriter::new(File::create(&unfinished)?);
        write(&mut file)?;
        file.flush()?;
        file.get_ref().sync_all()?;
        Ok(fs::rename(&unfinished, path)?)
    };
    attempt().map_err(|error| {
        // Why it failed matters more than a file that stays.
        let _ = fs::remove_file(&unfinished);
        format!("{}: {error}", path.display()).into()
    })
}
