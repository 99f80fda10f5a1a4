//! What the command line says.

use std::path::PathBuf;

use clap::Parser;
use iddpm::Model;

use super::device_options::DeviceOptions;
use super::milliseconds::milliseconds;
use super::program::Failure;
use super::seed::Seed;

/// A window that draws with a model.
#[derive(Parser, Clone)]
pub(crate) struct Options {
    /// A checkpoint; a run of train, or a state of one, stands for its average. The shipped sprites where none
    /// is given. Another can be dropped on the window.
    #[arg(long)]
    checkpoint: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) device: DeviceOptions,
    /// The class of the first drawing, by number or by name; the first class where none is given.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) class: Option<String>,
    /// What the noise of the first drawing follows from: a number, or random, which draws one and says it.
    #[arg(long, default_value = "0", allow_hyphen_values = true)]
    pub(crate) seed: Seed,
    /// Milliseconds of each frame that a drawing may take: above 0, and up to 1000.
    #[arg(long, default_value_t = 8.0, value_parser = milliseconds)]
    pub(crate) milliseconds: f64,
}

impl Options {
    /// The model that was asked for.
    pub(crate) fn model(&self) -> Result<Model, Failure> {
        let shipped = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../assets/sprites32.safetensors"
        );
        let path = self.checkpoint.clone().unwrap_or_else(|| shipped.into());
        Model::open(path).map_err(|error| format!("--checkpoint: {error}").into())
    }
}
