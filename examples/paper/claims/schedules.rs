//! Figure 1: how β̃_t and β_t compare.

use iddpm::diffusion::{Diffusion, Schedule, Timesteps};

use super::super::claim::{Claim, Drawing, Table, Test};
use super::super::program::Failure;
use super::super::work::Work;

/// The lengths that the paper has.
const LENGTHS: [u32; 3] = [100, 1000, 4000];
/// β̃/β from which on the two are as good as one.
const NEAR: f64 = 0.99;

/// Nothing of it is trained: it is exact.
pub(super) fn variances(_: &Work<'_>) -> Result<Claim, Failure> {
    let mut lines = Vec::new();
    let mut table = Table::new(["T", "β̃_2/β_2", "first t/T with β̃_t/β_t > 0.99"]);
    let mut firsts = Vec::new();
    for length in LENGTHS {
        let process = Diffusion::new(Schedule::Cosine, length).process(Timesteps::ALL)?;
        let mut ratios = Vec::new();
        for index in 0..process.len() {
            let step = process.coefficients(index)?;
            ratios.push(step.posterior_variance / step.beta);
        }
        let place = |index: usize| index as f64 / f64::from(length);
        let first = ratios.iter().position(|&ratio| ratio > NEAR);
        let first = first.map_or(1.0, place);
        let early = ratios.get(1).copied().unwrap_or(f64::NAN);
        table.row([
            length.to_string(),
            format!("{early:.4}"),
            format!("{first:.4}"),
        ]);
        firsts.push(first);
        let points = ratios.into_iter().enumerate();
        lines.push((
            format!("T = {length}"),
            points
                .map(|(index, ratio)| (100.0 * place(index), ratio))
                .collect(),
        ));
    }
    let falls = firsts
        .windows(2)
        .all(|pair| matches!(pair, [of_shorter, of_longer] if of_longer < of_shorter));
    let last = firsts.last().copied().unwrap_or(f64::NAN);
    Ok(Claim {
        number: 1,
        title: "Figure 1: the two bounds of the variance are nearly one",
        paper: "β̃_t/β_t is near 1 but at the first steps, and the sooner the longer the process is: so the choice between them \
                changes little of what samples look like.",
        tests: vec![
            Test::exact(
                "the longer the process, the sooner the ratio is near 1",
                "yes",
                format!("t/T of {firsts:.4?}"),
                falls,
            ),
            Test::exact(
                "at T = 4000 it is above 0.99 for all but the first twentieth of the steps",
                "yes",
                format!("but the first {:.2} %", 100.0 * last),
                last < 0.05,
            ),
        ],
        tables: vec![table],
        plots: vec![Drawing::new(
            "figure-1.svg",
            "β̃/β of the cosine schedule",
            ("t/T, %", false),
            "β̃/β",
            lines,
        )],
    })
}
