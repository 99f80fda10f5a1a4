//! The law by which training timesteps are drawn, in f64.

use iddpm::diffusion::resample::{LossSecondMoment, Resampler, Uniform};

use super::case::{Case, Outcome, number, whole};
use super::report::Report;
use super::track::U64;

pub(crate) fn check(case: &Case, report: &mut Report) -> Outcome {
    if case.params.get("history_per_term").is_some() {
        return check_second_moment(case, report);
    }
    check_uniform(case, report)
}

fn check_uniform(case: &Case, report: &mut Report) -> Outcome {
    let total = whole(&case.params, "num_timesteps")?;
    let law = Uniform::new(total)?;
    let weights = &case.tensor("weights")?.values;
    report.equal("length of weights", weights.len(), total as usize);
    let sum: f64 = weights.iter().sum();
    for (t, &weight) in (0..total).zip(weights) {
        // The sum of T ones and two divisions.
        report.near(
            "p",
            law.probability(t),
            weight / sum,
            f64::from(total + 2) * U64 / f64::from(total),
        );
    }
    for &want in &case.tensor("importance_weights")?.values {
        for t in 0..total {
            report.near("importance weight", law.importance_weight(t), want, 0.0);
        }
    }
    Ok(())
}

fn check_second_moment(case: &Case, report: &mut Report) -> Outcome {
    let params = &case.params;
    let total = whole(params, "num_timesteps")?;
    let held = whole(params, "history_per_term")?;
    let storage = vec![0.0; LossSecondMoment::storage_len(total, held)];
    let mut law = LossSecondMoment::new(storage, total, held, number(params, "uniform_prob")?)?;
    // √ of a sum of h squares (h + 1 roundings), a sum over T, a quotient, the mixture of two
    // terms (4), and once more a sum and a quotient to make p of w; on either side.
    let error = 2.0 * f64::from(held + 2 * total + 8) * U64;

    let (weights, counts) = (case.tensor("weights")?, case.tensor("counts")?);
    let (ts, losses) = (case.tensor("ts")?, case.tensor("losses")?);
    let warmed_up = &case.tensor("warmed_up")?.values;
    let mut first_warm = None;
    for (k, &warm) in warmed_up.iter().enumerate() {
        if let Some(before) = k.checked_sub(1) {
            let drawn: Vec<u32> = ts.row(before).iter().map(|&t| t as u32).collect();
            law.update(&drawn, losses.row(before))?;
        }
        report.equal(&format!("warm after {k}"), law.is_warm(), warm == 1.0);
        if law.is_warm() && first_warm.is_none() {
            first_warm = Some(k);
        }
        let sum: f64 = weights.row(k).iter().sum();
        for t in 0..total {
            let p = weights.row(k)[t as usize] / sum;
            report.near(
                &format!("p_{t} after {k}"),
                law.probability(t),
                p,
                error * p,
            );
            report.near(
                &format!("losses held of {t} after {k}"),
                f64::from(law.held(t)),
                counts.row(k)[t as usize],
                0.0,
            );
        }
    }
    report.equal(
        "first warm",
        first_warm,
        params["first_warm_index"].as_u64().map(|k| k as usize),
    );
    check_end(case, report, &law, error)
}

/// The state at the end, and what is drawn from it.
fn check_end(
    case: &Case,
    report: &mut Report,
    law: &LossSecondMoment<Vec<f64>>,
    error: f64,
) -> Outcome {
    let p = &case.tensor("p_final")?.values;
    let (history, counts) = (
        case.tensor("final_history")?,
        case.tensor("final_counts")?.whole()?,
    );
    for t in 0..law.num_timesteps() {
        let at = t as usize;
        report.near(
            &format!("final p_{t}"),
            law.probability(t),
            p[at],
            error * p[at],
        );
        report.equal(&format!("final count of {t}"), law.held(t), counts[at]);
        report.equal(
            &format!("history of {t}"),
            law.losses(t),
            &history.row(at)[..counts[at] as usize],
        );
    }
    let queries = case.tensor("query_t")?.whole()?;
    let want = &case.tensor("importance_weights")?.values;
    report.equal("number of weights", queries.len(), want.len());
    for (&t, &want) in queries.iter().zip(want) {
        // Two more roundings for 1/(T p).
        let tolerance = (error + 4.0 * U64) * want;
        report.near(
            &format!("importance weight of {t}"),
            law.importance_weight(t),
            want,
            tolerance,
        );
        // A deviate in the middle of t's share of [0, 1) must draw t.
        let below: f64 = p[..t as usize].iter().sum();
        let drawn = law.draw(below + p[t as usize] / 2.0)?;
        report.equal(&format!("drawn instead of {t}"), drawn.timestep, t);
        report.near(
            &format!("weight of the drawn {t}"),
            drawn.weight,
            want,
            tolerance,
        );
    }
    Ok(())
}
