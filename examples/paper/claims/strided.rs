//! Appendix E: bits/dim over fewer steps, with the early ones and without.

use iddpm::diffusion::Timesteps;

use super::super::cell::{Cell, Goal, Noise};
use super::super::claim::{Claim, Drawing, Table, Test, above, mean, middle};
use super::super::program::Failure;
use super::super::work::Work;

/// The numbers of even steps.
const EVEN: [u32; 4] = [10, 25, 50, 100];
/// Even steps that are taken beside every early one.
const BESIDE: [u32; 4] = [25, 50, 100, 200];
/// Those that the claim is of.
const OF: u32 = 50;

pub(super) fn early(work: &Work<'_>) -> Result<Claim, Failure> {
    let cell = |seed| Cell::digits(Noise::Cosine, Goal::Hybrid, seed);
    let timesteps = cell(0).timesteps(work.scale.kind);
    let bits = |steps: &str| work.over_seeds(|seed| Ok(work.bits(cell(seed), None, steps)?.mean()));
    let mut table = Table::new(["steps", "evenly", "with every early one"]);
    let mut evenly = Vec::new();
    let mut falls = true;
    let mut before: Option<Vec<f64>> = None;
    for steps in EVEN {
        let even = bits(&steps.to_string())?;
        table.row([steps.to_string(), mean(&even), String::new()]);
        evenly.push((f64::from(steps), middle(&even)));
        let mut of_fewer = before.iter().flat_map(|of_fewer| even.iter().zip(of_fewer));
        falls &= of_fewer.all(|(more, fewer)| more <= fewer);
        before = Some(even);
    }
    let mut with_early = Vec::new();
    let mut gain = Vec::new();
    for beside in BESIDE {
        let name = format!("early{beside}");
        let count = Timesteps::parse(&name)?.count(timesteps)?;
        // Of as many steps, all of them even.
        let (early, even) = (bits(&name)?, bits(&count.to_string())?);
        table.row([count.to_string(), mean(&even), mean(&early)]);
        with_early.push((count as f64, middle(&early)));
        evenly.push((count as f64, middle(&even)));
        if beside == OF {
            gain = above(&even, &early);
        }
    }
    evenly.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    Ok(Claim {
        number: 8,
        title: "Appendix E: the bound over fewer steps needs the early ones",
        paper: "Over an even subset of the steps the bound is loose; with every one of the first T/K steps besides it is nearly that of \
                all steps.",
        tests: vec![
            Test::exact(
                "the more steps, the lower the bound, of each seed",
                "yes",
                format!("of {EVEN:?} even steps"),
                falls,
            ),
            Test::above_zero(
                "bits/dim of even steps above those of as many, of which 50 are even and the others early",
                "above 0",
                &gain,
            ),
        ],
        tables: vec![table],
        plots: vec![Drawing::new(
            "appendix-e.svg",
            "Bits/dim over fewer steps, digits, cosine, L_hybrid",
            ("steps", true),
            "bits/dim",
            vec![
                ("evenly".into(), evenly),
                ("with the early ones".into(), with_early),
            ],
        )],
    })
}
