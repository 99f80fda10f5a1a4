//! The pieces of the variational bound, and the bound itself over whole processes.

use iddpm::diffusion::likelihood::{
    BitsPerDim, Noised, approx_standard_normal_cdf, discretized_gaussian_log_likelihood, normal_kl,
    prior_bits_per_dim,
};
use serde_json::json;

use super::case::{Case, Layout, Outcome, bare_diffusion, build, clip, diffusion, flag, whole};
use super::model::Model;
use super::public::{self, Public, bits};
use super::report::Report;
use super::track::{Arithmetic, Track, U64, levels_error, mean};
use super::training::{Image, check_training, check_vb_terms};

pub(crate) fn check(case: &Case, report: &mut Report) -> Outcome {
    match case.name.as_str() {
        "normal_kl" => check_normal_kl(case, report),
        "approx_cdf" => check_cdf(case, report),
        "discretized_gaussian" => check_decoder(case, report),
        "prior_bpd" => check_prior(case, report),
        name if name.starts_with("vb_terms_") => check_vb_terms(case, report),
        name if name.starts_with("training_") => check_training(case, report),
        name if name.starts_with("calc_bpd_") => check_bits(case, report),
        _ => Err("an unknown kind of case".into()),
    }
}

fn check_normal_kl(case: &Case, report: &mut Report) -> Outcome {
    let values = |name: &str| Ok::<_, Box<dyn std::error::Error>>(&case.tensor(name)?.values);
    let (mean1, log1) = (values("mean1")?, values("logvar1")?);
    let (mean2, log2) = (values("mean2")?, values("logvar2")?);
    let exact = |value: f64| Arithmetic::F32.exact(value);
    for i in 0..mean1.len() {
        let cases = [("kl", mean2[i], log2[i]), ("kl_prior", 0.0, 0.0)];
        for (name, mean2, log2) in cases {
            let got = normal_kl(mean1[i], log1[i], mean2, log2);
            let recorded =
                public::normal_kl(exact(mean1[i]), exact(log1[i]), exact(mean2), exact(log2));
            report.near(
                &format!("{name}[{i}]"),
                got,
                values(name)?[i],
                recorded.error,
            );
        }
    }
    Ok(())
}

fn check_cdf(case: &Case, report: &mut Report) -> Outcome {
    let (xs, want) = (&case.tensor("x")?.values, &case.tensor("cdf")?.values);
    for (&x, &want) in xs.iter().zip(want) {
        let recorded = public::cdf(Arithmetic::F32, Arithmetic::F32.exact(x));
        report.near(
            &format!("cdf({x})"),
            approx_standard_normal_cdf(x),
            want,
            recorded.error,
        );
    }
    Ok(())
}

fn check_decoder(case: &Case, report: &mut Report) -> Outcome {
    let (x, means) = (&case.tensor("x")?.values, &case.tensor("means")?.values);
    let (scales, single) = (
        &case.tensor("log_scales")?.values,
        &case.tensor("log_prob")?.values,
    );
    for (i, &want) in case.tensor("log_prob_f64")?.values.iter().enumerate() {
        let got = discretized_gaussian_log_likelihood(x[i], means[i], scales[i]);
        // Both are f64, over constants of f64.
        let double = Arithmetic::f64(U64);
        let exact = |values: &[f64]| double.exact(values[i]);
        let bound = public::decoder(double, exact(x), exact(means), exact(scales));
        report.near(&format!("log_prob_f64[{i}]"), got, want, 2.0 * bound.error);
        // In f32 the difference of two values of the cdf cancels, which its bound knows. Where
        // nothing is left of it, the f32 column says nothing that the f64 one does not.
        let exact = |values: &[f64]| Arithmetic::F32.exact(values[i]);
        let recorded = public::decoder(Arithmetic::F32, exact(x), exact(means), exact(scales));
        if recorded.error < 0.01 {
            let tolerance = 2.0 * bound.error + recorded.error;
            report.near(&format!("log_prob[{i}]"), got, single[i], tolerance);
        }
    }
    Ok(())
}

fn check_prior(case: &Case, report: &mut Report) -> Outcome {
    let layout = Layout::of(&case.tensor("x_start")?.shape)?;
    for name in case.expected_names() {
        let key = name
            .strip_prefix("prior.")
            .and_then(|key| key.rsplit_once('_'));
        let (schedule, total) = key.ok_or_else(|| format!("unknown tensor {name}"))?;
        let params = json!({ "schedule": schedule, "num_timesteps": total.parse::<u32>()? });
        let mut room = Vec::new();
        let process = build(&bare_diffusion(&params)?, None, &mut room)?;
        let public = Public::of(process, process.len() - 1, Arithmetic::F32)?;
        for n in 0..layout.images {
            let x_start = Image::single(case.tensor("x_start")?, n);
            let got = prior_bits_per_dim(&process, &x_start)?;
            let want = case.tensor(name)?.values[n];
            report.near(
                &format!("{name}[{n}]"),
                got,
                want,
                prior(&public, &x_start).error,
            );
        }
    }
    Ok(())
}

/// The prior term, as the public implementation rounds it.
fn prior(public: &Public, x_start: &[f32]) -> Track {
    let arithmetic = public.arithmetic;
    let zero = arithmetic.exact(0.0);
    let log_variance = arithmetic.coefficient(public.step.log_one_minus_alpha_bar);
    let nats = x_start.iter().map(|&x| {
        let mean = public.q_mean(arithmetic.exact(x.into()));
        public::normal_kl(mean, log_variance, zero, zero)
    });
    bits(arithmetic, &nats.collect::<Vec<_>>())
}

/// The whole bound: `vb`, `xstart_mse` and `mse` of [N, S], the last step in column 0.
fn check_bits(case: &Case, report: &mut Report) -> Outcome {
    let params = &case.params;
    let mut room = Vec::new();
    let process = build(
        &diffusion(params)?,
        Some(&params["timestep_respacing"]),
        &mut room,
    )?;
    report.equal(
        "length",
        process.len(),
        whole(params, "spaced_num_timesteps")? as usize,
    );
    let clipped = flag(params, "clip_denoised")?;
    let model = Model::of(params, process.variance().is_learned())?;
    let layout = Layout::of(&case.tensor("x_start")?.shape)?;
    let double = Arithmetic::f64(levels_error(process.levels()));
    for n in 0..layout.images {
        let x_start = Image::single(case.tensor("x_start")?, n);
        let mut bound = BitsPerDim::new(&process, clip(clipped), &x_start)?;
        // Against f64 the crate's own roundings count, against f32 the recorded number's besides.
        let mut compare =
            |name: &str, column: Option<usize>, got: f64, error: f64, theirs: f64| -> Outcome {
                let at = |name: &str| -> Outcome<f64> {
                    let tensor = case.tensor(name)?;
                    Ok(column.map_or_else(|| tensor.values[n], |k| tensor.row(n)[k]))
                };
                let (single, want) = (at(name)?, at(&format!("{name}_f64"))?);
                let place = column.map_or_else(|| format!("{n}"), |k| format!("{n}, {k}"));
                report.near(&format!("{name}_f64[{place}]"), got, want, error);
                report.near(&format!("{name}[{place}]"), got, single, error + theirs);
                Ok(())
            };
        let at_last = Public::of(process, process.len() - 1, double)?;
        let prior_error = 2.0 * prior(&at_last, &x_start).error;
        let at_last = Public::of(process, process.len() - 1, Arithmetic::F32)?;
        let prior = prior(&at_last, &x_start);
        compare("prior_bpd", None, bound.prior(), prior_error, prior.error)?;
        let (mut column, mut total_error, mut recorded_terms) = (0, prior_error, vec![prior]);
        while let Some(index) = bound.due() {
            let image = Image {
                x_start: x_start.clone(),
                noise: layout_row(case, column, n, layout)?,
            };
            let evaluated = image.evaluate(process, index, model, layout)?;
            let noised = Noised {
                x_start: &image.x_start,
                noise: &image.noise,
                x_t: &evaluated.x_t,
            };
            let term = bound.add(index, noised, &evaluated.output)?;
            let mine = image.mine(process, index, model, layout, clipped)?;
            let recorded = image.recorded(process, index, model, layout, clipped)?;
            let parts = [
                ("vb", term.vb, mine.vb, recorded.vb),
                (
                    "xstart_mse",
                    term.x_start_mse,
                    mine.x_start_mse,
                    recorded.x_start_mse,
                ),
                (
                    "mse",
                    term.epsilon_mse,
                    mine.epsilon_mse,
                    recorded.epsilon_mse,
                ),
            ];
            for (name, got, mine, recorded) in parts {
                compare(name, Some(column), got, mine.error, recorded.error)?;
            }
            total_error += mine.vb.error;
            recorded_terms.push(recorded.vb);
            column += 1;
        }
        let total = bound.total().ok_or("the bound is not complete")?;
        let recorded_error = mean(&recorded_terms).error * recorded_terms.len() as f64;
        compare("total_bpd", None, total, total_error, recorded_error)?;
    }
    Ok(())
}

fn layout_row(case: &Case, column: usize, n: usize, layout: Layout) -> Outcome<Vec<f32>> {
    let noise = case.tensor("step_noise")?.row(column);
    let noise = &noise[n * layout.elements..][..layout.elements];
    Ok(noise.iter().map(|&value| value as f32).collect())
}
