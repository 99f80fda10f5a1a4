//! A step of a run that fails leaves the run before that step.

use core::convert::Infallible;

use iddpm::diffusion::Error;
use iddpm::diffusion::error::Slice;
use iddpm::diffusion::{
    Clip, Denoiser, Diffusion, Image, InlineProcess, Method, Noise, Query, RunError, Sample,
    Sampler, Schedule, Timesteps, Variance,
};

const D: usize = 70;

/// Writes one value into every output.
pub(crate) struct Constant(pub(crate) f32);

impl Denoiser for Constant {
    type Error = Infallible;

    fn denoise(&mut self, _: Query, _: &[f32], output: &mut [f32]) -> Result<(), Infallible> {
        output.fill(self.0);
        Ok(())
    }
}

/// Fails.
struct Broken;

impl Denoiser for Broken {
    type Error = &'static str;

    fn denoise(&mut self, _: Query, _: &[f32], output: &mut [f32]) -> Result<(), &'static str> {
        output.fill(f32::NAN);
        Err("out of memory")
    }
}

struct Memory {
    x: Vec<f32>,
    output: Vec<f32>,
    noise: Vec<f32>,
    history: Vec<f32>,
}

impl Memory {
    fn image(&mut self) -> Image<'_> {
        Image {
            x: &mut self.x,
            output: &mut self.output,
            noise: &mut self.noise,
            history: &mut self.history,
        }
    }
}

fn with_runs(check: impl Fn(Sample, Sampler<'_>, Memory)) {
    let model = Diffusion::new(Schedule::Cosine, 100).with_variance(Variance::LearnedRange);
    let process = InlineProcess::<10>::new(&model, Timesteps::even(10)).unwrap();
    for method in [
        Method::Ancestral,
        Method::Ddim { eta: 0.5 },
        Method::DpmSolverPlusPlus2M,
        Method::Heun,
    ] {
        let sample = Sample {
            noise: Noise::new(1),
            number: 3,
            label: None,
        };
        let mut memory = Memory {
            x: vec![0.0; D],
            output: vec![0.0; 2 * D],
            noise: vec![0.0; D],
            history: vec![0.0; D],
        };
        sample.begin(&mut memory.x);
        let mut sampler = Sampler::new(&process, method, Clip::Unit).unwrap();
        for _ in 0..3 {
            sample
                .advance(&mut sampler, &mut Constant(0.1), &mut memory.image())
                .unwrap();
        }
        check(sample, sampler, memory);
    }
}

#[test]
fn a_denoiser_that_fails_leaves_the_run_before_its_step() {
    with_runs(|sample, mut sampler, mut memory| {
        let before = (sampler.clone(), memory.x.clone(), memory.history.clone());
        let result = sample.advance(&mut sampler, &mut Broken, &mut memory.image());
        assert_eq!(result, Err(RunError::Denoiser("out of memory")));
        let text = result.unwrap_err().to_string();
        assert_eq!(text, "the denoiser failed: out of memory");
        assert_eq!((sampler, memory.x, memory.history), before);
    });
}

#[test]
fn an_output_that_is_nan_is_found_and_the_sampler_stays() {
    with_runs(|sample, mut sampler, mut memory| {
        let before = sampler.clone();
        let result = sample.advance(&mut sampler, &mut Constant(f32::NAN), &mut memory.image());
        let error = Error::NotFinite {
            slice: Slice::Prediction,
            index: 0,
        };
        assert_eq!(result, Err(RunError::Sampler(error)));
        assert_eq!(sampler, before);
    });
}

#[test]
fn slices_of_another_length_leave_the_run_before_its_step() {
    with_runs(|sample, sampler, mut memory| {
        let (x, history) = (memory.x.clone(), memory.history.clone());
        let step = sampler.clone().next().unwrap();
        let mut shorten = |pick: fn(&mut Memory) -> &mut Vec<f32>, slice, wanted: bool| {
            let whole = pick(&mut memory).clone();
            pick(&mut memory).pop();
            let mut ahead = sampler.clone();
            let result = sample.advance(&mut ahead, &mut Constant(0.1), &mut memory.image());
            *pick(&mut memory) = whole.clone();
            if !wanted {
                assert_eq!(result, Ok(true));
                memory.x.copy_from_slice(&x);
                memory.history.copy_from_slice(&history);
                return;
            }
            let error = Error::Length {
                slice,
                len: whole.len() - 1,
                expected: whole.len(),
            };
            assert_eq!(result, Err(RunError::Sampler(error)));
            assert_eq!(ahead, sampler);
            assert_eq!((&memory.x, &memory.history), (&x, &history));
        };
        shorten(|memory| &mut memory.output, Slice::Prediction, true);
        shorten(|memory| &mut memory.noise, Slice::Noise, step.needs_noise());
        let needs_history = sampler.method().needs_history();
        shorten(|memory| &mut memory.history, Slice::History, needs_history);
    });
}
