//! Tables 1 and 2, and figure 7: schedules, objectives, and how t is drawn.

use iddpm::train::GradientNoise;

use super::super::cell::{Cell, Goal, Noise, Size};
use super::super::claim::{Claim, Drawing, Table, Test, above, mean};
use super::super::draws::ddim50;
use super::super::program::Failure;
use super::super::sets::Set;
use super::super::work::Work;

/// Bits/dim and Fréchet distance of each seed.
struct Row {
    name: String,
    bits: Vec<f64>,
    frechet: Vec<f64>,
}

impl Row {
    fn of(work: &Work<'_>, name: String, cell: impl Fn(u64) -> Cell) -> Result<Self, Failure> {
        let bits = work.over_seeds(|seed| {
            let cell = cell(seed);
            let mut best = f64::INFINITY;
            for &variance in cell.goal.variances() {
                let bits = work.bits(cell, variance, cell.bound(&work.scale))?;
                best = best.min(bits.mean());
            }
            Ok(best)
        })?;
        let (way_name, way) = ddim50();
        let frechet =
            work.over_seeds(|seed| Ok(work.shares(cell(seed), way_name, &way)?.frechet))?;
        Ok(Self {
            name,
            bits,
            frechet,
        })
    }

    fn digits(work: &Work<'_>, schedule: Noise, goal: Goal) -> Result<Self, Failure> {
        let name = format!("digits, {schedule}, {goal}");
        Self::of(work, name, |seed| Cell::digits(schedule, goal, seed))
    }

    fn sprites(work: &Work<'_>, schedule: Noise) -> Result<Self, Failure> {
        let cell = |seed| Cell {
            set: Set::Sprites,
            schedule,
            goal: Goal::Hybrid,
            size: Size::Usual,
            seed,
        };
        Self::of(work, format!("sprites, {schedule}, hybrid"), cell)
    }
}

fn table<'r>(rows: impl IntoIterator<Item = &'r Row>) -> Table {
    let mut table = Table::new(["", "bits/dim", "Fréchet distance, DDIM in 50 steps"]);
    for row in rows {
        table.row([row.name.clone(), mean(&row.bits), mean(&row.frechet)]);
    }
    table
}

pub(super) fn schedules(work: &Work<'_>) -> Result<Claim, Failure> {
    let mut tests = Vec::new();
    let mut rows = Vec::new();
    for (what, linear, cosine, of_paper) in [
        (
            "digits, L_simple",
            Row::digits(work, Noise::Linear, Goal::Simple)?,
            Row::digits(work, Noise::Cosine, Goal::Simple)?,
            ("3.77 - 3.68", "31.3 - 27.0"),
        ),
        (
            "digits, L_hybrid",
            Row::digits(work, Noise::Linear, Goal::Hybrid)?,
            Row::digits(work, Noise::Cosine, Goal::Hybrid)?,
            ("3.66 - 3.62", "32.2 - 28.0"),
        ),
        (
            "sprites, L_hybrid",
            Row::sprites(work, Noise::Linear)?,
            Row::sprites(work, Noise::Cosine)?,
            ("3.66 - 3.62", "32.2 - 28.0"),
        ),
    ] {
        let (bits, frechet) = of_paper;
        tests.push(Test::above_zero(
            format!("{what}: bits/dim of linear above those of cosine"),
            format!("{bits} (ImageNet 64)"),
            &above(&linear.bits, &cosine.bits),
        ));
        tests.push(Test::above_zero(
            format!("{what}: Fréchet distance of linear above that of cosine"),
            format!("{frechet} (ImageNet 64)"),
            &above(&linear.frechet, &cosine.frechet),
        ));
        rows.extend([linear, cosine]);
    }
    Ok(Claim {
        number: 3,
        title: "Tables 1 and 2: cosine against linear",
        paper: "At equal training the cosine schedule has the better bits/dim and samples, of small images most.",
        tests,
        tables: vec![table(&rows)],
        plots: Vec::new(),
    })
}

pub(super) fn hybrid(work: &Work<'_>) -> Result<Claim, Failure> {
    let simple = Row::digits(work, Noise::Cosine, Goal::Simple)?;
    let hybrid = Row::digits(work, Noise::Cosine, Goal::Hybrid)?;
    Ok(Claim {
        number: 4,
        title: "Tables 1 and 2: L_hybrid against L_simple",
        paper: "L_hybrid has better bits/dim than L_simple, and samples that are about as good. Of L_simple the better of its two \
                fixed variances counts.",
        tests: vec![
            Test::above_zero(
                "bits/dim of L_simple above those of L_hybrid",
                "3.26 - 3.17 (CIFAR-10)",
                &above(&simple.bits, &hybrid.bits),
            ),
            Test::above_zero(
                "Fréchet distance of L_hybrid above that of L_simple",
                "3.19 - 3.05 (CIFAR-10)",
                &above(&hybrid.frechet, &simple.frechet),
            ),
        ],
        tables: vec![table([&simple, &hybrid])],
        plots: Vec::new(),
    })
}

/// The simple noise scale of a gradient in each quarter of a training, NaN where it is of too few steps to be told.
fn noise_scales(work: &Work<'_>, goal: Goal, seed: u64) -> Result<Vec<f64>, Failure> {
    let quarters = work.trained(Cell::digits(Noise::Cosine, goal, seed))?;
    let scales = quarters.iter().map(|quarter| {
        let scale = quarter.noise.and_then(GradientNoise::scale);
        scale.unwrap_or(f64::NAN)
    });
    Ok(scales.collect())
}

pub(super) fn importance(work: &Work<'_>) -> Result<Claim, Failure> {
    let goals = [
        Goal::Hybrid,
        Goal::HybridByImportance,
        Goal::Vlb,
        Goal::VlbByImportance,
    ];
    let mut rows = Vec::new();
    let (mut scales, mut lines) = (Vec::new(), Vec::new());
    for goal in goals {
        rows.push(Row::digits(work, Noise::Cosine, goal)?);
        let mut last = Vec::new();
        for seed in 0..work.scale.seeds {
            let quarters = noise_scales(work, goal, seed)?;
            last.extend(quarters.last());
            let points = (1..)
                .zip(quarters)
                .map(|(at, scale)| (f64::from(at), scale));
            lines.push((format!("{goal}, seed {seed}"), points.collect()));
        }
        scales.push(last);
    }
    let mut table = table(&rows);
    table.heads.push(
        "noise scale of the last quarter's gradient (not told where the noise hides the signal)"
            .into(),
    );
    for (row, scale) in table.rows.iter_mut().zip(&scales) {
        row.push(mean(scale));
    }
    let ([hybrid, by_importance, vlb, vlb_by_importance], [scale, _, of_vlb, of_importance]) =
        (&rows[..], &scales[..])
    else {
        return Err("four objectives are compared".into());
    };
    // In the logarithm: a scale of ten times is as far as one of a tenth.
    let ratios = |of: &[f64], others: &[f64]| -> Vec<f64> {
        let ratios = of.iter().zip(others).map(|(of, other)| (of / other).log2());
        ratios.collect()
    };
    Ok(Claim {
        number: 5,
        title: "L_vlb, importance sampling, and figure 7",
        paper: "The gradient of L_vlb is much noisier than that of L_hybrid, and drawing t by importance makes it far less noisy; so \
                L_vlb by importance has the best bits/dim, and worse samples. It does not help L_hybrid.",
        tests: vec![
            Test::above_zero(
                "log₂ of the noise scale of L_vlb over that of L_hybrid",
                "above 0 (figure 7)",
                &ratios(of_vlb, scale),
            ),
            Test::above_zero(
                "log₂ of the noise scale of L_vlb over that by importance",
                "above 0 (figure 7)",
                &ratios(of_vlb, of_importance),
            ),
            Test::above_zero(
                "bits/dim of L_vlb above those by importance",
                "yes",
                &above(&vlb.bits, &vlb_by_importance.bits),
            ),
            Test::above_zero(
                "bits/dim of L_hybrid above those of L_vlb by importance",
                "3.17 - 2.94 (CIFAR-10)",
                &above(&hybrid.bits, &vlb_by_importance.bits),
            ),
            Test::above_zero(
                "Fréchet distance of L_vlb by importance above that of L_hybrid",
                "11.47 - 3.19 (CIFAR-10)",
                &above(&vlb_by_importance.frechet, &hybrid.frechet),
            ),
            Test::above_zero(
                "bits/dim of L_hybrid by importance above those of L_hybrid",
                "not below 0",
                &above(&by_importance.bits, &hybrid.bits),
            ),
        ],
        tables: vec![table],
        plots: vec![Drawing::new(
            "figure-7.svg",
            "Noise scale of the gradient, digits, cosine",
            ("quarter of the training", false),
            "tr Σ / |G|²",
            lines,
        )],
    })
}
