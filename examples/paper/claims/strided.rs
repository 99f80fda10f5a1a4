//! Appendix E: bits/dim over fewer steps, with the early ones and without.

use super::super::cell::{Cell, Goal, Noise};
use super::super::claim::{Claim, Drawing, Table, Test, above, mean, middle};
use super::super::program::Failure;
use super::super::work::Work;

/// The numbers of steps that are kept.
const KEPT: [u32; 4] = [10, 25, 50, 100];
/// The one that the claim is of.
const OF: u32 = 50;

pub(super) fn early(work: &Work<'_>) -> Result<Claim, Failure> {
    let bits = |steps: &str| {
        work.over_seeds(|seed| {
            let cell = Cell::digits(Noise::Cosine, Goal::Hybrid, seed);
            Ok(work.bits(cell, None, steps)?.mean())
        })
    };
    let all = bits("all")?;
    let mut table = Table::new(["steps", "evenly", "with the early ones"]);
    let (mut evenly, mut with_early) = (Vec::new(), Vec::new());
    let mut gain = Vec::new();
    let mut falls = true;
    let mut before: Option<Vec<f64>> = None;
    for kept in KEPT {
        let (even, early) = (bits(&kept.to_string())?, bits(&format!("early{kept}"))?);
        table.row([kept.to_string(), mean(&even), mean(&early)]);
        evenly.push((f64::from(kept), middle(&even)));
        with_early.push((f64::from(kept), middle(&early)));
        if kept == OF {
            gain = above(&even, &early);
        }
        let of_fewer = before.as_ref();
        falls &= of_fewer
            .is_none_or(|of_fewer| even.iter().zip(of_fewer).all(|(more, few)| more <= few));
        before = Some(even);
    }
    table.row(["all".to_owned(), mean(&all), String::new()]);
    falls &= before.is_none_or(|most| all.iter().zip(&most).all(|(all, most)| all <= most));
    Ok(Claim {
        number: 8,
        title: "Appendix E: the bound over fewer steps needs the early ones",
        paper: "Over an even subset of the steps the bound is loose; with every one of the first T/K steps besides it is nearly that of \
                all steps.",
        tests: vec![
            Test::exact(
                "the more steps, the lower the bound, of each seed",
                "yes",
                format!("{evenly:.3?}, all: {:.3}", middle(&all)),
                falls,
            ),
            Test::above_zero(
                "50 steps: bits/dim without the early ones above those with them",
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
