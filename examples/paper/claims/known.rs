//! The bound against entropies that are known.

use iddpm::run::Mean;

use super::super::cell::{Cell, Goal, Noise, Size};
use super::super::claim::{Claim, Table, Test, above, mean, middle};
use super::super::program::Failure;
use super::super::sets::Set;
use super::super::work::Work;

const GOALS: [Goal; 3] = [Goal::Simple, Goal::Hybrid, Goal::VlbByImportance];
/// How far above the truth a bound may be.
const NEAR: f64 = 0.01;
/// Standard errors that chance may bring a mean over images below the truth.
const CHANCE: f64 = 4.0;

pub(super) fn entropy(work: &Work<'_>) -> Result<Claim, Failure> {
    let mut table = Table::new(["", "truth, bits/dim", "bound", "above the truth"]);
    let mut tests = Vec::new();
    let mut below = Vec::new();
    let mut lowest = f64::INFINITY;
    for set in [Set::Field, Set::Mosaic] {
        let data = work.data(set)?;
        let Some(truth) = &data.bits else {
            return Err(format!("{set}: its law is not known").into());
        };
        let mean_truth = middle(truth);
        let mut of_goals = Vec::new();
        for goal in GOALS {
            let cell = |seed| Cell {
                set,
                schedule: Noise::Cosine,
                goal,
                size: Size::Usual,
                seed,
            };
            let bounds = work.over_seeds(|seed| {
                let mut best = f64::INFINITY;
                for &variance in goal.variances() {
                    let bits = work.bits(cell(seed), variance, "all")?;
                    // Of the same images: what is above the truth is of the network and of the noise of the estimate.
                    let gaps = Mean::of(above(&bits.each, truth).into_iter());
                    lowest = lowest.min(gaps.mean / gaps.error.max(f64::MIN_POSITIVE));
                    if gaps.mean < -CHANCE * gaps.error {
                        below.push(format!("{}: {gaps}", cell(seed)));
                    }
                    best = best.min(bits.mean());
                }
                Ok(best)
            })?;
            table.row([
                format!("{set}, {goal}"),
                format!("{mean_truth:.4}"),
                mean(&bounds),
                format!("{:.2} %", 100.0 * (middle(&bounds) / mean_truth - 1.0)),
            ]);
            of_goals.push(bounds);
        }
        let [simple, hybrid, vlb] = &of_goals[..] else {
            return Err("three objectives are compared".into());
        };
        tests.push(Test::above_zero(
            format!("{set}: bits/dim of L_simple above those of L_hybrid"),
            "above 0",
            &above(simple, hybrid),
        ));
        // Of each seed the better of the two.
        let pairs = hybrid.iter().zip(vlb);
        let left =
            pairs.map(|(hybrid, vlb)| 100.0 * (NEAR - (hybrid.min(*vlb) / mean_truth - 1.0)));
        tests.push(Test::above_zero(
            format!(
                "{set}: the better of L_hybrid and L_vlb is less than 1 % above the truth (what is left of it, %)"
            ),
            "-",
            &left.collect::<Vec<f64>>(),
        ));
    }
    tests.push(Test::exact(
        "no evaluation is below the truth by more than chance",
        "a bound is none else",
        match below.is_empty() {
            true => format!("the lowest lies {lowest:+.1} standard errors from it"),
            false => below.join("; "),
        },
        below.is_empty(),
    ));
    Ok(Claim {
        number: 10,
        title: "Entropies that are known",
        paper: "The paper's bits/dim have no truth beside them. Of a Gaussian field and of a mosaic of listed tiles the probability of \
                every image is known: a bound is above -log₂ P/D in the mean, and a network that has learnt its data is little above.",
        tests,
        tables: vec![table],
        plots: Vec::new(),
    })
}
