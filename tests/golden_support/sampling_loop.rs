//! Whole runs of a sampler over the analytic network, with recorded noise.
//!
//! Each run is made twice. Restarted before every step from the recorded x, only that step's own
//! roundings count. Run freely, an error at the beginning of a step is at its end at most the
//! step's slope times as large, and the step's own roundings come on top.

use iddpm::diffusion::{Method, ProcessView, Sampler, Step};

use super::applied::{self, Before, Gain};
use super::case::{Case, Layout, Outcome, build, clip, diffusion, flag, number, text, whole};
use super::model::Model;
use super::public::Public;
use super::report::Report;
use super::track::{Arithmetic, Track, U32};

pub(crate) fn check(case: &Case, report: &mut Report) -> Outcome {
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
    let kept: Vec<u32> = process
        .levels()
        .iter()
        .map(|level| level.timestep)
        .collect();
    report.equal("timestep_map", kept, case.tensor("timestep_map")?.whole()?);

    let run = Run::of(case, process)?;
    let sampler = Sampler::new(&process, run.method, clip(flag(params, "clip_denoised")?))?;
    let steps: Vec<Step> = sampler.collect();
    let indices: Vec<u32> = steps.iter().map(|step| step.index() as u32).collect();
    report.equal("step_index", indices, case.tensor("step_index")?.whole()?);
    for (k, step) in steps.iter().enumerate() {
        let want = case.tensor("model_t")?.values[k];
        // 1000/T and the product with it are rounded.
        report.near(
            &format!("model_t[{k}]"),
            step.timestep().into(),
            want,
            2.0 * U32 * want,
        );
    }
    for image in 0..run.layout.images {
        run.check(case, report, &steps, image, true)?;
        run.check(case, report, &steps, image, false)?;
    }
    Ok(())
}

pub(crate) struct Run<'a> {
    process: ProcessView<'a>,
    pub(crate) model: Model,
    pub(crate) layout: Layout,
    pub(crate) method: Method,
}

impl<'a> Run<'a> {
    pub(crate) fn of(case: &Case, process: ProcessView<'a>) -> Outcome<Self> {
        let params = &case.params;
        let method = match text(params, "sampler")? {
            "p" => Method::Ancestral,
            "ddim" => Method::Ddim {
                eta: number(params, "eta")?,
            },
            "rev" => Method::DdimReverse,
            other => return Err(format!("unknown sampler {other}").into()),
        };
        Ok(Self {
            process,
            model: Model::of(params, process.variance().is_learned())?,
            layout: Layout::of(&case.tensor("x_init")?.shape)?,
            method,
        })
    }

    /// Runs one image of the batch and compares after every step.
    fn check(
        &self,
        case: &Case,
        report: &mut Report,
        steps: &[Step],
        image: usize,
        restart: bool,
    ) -> Outcome {
        let single = |values: &[f64]| -> Vec<f32> {
            let values = &values[image * self.layout.elements..][..self.layout.elements];
            values.iter().map(|&value| value as f32).collect()
        };
        let (samples, x_starts) = (case.tensor("samples")?, case.tensor("pred_xstart")?);
        let mut x = single(&case.tensor("x_init")?.values);
        let mut errors = vec![0.0; x.len()];
        let how = if restart { "restarted" } else { "free" };
        for (k, step) in steps.iter().enumerate() {
            let noise = match step.needs_noise() {
                true => single(case.tensor("step_noise")?.row(k)),
                false => Vec::new(),
            };
            let output = self.model.output(self.layout, &x, step.timestep());
            let mut x_start = vec![0.0; x.len()];
            step.x_start(&x, &output, &mut x_start)?;
            let before = x.clone();
            step.apply(&mut x, &output, &noise)?;
            let (next, next_x_start) = (single(samples.row(k)), single(x_starts.row(k)));
            for i in 0..x.len() {
                let reach = self.reach(step, i, before[i], errors[i], noise.get(i).copied())?;
                let what = |name: &str| format!("{name}[{k}, {image}, {i}] {how}");
                report.near(
                    &what("pred_xstart"),
                    x_start[i].into(),
                    next_x_start[i].into(),
                    reach.1,
                );
                report.near(&what("samples"), x[i].into(), next[i].into(), reach.0);
                errors[i] = reach.0;
            }
            if restart {
                x = next;
                errors.fill(0.0);
            }
        }
        Ok(())
    }

    /// How far apart x and x̂_0 may be after a step that began `error` apart.
    pub(crate) fn reach(
        &self,
        step: &Step,
        i: usize,
        x: f32,
        error: f64,
        noise: Option<f32>,
    ) -> Outcome<(f64, f64)> {
        let arithmetic = Arithmetic::F32;
        let public = Public::of(self.process, step.index(), arithmetic)?;
        let c = self.layout.channel(i);
        // The recorded timestep may be the neighbouring f32.
        let t = f64::from(step.timestep());
        let timestep = arithmetic.with_error(
            t,
            if self.process.rescale_timesteps() {
                2.0 * U32 * t
            } else {
                0.0
            },
        );
        let x = public.exact(x);
        let recorded = Before {
            x,
            output: self.model.prediction(arithmetic, x, timestep, c),
            channel: self.model.channel(arithmetic, timestep, c),
            noise: public.exact(noise.unwrap_or(0.0)),
            history: arithmetic.exact(0.0),
        };
        // The crate's network is evaluated in f64 and rounded once.
        let once = |value: Track| arithmetic.with_error(value.value, U32 * value.value.abs());
        let before = Before {
            output: once(recorded.output),
            channel: once(recorded.channel),
            ..recorded
        };
        let bound = applied::bound(step);
        let raw = public.x_start(x, recorded.output);
        let x_start = raw.clamp(bound);
        let law = public.law(x, x_start, recorded.output, recorded.channel);
        let theirs = match self.method {
            Method::DdimReverse => public.ddim_reverse(x, x_start),
            Method::Ddim { eta } => public.ddim(x, x_start, recorded.noise, eta),
            _ => public.p_sample(law, recorded.noise),
        };
        let update = step.update();
        let mine_raw = applied::raw_x_start(update, arithmetic, &before);
        let mine = applied::apply(update, arithmetic, &before, mine_raw.clamp(bound));
        let gain = Gain::of(update, self.model.a, raw, error, bound);
        let x_error = gain.x * error + theirs.error + mine.x.error;
        let x_start_error = gain.x_start * error + x_start.error + mine.x_start.error;
        Ok((x_error, x_start_error))
    }
}
