//! What the command line says.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use super::device_options::DeviceOptions;
use super::program::Failure;
use super::real::real;
use super::whole::whole;

/// What `--quick` stands for.
const QUICK: f64 = 0.04;
/// How large a scale may be, and how small.
const SCALES: std::ops::RangeInclusive<f64> = 1e-3..=1e4;

/// Reproduces the paper at a small scale: trains every network of its comparisons, measures them, and writes paper.md.
#[derive(Parser)]
#[command(
    after_help = "What was trained and measured is kept in --out: the same command goes on where it was stopped, and with
--only it measures a part, and writes claims-2-8.md, say, in place of paper.md. All of it follows from the seeds; on the processor every bit does.

CIFAR-10, on a GPU, with networks as large as the paper's (but of classes, with a rate that falls to 0, and one image in three
held out; bits/dim are of 64 images, by the processor, over 50 steps and the early ones):
  cargo run --release --example paper --features train,evaluate -- --data cifar-10-batches-bin --network published \\
      --scale 600 --only 2,3,4,5,6,8,9,11 --out paper-cifar10 --plan     (what it costs; without --plan, the run)"
)]
pub(crate) struct Options {
    /// The folder of networks, numbers and paper.md.
    #[arg(long, default_value = "paper")]
    pub(crate) out: PathBuf,
    /// The claims that are measured: all of them, 1 to 11, where none are named.
    #[arg(long, value_name = "N,N", value_delimiter = ',', value_parser = whole::<u32>(1..=11))]
    only: Vec<u32>,
    /// A run of minutes: --scale 0.04.
    #[arg(long, conflicts_with = "scale")]
    quick: bool,
    /// Times the steps of training of the usual scale, which takes two hours on two cores; images are as its root.
    #[arg(long, value_name = "FACTOR", value_parser = real)]
    scale: Option<f64>,
    /// Networks of each kind, of the seeds 0, 1, 2, ...
    #[arg(long, default_value_t = 3, value_parser = whole::<u64>(2..=32))]
    pub(crate) seeds: u64,
    /// Images with classes in place of the digits: a folder of pictures, an .npz archive, CIFAR-10's folder.
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
    /// The network of these images and its T.
    #[arg(long, value_enum, default_value_t = Kind::Small)]
    pub(crate) network: Kind,
    /// Says what would be trained, and what it costs, and ends.
    #[arg(long)]
    pub(crate) plan: bool,
    #[command(flatten)]
    pub(crate) device: DeviceOptions,
}

/// A kind of network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// 32 channels on two levels, T = 1000.
    Small,
    /// The paper's of CIFAR-10: 128 channels on four levels, T = 4000.
    Published,
}

impl Options {
    /// Refuses what can be found wrong before anything is spent.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let scale = self.scale();
        if !SCALES.contains(&scale) {
            let (least, most) = (SCALES.start(), SCALES.end());
            return Err(format!("--scale {scale}: must be within {least} to {most}").into());
        }
        self.device.check()
    }

    /// Times the steps of the usual scale.
    pub(crate) fn scale(&self) -> f64 {
        match self.quick {
            true => QUICK,
            false => self.scale.unwrap_or(1.0),
        }
    }

    /// Whether all claims are measured.
    pub(crate) fn has_all(&self) -> bool {
        self.only.is_empty()
    }

    /// Whether a claim is measured.
    pub(crate) fn has(&self, claim: u32) -> bool {
        self.only.is_empty() || self.only.contains(&claim)
    }
}
