//! A sampling step, and its numbers as a kernel sees them.

use core::f64::consts::LOG2_E;

use super::declare::{flag, kernel, words};
use crate::diffusion::{Noise, NoiseScale, Step};
use crate::gpu::recording::Dispatch;

kernel! {
    "step" of 64
    params { batch: u32, elements: u32, output_elements: u32, clip: u32 }
    bindings {
        step_numbers: Step, output: Read, normals: Read, bounds: Read,
        x: Write, history: Write, x_start: Write, not_finite: Write,
    }
}

words! {
    /// `Step` of the shaders: what [`Update`](crate::diffusion::Update) is in f64, cast once.
    pub(crate) StepNumbers {
        position: u32,
        predict_x: f32, predict_output: f32,
        mix_x: f32, mix_x_start: f32, mix_output: f32, mix_history: f32,
        keep_x: f32, keep_x_start: f32, keeps: u32,
        noise: u32, sigma: f32, log2_sigma_at_zero: f32, log2_sigma_slope: f32,
    }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.batch) * u64::from(params.elements);
    dispatch_of(name, params, bindings, numbers.div_ceil(64))
}

impl StepNumbers {
    /// What draws x_T: a step number of noise and nothing else.
    pub(crate) const INITIAL: Self = Self {
        position: Noise::INITIAL,
        predict_x: 0.0,
        predict_output: 0.0,
        mix_x: 0.0,
        mix_x_start: 0.0,
        mix_output: 0.0,
        mix_history: 0.0,
        keep_x: 0.0,
        keep_x_start: 0.0,
        keeps: 0,
        noise: 0,
        sigma: 0.0,
        log2_sigma_at_zero: 0.0,
        log2_sigma_slope: 0.0,
    };

    pub(crate) fn of(step: &Step) -> Self {
        let update = step.update();
        // Where nothing is kept, `keeps` says so.
        let kept = update
            .history
            .unwrap_or(crate::diffusion::Linear { x: 0.0, value: 0.0 });
        let numbers = Self {
            position: step.position(),
            predict_x: update.x_start.x as f32,
            predict_output: update.x_start.value as f32,
            mix_x: update.mix.x as f32,
            mix_x_start: update.mix.x_start as f32,
            mix_output: update.mix.output as f32,
            mix_history: update.mix.history as f32,
            keep_x: kept.x as f32,
            keep_x_start: kept.value as f32,
            keeps: flag(update.history.is_some()),
            ..Self::INITIAL
        };
        match update.noise {
            NoiseScale::None => numbers,
            NoiseScale::Sigma(sigma) => Self {
                noise: 1,
                sigma: sigma as f32,
                ..numbers
            },
            NoiseScale::Learned(log_variance) => {
                // log Σ is linear in the channel, and σ = exp(½ log Σ).
                let half_log2 = 0.5 * LOG2_E;
                let (at_zero, at_one) = (log_variance.log(0.0), log_variance.log(1.0));
                Self {
                    noise: 2,
                    log2_sigma_at_zero: (at_zero * half_log2) as f32,
                    log2_sigma_slope: ((at_one - at_zero) * half_log2) as f32,
                    ..numbers
                }
            }
        }
    }
}
