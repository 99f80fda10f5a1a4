//! The networks that each claim is of, and what all of it costs.

use super::cell::{Cell, Goal, Noise, Size};
use super::claims::CLAIMS;
use super::options::Options;
use super::program::{Failure, say};
use super::sets::Set;
use super::work::Work;

/// A kind of network: one is trained of each seed.
type Kind = (Set, Noise, Goal, Size);

const fn digits(schedule: Noise, goal: Goal) -> Kind {
    (Set::Digits, schedule, goal, Size::Usual)
}

/// Floating-point operations that a device does in a second, in training such networks: two cores of 2020, and a large GPU
/// through these kernels.
const RATES: [(&str, f64); 2] = [("two cores", 1e11), ("a GPU at 10 TFLOP/s", 1e13)];

/// The kinds of network that a claim is of.
fn kinds(claim: u32) -> Vec<Kind> {
    use Goal::{Hybrid, HybridByImportance, Simple, Vlb, VlbByImportance};
    use Noise::{Cosine, Linear};
    let known = |goal| [Set::Field, Set::Mosaic].map(|set| (set, Cosine, goal, Size::Usual));
    let sized = |size| (Set::Digits, Cosine, Hybrid, size);
    match claim {
        2 | 8 | 11 => vec![digits(Cosine, Hybrid)],
        3 => [Linear, Cosine]
            .into_iter()
            .flat_map(|schedule| {
                let sprites = (Set::Sprites, schedule, Hybrid, Size::Usual);
                [digits(schedule, Simple), digits(schedule, Hybrid), sprites]
            })
            .collect(),
        4 | 7 => [Simple, Hybrid].map(|goal| digits(Cosine, goal)).into(),
        5 => [Hybrid, HybridByImportance, Vlb, VlbByImportance]
            .map(|goal| digits(Cosine, goal))
            .into(),
        6 => [Linear, Cosine]
            .map(|schedule| digits(schedule, Hybrid))
            .into(),
        9 => [Size::Usual, Size::Deep, Size::Wide].map(sized).into(),
        10 => [Simple, Hybrid, VlbByImportance].map(known).concat(),
        _ => Vec::new(),
    }
}

/// The networks of the claims that are measured, each once.
pub(crate) fn cells(options: &Options) -> Vec<Cell> {
    let mut all: Vec<Cell> = Vec::new();
    for (claim, _) in CLAIMS.into_iter().filter(|&(claim, _)| options.has(claim)) {
        for (set, schedule, goal, size) in kinds(claim) {
            for seed in 0..options.seeds {
                let cell = Cell {
                    set,
                    schedule,
                    goal,
                    size,
                    seed,
                };
                if !all.contains(&cell) {
                    all.push(cell);
                }
            }
        }
    }
    all
}

/// Says what is trained, and what that costs.
pub(crate) fn say_cost(work: &Work<'_>, options: &Options) -> Result<(), Failure> {
    let mut all = 0.0;
    for cell in cells(options) {
        let steps = cell.steps(&work.scale);
        let cost = work.cost(cell)?;
        let flops = cost.flops as f64 * steps as f64;
        all += flops;
        say(format_args!(
            "{cell}: {steps} steps, {} parameters, {:.2} PFLOP",
            cost.parameters,
            flops * 1e-15
        ))?;
    }
    say(format_args!(
        "training: {:.1} PFLOP; what is drawn and evaluated is about as much again at the usual scale, and less at larger ones",
        all * 1e-15
    ))?;
    for (device, rate) in RATES {
        let hours = all / rate / 3600.0;
        say(format_args!("training takes {hours:.1} hours on {device}"))?;
    }
    Ok(())
}
