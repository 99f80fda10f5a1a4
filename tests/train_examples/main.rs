//! `examples/train`, `nll` and `make_sprites` as programs: that learning happens, and what the programs
//! write and refuse.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../support/copy.rs"]
mod copy;
#[path = "../support/hostile.rs"]
mod hostile;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/run.rs"]
mod run;
#[path = "../support/scratch.rs"]
#[allow(dead_code)]
mod scratch;

mod backends;
mod folders;
mod held_out;
mod hostile_values;
mod initial;
mod interrupted;
mod learning;
mod options;
mod refusals;
#[cfg(unix)]
mod signals;
mod sprites;
mod words;
mod writers;

use std::io::Write;
use std::path::Path;

use npyz::WriterBuilder;
use run::{run, succeed};
use scratch::Scratch;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Runs it badly; the one line in which it says why.
fn refuse(name: &str, scratch: &Scratch, arguments: &str) -> String {
    let output = run(name, scratch, arguments);
    assert!(!output.status.success(), "{name} {arguments}: not refused");
    let errors = String::from_utf8(output.stderr).unwrap();
    let line = errors.lines().last().unwrap_or_default().to_owned();
    assert!(!errors.contains("panicked"), "{name} {arguments}: {errors}");
    line
}

/// Writes an archive as the public tools read it: images [N, H, W, C], and labels where there are any.
fn archive(path: &Path, shape: [u64; 4], pixels: &[u8], labels: &[i64]) {
    let mut archive = ZipWriter::new(std::fs::File::create(path).unwrap());
    archive
        .start_file("arr_0.npy", SimpleFileOptions::default())
        .unwrap();
    let options = npyz::WriteOptions::new().default_dtype().shape(&shape);
    let mut array = options.writer(&mut archive).begin_nd().unwrap();
    array.extend(pixels.iter().copied()).unwrap();
    array.finish().unwrap();
    if !labels.is_empty() {
        archive
            .start_file("arr_1.npy", SimpleFileOptions::default())
            .unwrap();
        let shape = [labels.len() as u64];
        let options = npyz::WriteOptions::new().default_dtype().shape(&shape);
        let mut array = options.writer(&mut archive).begin_nd().unwrap();
        array.extend(labels.iter().copied()).unwrap();
        array.finish().unwrap();
    }
    archive.finish().unwrap().flush().unwrap();
}
