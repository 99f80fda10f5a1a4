//! β and everything derived from it, in f64.

use iddpm::diffusion::{Coefficients, Level};
use serde_json::Value;

use super::case::{Case, Outcome, bare_diffusion, build, flag, list, number, text, whole};
use super::report::Report;
use super::track::{U64, table_error};

pub(crate) fn check(case: &Case, report: &mut Report) -> Outcome {
    if case.params.get("entries").is_some() {
        return check_refusals(case, report);
    }
    let mut room = Vec::new();
    let process = build(&bare_diffusion(&case.params)?, None, &mut room)?;
    report.equal(
        "length",
        process.len(),
        whole(&case.params, "num_timesteps")? as usize,
    );
    let index = case.tensor("index")?.whole()?;
    if flag(&case.params, "full")? {
        report.equal("index", index.clone(), (0..process.len() as u32).collect());
    }
    let betas = &case.tensor("betas")?.values;
    let error = table_error((0..).zip(betas.iter().copied()));
    check_arrays(
        case,
        report,
        error,
        &index,
        |k| Ok(process.coefficients(k)?),
    )?;
    for (name, want) in case.params["sums"].as_object().ok_or("no sums")? {
        let want = want.as_f64().ok_or("a sum is no number")?;
        let mut values = Vec::new();
        for k in 0..process.len() {
            values.push(derived(name, &process.coefficients(k)?)?);
        }
        let sum: f64 = values.iter().sum();
        // Each term to its own tolerance, and a rounding for each addition.
        let magnitude: f64 = values.iter().map(|value| value.abs()).sum();
        let terms: f64 = values
            .iter()
            .map(|&value| tolerance(name, value, error))
            .sum();
        let rounding = values.len() as f64 * U64 * magnitude;
        report.near(&format!("sum of {name}"), sum, want, terms + rounding);
    }
    Ok(())
}

fn check_refusals(case: &Case, report: &mut Report) -> Outcome {
    for entry in list(&case.params, "entries")? {
        let what = format!(
            "{} over {}",
            text(entry, "schedule")?,
            number(entry, "num_timesteps")?
        );
        report.equal("must be refused", flag(entry, "expected_error")?, true);
        report.refused(&what, &build_from(entry, &mut Vec::new()));
    }
    Ok(())
}

/// The schedule's name may itself be what is refused.
fn build_from(entry: &Value, room: &mut Vec<Level>) -> Outcome {
    build(&bare_diffusion(entry)?, entry.get("spec"), room).map(|_| ())
}

/// Compares every expected f64 array with the coefficients at the given indices.
pub(crate) fn check_arrays(
    case: &Case,
    report: &mut Report,
    error: f64,
    index: &[u32],
    coefficients: impl Fn(usize) -> Outcome<Coefficients>,
) -> Outcome {
    for name in case
        .expected_names()
        .iter()
        .filter(|name| *name != "timestep_map")
    {
        let want = &case.tensor(name)?.values;
        report.equal(&format!("length of {name}"), index.len(), want.len());
        for (&at, &want) in index.iter().zip(want) {
            let got = derived(name, &coefficients(at as usize)?)?;
            report.near(
                &format!("{name}[{at}]"),
                got,
                want,
                tolerance(name, want, error),
            );
        }
    }
    Ok(())
}

/// A relative error of a number is an absolute error of its logarithm.
fn tolerance(name: &str, value: f64, error: f64) -> f64 {
    if name.contains("log") {
        return error + 4.0 * U64 * value.abs();
    }
    error * value.abs()
}

/// The public implementation's name for a coefficient.
fn derived(name: &str, step: &Coefficients) -> Outcome<f64> {
    Ok(match name {
        "betas" => step.beta,
        "alphas_cumprod" => step.alpha_bar,
        "alphas_cumprod_prev" => step.alpha_bar_prev,
        "alphas_cumprod_next" => step.alpha_bar_next,
        "sqrt_alphas_cumprod" => step.sqrt_alpha_bar,
        "sqrt_one_minus_alphas_cumprod" => step.sqrt_one_minus_alpha_bar,
        "log_one_minus_alphas_cumprod" => step.log_one_minus_alpha_bar,
        "sqrt_recip_alphas_cumprod" => step.sqrt_recip_alpha_bar,
        "sqrt_recipm1_alphas_cumprod" => step.sqrt_recip_m1_alpha_bar,
        "posterior_variance" => step.posterior_variance,
        "posterior_log_variance_clipped" => step.posterior_log_variance_clipped,
        "posterior_mean_coef1" => step.posterior_mean_coef1,
        "posterior_mean_coef2" => step.posterior_mean_coef2,
        _ => return Err(format!("no coefficient is called {name}").into()),
    })
}
