//! q, p and single sampling steps, every batch element at its own t.

use iddpm::diffusion::{
    Clip, LogVariance, Method, Prediction, ProcessView, ReverseElement, Sampler, Step, Variance,
};

use super::applied::{self, Before};
use super::case::flag;
use super::case::{
    Case, Layout, Outcome, Tensor, bare_diffusion, build, clip, diffusion, list, number,
};
use super::public::{Law, Public};
use super::report::Report;
use super::track::{Arithmetic, Track, U32};

pub(crate) fn check(case: &Case, report: &mut Report) -> Outcome {
    if case.name == "q" {
        check_q(case, report)
    } else if case.name.starts_with("p_") {
        check_p(case, report)
    } else if case.name == "scale_timesteps" {
        check_scale(case, report)
    } else {
        Err("an unknown kind of case".into())
    }
}

/// What the network is told: exact but for the rounding of 1000/T and of the product.
fn check_scale(case: &Case, report: &mut Report) -> Outcome {
    for entry in list(&case.params, "entries")? {
        let rescale = flag(entry, "rescale_timesteps")?;
        let mut entry = entry.clone();
        // The schedule has no part in it.
        entry["schedule"] = "cosine".into();
        let diffusion = bare_diffusion(&entry)?.with_rescaled_timesteps(rescale);
        let mut room = Vec::new();
        let process = build(&diffusion, None, &mut room)?;
        let want = list(&entry, "model_t")?;
        let ts = list(&entry, "t")?;
        report.equal("number of timesteps", ts.len(), want.len());
        for (t, want) in ts.iter().zip(want) {
            let (t, want) = (
                t.as_u64().ok_or("no t")?,
                want.as_f64().ok_or("no model_t")?,
            );
            let got = f64::from(process.model_timestep(t as usize)?);
            report.near(
                &format!("t = {t} of {}", entry["num_timesteps"]),
                got,
                want,
                2.0 * U32 * want,
            );
        }
    }
    Ok(())
}

fn check_q(case: &Case, report: &mut Report) -> Outcome {
    let mut room = Vec::new();
    let process = build(&bare_diffusion(&case.params)?, None, &mut room)?;
    let ts = case.tensor("t")?.whole()?;
    let rows = |name: &str, n: usize| -> Outcome<Vec<f32>> {
        Ok(case
            .tensor(name)?
            .row(n)
            .iter()
            .map(|&value| value as f32)
            .collect())
    };
    for (n, &t) in ts.iter().enumerate() {
        let public = Public::of(process, t as usize, Arithmetic::F32)?;
        let step = &public.step;
        let (x_start, noise) = (rows("x_start", n)?, rows("noise", n)?);
        let (x_t, x_any) = (rows("x_t", n)?, rows("x_any", n)?);
        let given = |prediction: Prediction| prediction.to_x_start(step);
        let maps = [
            ("x_t", step.q_sample(), &x_start, &noise),
            ("posterior_mean", step.posterior_mean(), &x_t, &x_start),
            (
                "xstart_from_eps",
                given(Prediction::Epsilon)?,
                &x_any,
                &rows("eps", n)?,
            ),
            (
                "xstart_from_xprev",
                given(Prediction::PreviousX)?,
                &x_any,
                &rows("xprev", n)?,
            ),
            (
                "eps_from_xstart",
                Prediction::Epsilon.from_x_start(step),
                &x_any,
                &rows("pred_xstart", n)?,
            ),
        ];
        for (name, map, x, value) in maps {
            let mut got = vec![0.0; x.len()];
            map.fill(x, value, &mut got)?;
            for (i, &want) in case.tensor(name)?.row(n).iter().enumerate() {
                let (x, value) = (public.exact(x[i]), public.exact(value[i]));
                let recorded = match name {
                    "x_t" => public.q_sample(x, value),
                    "posterior_mean" => public.posterior_mean(value, x),
                    "xstart_from_eps" => public.x_start_from(Prediction::Epsilon, x, value),
                    "xstart_from_xprev" => public.x_start_from(Prediction::PreviousX, x, value),
                    _ => public.epsilon(x, value),
                };
                let table = |value| Arithmetic::F32.coefficient(value);
                let mine = table(map.x) * x + table(map.value) * value;
                let what = format!("{name}[{n}, {i}]");
                report.near(&what, got[i].into(), want, recorded.error + mine.error);
            }
        }
        let numbers = [
            ("q_variance", 1.0 - step.alpha_bar),
            ("q_log_variance", step.log_one_minus_alpha_bar),
            ("posterior_variance", step.posterior_variance),
            (
                "posterior_log_variance_clipped",
                step.posterior_log_variance_clipped,
            ),
        ];
        for (name, got) in numbers {
            for &want in case.tensor(name)?.row(n) {
                // Only cast.
                report.near(&format!("{name}[{n}]"), got, want, U32 * got.abs() * 1.001);
            }
        }
        for (&want, &x) in case.tensor("q_mean")?.row(n).iter().zip(&x_start) {
            let recorded = public.q_mean(public.exact(x));
            report.near(
                &format!("q_mean[{n}]"),
                recorded.value,
                want,
                recorded.error,
            );
        }
    }
    Ok(())
}

/// One image of a batch: what the network saw and said, and the noise.
struct Element {
    index: usize,
    x: Vec<f32>,
    output: Vec<f32>,
    noise: Vec<f32>,
}

/// x̂_0 ↦ a·x̂_0 + b before clipping, where the case asks for it.
type Hook = Option<(f64, f64)>;

fn check_p(case: &Case, report: &mut Report) -> Outcome {
    let mut room = Vec::new();
    let process = build(&diffusion(&case.params)?, None, &mut room)?;
    let hook = match case.params.get("a") {
        Some(_) => Some((number(&case.params, "a")?, number(&case.params, "b")?)),
        None => None,
    };
    let layout = Layout::of(&case.tensor("x")?.shape)?;
    let single = |tensor: &Tensor, n: usize| tensor.row(n).iter().map(|&v| v as f32).collect();
    for (n, t) in case.tensor("t")?.whole()?.into_iter().enumerate() {
        let element = Element {
            index: t as usize,
            x: single(case.tensor("x")?, n),
            output: single(case.tensor("model_output")?, n),
            noise: single(case.tensor("noise")?, n),
        };
        report.equal("elements", element.x.len(), layout.elements);
        for name in case.expected_names() {
            let want = case.tensor(name)?.row(n);
            let (clipped, what) = match name.split_once('.') {
                Some(("clip1", what)) => (true, what),
                Some(("clip0", what)) => (false, what),
                _ => return Err(format!("unknown tensor {name}").into()),
            };
            let got = evaluate(process, &element, clip(clipped), hook, what)?;
            for (i, (&got, &want)) in got.iter().zip(want).enumerate() {
                let tolerance = bound(process, &element, clipped, hook, what, i)?;
                report.near(
                    &format!("{name}[{n}, {i}] at t = {t}"),
                    got,
                    want,
                    tolerance,
                );
            }
        }
    }
    Ok(())
}

/// The method that a tensor's name stands for; `None` where it is part of the law.
fn method(what: &str) -> Outcome<Option<Method>> {
    Ok(match what {
        "mean" | "variance" | "log_variance" | "pred_xstart" => None,
        "p_sample" => Some(Method::Ancestral),
        "ddim_reverse" => Some(Method::DdimReverse),
        _ => {
            let eta = what
                .strip_prefix("ddim_sample_eta")
                .ok_or_else(|| format!("unknown tensor {what}"))?;
            Some(Method::Ddim { eta: eta.parse()? })
        }
    })
}

/// The step that a method takes from `index`.
fn step_from(process: ProcessView<'_>, method: Method, clip: Clip, index: usize) -> Outcome<Step> {
    let sampler = Sampler::new(&process, method, clip)?;
    let position = match method {
        Method::DdimReverse => index,
        _ => process.len() - 1 - index,
    };
    let step = sampler.step_at(position as u32).ok_or("no such step")?;
    if step.index() != index {
        return Err("the step is of another index".into());
    }
    Ok(step)
}

/// The crate's answer for one image.
fn evaluate(
    process: ProcessView<'_>,
    element: &Element,
    clip: Clip,
    hook: Hook,
    what: &str,
) -> Outcome<Vec<f64>> {
    let Element {
        index,
        x,
        output,
        noise,
    } = element;
    let law = process.reverse_law(*index)?;
    if let Some(method) = method(what)? {
        let step = step_from(process, method, clip, *index)?;
        return Ok(widen(&stepped(&step, x, output, noise, hook)?.0));
    }
    if hook.is_some() && what == "pred_xstart" {
        let step = step_from(process, Method::Ancestral, clip, *index)?;
        return Ok(widen(&stepped(&step, x, output, noise, hook)?.1));
    }
    if hook.is_some() && what == "mean" {
        // A step without its noise.
        let step = step_from(process, Method::Ancestral, clip, *index)?;
        return Ok(widen(
            &stepped(&step, x, output, &vec![0.0; x.len()], hook)?.0,
        ));
    }
    let pick = |element: ReverseElement| match what {
        "mean" => element.mean,
        "log_variance" => element.log_variance,
        "pred_xstart" => element.x_start,
        // The fixed small variance alone is not the exponential of its clipped logarithm.
        _ if process.variance() == Variance::FixedSmall => law.coefficients.posterior_variance,
        _ => element.log_variance.exp(),
    };
    let mut values = vec![f64::NAN; x.len()];
    law.for_each(x, output, clip, |i, element| values[i] = pick(element))?;
    Ok(values)
}

/// x after the step, and x̂_0.
fn stepped(
    step: &Step,
    x: &[f32],
    output: &[f32],
    noise: &[f32],
    hook: Hook,
) -> Outcome<(Vec<f32>, Vec<f32>)> {
    let mut x = x.to_vec();
    let mut x_start = vec![f32::NAN; x.len()];
    match hook {
        None => step.apply(&mut x, output, noise)?,
        Some((a, b)) => {
            let change = |x_start: &mut [f32]| {
                for value in x_start {
                    *value = a as f32 * *value + b as f32;
                }
            };
            step.apply_with_hook(&mut x, output, noise, &mut [], &mut x_start, change)?;
        }
    }
    Ok((x, x_start))
}

fn widen(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

/// How far the recorded number and the crate's may be apart: the sum of their rounding errors.
fn bound(
    process: ProcessView<'_>,
    element: &Element,
    clipped: bool,
    hook: Hook,
    what: &str,
    i: usize,
) -> Outcome<f64> {
    let arithmetic = Arithmetic::F32;
    let public = Public::of(process, element.index, arithmetic)?;
    let exact = |values: &[f32], i: usize| public.exact(values.get(i).copied().unwrap_or(0.0));
    let before = Before {
        x: exact(&element.x, i),
        output: exact(&element.output, i),
        channel: exact(&element.output, element.x.len() + i),
        noise: exact(&element.noise, i),
        history: arithmetic.exact(0.0),
    };
    let finish = |raw: Track| {
        let hooked = match hook {
            Some((a, b)) => arithmetic.coefficient(a) * raw + arithmetic.coefficient(b),
            None => raw,
        };
        if clipped { hooked.clamp(1.0) } else { hooked }
    };
    let x_start = finish(public.x_start(before.x, before.output));
    let law = public.law(before.x, x_start, before.output, before.channel);
    let recorded = recorded(&public, process.variance(), &before, law, what)?;
    // What is not a step, the crate computes in f64 but for the hooked mean.
    let method = method(what)?.unwrap_or(Method::Ancestral);
    let step = step_from(process, method, clip(clipped), element.index)?;
    let update = step.update();
    let x_start = finish(applied::raw_x_start(update, arithmetic, &before));
    let mine = applied::apply(update, arithmetic, &before, x_start);
    let mine = match what {
        "variance" | "log_variance" => 0.0,
        "pred_xstart" => mine.x_start.error,
        _ => mine.x.error,
    };
    Ok(recorded.error + mine)
}

fn recorded(
    public: &Public,
    variance: Variance,
    before: &Before,
    law: Law,
    what: &str,
) -> Outcome<Track> {
    Ok(match what {
        "pred_xstart" => law.x_start,
        "mean" => law.mean,
        "log_variance" => law.log_variance,
        "variance" if variance.is_learned() => law.log_variance.exp(),
        // Looked up as such and cast, which the logarithm is not.
        "variance" => public
            .arithmetic
            .coefficient(match variance.at(&public.step) {
                LogVariance::Fixed(log) => log.exp(),
                _ => f64::NAN,
            }),
        "p_sample" => public.p_sample(law, before.noise),
        "ddim_reverse" => public.ddim_reverse(before.x, law.x_start),
        _ => match method(what)? {
            Some(Method::Ddim { eta }) => public.ddim(before.x, law.x_start, before.noise, eta),
            _ => return Err(format!("unknown tensor {what}").into()),
        },
    })
}
