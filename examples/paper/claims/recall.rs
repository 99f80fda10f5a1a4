//! Precision and recall against steps and guidance.

use iddpm::Draw;
use iddpm::diffusion::Method;

use super::super::cell::{Cell, Goal, Noise};
use super::super::claim::{Claim, Drawing, Table, Test, above, mean, middle};
use super::super::draws::Way;
use super::super::judge::Shares;
use super::super::program::Failure;
use super::super::work::Work;
use super::samplers::{STEPS, Sampler};

const GUIDANCE: [f64; 5] = [1.0, 1.5, 2.0, 3.0, 5.0];
/// The one that the claim is of.
const STRONG: f64 = 3.0;

/// Samples by guidance.
fn guided(work: &Work<'_>, seed: u64, guidance: f64) -> Result<Shares, Failure> {
    let cell = Cell::digits(Noise::Cosine, Goal::Hybrid, seed);
    let draw = Draw::new()
        .method(Method::Ancestral)
        .steps("50")
        .guidance(guidance);
    work.shares(cell, &format!("guided-{guidance}"), &Way::Door(draw, None))
}

pub(super) fn recall(work: &Work<'_>) -> Result<Claim, Failure> {
    let of = |number: fn(&Shares) -> f64, guidance| {
        work.over_seeds(|seed| Ok(number(&guided(work, seed, guidance)?)))
    };
    let recall_of = |evaluations| {
        work.over_seeds(|seed| Ok(Sampler::Learned.shares(work, seed, evaluations)?.recall))
    };
    let mut of_guidance = Table::new([
        "guidance",
        "precision",
        "recall",
        "of their class",
        "Fréchet distance",
    ]);
    let (mut precisions, mut recalls) = (Vec::new(), Vec::new());
    for guidance in GUIDANCE {
        let precision = of(|shares| shares.precision, guidance)?;
        let recall = of(|shares| shares.recall, guidance)?;
        precisions.push((guidance, middle(&precision)));
        recalls.push((guidance, middle(&recall)));
        of_guidance.row([
            guidance.to_string(),
            mean(&precision),
            mean(&recall),
            mean(&of(|shares| shares.accuracy, guidance)?),
            mean(&of(|shares| shares.frechet, guidance)?),
        ]);
    }
    let mut of_steps = Table::new(["evaluations", "recall"]);
    for evaluations in STEPS {
        of_steps.row([evaluations.to_string(), mean(&recall_of(evaluations)?)]);
    }
    let (few, many) = (recall_of(5)?, recall_of(100)?);
    let (free, strong) = (
        of(|shares| shares.recall, 1.0)?,
        of(|shares| shares.recall, STRONG)?,
    );
    let (loose, sure) = (
        of(|shares| shares.accuracy, 1.0)?,
        of(|shares| shares.accuracy, STRONG)?,
    );
    Ok(Claim {
        number: 11,
        title: "Table 4: recall",
        paper: "Diffusion covers more of the data than a GAN of the same FID (table 4). No GAN is trained here: what recall is lost to \
                few steps and to guidance is measured.",
        tests: vec![
            Test::above_zero(
                "recall of 100 evaluations above that of 5, learned variance",
                "-",
                &above(&many, &few),
            ),
            Test::above_zero(
                "recall without guidance above that with guidance 3",
                "-",
                &above(&free, &strong),
            ),
            Test::above_zero(
                "samples of their class with guidance 3 above those without",
                "-",
                &above(&sure, &loose),
            ),
        ],
        tables: vec![of_guidance, of_steps],
        plots: vec![Drawing::new(
            "recall.svg",
            "Precision and recall against guidance, digits, cosine, L_hybrid, 50 steps",
            ("guidance", false),
            "share",
            vec![("precision".into(), precisions), ("recall".into(), recalls)],
        )],
    })
}
