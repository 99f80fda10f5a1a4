//! Figure 8: samplers against the number of their steps.

use iddpm::Draw;
use iddpm::diffusion::{Method, Variance};

use super::super::cell::{Cell, Goal, Noise};
use super::super::claim::{Claim, Drawing, Table, Test, above, mean, middle};
use super::super::draws::Way;
use super::super::judge::Shares;
use super::super::program::Failure;
use super::super::work::Work;

/// Evaluations of the network.
pub(super) const STEPS: [u32; 6] = [5, 10, 25, 50, 100, 250];

/// A sampler, and the objective of the network that it draws by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sampler {
    Learned,
    FixedSmall,
    FixedLarge,
    Ddim,
    Dpm,
    Heun,
    Analytic,
}

const ALL: [Sampler; 7] = [
    Sampler::Learned,
    Sampler::FixedSmall,
    Sampler::FixedLarge,
    Sampler::Ddim,
    Sampler::Dpm,
    Sampler::Heun,
    Sampler::Analytic,
];

impl Sampler {
    const fn name(self) -> &'static str {
        match self {
            Self::Learned => "learned variance (L_hybrid)",
            Self::FixedSmall => "fixed small β̃ (L_simple)",
            Self::FixedLarge => "fixed large β (L_simple)",
            Self::Ddim => "DDIM (L_simple)",
            Self::Dpm => "DPM-Solver++ (L_simple)",
            Self::Heun => "Heun (L_simple)",
            Self::Analytic => "Analytic-DPM (L_simple)",
        }
    }

    /// A name for files.
    const fn word(self) -> &'static str {
        match self {
            Self::Learned => "learned",
            Self::FixedSmall => "fixed-small",
            Self::FixedLarge => "fixed-large",
            Self::Ddim => "ddim",
            Self::Dpm => "dpm",
            Self::Heun => "heun",
            Self::Analytic => "analytic",
        }
    }

    /// With so many evaluations.
    fn way(self, evaluations: u32) -> Way {
        // Heun's evaluates twice but at the last step.
        let steps = match self {
            Self::Heun => evaluations.div_ceil(2),
            _ => evaluations,
        };
        let draw = |method| Draw::new().method(method).steps(steps.to_string());
        let ancestral = |variance| Way::Door(draw(Method::Ancestral), variance);
        match self {
            Self::Learned => ancestral(None),
            Self::FixedSmall => ancestral(Some(Variance::FixedSmall)),
            Self::FixedLarge => ancestral(Some(Variance::FixedLarge)),
            Self::Ddim => Way::Door(draw(Method::Ddim { eta: 0.0 }), None),
            Self::Dpm => Way::Door(draw(Method::DpmSolverPlusPlus2M), None),
            Self::Heun => Way::Door(draw(Method::Heun), None),
            Self::Analytic => Way::Analytic(steps.to_string()),
        }
    }

    /// Samples of a network of a seed.
    pub(super) fn shares(
        self,
        work: &Work<'_>,
        seed: u64,
        evaluations: u32,
    ) -> Result<Shares, Failure> {
        let goal = match self {
            Self::Learned => Goal::Hybrid,
            _ => Goal::Simple,
        };
        let cell = Cell::digits(Noise::Cosine, goal, seed);
        let name = format!("{}-{evaluations}", self.word());
        work.shares(cell, &name, &self.way(evaluations))
    }

    /// The Fréchet distance of each seed.
    fn frechet(self, work: &Work<'_>, evaluations: u32) -> Result<Vec<f64>, Failure> {
        work.over_seeds(|seed| Ok(self.shares(work, seed, evaluations)?.frechet))
    }
}

pub(super) fn methods(work: &Work<'_>) -> Result<Claim, Failure> {
    let mut table = Table::new(["evaluations"]);
    table
        .heads
        .extend(ALL.map(|sampler| sampler.name().to_owned()));
    let mut lines = ALL.map(|sampler| (sampler.name().to_owned(), Vec::new()));
    for evaluations in STEPS {
        let mut row = vec![evaluations.to_string()];
        for (sampler, (_, line)) in ALL.into_iter().zip(&mut lines) {
            let found = sampler.frechet(work, evaluations)?;
            row.push(mean(&found));
            line.push((f64::from(evaluations), middle(&found)));
        }
        table.row(row);
    }
    let worse = |worse: Sampler, better: Sampler, evaluations| -> Result<Vec<f64>, Failure> {
        let worse = worse.frechet(work, evaluations)?;
        Ok(above(&worse, &better.frechet(work, evaluations)?))
    };
    let falls = above(
        &Sampler::Learned.frechet(work, 25)?,
        &Sampler::Learned.frechet(work, 100)?,
    );
    let crossing = |sampler: Sampler| {
        let of = |sampler: Sampler| lines.iter().find(|(name, _)| *name == sampler.name());
        let pairs = of(sampler).zip(of(Sampler::Learned))?;
        let both = pairs.0.1.iter().zip(&pairs.1.1);
        // From where on it stays so.
        let stays = both.rev().take_while(|((_, one), (_, other))| one > other);
        stays.last().map(|((at, _), _)| *at)
    };
    let crosses = crossing(Sampler::Ddim);
    let crosses = crosses.map_or("nowhere".to_owned(), |at| {
        format!("from {at} evaluations on")
    });
    Ok(Claim {
        number: 7,
        title: "Figure 8: samplers against steps",
        paper: "With few steps a learned variance is far better than β, which the public implementation samples by, and near its best \
                at about 100; DDIM is better below about 50. What came after: Analytic-DPM beats both fixed variances (Bao et al. \
                2022), DPM-Solver++ and Heun's need the fewest evaluations (Lu et al. 2022, Karras et al. 2022).",
        tests: vec![
            Test::above_zero(
                "25 evaluations: Fréchet distance of fixed large above that of the learned variance",
                "above 0 (figure 8)",
                &worse(Sampler::FixedLarge, Sampler::Learned, 25)?,
            ),
            Test::above_zero(
                "25 evaluations: of fixed large above fixed small",
                "84.7 - 16.2 (CIFAR-10)",
                &worse(Sampler::FixedLarge, Sampler::FixedSmall, 25)?,
            ),
            Test::above_zero(
                "10 evaluations: of the learned variance above DDIM",
                "above 0 (figure 8)",
                &worse(Sampler::Learned, Sampler::Ddim, 10)?,
            ),
            Test::above_zero(
                format!(
                    "250 evaluations: of DDIM above the learned variance (in the mean it is above {crosses})"
                ),
                "above 0 (figure 8)",
                &worse(Sampler::Ddim, Sampler::Learned, 250)?,
            ),
            Test::above_zero(
                "learned variance: of 25 evaluations above 100",
                "above 0 (figure 8)",
                &falls,
            ),
            Test::above_zero(
                "10 evaluations: of fixed small above Analytic-DPM",
                "34.8 - 22.9 (CIFAR-10)",
                &worse(Sampler::FixedSmall, Sampler::Analytic, 10)?,
            ),
            Test::above_zero(
                "10 evaluations: of DDIM above DPM-Solver++",
                "34.3 - 4.7 (CIFAR-10, other networks)",
                &worse(Sampler::Ddim, Sampler::Dpm, 10)?,
            ),
        ],
        tables: vec![table],
        plots: vec![Drawing::new(
            "figure-8.svg",
            "Fréchet distance against evaluations, digits, cosine",
            ("evaluations of the network", true),
            "Fréchet distance",
            lines.into(),
        )],
    })
}
