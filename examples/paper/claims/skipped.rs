//! Figure 4: how much of the noisiest steps can be left out.

use iddpm::Draw;
use iddpm::diffusion::Method;

use super::super::cell::{Cell, Goal, Noise};
use super::super::claim::{Claim, Drawing, Table, Test, above, mean, middle};
use super::super::draws::Way;
use super::super::program::Failure;
use super::super::steps::left;
use super::super::work::Work;

/// The shares of the process that are left out, in percent.
const SKIPPED: [u32; 6] = [0, 10, 20, 30, 45, 60];
/// The one that the claim is of.
const FIFTH: u32 = 20;

pub(super) fn prefix(work: &Work<'_>) -> Result<Claim, Failure> {
    let frechet = |schedule, skipped| {
        work.over_seeds(|seed| {
            let cell = Cell::digits(schedule, Goal::Hybrid, seed);
            let timesteps = cell.timesteps(work.scale.kind);
            let draw = Draw::new()
                .method(Method::Ancestral)
                .steps(left(timesteps, skipped));
            let name = format!("skipped-{skipped}");
            Ok(work.shares(cell, &name, &Way::Door(draw, None))?.frechet)
        })
    };
    let mut table = Table::new(["left out", "linear", "cosine"]);
    let (mut linear, mut cosine) = (Vec::new(), Vec::new());
    let fifth = SKIPPED.iter().position(|&skipped| skipped == FIFTH);
    for skipped in SKIPPED {
        let (of_linear, of_cosine) = (
            frechet(Noise::Linear, skipped)?,
            frechet(Noise::Cosine, skipped)?,
        );
        table.row([format!("{skipped} %"), mean(&of_linear), mean(&of_cosine)]);
        linear.push(of_linear);
        cosine.push(of_cosine);
    }
    let lost = |of: &[Vec<f64>]| match (of.first(), fifth.and_then(|fifth| of.get(fifth))) {
        (Some(all), Some(left)) => above(left, all),
        _ => Vec::new(),
    };
    let (lost_linear, lost_cosine) = (lost(&linear), lost(&cosine));
    let line = |name: &str, of: &[Vec<f64>]| {
        let points = SKIPPED.iter().zip(of);
        let points = points.map(|(&skipped, found)| (f64::from(skipped), middle(found)));
        (name.to_owned(), points.collect())
    };
    Ok(Claim {
        number: 6,
        title: "Figure 4: the noisiest steps of a linear schedule are of little use",
        paper: "Of a network that was trained with the linear schedule a fifth of the reverse process can be left out, the noisiest \
                steps, with little loss; of one with the cosine schedule not.",
        tests: vec![Test::above_zero(
            format!(
                "the Fréchet distance rises more of cosine ({}) than of linear ({}) where a fifth is left out",
                mean(&lost_cosine),
                mean(&lost_linear)
            ),
            "yes (figure 4)",
            &above(&lost_cosine, &lost_linear),
        )],
        tables: vec![table],
        plots: vec![Drawing::new(
            "figure-4.svg",
            "Fréchet distance without the noisiest steps, digits, L_hybrid",
            ("left out, %", false),
            "Fréchet distance",
            vec![line("linear", &linear), line("cosine", &cosine)],
        )],
    })
}
