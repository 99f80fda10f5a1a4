//! In place of the counts, without the feature train: a step of training is among them.

use iddpm::unet::Graph;

use super::program::Failure;

/// What is asked of the counts.
#[derive(clap::Args)]
pub(crate) struct CostOptions {
    /// Counts what a step costs on a GPU; of a program that is built with the feature train.
    #[arg(long)]
    pub(crate) cost: bool,
}

/// Says how there would be counts.
pub(crate) fn tell(_: &Graph, _: &CostOptions, _: &mut String) -> Result<(), Failure> {
    Err("--cost: this program was built without the feature train: cargo run --release --example inspect --features train".into())
}
