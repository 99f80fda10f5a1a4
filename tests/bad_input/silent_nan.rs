//! Inputs that once came back as NaN, or as a panic, without an error.

use iddpm::Error;
use iddpm::diffusion::exact::ListedImages;
use iddpm::diffusion::likelihood::{Noised, term};
use iddpm::diffusion::resample::{LossSecondMoment, Resampler};
use iddpm::diffusion::{Clip, Diffusion, InlineProcess, Schedule, Slice, Timesteps, Variance};

fn process() -> InlineProcess<8> {
    let model = Diffusion::new(Schedule::Cosine, 8).with_variance(Variance::FixedSmall);
    InlineProcess::new(&model, Timesteps::ALL).unwrap()
}

#[test]
fn two_last_levels_that_are_shifted_to_0_together() {
    let above = f64::from_bits(0.25_f64.to_bits() + 1);
    let table = [0.5, above, 0.25];
    let levels = Schedule::AlphaBars(&table).levels(3, true);
    assert!(levels.is_err(), "{levels:?}");
}

#[test]
fn noise_that_is_nan_is_found_though_only_a_mean_square_reads_it() {
    let x = [0.5_f32, -0.5];
    let image = Noised {
        x_start: &x,
        noise: &[0.0, f32::NAN],
        x_t: &x,
    };
    let error = Error::NotFinite {
        slice: Slice::Noise,
        index: 1,
    };
    assert_eq!(term(&process(), 3, image, &x, Clip::Unit), Err(error));
}

#[test]
fn a_length_beyond_all_memory_does_not_overflow() {
    let learned = Diffusion::new(Schedule::Cosine, 8);
    let process = InlineProcess::<8>::new(&learned, Timesteps::ALL).unwrap();
    assert_eq!(process.prediction_len(usize::MAX), usize::MAX);
}

#[test]
fn squares_whose_sum_overflows() {
    let mut law = LossSecondMoment::new([0.0; 8], 2, 2, 0.0).unwrap();
    let loss = 1.3e154;
    let error = Error::Loss { timestep: 1, loss };
    assert_eq!(law.update(&[1], &[loss]), Err(error));
    assert_eq!(law.probability(1), 0.5);
}

#[test]
fn the_image_nearest_to_nan_is_none() {
    let process = process();
    let images = [-1.0, 1.0];
    let law = ListedImages::new(process.view(), &images, 1).unwrap();
    let error = Error::NotFinite {
        slice: Slice::X,
        index: 0,
    };
    assert_eq!(law.nearest(&[f32::NAN]), Err(error));
    assert_eq!(law.nearest(&[0.9]), Ok(1));
}
