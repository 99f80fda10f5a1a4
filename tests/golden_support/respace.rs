//! Which timesteps a spacing keeps, and the coefficients of the shorter process.

use iddpm::diffusion::Timesteps;
use serde_json::Value;

use super::case::{Case, Outcome, bare_diffusion, build, flag, list, text, whole};
use super::report::Report;
use super::schedule::check_arrays;
use super::track::table_error;

pub(crate) fn check(case: &Case, report: &mut Report) -> Outcome {
    let params = &case.params;
    if params.get("entries").is_some() {
        return check_table(case, report);
    }
    let spec = Some(&params["spec"]);
    let diffusion = bare_diffusion(params)?;
    let mut room = Vec::new();
    let process = build(&diffusion, spec, &mut room);
    if params.get("expected_error").is_some() && flag(params, "expected_error")? {
        report.refused("a process that cannot be", &process);
        return Ok(());
    }
    let process = process?;
    let steps = whole(params, "spaced_num_timesteps")?;
    report.equal("length", process.len(), steps as usize);
    let map = case.tensor("timestep_map")?.whole()?;
    let kept: Vec<u32> = process
        .levels()
        .iter()
        .map(|level| level.timestep)
        .collect();
    report.equal("timestep_map", &kept, &map);
    let betas = &case.tensor("betas")?.values;
    let error = table_error(map.iter().copied().zip(betas.iter().copied()));
    let index: Vec<u32> = (0..steps).collect();
    check_arrays(
        case,
        report,
        error,
        &index,
        |k| Ok(process.coefficients(k)?),
    )
}

fn check_table(case: &Case, report: &mut Report) -> Outcome {
    for entry in list(&case.params, "entries")? {
        let what = format!("{} of {}", entry["spec"], entry["num_timesteps"]);
        let kept = space(entry);
        if flag(entry, "expected_error")? {
            report.refused(&what, &kept);
            continue;
        }
        let want = case.tensor(text(entry, "tensor")?)?.whole()?;
        report.equal(
            &format!("count of {what}"),
            want.len(),
            whole(entry, "count")? as usize,
        );
        report.equal(&what, kept?, want);
    }
    Ok(())
}

fn space(entry: &Value) -> Outcome<Vec<u32>> {
    let total = whole(entry, "num_timesteps")?;
    let counts: Vec<u32>;
    let timesteps = match &entry["spec"] {
        Value::String(text) => Timesteps::parse(text)?,
        other => {
            counts = serde_json::from_value(other.clone())?;
            Timesteps::sections(&counts)
        }
    };
    let mut kept = vec![0; timesteps.count(total)?];
    timesteps.fill(total, &mut kept)?;
    Ok(kept)
}
