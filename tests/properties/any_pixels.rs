//! Any bits in place of pixels: the result is finite or a typed error.

use iddpm::diffusion::Error;
use iddpm::diffusion::error::Slice;
use iddpm::diffusion::exact::ListedImages;
use iddpm::diffusion::likelihood::{BitsPerDim, Noised, prior_bits_per_dim, term};
use iddpm::diffusion::pixels::{from_u8, image_to_u8, to_u8};
use iddpm::diffusion::{
    Clip, Denoiser, Image, InlineProcess, Noise, Objective, Query, RunError, Sample, Sampler,
    Timesteps,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::drawn;

type Process = InlineProcess<12>;

/// Mostly numbers of a common size, some of any size, some that are none.
fn value() -> impl Strategy<Value = f32> {
    prop_oneof![
        12 => -2.0_f32..2.0,
        2 => any::<u32>().prop_map(f32::from_bits),
        1 => prop::sample::select(&[
            f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, f32::MIN_POSITIVE, 1e-45,
            0.0, -0.0,
        ]),
    ]
}

fn pixels(len: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<f32>> {
    prop_oneof![
        vec(value(), len.into()),
        vec(any::<u32>().prop_map(f32::from_bits), 1..100)
    ]
}

fn check(error: Error, x: &[f32], output: &[f32], history: &[f32]) -> Result<(), TestCaseError> {
    match error {
        Error::NotFinite {
            slice: Slice::X,
            index,
        } => {
            prop_assert!(!x[index].is_finite());
            prop_assert!(x[..index].iter().all(|value| value.is_finite()));
        }
        // An input that was not finite is named before what became of it, a prediction whatever became of it.
        Error::NotFinite {
            slice: Slice::Prediction,
            index,
        } => prop_assert!(!output[index].is_finite()),
        Error::NotFinite {
            slice: Slice::Noise,
            index,
        } => {
            let at = index % x.len();
            prop_assert!(!x[at].is_finite());
            prop_assert!(x[..at].iter().all(|value| value.is_finite()));
        }
        Error::NotFinite {
            slice: Slice::XStart,
            index,
        } => prop_assert!(index < x.len()),
        Error::NotFinite {
            slice: Slice::History,
            index,
        } => prop_assert!(!history[index].is_finite()),
        other => prop_assert!(false, "{other:?}"),
    }
    Ok(())
}

/// Repeats what is drawn up to a length.
fn stretched(drawn: &[f32], len: usize) -> Vec<f32> {
    drawn.iter().copied().cycle().take(len).collect()
}

proptest! {
    #![proptest_config(crate::config(1500))]

    #[test]
    fn a_run_stays_finite_or_stops(
        (model, steps) in drawn::model(),
        method in drawn::method(),
        clip in drawn::clip(),
        x in pixels(1..100),
        output in pixels(1..100),
        noise in vec(-6.0_f32..6.0, 1..50),
        history in pixels(1..100),
    ) {
        let process = Process::new(&model, Timesteps::trailing(steps)).unwrap();
        let Ok(sampler) = Sampler::new(&process, method, clip) else {
            return Ok(());
        };
        let d = x.len();
        let mut x = x;
        let (noise, mut history) = (stretched(&noise, d), stretched(&history, d));
        let output = stretched(&output, process.prediction_len(d));
        for step in sampler {
            match step.apply_with_history(&mut x, &output, &noise, &mut history) {
                Ok(()) => {
                    prop_assert!(x.iter().all(|value| value.is_finite()));
                    prop_assert!(output[..d].iter().all(|value| value.is_finite()));
                    let kept = step.update().history.is_none()
                        || history.iter().all(|value| value.is_finite());
                    prop_assert!(kept, "{history:?}");
                }
                Err(error) => return check(error, &x, &output, &history),
            }
        }
    }

    #[test]
    fn a_run_over_listed_images_stays_finite_or_stops(
        (model, steps) in drawn::model(),
        method in drawn::method(),
        clip in drawn::clip(),
        x in vec(value(), 6),
        number in any::<u64>(),
    ) {
        let process = Process::new(&model, Timesteps::even(steps)).unwrap();
        let Ok(mut sampler) = Sampler::new(&process, method, clip) else {
            return Ok(());
        };
        let images: Vec<_> = (0..18).map(|k: u8| from_u8(k.wrapping_mul(37))).collect();
        let mut denoiser = ListedImages::new(process.view(), &images, 6).unwrap();
        let (mut x, mut noise, mut history) = (x, [0.0; 6], [0.0; 6]);
        let mut output = vec![0.0; process.prediction_len(6)];
        let sample = Sample { noise: Noise::new(number), number, label: None };
        loop {
            let mut image =
                Image { x: &mut x, output: &mut output, noise: &mut noise, history: &mut history };
            match sample.advance(&mut sampler, &mut denoiser, &mut image) {
                Ok(true) => prop_assert!(x.iter().all(|value| value.is_finite())),
                Ok(false) => break,
                Err(RunError::Sampler(error)) => return check(error, &x, &output, &history),
                Err(RunError::Denoiser(Error::NotFinite { slice: Slice::X, index })) => {
                    prop_assert!(!x[index].is_finite());
                    return Ok(());
                }
                Err(RunError::Denoiser(error)) => {
                    // ε of an x that is all but beyond f32.
                    let overflowed = matches!(error, Error::NotFinite { slice: Slice::Output, .. });
                    prop_assert!(overflowed, "{error:?}");
                    return Ok(());
                }
            }
        }
    }

    #[test]
    fn a_bound_is_finite_or_an_error(
        (model, steps) in drawn::model(),
        clip in drawn::clip(),
        x_start in pixels(1..40),
        x_t in pixels(1..40),
        output in pixels(1..40),
        index in 0_usize..12,
    ) {
        let process = Process::new(&model, Timesteps::trailing(steps)).unwrap();
        let d = x_start.len();
        let (x_t, noise) = (stretched(&x_t, d), vec![0.5; d]);
        let output = stretched(&output, process.prediction_len(d));
        let image = Noised { x_start: &x_start, noise: &noise, x_t: &x_t };
        let named = |error| match error {
            Error::NotFinite { slice: Slice::Prediction, index } => index < output.len(),
            Error::NotFinite { slice: Slice::X | Slice::XStart, index } => index < d,
            Error::StepOutOfRange { index, len } => index >= len,
            _ => false,
        };
        match term(&process, index, image, &output, clip) {
            Ok(term) => prop_assert!(term.vb.is_finite()),
            Err(error) => prop_assert!(named(error), "{error:?}"),
        }
        match prior_bits_per_dim(&process, &x_start) {
            Ok(prior) => prop_assert!(prior.is_finite() && prior >= -1e-12, "{prior}"),
            Err(error) => prop_assert!(named(error), "{error:?}"),
        }
        for objective in
            [Objective::Mse, Objective::RescaledMse, Objective::Kl, Objective::RescaledKl]
        {
            match objective.loss(&process, index, image, &output) {
                Ok(loss) => prop_assert!(loss.total.is_finite()),
                Err(error) => prop_assert!(named(error), "{error:?}"),
            }
        }
        if let Ok(bits) = BitsPerDim::new(&process, clip, &x_start) {
            prop_assert_eq!((bits.due(), bits.total()), (Some(process.len() - 1), None));
        }
    }

    #[test]
    fn clips_keep_their_range(clip in drawn::clip(), x in pixels(0..150)) {
        let mut x_start = x.clone();
        match clip.apply(&mut x_start) {
            Ok(()) if clip != Clip::None => {
                for (before, after) in x.iter().zip(&x_start) {
                    prop_assert!(!before.is_nan());
                    prop_assert!(after.abs() <= 1.000_000_1, "{before} {after}");
                }
            }
            Ok(()) => {
                prop_assert!(x.iter().all(|value| value.is_finite()));
                prop_assert_eq!(&x, &x_start);
            }
            Err(Error::NotFinite { slice: Slice::XStart, index }) => {
                // Clipped to ±1 an infinity is as good as any.
                prop_assert!(x[index].is_nan() || clip != Clip::Unit && !x[index].is_finite());
            }
            Err(error) => prop_assert!(false, "{error:?}"),
        }
    }

    #[test]
    fn bytes_are_made_of_anything(x in pixels(0..50)) {
        let mut bytes = vec![9; x.len()];
        let finite = x.iter().all(|value| value.is_finite());
        prop_assert_eq!(image_to_u8(&x, &mut bytes).is_ok(), finite);
        for (&byte, &x) in bytes.iter().zip(&x) {
            prop_assert_eq!(byte, if finite { to_u8(x) } else { 9 });
        }
    }
}

/// A denoiser is asked for a step that is not there.
#[test]
fn a_step_that_is_not_there() {
    let model = iddpm::diffusion::Diffusion::new(iddpm::diffusion::Schedule::Cosine, 100);
    let process = Process::new(&model, Timesteps::even(10)).unwrap();
    let mut denoiser = ListedImages::new(process.view(), &[0.0; 4], 2).unwrap();
    let query = Query {
        timestep: 0.0,
        index: 10,
        label: None,
    };
    let error = Error::StepOutOfRange { index: 10, len: 10 };
    assert_eq!(
        denoiser.denoise(query, &[0.0; 2], &mut [0.0; 4]),
        Err(error)
    );
}
