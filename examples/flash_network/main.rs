//! Writes a network for the flash of a microcontroller: its program, its weights in f16 and a table of steps as files of
//! bytes, a Rust module of constants and a header for C.
//!
//! `cargo run --release --example flash_network --features run -- examples/assets/sprites32_4_steps.safetensors --out flash`

mod c;
mod flash;
#[path = "../support/program.rs"]
mod program;
mod rust;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use iddpm::files::{create_folder, write_whole};
use iddpm::{Draw, Error, Model};

use flash::Flash;
use program::{Failure, say};

/// Writes a network for the flash of a microcontroller, which runs it without a heap and without an operating system.
#[derive(Parser)]
#[command(
    after_help = "DIR gets program.bin and weights.bin, which are linked as they are; network.rs, a module that includes both:

  #[path = \"DIR/network.rs\"] mod network;

  // memory: &'static mut network::Memory, as of cortex_m::singleton!(: network::Memory = network::Memory::NEW)
  let process = Process::from_table(&network::MODEL, &network::STEPS)?;
  let sampler = Sampler::new(&process, network::METHOD, Clip::Unit)?;
  let (mut net, mut image) = memory.split()?;
  let sample = Sample { noise: Noise::new(7), number: 0, label: Some(3) }; // label: None without classes
  sample.run(sampler, &mut net, &mut image)?;                              // the image is image.x, in [-1, 1]

and for C network.h, which has the same constants beside iddpm_network.h, whose calls run the network, and network.S, which
brings the bytes of both files (-I DIR): examples/c/firmware/network.c draws with them. A program has one of them.
The crate is iddpm with default-features = false and features = [\"cpu\"]; from the crate come
  use iddpm::diffusion::{Clip, Noise, Process, Sample, Sampler};
A step of a large network takes long: net.begin(...) makes pieces of it (cpu::Run)."
)]
struct Options {
    /// A checkpoint; a run of train, or a state of one, stands for its average.
    checkpoint: PathBuf,
    /// How many steps, or which, as of sample. As many as the method wants, where none are given; of a distilled network those
    /// that it was distilled to.
    #[arg(long)]
    steps: Option<String>,
    /// How each step is taken: ancestral, ddim, dpm or heun; dpm and heun keep one more image in memory. ancestral where it is
    /// not said, or of a distilled network ddim.
    #[arg(long)]
    method: Option<String>,
    /// A section for the weights, which a linker's script may put into another memory than the code: .weights
    #[arg(long, value_parser = section)]
    section: Option<String>,
    /// The folder that gets the files; those of these names there are replaced.
    #[arg(long)]
    out: PathBuf,
}

/// The name of a section.
fn section(text: &str) -> Result<String, String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    match !text.is_empty() && text.bytes().all(is_plain) {
        true => Ok(text.into()),
        false => Err("a name of letters, digits and . _ -, as .weights".into()),
    }
}

fn main() -> ExitCode {
    program::run(write)
}

fn write(options: &Options) -> Result<(), Failure> {
    let model = Model::open(&options.checkpoint)?;
    model.notes().iter().try_for_each(say)?;
    let section = options.section.clone();
    let flash = Flash::new(&model, draw(options, &model), section).map_err(by_option)?;
    let out = &options.out;
    create_folder(out).map_err(|error| format!("--out {error}"))?;
    let (module, header, symbols) = (rust::module(&flash), c::header(&flash), c::symbols(&flash));
    for (name, bytes) in [
        ("program.bin", flash.program.as_bytes()),
        ("weights.bin", &flash.weights),
        ("network.rs", module.as_bytes()),
        ("network.h", header.as_bytes()),
        ("network.S", symbols.as_bytes()),
    ] {
        file(&out.join(name), bytes).map_err(|error| format!("--out {error}"))?;
    }
    say(flash.told())?;
    say(out.display())
}

/// Ancestral sampling is what a microcontroller takes where nothing is said: it keeps no second image.
fn draw(options: &Options, model: &Model) -> Draw {
    let draw = match &options.steps {
        Some(steps) => Draw::new().steps(steps),
        None => Draw::new(),
    };
    match (&options.method, &model.description().grid) {
        (Some(method), _) => draw.method(method),
        (None, None) => draw.method("ancestral"),
        (None, Some(_)) => draw,
    }
}

/// An error by the option that it names.
fn by_option(error: Error) -> Failure {
    match error {
        Error::Draw(error) if error.option().is_some() => format!("--{error}").into(),
        error => error.into(),
    }
}

fn file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_whole(path, |file| Ok(file.write_all(bytes)?))
}
