//! The networks that each claim is of, and what all of it costs.

use iddpm::diffusion::Timesteps;

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

/// Floating-point operations in a second: of two cores, and of a large GPU by these kernels.
const RATES: [f64; 2] = [3e11, 1e13];

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
        9 => [Size::Short, Size::Deep, Size::Wide].map(sized).into(),
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

/// About how often a claim evaluates networks for each sample of a seed.
const fn evaluations(claim: u32) -> u64 {
    match claim {
        3 => 6 * 50,
        4 => 2 * 50,
        5 => 4 * 50,
        6 => 2 * 218,
        7 => 7 * 440,
        9 => 12 * 50,
        11 => 440 + 450,
        _ => 0,
    }
}

/// Says what is trained, and about what all of it costs.
pub(crate) fn say_cost(work: &Work<'_>, options: &Options) -> Result<(), Failure> {
    let (mut trained, mut evaluated, mut once) = (0.0, 0.0, 0.0);
    for cell in cells(options) {
        let steps = cell.steps(&work.scale);
        let cost = work.cost(cell)?;
        let flops = cost.flops as f64 * steps as f64;
        trained += flops;
        // Backward is twice as much as forward.
        let forward = cost.flops as f64 / (3 * work.scale.batch) as f64;
        let terms = Timesteps::parse(cell.bound(&work.scale))?;
        let terms = terms.count(cell.timesteps(work.scale.kind))?;
        let images = terms * work.scale.evaluated * cell.goal.variances().len();
        evaluated += forward * images as f64;
        if (cell.set, cell.size) == (Set::Digits, Size::Usual) {
            once = forward;
        }
        say(format_args!(
            "{cell}: {steps} steps, {} parameters, {:.2} PFLOP",
            cost.parameters,
            flops * 1e-15
        ))?;
    }
    let claims = CLAIMS.into_iter().map(|(claim, _)| claim);
    let each: u64 = claims
        .filter(|&claim| options.has(claim))
        .map(evaluations)
        .sum();
    let drawn = once * (each * options.seeds * work.scale.samples as u64) as f64;
    for (what, flops) in [
        ("training", trained),
        ("samples, about", drawn),
        ("bounds, on the processor, about", evaluated),
    ] {
        let [cores, gpu] = RATES.map(|rate| flops / rate / 3600.0);
        say(format_args!(
            "{what}: {:.2} PFLOP: {cores:.1} hours at 0.3 TFLOP/s, as of two cores, {gpu:.1} at 10",
            flops * 1e-15
        ))?;
    }
    Ok(())
}
