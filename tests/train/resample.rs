//! Importance sampling of t as a run does it: the public implementation's history, given to a trainer,
//! must become its weights and its law; and what the engine says of losses must become the history.

use std::future::ready;
use std::sync::Arc;

use iddpm::checkpoint::{Description, ImageSize};
use iddpm::data::Images;
use iddpm::diffusion::resample::LossSecondMoment;
use iddpm::diffusion::{Diffusion, ModelCard, Schedule, WeightSet};
use iddpm::train::{
    Awaited, Batch, Broken, Engine, OptimizerStep, Progress, Report, Slot, TimestepLaw,
    TrainConfig, TrainError, Trainer, TrainingData,
};
use iddpm::unet::{Extents, UnetConfig};

use super::case::{self, Case, Outcome, number, whole};

const EXAMPLES: usize = 4000;
const IMAGE: Extents = Extents {
    channels: 1,
    height: 8,
    width: 8,
};
/// Where a row of the batch has an example's share in what is minimised.
const WEIGHT: usize = 13;
const ROW: usize = 16;

/// An engine that trains nothing: it writes down what it is given, and has a loss for each t.
#[derive(Default)]
struct Scribe {
    /// t and share of each example.
    seen: Vec<(u32, f32)>,
}

fn loss_at(t: u32) -> f32 {
    0.25 * (t + 1) as f32
}

impl Engine for Scribe {
    fn accumulate_async<'a>(
        &'a mut self,
        batch: &'a Batch<'a>,
        loss: &'a mut [f32],
    ) -> Awaited<'a, ()> {
        let rows = batch.rows.chunks_exact(ROW).map(|row| row[WEIGHT]);
        for ((&t, share), loss) in batch.timesteps.iter().zip(rows).zip(loss.chunks_mut(3)) {
            self.seen.push((t as u32, share));
            loss.copy_from_slice(&[loss_at(t as u32), 0.0, 0.0]);
        }
        Box::pin(ready(Ok(())))
    }

    fn update_async<'a>(&'a mut self, _: &'a OptimizerStep) -> Awaited<'a, Report> {
        Box::pin(ready(Ok(Report {
            grad_norm: 1.0,
            taken: true,
        })))
    }

    fn gradient_norm_async(&mut self, _: f64) -> Awaited<'_, f64> {
        Box::pin(ready(Ok(1.0)))
    }

    fn read_async<'a>(&'a self, _: Slot, _: &'a mut [f32]) -> Awaited<'a, ()> {
        Box::pin(ready(Ok(())))
    }

    fn write(&mut self, _: Slot, _: &[f32]) -> Result<(), TrainError> {
        Ok(())
    }
}

/// A trainer of T timesteps that goes on from a history, after one step over all examples.
fn step(
    total: u32,
    law: TimestepLaw,
    history: Option<LossSecondMoment<Vec<f64>>>,
) -> Trainer<Scribe> {
    let card = ModelCard {
        // The engine is told t itself.
        diffusion: Diffusion::new(Schedule::Cosine, total).with_rescaled_timesteps(false),
        weights: WeightSet::Raw,
        step: 0,
    };
    let description = Description::new(
        UnetConfig::new(1, 32).with_learned_variance(),
        ImageSize::square(8),
        card,
    );
    let config = TrainConfig {
        batch: EXAMPLES,
        microbatch: EXAMPLES,
        timesteps: law,
        ..TrainConfig::default()
    };
    let pixels = vec![0; EXAMPLES * IMAGE.elements()];
    let images = Images::new(IMAGE, pixels, None, None).unwrap();
    let data = TrainingData::new(Arc::new(images), Broken::Fatal).unwrap();
    let progress = Progress {
        history,
        ..Trainer::<Scribe>::beginning(&description, &config).unwrap()
    };
    let scribe = Scribe::default();
    let mut trainer =
        Trainer::new(scribe, description, config, data, Broken::Fatal, progress).unwrap();
    trainer.step().unwrap();
    trainer
}

#[test]
fn the_golden_history() {
    let directory = case::golden_directory();
    case::check_index(&directory, "resample").unwrap();
    let cases = case::cases(&directory, "resample").unwrap();
    assert!(!cases.is_empty(), "no case of the group resample");
    for case in &cases {
        println!("resample/{}", case.name);
        if case.params.get("history_per_term").is_some() {
            second_moment(case).unwrap();
        } else {
            uniform(case).unwrap();
        }
    }
}

fn uniform(case: &Case) -> Outcome {
    let total = whole(&case.params, "num_timesteps")?;
    let want = case.tensor("importance_weights")?.values[0];
    let trainer = step(total, TimestepLaw::Uniform, None);
    let p = vec![1.0 / f64::from(total); total as usize];
    check_law(&trainer.engine().seen, &p);
    for &(t, share) in &trainer.engine().seen {
        check_share(t, share, want);
    }
    Ok(())
}

fn second_moment(case: &Case) -> Outcome {
    let params = &case.params;
    let total = whole(params, "num_timesteps")?;
    let held = whole(params, "history_per_term")?;
    let storage = vec![0.0; LossSecondMoment::storage_len(total, held)];
    let mut law = LossSecondMoment::new(storage, total, held, number(params, "uniform_prob")?)?;
    let (ts, losses) = (case.tensor("ts")?, case.tensor("losses")?);
    for k in 0..ts.shape[0] {
        let drawn: Vec<u32> = ts.row(k).iter().map(|&t| t as u32).collect();
        law.update(&drawn, losses.row(k))?;
    }
    let trainer = step(total, TimestepLaw::LossSecondMoment, Some(law));
    let seen = &trainer.engine().seen;
    let p = &case.tensor("p_final")?.values;
    check_law(seen, p);

    let queries = case.tensor("query_t")?.whole()?;
    let weights = &case.tensor("importance_weights")?.values;
    let mut checked = 0;
    for &(t, share) in seen {
        if let Some(at) = queries.iter().position(|&query| query == t) {
            check_share(t, share, weights[at]);
            checked += 1;
        }
    }
    // As many as the law draws, to five standard deviations: not none.
    let asked = (0..total).filter(|t| queries.contains(t));
    let p: f64 = asked.map(|t| p[t as usize]).sum();
    let mean = p * EXAMPLES as f64;
    assert!(
        f64::from(checked) >= mean - 5.0 * (mean * (1.0 - p).max(0.0)).sqrt(),
        "{checked} shares of {mean} were compared"
    );

    // Losses come in unweighted, the oldest goes.
    let history = trainer.progress().history.as_ref().unwrap();
    let before = case.tensor("final_history")?;
    let counts = case.tensor("final_counts")?.whole()?;
    for t in 0..total {
        let count = seen.iter().filter(|(other, _)| *other == t).count();
        let new = std::iter::repeat_n(f64::from(loss_at(t)), count);
        let before = &before.row(t as usize)[..counts[t as usize] as usize];
        let all: Vec<f64> = before.iter().copied().chain(new).collect();
        let first = all.len().saturating_sub(held as usize);
        assert_eq!(history.losses(t), &all[first..], "{t}");
    }
    Ok(())
}

/// The share is the importance weight over the batch, rounded to f32 once or twice.
fn check_share(t: u32, share: f32, weight: f64) {
    let want = weight / EXAMPLES as f64;
    let error = (f64::from(share) - want).abs();
    assert!(
        error <= 2.0 * f64::from(f32::EPSILON) * want,
        "t = {t}: {share} is not {want}"
    );
}

/// How often each t was drawn: five standard deviations, and the law is missed once in 10⁶.
fn check_law(seen: &[(u32, f32)], p: &[f64]) {
    assert_eq!(seen.len(), EXAMPLES);
    for (t, p) in p.iter().enumerate() {
        let count = seen
            .iter()
            .filter(|(other, _)| *other as usize == t)
            .count() as f64;
        let mean = p * EXAMPLES as f64;
        let deviation = (mean * (1.0 - p)).sqrt();
        assert!(
            (count - mean).abs() <= 5.0 * deviation,
            "t = {t}: {count} of {mean} ± {deviation}"
        );
    }
}
