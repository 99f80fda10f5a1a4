//! σ = exp(½ log Σ) in f32, from a network's variance channels, against f64.

use iddpm::diffusion::Error;
use iddpm::diffusion::error::Slice;
use iddpm::diffusion::{Clip, Linear, LogVariance, Mix, NoiseScale, Pixels, Update};

/// σ of each channel: a step from 0 by noise of 1 and nothing else.
fn sigmas(law: LogVariance, channels: &[f32]) -> Result<Vec<f32>, Error> {
    let update = Update {
        x_start: Linear { x: 0.0, value: 0.0 },
        mix: Mix::default(),
        history: None,
        noise: NoiseScale::Learned(law),
    };
    let mut x = vec![0.0; channels.len()];
    let output = [&vec![0.0; channels.len()], channels].concat();
    let pixels = Pixels {
        x: &mut x,
        output: &output,
        noise: &vec![1.0; channels.len()],
        history: &mut [],
    };
    update.apply(Clip::None, pixels)?;
    Ok(x)
}

/// σ = 2^channel, the exponent exact: log Σ = 2 ln 2 · channel.
const BASE_2: LogVariance = LogVariance::LearnedRange {
    min: -2.0 * core::f64::consts::LN_2,
    max: 2.0 * core::f64::consts::LN_2,
};

/// The claim of the exponential itself: relative error below 2.0e-7 from -126 up to 127.5. Every
/// 2^-15 of the range, and every float of an octave about 0.
#[test]
fn powers_of_2_are_within_their_error() {
    let grid = (-126 * 32768..127 * 32768 + 16384).map(|k| k as f32 / 32768.0);
    let octave = (0.25_f32.to_bits()..0.5_f32.to_bits())
        .step_by(3)
        .map(f32::from_bits);
    let channels: Vec<f32> = grid
        .chain(octave.clone())
        .chain(octave.map(|x| -x))
        .collect();
    let mut worst = (0.0, 0.0);
    for channels in channels.chunks(1 << 16) {
        for (&channel, sigma) in channels.iter().zip(sigmas(BASE_2, channels).unwrap()) {
            let exact = f64::from(channel).exp2();
            let error = (f64::from(sigma) / exact - 1.0).abs();
            if error > worst.0 {
                worst = (error, channel);
            }
        }
    }
    println!("worst relative error {:e} at {}", worst.0, worst.1);
    assert!(worst.0 < 2.0e-7, "{worst:?}");
}

/// Below the range σ goes to 0 without a NaN, above it x is infinite and so an error, which names the
/// channel where that was not finite to begin with.
#[test]
fn powers_of_2_beyond_the_range() {
    let below = [-126.3, -126.5, -127.0, -200.0, -3e38, f32::NEG_INFINITY];
    for sigma in sigmas(BASE_2, &below).unwrap() {
        assert!((0.0..1.2e-38).contains(&sigma), "{sigma:e}");
    }
    let stepped = (Slice::X, 2);
    let given = (Slice::Prediction, 5);
    for (bad, (slice, index)) in [
        (127.5, stepped),
        (128.0, stepped),
        (1e9, stepped),
        (f32::INFINITY, given),
        (f32::NAN, given),
    ] {
        let error = Error::NotFinite { slice, index };
        assert_eq!(sigmas(BASE_2, &[0.0, 1.0, bad]), Err(error), "{bad}");
    }
}

/// The whole path, log Σ itself as a channel: to the exponential's error come the roundings of
/// ½ log2(e) and of its product with the channel, each half an ulp of the exponent.
#[test]
fn learned_log_variances_are_within_their_error() {
    let channels: Vec<f32> = (-60_000..20_000).map(|k| k as f32 / 1024.0).collect();
    for (&channel, sigma) in channels
        .iter()
        .zip(sigmas(LogVariance::Learned, &channels).unwrap())
    {
        let exact = (0.5 * f64::from(channel)).exp();
        let exponent = (0.5 * f64::from(channel)).abs();
        let bound = 2.0e-7 + 2.0 * 2_f64.powi(-24) * exponent;
        let error = (f64::from(sigma) / exact - 1.0).abs();
        assert!(
            error < bound,
            "log Σ = {channel}: {error:e}, bound {bound:e}"
        );
    }
}

/// A learned range such as a step has: ln β̃ to ln β.
#[test]
fn learned_ranges_are_within_their_error() {
    let channels: Vec<f32> = (-3000..3000).map(|k| k as f32 / 1000.0).collect();
    for (small, large) in [(1e-9, 4e-6), (0.0005, 0.0006), (0.3, 0.999), (1e-20, 1e-4)] {
        let (min, max) = (f64::ln(small), f64::ln(large));
        let law = LogVariance::LearnedRange { min, max };
        for (&channel, sigma) in channels.iter().zip(sigmas(law, &channels).unwrap()) {
            let exact = law.sigma(f64::from(channel));
            // Four roundings: the two weights, their product and the sum.
            let exponent = (min.abs() + max.abs()) * (1.0 + f64::from(channel).abs());
            let bound = 2.0e-7 + 2.0 * 2_f64.powi(-24) * exponent;
            let error = (f64::from(sigma) / exact - 1.0).abs();
            assert!(
                error < bound,
                "{law:?} at {channel}: {error:e}, bound {bound:e}"
            );
        }
    }
}
