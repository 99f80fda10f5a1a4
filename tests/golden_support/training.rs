//! Single terms of the bound and the training losses, every batch element at its own t.
//!
//! The crate takes x_t and the network's output as f32 and computes in f64 from there. So against
//! an f64 run of the public implementation only the rounding of those two counts ([`Image::mine`]);
//! against an f32 run, all of that run's roundings besides ([`Image::recorded`]).

use iddpm::diffusion::likelihood::{Noised, term};
use iddpm::diffusion::{Objective, ProcessView};
use serde_json::Value;

use super::case::{Case, Layout, Outcome, Tensor, build, clip, diffusion, flag, text};
use super::model::Model;
use super::public::{Public, bits};
use super::report::Report;
use super::track::{Arithmetic, Track, U32, levels_error, mean};

/// x_0 and the noise that hides it.
pub(crate) struct Image {
    pub(crate) x_start: Vec<f32>,
    pub(crate) noise: Vec<f32>,
}

/// What is made of an image at a step, in the crate's f32.
pub(crate) struct Evaluated {
    pub(crate) x_t: Vec<f32>,
    pub(crate) output: Vec<f32>,
}

/// The losses of an image and how far off their evaluation may be.
pub(crate) struct Errors {
    pub(crate) vb: Track,
    pub(crate) x_start_mse: Track,
    pub(crate) epsilon_mse: Track,
    prediction_mse: Track,
    /// x̂_0 of each element.
    x_start: Vec<Track>,
}

/// One element on its way: x_0, ε, x_t, output, variance channel.
struct Traced {
    x_start: Track,
    noise: Track,
    x: Track,
    output: Track,
    channel: Track,
}

impl Image {
    pub(crate) fn single(tensor: &Tensor, n: usize) -> Vec<f32> {
        tensor.row(n).iter().map(|&value| value as f32).collect()
    }

    fn of(case: &Case, n: usize) -> Outcome<Self> {
        Ok(Self {
            x_start: Self::single(case.tensor("x_start")?, n),
            noise: Self::single(case.tensor("noise")?, n),
        })
    }

    pub(crate) fn evaluate(
        &self,
        process: ProcessView<'_>,
        index: usize,
        model: Model,
        layout: Layout,
    ) -> Outcome<Evaluated> {
        let mut x_t = vec![0.0; self.x_start.len()];
        let step = process.coefficients(index)?;
        step.q_sample().fill(&self.x_start, &self.noise, &mut x_t)?;
        let output = model.output(layout, &x_t, process.model_timestep(index)?);
        Ok(Evaluated { x_t, output })
    }

    /// The crate's errors against an evaluation in f64.
    pub(crate) fn mine(
        &self,
        process: ProcessView<'_>,
        index: usize,
        model: Model,
        layout: Layout,
        clipped: bool,
    ) -> Outcome<Errors> {
        let double = Arithmetic::f64(levels_error(process.levels()));
        let single = Public::of(process, index, Arithmetic::F32)?;
        let traced = (0..self.x_start.len()).map(|i| {
            let (x_start, noise) = (single.exact(self.x_start[i]), single.exact(self.noise[i]));
            let x = single.q_sample(x_start, noise).in_arithmetic(double);
            let timestep = timestep(process, index, double);
            let c = layout.channel(i);
            let once = |value: Track| value.plus_error(U32 * value.value.abs());
            Traced {
                x_start: x_start.in_arithmetic(double),
                noise: noise.in_arithmetic(double),
                x,
                output: once(model.prediction(double, x, timestep, c)),
                channel: once(model.channel(double, timestep, c)),
            }
        });
        Self::follow(&Public::of(process, index, double)?, clipped, traced)
    }

    /// The errors of the public implementation in f32.
    pub(crate) fn recorded(
        &self,
        process: ProcessView<'_>,
        index: usize,
        model: Model,
        layout: Layout,
        clipped: bool,
    ) -> Outcome<Errors> {
        let arithmetic = Arithmetic::F32;
        let public = Public::of(process, index, arithmetic)?;
        let traced = (0..self.x_start.len()).map(|i| {
            let (x_start, noise) = (public.exact(self.x_start[i]), public.exact(self.noise[i]));
            let x = public.q_sample(x_start, noise);
            let timestep = timestep(process, index, arithmetic);
            let c = layout.channel(i);
            Traced {
                x_start,
                noise,
                x,
                output: model.prediction(arithmetic, x, timestep, c),
                channel: model.channel(arithmetic, timestep, c),
            }
        });
        Self::follow(&public, clipped, traced)
    }

    fn follow(
        public: &Public,
        clipped: bool,
        elements: impl Iterator<Item = Traced>,
    ) -> Outcome<Errors> {
        let square = |difference: Track| difference * difference;
        let (mut nats, mut x_start_squares) = (Vec::new(), Vec::new());
        let (mut epsilon_squares, mut prediction_squares) = (Vec::new(), Vec::new());
        let mut x_starts = Vec::new();
        for Traced {
            x_start,
            noise,
            x,
            output,
            channel,
        } in elements
        {
            let raw = public.x_start(x, output);
            let predicted = if clipped { raw.clamp(1.0) } else { raw };
            let law = public.law(x, predicted, output, channel);
            nats.push(public.vb(x_start, x, law));
            x_starts.push(predicted);
            x_start_squares.push(square(predicted - x_start));
            epsilon_squares.push(square(public.epsilon(x, predicted) - noise));
            prediction_squares.push(square(public.target(x_start, noise, x) - output));
        }
        Ok(Errors {
            vb: bits(public.arithmetic, &nats),
            x_start_mse: mean(&x_start_squares),
            epsilon_mse: mean(&epsilon_squares),
            prediction_mse: mean(&prediction_squares),
            x_start: x_starts,
        })
    }
}

/// What the network is told; 1000/T and its product with t are rounded to f32.
fn timestep(process: ProcessView<'_>, index: usize, arithmetic: Arithmetic) -> Track {
    let t = f64::from(process.model_timestep(index).unwrap_or(f32::NAN));
    arithmetic.with_error(
        t,
        if process.rescale_timesteps() {
            2.0 * U32 * t
        } else {
            0.0
        },
    )
}

/// `rescale0.`, `rescale1.` at the head of a tensor's name, or the case's own flag.
fn rescaled<'a>(params: &Value, name: &'a str) -> Outcome<(bool, &'a str)> {
    match name.split_once('.') {
        Some(("rescale0", rest)) => Ok((false, rest)),
        Some(("rescale1", rest)) => Ok((true, rest)),
        Some(_) => Err(format!("unknown tensor {name}").into()),
        None => Ok((flag(params, "rescale_timesteps")?, name)),
    }
}

/// `output`, `output_f64` and `pred_xstart` for rescaled timesteps or not, clipped or not.
pub(crate) fn check_vb_terms(case: &Case, report: &mut Report) -> Outcome {
    let diffusion = diffusion(&case.params)?;
    let ts = case.tensor("t")?.whole()?;
    let layout = Layout::of(&case.tensor("x_start")?.shape)?;
    for name in case.expected_names() {
        let (rescale, rest) = rescaled(&case.params, name)?;
        let (clipped, what) = match rest.split_once('.') {
            Some(("clip0", what)) => (false, what),
            Some(("clip1", what)) => (true, what),
            _ => return Err(format!("unknown tensor {name}").into()),
        };
        let mut room = Vec::new();
        let process = build(
            &diffusion.with_rescaled_timesteps(rescale),
            case.params.get("timestep_respacing"),
            &mut room,
        )?;
        let model = Model::of(&case.params, process.variance().is_learned())?;
        for (n, &t) in ts.iter().enumerate() {
            let (image, t) = (Image::of(case, n)?, t as usize);
            let Evaluated { x_t, output } = image.evaluate(process, t, model, layout)?;
            let noised = Noised {
                x_start: &image.x_start,
                noise: &image.noise,
                x_t: &x_t,
            };
            let got = term(&process, t, noised, &output, clip(clipped))?.vb;
            let mine = image.mine(process, t, model, layout, clipped)?;
            let recorded = || image.recorded(process, t, model, layout, clipped);
            let want = case.tensor(name)?.row(n);
            match what {
                "output_f64" => report.near(&format!("{name}[{n}]"), got, want[0], mine.vb.error),
                "output" => {
                    let tolerance = mine.vb.error + recorded()?.vb.error;
                    report.near(&format!("{name}[{n}]"), got, want[0], tolerance);
                }
                "pred_xstart" => {
                    let recorded = recorded()?;
                    let law = process.reverse_law(t)?;
                    law.for_each(&x_t, &output, clip(clipped), |i, element| {
                        let tolerance = mine.x_start[i].error + recorded.x_start[i].error;
                        report.near(
                            &format!("{name}[{n}, {i}]"),
                            element.x_start,
                            want[i],
                            tolerance,
                        );
                    })?;
                }
                _ => return Err(format!("unknown tensor {name}").into()),
            }
        }
    }
    Ok(())
}

fn objective(name: &str) -> Outcome<Objective> {
    Ok(match name {
        "mse" => Objective::Mse,
        "rescaled_mse" => Objective::RescaledMse,
        "kl" => Objective::Kl,
        "rescaled_kl" => Objective::RescaledKl,
        _ => return Err(format!("unknown loss {name}").into()),
    })
}

/// `loss`, `loss_f64`, `mse`, `vb`, and `model_t` where the process is a shorter one.
pub(crate) fn check_training(case: &Case, report: &mut Report) -> Outcome {
    let params = &case.params;
    let diffusion = diffusion(params)?;
    let objective = objective(text(params, "loss_type")?)?;
    let ts = case.tensor("t")?.whole()?;
    let layout = Layout::of(&case.tensor("x_start")?.shape)?;
    for name in case.expected_names() {
        let (rescale, what) = rescaled(params, name)?;
        let mut room = Vec::new();
        let process = build(
            &diffusion.with_rescaled_timesteps(rescale),
            params.get("timestep_respacing"),
            &mut room,
        )?;
        if let Some(steps) = params["spaced_num_timesteps"].as_u64() {
            report.equal("length", process.len() as u64, steps);
        }
        let model = Model::of(params, process.variance().is_learned())?;
        for (n, &t) in ts.iter().enumerate() {
            let (image, t) = (Image::of(case, n)?, t as usize);
            let want = case.tensor(name)?.values[n];
            let place = format!("{name}[{n}]");
            if what == "model_t" {
                let got = f64::from(process.model_timestep(t)?);
                report.near(&place, got, want, 2.0 * U32 * want);
                continue;
            }
            let Evaluated { x_t, output } = image.evaluate(process, t, model, layout)?;
            let noised = Noised {
                x_start: &image.x_start,
                noise: &image.noise,
                x_t: &x_t,
            };
            let loss = objective.loss(&process, t, noised, &output)?;
            let mine = parts(
                &image.mine(process, t, model, layout, false)?,
                objective,
                &process,
            );
            let theirs = parts(
                &image.recorded(process, t, model, layout, false)?,
                objective,
                &process,
            );
            let (got, tolerance) = match what {
                "loss_f64" => (Some(loss.total), mine.total),
                "loss" => (Some(loss.total), mine.total + theirs.total),
                "mse" => (loss.mse, mine.mse + theirs.mse),
                "vb" => (loss.vb, mine.vb + theirs.vb),
                _ => return Err(format!("unknown tensor {name}").into()),
            };
            report.near(&place, got.unwrap_or(f64::NAN), want, tolerance);
        }
        report.equal(
            "mse is a part",
            loss_has(case, "mse"),
            !matches!(objective, Objective::Kl | Objective::RescaledKl),
        );
    }
    Ok(())
}

/// Whether the case lists such a part of the loss.
fn loss_has(case: &Case, part: &str) -> bool {
    let mut names = case.expected_names().iter();
    names.any(|name| name.rsplit('.').next() == Some(part))
}

/// The errors of a loss's parts.
struct Parts {
    total: f64,
    mse: f64,
    vb: f64,
}

fn parts(errors: &Errors, objective: Objective, process: &ProcessView<'_>) -> Parts {
    let steps = process.len() as f64;
    let learned = process.variance().is_learned();
    let factor = match objective {
        Objective::Mse | Objective::Kl => 1.0,
        Objective::RescaledMse => steps / 1000.0,
        Objective::RescaledKl => steps,
    };
    // The product with the factor and the sum of the two parts round once each.
    let vb = (errors.vb.error + 2.0 * U32 * errors.vb.value.abs()) * factor;
    let mse = errors.prediction_mse.error + U32 * errors.prediction_mse.value.abs();
    let total = match objective {
        Objective::Kl | Objective::RescaledKl => vb,
        _ if learned => mse + vb,
        _ => mse,
    };
    Parts { total, mse, vb }
}
