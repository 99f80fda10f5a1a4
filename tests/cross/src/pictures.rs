//! What is read of pictures and archives: pixels, and the digest of all.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use iddpm::data::{self, Broken, Classes, Fit, Options};
use iddpm::unet::Extents;

use crate::Result;

/// Two by two grey pixels of 16 bits, which a reader of pictures hands on as the machine's own numbers.
const WIDE: &[u8] = include_bytes!("../wide.png");

pub fn write(folder: &Path) -> Result {
    fs::create_dir_all(folder.join("wide"))?;
    fs::write(folder.join("wide/1.png"), WIDE)?;
    let mut read = String::new();
    // The archive was written before.
    for (name, side) in [("wide", 2), ("begun.npz", 8)] {
        let fit = Fit::Exactly(Extents {
            channels: 1,
            height: side,
            width: side,
        });
        let options = Options {
            fit,
            classes: Classes::None,
            alpha: None,
        };
        let data = data::open(folder.join(name), &options)?.data;
        let digest = data.fingerprint(Broken::Fatal)?;
        writeln!(read, "{name} {digest:016x} {:02x?}", data.get(0)?.pixels)?;
    }
    if !read.contains("[12, 34, 56, fe]") {
        return Err(format!("of 16 bits the upper 8 are not what was read: {read}").into());
    }
    Ok(fs::write(folder.join("read.txt"), read)?)
}
