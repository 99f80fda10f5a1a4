//! What a network costs on a GPU, by counts that need none.

use std::fmt::Write;

use clap::ValueEnum;
use iddpm::gpu::{
    AttentionVariant, ConvVariant, Counts, DeviceClass, MatrixSide, Precision, Recorded, Reduction,
    Variants, WeightPlan, plan, record_step, record_training,
};
use iddpm::train::{Recompute, training_graph};
use iddpm::unet::Graph;

use super::program::Failure;

/// The most bytes of a buffer of weights: what every device binds.
const BINDING: u64 = 1 << 27;
/// Seconds that a dispatch took which had hardly any work, on an H100 (BENCHMARKS.md).
const LAUNCH: f64 = 9e-6;

/// The width of weights and activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Width {
    F32,
    F16,
}

/// A GPU by how many workgroups keep it busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Class {
    Large,
    Small,
}

/// A GPU that floors are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Floor {
    H100,
    H200,
    Rtx4090,
    SteamDeck,
}

impl Floor {
    /// What its maker says: bytes a second, and operations a second by width, of f16 with sums in f32 on its matrix units
    /// where it has such.
    const fn rates(self, width: Width) -> (f64, f64) {
        let (bytes, full, half) = match self {
            Self::H100 => (3.35e12, 67e12, 989e12),
            Self::H200 => (4.8e12, 67e12, 989e12),
            Self::Rtx4090 => (1.008e12, 82.6e12, 165e12),
            Self::SteamDeck => (88e9, 1.6e12, 3.3e12),
        };
        match width {
            Width::F32 => (bytes, full),
            Width::F16 => (bytes, half),
        }
    }
}

/// What is asked of the counts.
#[derive(clap::Args)]
pub(crate) struct CostOptions {
    /// Counts what a step of a run costs on a GPU, kernel by kernel, as of cifar10_uncond --cost --batch 64 --floor h100: its
    /// evaluation of the network, but for what a run makes once, for all timesteps. No GPU is touched. Told are dispatches, those that wait for the one before them, those behind a barrier, as one buffer has stretches
    /// of both; bytes that are bound, and that invocations ask for; operations; memory of a workgroup, and how often a vector or a
    /// matrix is loaded from there for each product.
    #[arg(long)]
    pub(crate) cost: bool,
    /// The width of weights and activations that is counted; f16 as on a GPU with matrices of 16x16.
    #[arg(long, value_enum, default_value_t = Width::F16, requires = "cost")]
    precision: Width,
    /// The class of the GPU: a small one is given its work in fewer pieces, which cost fewer bytes to put together.
    #[arg(long, value_enum, default_value_t = Class::Large, requires = "cost")]
    device_class: Class,
    /// Counts a step of training, of one microbatch and one moving average.
    #[arg(long, requires = "cost")]
    train: bool,
    /// Says what these dispatches take at least on this GPU, by its maker's figures, where nothing stays in a cache.
    #[arg(long, value_enum, requires = "cost")]
    floor: Option<Floor>,
}

impl Width {
    const fn precision(self) -> Precision {
        match self {
            Self::F32 => Precision::Full,
            Self::F16 => Precision::Half,
        }
    }

    /// What is chosen on a GPU of this class.
    const fn variants(self, class: Class) -> Variants {
        Variants {
            conv: match self {
                Self::F32 => ConvVariant::Tiled,
                Self::F16 => ConvVariant::Matrix(MatrixSide::Sixteen),
            },
            attention: match self {
                Self::F32 => AttentionVariant::Shared,
                Self::F16 => AttentionVariant::Matrix(MatrixSide::Sixteen),
            },
            reduction: Reduction::Subgroups,
            class: match class {
                Class::Large => DeviceClass::Large,
                Class::Small => DeviceClass::Small,
            },
        }
    }
}

/// Tells what a step of a network costs.
pub(crate) fn tell(graph: &Graph, options: &CostOptions, out: &mut String) -> Result<(), Failure> {
    let (recorded, what) = recorded(graph, options)?;
    let recording = &recorded.recording;
    let all = recorded.step();
    writeln!(
        out,
        "\ncost of {what}, {} images in {} on a {} GPU",
        graph.batch(),
        said(options.precision),
        said(options.device_class),
    )?;
    writeln!(
        out,
        "{:<24} {:>10} {:>9} {:>8} {:>10} {:>10} {:>10} {:>10} {:>9} {:>6}",
        "kernel",
        "dispatches",
        "dependent",
        "barriers",
        "workgroups",
        "MB bound",
        "MB moved",
        "GFLOP",
        "KiB",
        "loads"
    )?;
    for (name, counts) in recording.counts_by_kernel(all.clone()) {
        let dispatches = recording.dispatches.get(all.clone());
        let dispatches = dispatches.unwrap_or_default().iter();
        let of_kernel = dispatches.filter(|one| one.kernel.name == name);
        let memory = of_kernel.map(|one| one.kernel.workgroup_bytes(one.form));
        let memory = memory.max().unwrap_or(0);
        let loads = recording.loads_per_product(all.clone(), name);
        let loads = loads.map_or("-".into(), |loads| format!("{loads:.2}"));
        line(
            out,
            name,
            &counts,
            &format!("{:>9.1} {loads:>6}", memory as f64 / 1024.0),
        )?;
    }
    let counts = recording.counts(all);
    line(out, "all", &counts, "")?;
    if let Some(floor) = options.floor {
        let (bytes, operations) = floor.rates(options.precision);
        let milliseconds = |seconds: f64| 1e3 * seconds;
        writeln!(
            out,
            "floor of {}: {:.3} ms for dispatches, {:.3} for what is bound, {:.3} for operations",
            said(floor),
            milliseconds(counts.dispatches as f64 * LAUNCH),
            milliseconds(counts.bound as f64 / bytes),
            milliseconds(counts.flops as f64 / operations),
        )?;
    }
    Ok(())
}

/// A value as the command line has it.
fn said(value: impl ValueEnum) -> String {
    let value = value.to_possible_value();
    value.map_or(String::new(), |value| value.get_name().into())
}

/// What a step dispatches, and what that is called.
fn recorded(graph: &Graph, options: &CostOptions) -> Result<(Recorded, &'static str), Failure> {
    let (precision, variants) = (
        options.precision.precision(),
        options.precision.variants(options.device_class),
    );
    if options.train {
        let graph = training_graph(graph, Recompute::Nothing)?;
        let weights = WeightPlan::new(&graph, precision, BINDING)?;
        let recorded = record_training(&graph, &weights, variants, 1)?;
        return Ok((recorded, "a step of training"));
    }
    let weights = WeightPlan::new(graph, precision, BINDING)?;
    let recorded = record_step(graph, &plan(graph, precision), &weights, variants)?;
    Ok((recorded, "a step of a run"))
}

fn line(out: &mut String, name: &str, counts: &Counts, rest: &str) -> std::fmt::Result {
    let scaled = |number: u64, unit: f64| number as f64 / unit;
    let text = format!(
        "{name:<24} {:>10} {:>9} {:>8} {:>10} {:>10.1} {:>10.1} {:>10.2} {rest}",
        counts.dispatches,
        counts.dependent,
        counts.barriers,
        counts.workgroups,
        scaled(counts.bound, 1e6),
        scaled(counts.moved, 1e6),
        scaled(counts.flops, 1e9),
    );
    writeln!(out, "{}", text.trim_end())
}
