//! In place of the counts, where there are no kernels to count.

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
    Err("--cost: this program was built without kernels: cargo run --release --example inspect --features train".into())
}
