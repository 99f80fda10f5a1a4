//! Gradients, optimiser steps and averages against the public implementation's.
//!
//! Tolerances are its own f32 error against f64, some tens of times over: gradients differ from f64 by
//! 8e-6 to 2.1e-5 of their norm there, parameters after a step by up to 6e-4 of the learning rate.
//! Where the true gradient is 0 only rounding is left, which AdamW makes steps of: those are skipped.

use iddpm::cpu::{Gradients, TrainingInputs};
use iddpm::diffusion::{
    Diffusion, LossRow, Objective, OwnedProcess, Schedule, Timesteps, Variance,
};
use iddpm::train::{AdamW, CpuEngine, Engine, OptimizerStep, Recompute, Slot, training_graph};
use iddpm::unet::{Graph, ImageSize, UnetConfig};
use serde_json::Value;

use super::case::{
    Case, Outcome, cases, check_index, flag, golden_directory, list, number, text, whole,
};
use super::network::{config, generate};
use super::report::Report;

/// Relative to the norm of a parameter's gradient.
const GRADIENT: f64 = 3e-4;

/// A case made ready.
pub(crate) struct Subject {
    pub(crate) network: Graph,
    pub(crate) weights: Vec<f32>,
    objective: Objective,
    process: OwnedProcess,
    labels: Option<Vec<u32>>,
    x_start: Vec<f32>,
    /// The low-resolution images of a super-resolution network.
    low_res: Option<Vec<f32>>,
    /// Heads of each parameter that is the bias of q, k and v.
    config: UnetConfig,
}

/// One microbatch of a row of t, noise and weights.
pub(crate) struct Micro {
    x_start: Vec<f32>,
    noise: Vec<f32>,
    rows: Vec<f32>,
    timesteps: Vec<f32>,
    labels: Option<Vec<u32>>,
    low_res: Option<Vec<f32>>,
}

impl Micro {
    pub(crate) fn inputs(&self) -> TrainingInputs<'_> {
        TrainingInputs {
            x_start: &self.x_start,
            noise: &self.noise,
            rows: &self.rows,
            timesteps: &self.timesteps,
            labels: self.labels.as_deref(),
            low_res: self.low_res.as_deref(),
            keys: None,
        }
    }
}

fn singles(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

impl Subject {
    pub(crate) fn of(case: &Case, batch: usize) -> Outcome<Self> {
        let params = &case.params;
        let config = config(&params["model"])?;
        let x_start = case.tensor("x_start")?;
        let [_, _, height, width] = x_start.shape[..] else {
            return Err("x_start is no stack of images".into());
        };
        let low_res = match config.super_resolution {
            true => Some(case.tensor("low_res")?),
            false => None,
        };
        let size = ImageSize {
            height,
            width,
            low_res: low_res.as_ref().map(|low| (low.shape[2], low.shape[3])),
        };
        let network = config.graph(batch, size)?;
        let mut weights = vec![0.0; network.weights_len()];
        let seed = whole(params, "param_seed")?;
        for (param, listed) in network.params().iter().zip(list(params, "params")?) {
            let name = text(listed, "name")?;
            assert_eq!(param.name, name);
            let (center, scale) = (number(listed, "center")?, number(listed, "scale")?);
            let values = generate(seed.into(), name, param.elements(), center, scale);
            weights[param.offset..][..values.len()].copy_from_slice(&values);
        }
        let (diffusion, objective) = diffusion(&params["diffusion"])?;
        let timesteps = match params["diffusion"].get("timestep_respacing") {
            None => Timesteps::ALL,
            Some(spacing) => match spacing.as_str().ok_or("a spacing is a text")? {
                "" => Timesteps::ALL,
                some => Timesteps::parse(some)?,
            },
        };
        let process = diffusion.process(timesteps)?;
        let labels = config
            .num_classes
            .map(|_| case.tensor("y")?.whole())
            .transpose()?;
        Ok(Self {
            network,
            weights,
            objective,
            process,
            labels,
            x_start: singles(&x_start.values),
            low_res: low_res.map(|low| singles(&low.values)),
            config,
        })
    }

    /// The microbatches of row `k`, each of the network's batch.
    pub(crate) fn micros(&self, case: &Case, k: usize) -> Outcome<Vec<Micro>> {
        let process = self.process.view();
        let t = case.tensor("t")?.row(k);
        let noise = singles(case.tensor("noise")?.row(k));
        let weights = case.tensor("weights")?.row(k);
        let batch = self.network.batch();
        let image = self.x_start.len() / t.len();
        let each = (0..t.len()).step_by(batch).map(|first| {
            let range = first..first + batch;
            let images = first * image..(first + batch) * image;
            let (mut rows, mut timesteps) = (Vec::new(), Vec::new());
            for n in range.clone() {
                let index = t[n] as usize;
                let row = LossRow::of(&process, self.objective, index)?;
                rows.extend(row.with_weight(weights[n] / batch as f64).words());
                timesteps.push(process.model_timestep(index)?);
            }
            Ok(Micro {
                x_start: self.x_start[images.clone()].to_vec(),
                noise: noise[images].to_vec(),
                rows,
                timesteps,
                labels: self
                    .labels
                    .as_ref()
                    .map(|labels| labels[range.clone()].to_vec()),
                low_res: self.low_res.as_ref().map(|low| {
                    let image = low.len() / t.len();
                    low[range.start * image..range.end * image].to_vec()
                }),
            })
        });
        each.collect()
    }

    /// Elements of a parameter whose true gradient is not 0.
    fn counts(&self, name: &str, element: usize) -> bool {
        let Some(path) = name.strip_suffix(".qkv.bias") else {
            return true;
        };
        let up = path.starts_with("output_blocks");
        let heads = if up {
            self.config.num_heads_upsample
        } else {
            self.config.num_heads
        };
        let param = self
            .network
            .params()
            .iter()
            .find(|param| param.name == name);
        let third = param.unwrap().elements() / heads / 3;
        // The keys' rows: the softmax does not see a shift of all scores.
        element / third % 3 != 1
    }
}

fn diffusion(params: &Value) -> Outcome<(Diffusion<'static>, Objective)> {
    let schedule: Schedule<'static> = text(params, "noise_schedule")?.parse()?;
    let variance = match text(params, "model_var_type")? {
        "fixed_small" => Variance::FixedSmall,
        "fixed_large" => Variance::FixedLarge,
        "learned" => Variance::Learned,
        "learned_range" => Variance::LearnedRange,
        other => return Err(format!("unknown variance {other}").into()),
    };
    let objective = match text(params, "loss_type")? {
        "mse" => Objective::Mse,
        "rescaled_mse" => Objective::RescaledMse,
        "kl" => Objective::Kl,
        "rescaled_kl" => Objective::RescaledKl,
        other => return Err(format!("unknown objective {other}").into()),
    };
    let diffusion = Diffusion::new(schedule, whole(params, "steps")?)
        .with_prediction(super::case::prediction(text(params, "model_mean_type")?)?)
        .with_variance(variance)
        .with_rescaled_timesteps(flag(params, "rescale_timesteps")?);
    Ok((diffusion, objective))
}

/// Which elements of a parameter of n are sampled.
fn sampled(n: usize) -> Vec<usize> {
    if n <= 32 {
        return (0..n).collect();
    }
    let cell = n / 32;
    (0..32)
        .map(|k| k * cell + (31 * k * k + 7 * k) % cell)
        .collect()
}

fn norm(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|value| value * value).sum::<f64>().sqrt()
}

/// Every gradient: sampled elements, all elements where they are there, sums of several kinds.
pub(crate) fn compare_gradients(
    case: &Case,
    subject: &Subject,
    gradients: &[f32],
    report: &mut Report,
) -> Outcome {
    let samples = case.tensor("grad_sample")?;
    let (single, double) = (case.tensor("grad_stats")?, case.tensor("grad_f64_stats")?);
    let all = norm(gradients.iter().map(|&g| f64::from(g)));
    let listed = list(&case.params, "params")?;
    for (at, (param, listed)) in subject.network.params().iter().zip(listed).enumerate() {
        let name = param.name.as_str();
        let mine = &gradients[param.offset..][..param.elements()];
        let &[sum, one, two, signed] = double.row(at) else {
            return Err("four sums are expected".into());
        };
        report.equal(name, single.row(at).len(), 4);
        let offset = whole(listed, "offset")? as usize;
        let stored = format!("grad.{name}");
        let full = case.expected_names().contains(&stored);
        let full = if full {
            Some(case.tensor(&stored)?)
        } else {
            None
        };
        if flag(listed, "mathematically_zero")? {
            // What is left is the rounding of sums that cancel.
            let left = norm(mine.iter().map(|&g| f64::from(g)));
            report.near(&format!("{name}, truly 0"), left, 0.0, 1e-5 * all);
            continue;
        }
        let errors = |places: &mut dyn Iterator<Item = (usize, f64)>| {
            norm(
                places
                    .filter(|&(element, _)| subject.counts(name, element))
                    .map(|(element, theirs)| f64::from(mine[element]) - theirs),
            )
        };
        let places = sampled(mine.len());
        let share = (places.len() as f64 / mine.len() as f64).sqrt();
        let values = &samples.values[offset..][..places.len()];
        let size = norm(values.iter().copied()).max(two * share);
        let error = errors(&mut places.iter().copied().zip(values.iter().copied()));
        report.near(&format!("{name}, sampled"), error, 0.0, GRADIENT * size);
        if let Some(full) = full {
            let error = errors(&mut full.values.iter().copied().enumerate());
            report.near(&format!("{name}, all"), error, 0.0, GRADIENT * two);
        }
        let values = || mine.iter().map(|&g| f64::from(g));
        report.near(
            &format!("{name}, norm"),
            norm(values()),
            two,
            GRADIENT * two,
        );
        let absolute = values().map(f64::abs).sum::<f64>();
        report.near(
            &format!("{name}, sum of sizes"),
            absolute,
            one,
            GRADIENT * one,
        );
        report.near(&format!("{name}, sum"), values().sum(), sum, GRADIENT * one);
        let signs = signs(name, mine.len());
        let with_signs = values().zip(signs).map(|(g, sign)| g * sign).sum();
        report.near(
            &format!("{name}, signed"),
            with_signs,
            signed,
            GRADIENT * one,
        );
    }
    Ok(())
}

/// +1 or -1 for each element: the top bits of SplitMix64 keyed by the parameter's name.
fn signs(name: &str, len: usize) -> impl Iterator<Item = f64> {
    let numbers = generate(0, &format!("proj:{name}"), len, 0.0, 1.0);
    // The generator's number is 2u - 1, u of the top 24 bits.
    numbers
        .into_iter()
        .map(|value| if value >= 0.0 { 1.0 } else { -1.0 })
}

pub(crate) fn check_loss(
    case: &Case,
    loss: &[f32],
    subject: &Subject,
    report: &mut Report,
) -> Outcome {
    let (single, double) = (case.tensor("loss")?, case.tensor("loss_f64")?);
    let rows = subject.micros(case, 0)?;
    let names = case.expected_names();
    for (n, loss) in loss.chunks_exact(3).enumerate() {
        let row: &[f32; LossRow::LEN] =
            rows[0].rows[n * LossRow::LEN..][..LossRow::LEN].try_into()?;
        let row = LossRow::from_words(row);
        let off = (single.values[n] - double.values[n]).abs();
        let near = |report: &mut Report, what: &str, mine: f64, theirs: f64| {
            report.near(what, mine, theirs, 4.0 * off + 2e-5 * theirs.abs());
        };
        near(report, "loss", f64::from(loss[0]), double.values[n]);
        if names.iter().any(|name| name == "term.mse") {
            near(
                report,
                "term.mse",
                f64::from(loss[1]),
                case.tensor("term.mse")?.values[n],
            );
        }
        if names.iter().any(|name| name == "term.vb") {
            let vb = f64::from(loss[2]) * row.bound_weight;
            near(report, "term.vb", vb, case.tensor("term.vb")?.values[n]);
        }
    }
    Ok(())
}

/// Parameters after steps of the optimiser, and their averages.
pub(crate) fn check_steps(
    case: &Case,
    engine: impl FnOnce(&Graph, &[f64]) -> Outcome<Box<dyn Engine>>,
    gradients: &[f32],
    report: &mut Report,
) -> Outcome {
    let optimizer = &case.params["optimizer"];
    let examples = case.tensor("t")?.shape[1];
    let batch = match number(optimizer, "microbatch")? {
        -1.0 => examples,
        batch => batch as usize,
    };
    let subject = Subject::of(case, batch)?;
    let rates: Vec<f64> = serde_json::from_value(optimizer["ema_rates"].clone())?;
    let lr: Vec<f64> = serde_json::from_value(optimizer["lr_used_per_step"].clone())?;
    let adamw = adamw(optimizer)?;
    let mut engine = engine(&subject.network, &rates)?;
    engine.write(Slot::Weights, &subject.weights)?;
    for at in 0..rates.len() {
        engine.write(Slot::Ema(at), &subject.weights)?;
    }
    let mut read = vec![0.0; subject.weights.len()];
    for (k, &lr) in lr.iter().enumerate() {
        for micro in subject.micros(case, k)? {
            let mut loss = vec![0.0; 3 * batch];
            engine.accumulate(&micro.inputs(), &mut loss)?;
        }
        let step = k as u64 + 1;
        let update = OptimizerStep {
            adamw,
            lr,
            step,
            unscale: 1.0,
            clip: None,
            ema_warm_up: false,
        };
        report.equal("step taken", engine.update(&update)?.taken, true);
        // A step is of the size of lr, whatever the gradient's.
        let share = match step {
            1 => 0.02,
            5 => 0.3,
            _ => continue,
        };
        engine.read(Slot::Weights, &mut read)?;
        let of = Compared {
            case,
            subject: &subject,
            gradients,
            tolerance: share * lr,
            most: 2.1 * lr * step as f64,
        };
        of.compare(&format!("step{step}.param"), true, &read, report)?;
        if step == 5 {
            for (at, rate) in rates.iter().enumerate() {
                engine.read(Slot::Ema(at), &mut read)?;
                of.compare(&format!("step5.ema_{rate}"), false, &read, report)?;
            }
        }
    }
    Ok(())
}

fn adamw(optimizer: &Value) -> Outcome<AdamW> {
    let betas: [f64; 2] = serde_json::from_value(optimizer["betas"].clone())?;
    Ok(AdamW {
        beta1: betas[0],
        beta2: betas[1],
        epsilon: number(optimizer, "eps")?,
        weight_decay: number(optimizer, "weight_decay")?,
    })
}

struct Compared<'a> {
    case: &'a Case,
    subject: &'a Subject,
    /// The first gradient.
    gradients: &'a [f32],
    tolerance: f64,
    /// How far an element that only rounding moves can be off.
    most: f64,
}

impl Compared<'_> {
    fn compare(&self, name: &str, sums: bool, mine: &[f32], report: &mut Report) -> Outcome {
        let samples = self.case.tensor(&format!("{name}_sample"))?;
        let listed = list(&self.case.params, "params")?;
        for (at, (param, listed)) in self.subject.network.params().iter().zip(listed).enumerate() {
            let offset = whole(listed, "offset")? as usize;
            let zero = flag(listed, "mathematically_zero")?;
            let range = param.offset..param.offset + param.elements();
            let gradients = &self.gradients[range.clone()];
            let largest = gradients.iter().fold(0.0_f32, |most, g| most.max(g.abs()));
            let counts = |element: usize| {
                let clear = gradients[element].abs() > 1e-4 * largest;
                !zero && clear && self.subject.counts(&param.name, element)
            };
            let mine = &mine[range];
            for (k, element) in sampled(mine.len()).into_iter().enumerate() {
                let tolerance = if counts(element) {
                    self.tolerance
                } else {
                    self.most
                };
                let theirs = samples.values[offset + k];
                let what = format!("{name} {}[{element}]", param.name);
                // Both are rounded to f32.
                let rounding = 1.2e-7 * theirs.abs();
                report.near(&what, mine[element].into(), theirs, tolerance + rounding);
            }
            if sums {
                let theirs = self.case.tensor(&format!("{name}_stats"))?.row(at)[0];
                let sum = mine.iter().map(|&value| f64::from(value)).sum::<f64>();
                let clear = (0..mine.len()).filter(|&element| counts(element)).count();
                let unclear = (mine.len() - clear) as f64;
                let rounding: f64 = mine.iter().map(|w| 1.2e-7 * f64::from(w.abs())).sum();
                let tolerance = self.tolerance * clear as f64 + self.most * unclear + rounding;
                report.near(
                    &format!("{name} {} sum", param.name),
                    sum,
                    theirs,
                    tolerance,
                );
            }
        }
        Ok(())
    }
}

fn check_network(case: &Case, report: &mut Report) -> Outcome {
    let batch = case.tensor("t")?.shape[1];
    let subject = Subject::of(case, batch)?;
    let graph = training_graph(&subject.network, Recompute::Nothing)?;
    let mut gradients = vec![0.0; subject.weights.len()];
    let mut loss = vec![0.0; 3 * batch];
    let micros = subject.micros(case, 0)?;
    let mut executor = Gradients::new(&graph)?;
    executor.run(
        &subject.weights,
        &micros[0].inputs(),
        &mut gradients,
        &mut loss,
    )?;
    check_loss(case, &loss, &subject, report)?;
    compare_gradients(case, &subject, &gradients, report)?;
    let engine = |network: &Graph, rates: &[f64]| -> Outcome<Box<dyn Engine>> {
        let graph = training_graph(network, Recompute::Cheap)?;
        Ok(Box::new(CpuEngine::new(&graph, rates, false)?))
    };
    check_steps(case, engine, &gradients, report)
}

/// Takes a step with gradients, returns weights, moments and averages.
pub(crate) type Stepper = Box<dyn FnMut(&[f32], &OptimizerStep) -> Vec<Vec<f32>>>;

/// AdamW alone, on recorded gradients; `stepper` is given the weights and the rates of the averages.
pub(crate) fn check_optimizer(
    case: &Case,
    stepper: impl FnOnce(&[f32], &[f64]) -> Stepper,
    report: &mut Report,
) -> Outcome {
    let params = &case.params;
    let adamw = adamw(params)?;
    let lr: Vec<f64> = serde_json::from_value(params["lr_used"].clone())?;
    let rates: Vec<f64> = serde_json::from_value(params["ema_rates"].clone())?;
    let weights = singles(&case.tensor("param0")?.values);
    let mut take = stepper(&weights, &rates);
    let largest = case
        .tensor("grads")?
        .values
        .iter()
        .fold(0.0_f64, |most, g| most.max(g.abs()));
    let mut compare = |name: &str, step: usize, mine: &[f32]| -> Outcome {
        let scale = match name {
            "exp_avg" => (1.0 - adamw.beta1) * largest,
            "exp_avg_sq" => (1.0 - adamw.beta2) * largest * largest,
            _ => 0.01,
        };
        let stored = case.tensor(name)?;
        // Of every step, or of the last.
        let theirs = match stored.shape[..] {
            [_] if step + 1 == lr.len() => &stored.values[..],
            [_] => return Ok(()),
            _ => stored.row(step),
        };
        for (mine, theirs) in mine.iter().zip(theirs) {
            // A few roundings of f32 in each step, of numbers as large as what was averaged.
            let tolerance = 1.2e-7 * (1.0 + step as f64) * theirs.abs().max(scale);
            report.near(name, f64::from(*mine), *theirs, tolerance);
        }
        Ok(())
    };
    for (step, &lr) in lr.iter().enumerate() {
        let gradients = singles(case.tensor("grads")?.row(step));
        let update = OptimizerStep {
            adamw,
            lr,
            step: step as u64 + 1,
            unscale: 1.0,
            clip: None,
            ema_warm_up: false,
        };
        let slots = take(&gradients, &update);
        let averages = rates.iter().map(|rate| format!("ema_{rate}"));
        let names = ["params", "exp_avg", "exp_avg_sq"].map(String::from);
        assert_eq!(slots.len(), names.len() + averages.len());
        for (name, slot) in names.into_iter().chain(averages).zip(&slots) {
            compare(&name, step, slot)?;
        }
    }
    Ok(())
}

/// The processor's optimiser.
fn on_slices(weights: &[f32], rates: &[f64]) -> Stepper {
    let rates = rates.to_vec();
    let mut slots = vec![vec![0.0; weights.len()]; 3];
    slots[0] = weights.to_vec();
    slots.extend(rates.iter().map(|_| weights.to_vec()));
    Box::new(move |gradients, update| {
        let [weights, first, second, averages @ ..] = &mut slots[..] else {
            panic!("weights and two moments");
        };
        update.apply(1.0, gradients, weights, first, second);
        for (average, &rate) in averages.iter_mut().zip(&rates) {
            iddpm::train::average(rate, weights, average);
        }
        slots.clone()
    })
}

#[test]
fn gradients_and_steps() {
    let mut report = Report::new("grad");
    check_index(&golden_directory(), "grad").unwrap();
    for case in cases(&golden_directory(), "grad").unwrap() {
        let is_network = case.params.get("model").is_some();
        // What else there is are learning rates: tests/train/runs.rs.
        if !is_network && case.params.get("lr_used").is_none() {
            continue;
        }
        report.begin(&case.name);
        let checked = if is_network {
            check_network(&case, &mut report)
        } else {
            check_optimizer(&case, on_slices, &mut report)
        };
        checked.unwrap_or_else(|error| panic!("{}: {error}", case.name));
        case.finish()
            .unwrap_or_else(|error| panic!("{}: {error}", case.name));
    }
    println!("{report}");
    assert!(report.cases > 0, "no case of the group grad");
    report
        .verdict()
        .unwrap_or_else(|message| panic!("{message}"));
}
