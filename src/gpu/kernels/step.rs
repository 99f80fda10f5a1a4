//! A sampling step, and its numbers as a kernel sees them.

use super::declare::{flag, kernel};
use crate::diffusion::kernel::Scale;
use crate::diffusion::{Linear, Noise, Step};
use crate::gpu::recording::Dispatch;
use crate::words::words;

kernel! {
    "step" of 64 with "normals.wgsl"
    params { batch: u32, elements: u32, output_elements: u32, clip: u32, drawn: u32 }
    bindings {
        step_numbers: Step, output: Read, normals: Read, samples: Read, bounds: Read,
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
        snaps: u32, kept_picture: f32, kept_noise: f32, back_x: f32, back_noise: f32,
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
        snaps: 0,
        kept_picture: 0.0,
        kept_noise: 0.0,
        back_x: 1.0,
        back_noise: 0.0,
    };

    /// Those of a step; `snaps` where its x̂_0 goes to the colours of a palette.
    pub(crate) fn of(step: &Step, snaps: bool) -> Self {
        let weights = step.update().weights();
        // Where nothing is kept, `keeps` says so.
        let (keep_x, keep_x_start) = weights.keep.unwrap_or((0.0, 0.0));
        let kept = step.kept().unwrap_or(Linear { x: 0.0, value: 0.0 });
        let back = step.back().unwrap_or(Linear { x: 1.0, value: 0.0 });
        let numbers = Self {
            position: step.position(),
            predict_x: weights.predict.of_x,
            predict_output: weights.predict.of_output,
            mix_x: weights.x,
            mix_x_start: weights.x_start,
            mix_output: weights.output,
            mix_history: weights.history,
            keep_x,
            keep_x_start,
            keeps: flag(weights.keep.is_some()),
            snaps: flag(snaps),
            kept_picture: kept.x as f32,
            kept_noise: kept.value as f32,
            back_x: back.x as f32,
            back_noise: back.value as f32,
            ..Self::INITIAL
        };
        match weights.noise {
            Scale::None => numbers,
            Scale::Sigma(sigma) => Self {
                noise: 1,
                sigma,
                ..numbers
            },
            Scale::Learned { at_zero, slope, .. } => Self {
                noise: 2,
                log2_sigma_at_zero: at_zero,
                log2_sigma_slope: slope,
                ..numbers
            },
        }
    }
}
