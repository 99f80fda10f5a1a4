//! cross FOLDER: does what must give the same bytes on every machine, whatever the order of its bytes and whatever
//! vectors it has. Each result is a file of the folder, to be compared with those that another machine made.

mod checkpoints;
mod drawn;
mod learned;
mod pictures;

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

pub type Result<T = ()> = core::result::Result<T, Box<dyn Error>>;

pub const DIGITS: &[u8] = include_bytes!("../../../examples/assets/digits16.safetensors");

fn main() -> Result {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or("into which folder?")?);
    fs::create_dir_all(&folder)?;
    checkpoints::write(&folder)?;
    let apart = drawn::write(&folder)?;
    learned::write(&folder)?;
    pictures::write(&folder)?;
    println!("the network's fast path is within {apart:.0e} of its plain loops");
    Ok(())
}
