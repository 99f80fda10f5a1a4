//! Deterministic solvers over the analytic network, in f64 and in f32.
//!
//! In f64 the test itself applies the numbers of each step's [`Update`], so that only the f64 error
//! of the coefficients is left; in f32 the step is applied by the crate. Either way once restarted
//! before every step from the recorded x and x̂_0, and once freely, where errors are carried along
//! with each step's slopes.

use iddpm::diffusion::{Clip, Method, Prediction, Sampler, Step, Timesteps, Update};

use super::applied::{self, After, Before, Gain};
use super::case::{
    Case, Layout, Outcome, Tensor, bare_diffusion, keep, list, prediction, text, whole,
};
use super::model::Model;
use super::report::Report;
use super::track::{Arithmetic, U32, levels_error};

pub(crate) fn check_dpm_solver(case: &Case, report: &mut Report) -> Outcome {
    let method = match whole(&case.params, "order")? {
        1 => Method::Ddim { eta: 0.0 },
        2 => Method::DpmSolverPlusPlus2M,
        order => return Err(format!("no solver of order {order}").into()),
    };
    check_trajectory(case, report, method, false)
}

pub(crate) fn check_ddim(case: &Case, report: &mut Report) -> Outcome {
    let zero = case.name.contains("zero_snr");
    check_trajectory(case, report, Method::Ddim { eta: 0.0 }, zero)
}

fn check_trajectory(case: &Case, report: &mut Report, method: Method, zero: bool) -> Outcome {
    let params = &case.params;
    let timesteps: Vec<u32> = serde_json::from_value(list(params, "timesteps")?.into())?;
    let prediction: Prediction = prediction(text(params, "prediction")?)?;
    let diffusion = bare_diffusion(params)?
        .with_prediction(prediction)
        .with_zero_terminal_snr(zero);
    let mut room = Vec::new();
    let process = keep(&diffusion, Timesteps::custom(&timesteps), &mut room)?;
    let steps: Vec<Step> = Sampler::new(&process, method, Clip::None)?.collect();
    let seen: Vec<f64> = steps.iter().map(|step| step.timestep().into()).collect();
    let want: Vec<f64> = timesteps.iter().map(|&t| t.into()).collect();
    report.equal("timesteps", &seen, &want);

    // λ is off by the tables' relative error, so the ratio of two of its differences by four times
    // that over the least difference.
    let lambda = |alpha_bar: f64| 0.5 * (alpha_bar / (1.0 - alpha_bar)).ln();
    let levels = process.levels();
    let differences = levels
        .windows(2)
        .map(|pair| lambda(pair[0].alpha_bar) - lambda(pair[1].alpha_bar));
    let least = differences.fold(1.0, f64::min);
    let tables = levels_error(levels) * (1.0 + 4.0 / least);
    for single in [false, true] {
        for restart in [true, false] {
            let run = Run {
                case,
                model: Model::of(params, false)?,
                layout: Layout::of(&case.tensor("x_init")?.shape)?,
                arithmetic: if single {
                    Arithmetic::F32
                } else {
                    Arithmetic::f64(tables)
                },
                single,
                restart,
            };
            run.check(report, &steps)?;
        }
    }
    Ok(())
}

struct Run<'a> {
    case: &'a Case,
    model: Model,
    layout: Layout,
    arithmetic: Arithmetic,
    single: bool,
    restart: bool,
}

/// One element's state, and how far it may be from the recorded one.
#[derive(Clone, Copy, Default)]
struct State {
    x: f64,
    history: f64,
    x_error: f64,
    history_error: f64,
}

impl Run<'_> {
    fn check(&self, report: &mut Report, steps: &[Step]) -> Outcome {
        let samples = self.case.tensor("samples_f64")?;
        let listed = self
            .case
            .expected_names()
            .iter()
            .any(|name| name == "pred_xstart_f64");
        let x_starts = if listed {
            Some(self.case.tensor("pred_xstart_f64")?)
        } else {
            None
        };
        let begin = |&x: &f64| self.begin(x, 0.0);
        let mut states: Vec<State> = self
            .case
            .tensor("x_init")?
            .values
            .iter()
            .map(begin)
            .collect();
        report.equal("steps", samples.shape[0], steps.len());
        for (k, step) in steps.iter().enumerate() {
            let before = states.clone();
            let x_start = if self.single {
                self.step_single(step, &mut states)?
            } else {
                self.step_double(step, &mut states)
            };
            for (i, state) in states.iter_mut().enumerate() {
                let x_start_error = self.reach(step, &before[i], i, state);
                let what = |name: &str| {
                    let how = if self.restart { "restarted" } else { "free" };
                    let width = if self.single { "f32" } else { "f64" };
                    format!("{name}[{k}, {i}] {how} in {width}")
                };
                if let Some(x_starts) = x_starts {
                    report.near(
                        &what("pred_xstart"),
                        x_start[i],
                        x_starts.row(k)[i],
                        x_start_error,
                    );
                }
                report.near(&what("samples"), state.x, samples.row(k)[i], state.x_error);
                if self.restart {
                    // Without a recorded x̂_0 the method keeps none.
                    let kept = x_starts.map_or(0.0, |x_starts: &Tensor| x_starts.row(k)[i]);
                    *state = self.begin(samples.row(k)[i], kept);
                }
            }
        }
        Ok(())
    }

    /// The state that a recorded one becomes in this arithmetic.
    fn begin(&self, x: f64, history: f64) -> State {
        if !self.single {
            return State {
                x,
                history,
                ..State::default()
            };
        }
        State {
            x: f64::from(x as f32),
            history: f64::from(history as f32),
            x_error: U32 * x.abs(),
            history_error: U32 * history.abs(),
        }
    }

    fn before(&self, step: &Step, state: &State, i: usize) -> Before {
        let x = self.arithmetic.exact(state.x);
        let timestep = self.arithmetic.exact(step.timestep().into());
        let channel = self.layout.channel(i % self.layout.elements);
        // The test's network is evaluated in f64, and rounded once where x is f32.
        let double = Arithmetic::f64(0.0);
        let output = self.model.prediction(
            double,
            double.exact(state.x),
            double.exact(timestep.value),
            channel,
        );
        let output = output.in_arithmetic(self.arithmetic);
        let once = if self.single {
            U32 * output.value.abs()
        } else {
            0.0
        };
        Before {
            x,
            output: output.plus_error(once),
            channel: self.arithmetic.exact(0.0),
            noise: self.arithmetic.exact(0.0),
            history: self.arithmetic.exact(state.history),
        }
    }

    fn apply(&self, update: &Update, before: &Before) -> After {
        let x_start = applied::raw_x_start(update, self.arithmetic, before);
        applied::apply(update, self.arithmetic, before, x_start)
    }

    /// The step's numbers, applied here in f64.
    fn step_double(&self, step: &Step, states: &mut [State]) -> Vec<f64> {
        let mut x_starts = Vec::new();
        for (i, state) in states.iter_mut().enumerate() {
            let after = self.apply(step.update(), &self.before(step, state, i));
            (state.x, state.history) = (after.x.value, after.history.value);
            x_starts.push(after.x_start.value);
        }
        x_starts
    }

    /// The step, applied by the crate, image by image.
    fn step_single(&self, step: &Step, states: &mut [State]) -> Outcome<Vec<f64>> {
        let mut x_starts = Vec::new();
        for states in states.chunks_mut(self.layout.elements) {
            let mut x: Vec<f32> = states.iter().map(|state| state.x as f32).collect();
            let mut history: Vec<f32> = states.iter().map(|state| state.history as f32).collect();
            let output = self.model.output(self.layout, &x, step.timestep());
            let mut x_start = vec![0.0; x.len()];
            step.x_start(&x, &output, &mut x_start)?;
            step.apply_with_history(&mut x, &output, &[], &mut history)?;
            for (i, state) in states.iter_mut().enumerate() {
                (state.x, state.history) = (x[i].into(), history[i].into());
            }
            x_starts.extend(x_start.into_iter().map(f64::from));
        }
        Ok(x_starts)
    }

    /// How far x and the history may be off after a step, into `after`; how far x̂_0, returned.
    fn reach(&self, step: &Step, begun: &State, i: usize, after: &mut State) -> f64 {
        let before = self.before(step, begun, i);
        let local = self.apply(step.update(), &before);
        let gain = Gain::of(
            step.update(),
            self.model.a,
            local.x_start,
            begun.x_error,
            f64::INFINITY,
        );
        // Recorded in f64 too: in f64 both sides err, in f32 the other one negligibly.
        let sides = if self.single { 1.0 } else { 2.0 };
        let x_start_error = gain.x_start * begun.x_error + sides * local.x_start.error;
        after.x_error =
            gain.x * begun.x_error + gain.history * begun.history_error + sides * local.x.error;
        // What is kept is x̂_0.
        after.history_error = x_start_error;
        x_start_error
    }
}
