//! Figure 2: where the bits are.

use super::super::cell::{Cell, Goal, Noise};
use super::super::claim::{Claim, Drawing, Table, Test, mean, middle};
use super::super::program::Failure;
use super::super::work::Work;

/// The first steps, as a share of all, and the share that the claim is of.
const SHARES: [f64; 3] = [0.01, 0.05, TENTH];
const TENTH: f64 = 0.1;

pub(super) fn shares(work: &Work<'_>) -> Result<Claim, Failure> {
    let terms = |seed| {
        let cell = Cell::digits(Noise::Cosine, Goal::Hybrid, seed);
        // The least noisy first.
        let terms = work.bits(cell, None, "all")?.terms;
        Ok::<Vec<f64>, Failure>(terms.into_iter().rev().collect())
    };
    let of_first = |share: f64| {
        work.over_seeds(|seed| {
            let terms = terms(seed)?;
            let first = (share * terms.len() as f64).round() as usize;
            let sum: f64 = terms.iter().sum();
            Ok(terms.iter().take(first).sum::<f64>() / sum)
        })
    };
    let mut table = Table::new(["first steps", "of the bits"]);
    for share in SHARES {
        let found = of_first(share)?;
        table.row([
            format!("{:.0} %", 100.0 * share),
            format!("{:.1} %", 100.0 * middle(&found)),
        ]);
    }
    let of_tenth = of_first(TENTH)?;
    let beyond: Vec<f64> = of_tenth.iter().map(|share| share - 0.5).collect();
    let mut lines = Vec::new();
    for seed in 0..work.scale.seeds {
        let terms = terms(seed)?.into_iter().enumerate();
        lines.push((
            format!("seed {seed}"),
            terms
                .map(|(step, term)| (step as f64 + 1.0, term))
                .collect(),
        ));
    }
    Ok(Claim {
        number: 2,
        title: "Figure 2: the first steps have most of the bits",
        paper: "The terms of the bound fall steeply with t: the first few steps contribute most.",
        tests: vec![Test::above_zero(
            format!(
                "the first tenth of the steps has more than half of the bits (its share less ½: {})",
                mean(&beyond)
            ),
            "yes",
            &beyond,
        )],
        tables: vec![table],
        plots: vec![Drawing::new(
            "figure-2.svg",
            "Terms of the bound, digits, cosine, L_hybrid",
            ("t + 1", true),
            "bits/dim",
            lines,
        )],
    })
}
