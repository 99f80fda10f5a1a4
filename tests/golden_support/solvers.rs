//! What came after the paper: schedules, spacings, thresholding, optimal variances.

use iddpm::diffusion::{Clip, Diffusion, Schedule, Timesteps};
use serde_json::Value;

use super::case::{Case, Outcome, bare_diffusion, build, list, number, text, whole};
use super::report::Report;
use super::track::{Arithmetic, Track, U32, U64, levels_error, table_error};
use super::trajectory;

pub(crate) fn check(case: &Case, report: &mut Report) -> Outcome {
    const KINDS: [(&str, super::Check); 7] = [
        ("zero_snr_", check_zero_snr),
        ("sigmoid_", check_sigmoid),
        ("spacings", check_spacings),
        ("threshold_", check_threshold),
        ("analytic_dpm_", check_optimal_variance),
        ("dpmpp_", trajectory::check_dpm_solver),
        ("ddim_", trajectory::check_ddim),
    ];
    match KINDS
        .iter()
        .find(|(prefix, _)| case.name.starts_with(prefix))
    {
        Some((_, check)) => check(case, report),
        None => Err("an unknown kind of case".into()),
    }
}

fn check_sigmoid(case: &Case, report: &mut Report) -> Outcome {
    let params = &case.params;
    let (start, end) = (number(params, "start")?, number(params, "end")?);
    let tau = number(params, "tau")?;
    let schedule = Schedule::Sigmoid { start, end, tau };
    let mut room = Vec::new();
    let diffusion = Diffusion::new(schedule, whole(params, "num_timesteps")?);
    let process = build(&diffusion, None, &mut room)?;
    let betas = &case.tensor("betas")?.values;
    report.equal("length", process.len(), betas.len());
    // β is the quotient of two differences of logistic functions, each of which is off by a few
    // roundings of itself and by a quarter of what its argument is off by. Where ᾱ(u) falls to 0 so
    // does the difference, and its error does not.
    let off = (8.0 + (start.abs() + end.abs()) / tau) * U64;
    let logistic = |x: f64| 1.0 / (1.0 + (-x / tau).exp());
    // ᾱ = 1 in the schedule's own units.
    let span = logistic(end) - logistic(start);
    let mut alpha_bar = 1.0;
    for (k, (level, &want)) in process.levels().iter().zip(betas).enumerate() {
        let here = alpha_bar * span;
        alpha_bar *= 1.0 - want;
        let there = (alpha_bar * span).max(here * 1e-3);
        let double = Arithmetic::f64(0.0);
        let difference = |value: f64| double.with_error(value, off);
        let beta = -(difference(there) / difference(here)) + 1.0;
        report.near(&format!("betas[{k}]"), level.beta, want, 2.0 * beta.error);
    }
    Ok(())
}

fn check_zero_snr(case: &Case, report: &mut Report) -> Outcome {
    let plain = bare_diffusion(&case.params)?;
    // ε cannot be had where ᾱ = 0, and is not asked for.
    let rescaled = plain
        .with_prediction(iddpm::diffusion::Prediction::V)
        .with_zero_terminal_snr(true);
    let (mut room, mut plain_room) = (Vec::new(), Vec::new());
    let process = build(&rescaled, None, &mut room)?;
    let plain = build(&plain, None, &mut plain_room)?;
    let double = Arithmetic::f64(levels_error(plain.levels()));
    let root = |k: usize| double.coefficient(plain.levels()[k].alpha_bar.sqrt());
    let (first, last) = (root(0), root(plain.len() - 1));
    let (betas, alphas) = (
        &case.tensor("betas")?.values,
        &case.tensor("alphas_cumprod")?.values,
    );
    report.equal("length", process.len(), betas.len());
    let mut before = double.exact(1.0);
    for (k, level) in process.levels().iter().enumerate() {
        let shifted = (root(k) - last) * (first / (first - last));
        let alpha_bar = shifted * shifted;
        let beta = -(alpha_bar / before) + 1.0;
        before = alpha_bar;
        // The ends are exact: ᾱ = 0 and β = 1.
        let (at_end, twice) = (k + 1 == betas.len(), 2.0);
        let tolerance = |track: Track| if at_end { 0.0 } else { twice * track.error };
        report.near(
            &format!("alphas_cumprod[{k}]"),
            level.alpha_bar,
            alphas[k],
            tolerance(alpha_bar),
        );
        report.near(
            &format!("betas[{k}]"),
            level.beta,
            betas[k],
            tolerance(beta),
        );
    }
    report.equal(
        "the last ᾱ and β",
        (alphas.last(), betas.last()),
        (Some(&0.0), Some(&1.0)),
    );
    Ok(())
}

fn check_spacings(case: &Case, report: &mut Report) -> Outcome {
    for entry in list(&case.params, "entries")? {
        let (total, steps) = (whole(entry, "num_timesteps")?, whole(entry, "steps")?);
        let kind = text(entry, "kind")?;
        let timesteps = match kind {
            "leading" => Timesteps::leading(steps),
            "trailing" => Timesteps::trailing(steps),
            "linspace" => Timesteps::linspace(steps),
            _ => return Err(format!("unknown spacing {kind}").into()),
        };
        let mut kept = vec![0; timesteps.count(total)?];
        timesteps.fill(total, &mut kept)?;
        kept.reverse();
        let what = format!("{kind} {steps} of {total}");
        report.equal(&format!("length of {what}"), kept.len(), steps as usize);
        let ends = (
            kept.first().copied(),
            kept.last().copied(),
            kept.iter().sum::<u32>(),
        );
        let want = (
            Some(whole(entry, "first")?),
            Some(whole(entry, "last")?),
            whole(entry, "sum")?,
        );
        report.equal(&format!("first, last, sum of {what}"), ends, want);
        if let Some(Value::Array(want)) = entry.get("timesteps") {
            let want: Vec<u32> = serde_json::from_value(want.clone().into())?;
            report.equal(&what, &kept, &want);
            let named = format!("{kind}{steps}");
            let mut read = vec![0; want.len()];
            Timesteps::parse(&named)?.fill(total, &mut read)?;
            report.equal(
                &format!("{named} as read"),
                read.iter().rev().eq(&want),
                true,
            );
        }
    }
    Ok(())
}

fn check_threshold(case: &Case, report: &mut Report) -> Outcome {
    let clip = Clip::Dynamic {
        ratio: number(&case.params, "ratio")?,
        max: number(&case.params, "max")?,
    };
    let (x, want) = (case.tensor("x")?, case.tensor("out")?);
    for n in 0..x.shape[0] {
        let mut got: Vec<f32> = x.row(n).iter().map(|&value| value as f32).collect();
        clip.apply(&mut got)?;
        for (i, (&got, &want)) in got.iter().zip(want.row(n)).enumerate() {
            // x is cast, and so are the values that s is interpolated from; s, 1/s and the product
            // are rounded: five roundings, relative to the result.
            report.near(
                &format!("out[{n}, {i}]"),
                got.into(),
                want,
                5.001 * U32 * want.abs(),
            );
        }
    }
    Ok(())
}

fn check_optimal_variance(case: &Case, report: &mut Report) -> Outcome {
    let betas = &case.tensor("betas")?.values;
    let mut room = Vec::new();
    let diffusion = Diffusion::new(Schedule::Betas(betas), betas.len() as u32);
    let process = build(&diffusion, None, &mut room)?;
    let double = Arithmetic::f64(table_error((0..).zip(betas.iter().copied())));
    let measured = &case.tensor("ms_eps")?.values;
    for (k, &want) in case.tensor("variance")?.values.iter().enumerate() {
        let step = process.coefficients(k)?;
        let table = |value: f64| double.coefficient(value);
        let tilde = table(step.posterior_variance);
        let carried = (table(1.0 - step.alpha_bar_prev) - tilde).sqrt();
        let root = (table(1.0 - step.alpha_bar) / table(1.0 - step.beta)).sqrt() - carried;
        let excess = double.exact(1.0 - measured[k].min(1.0));
        let variance = tilde + root * root * excess;
        report.near(
            &format!("variance[{k}]"),
            step.optimal_variance(measured[k]).unwrap(),
            want,
            2.0 * variance.error,
        );
        // The measured mean square is cut at 1, where the variance is β̃.
        for measured in [1.0, 1.5] {
            let got = step.optimal_variance(measured).unwrap();
            report.near("cut variance", got, step.posterior_variance, 0.0);
        }
    }
    Ok(())
}
