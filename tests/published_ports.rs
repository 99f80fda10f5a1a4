//! The errors that published ports of the method made, one test each.
//!
//! Every test holds the crate against a truth from outside (a closed form, a number of the public
//! implementation, a published vector), and computes the wrong variant besides: it must miss the
//! same truth by more than the tolerance, so that the test could tell.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use iddpm::diffusion::exact::GaussianData;
use iddpm::diffusion::noise::philox4x32_10;
use iddpm::diffusion::{
    Clip, Diffusion, Image, InlineProcess, Method, Noise, Sample, Sampler, Schedule, Timesteps,
    Variance, pixels,
};

/// f(u) = cos²((u + 0.008)/1.008 · π/2): ᾱ of the cosine schedule but for the factor 1/f(0).
fn cosine(u: f64) -> f64 {
    ((u + 0.008) / 1.008 * std::f64::consts::FRAC_PI_2)
        .cos()
        .powi(2)
}

/// The right value is within the tolerance of the truth, the port's is not.
fn tells(right: f64, wrong: f64, truth: f64, tolerance: f64) {
    assert!((right - truth).abs() <= tolerance, "{right}, not {truth}");
    let misses = (wrong - truth).abs() > tolerance || wrong.is_nan();
    assert!(misses, "{wrong} would pass for {truth}");
}

/// A port computed t/T on integers: 0 for every t < T, so that every β but the last was 0.
#[test]
fn cosine_by_integer_division() {
    const T: u32 = 1000;
    let integer = |t: u32| f64::from(t / T);
    let fraction = |t: u32| f64::from(t) / f64::from(T);
    let beta = |u: &dyn Fn(u32) -> f64, t| (1.0 - cosine(u(t + 1)) / cosine(u(t))).min(0.999);
    assert_eq!((0..T).filter(|&t| beta(&integer, t) == 0.0).count(), 999);

    let levels: Vec<_> = Schedule::Cosine.levels(T, false).unwrap().collect();
    let mut wrong = 1.0;
    // The last β is cut at 0.999; before it, the product of 1 - β telescopes to f(u)/f(0).
    for (t, level) in (0..T - 1).zip(&levels) {
        wrong *= 1.0 - beta(&integer, t);
        tells(
            level.alpha_bar,
            wrong,
            cosine(fraction(t + 1)) / cosine(0.0),
            1e-12,
        );
    }
    // The sum that the public implementation has.
    let sum = levels.iter().map(|level| level.beta).sum();
    let wrong = (0..T).map(|t| beta(&integer, t)).sum();
    tells(sum, wrong, 12.441496417056296, 1e-9);
}

/// What a step adds to x for a noise of 1, with the variance channel `v`.
fn sigma(variance: Variance, index: usize, v: f32) -> f64 {
    let diffusion = Diffusion::new(Schedule::Cosine, 1000).with_variance(variance);
    let process = InlineProcess::<50>::new(&diffusion, Timesteps::even(50)).unwrap();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    let step = sampler.step_at(49 - index as u32).unwrap();
    let after = |z: f32| {
        let mut x = [0.0];
        step.apply(&mut x, &[0.0, v], &[z]).unwrap();
        f64::from(x[0])
    };
    after(1.0) - after(0.0)
}

/// A port read the variance channels and then sampled with β̃ (or β) all the same.
#[test]
fn learned_variance_replaced_by_a_fixed_one() {
    let diffusion = Diffusion::new(Schedule::Cosine, 1000);
    let process = InlineProcess::<50>::new(&diffusion, Timesteps::even(50)).unwrap();
    for (index, v) in [(1, -0.5_f32), (10, 0.0), (30, 0.625), (48, 1.25)] {
        // Σ = β^frac β̃^(1-frac), frac = (v+1)/2, over the kept steps' own ᾱ.
        let alpha_bar = |k: usize| process.levels()[k].alpha_bar;
        let beta = 1.0 - alpha_bar(index) / alpha_bar(index - 1);
        let small = beta * (1.0 - alpha_bar(index - 1)) / (1.0 - alpha_bar(index));
        let fraction = f64::from((v + 1.0) / 2.0);
        let truth = (beta.powf(fraction) * small.powf(1.0 - fraction)).sqrt();
        let right = sigma(Variance::LearnedRange, index, v);
        for fixed in [small, beta] {
            // f32 holds σ to about 1e-7 of itself; β and β̃ are 1 part in 1000 apart at the end.
            tells(right, fixed.sqrt(), truth, 1e-6 * truth);
        }
    }
    // An output without the variance channels is refused, never completed by a fixed variance.
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    let step = sampler.step_at(10).unwrap();
    assert!(step.apply(&mut [0.0], &[0.0], &[1.0]).is_err());
}

/// A port took the root of log Σ, which is negative for any sensible Σ: NaN from the first step on.
#[test]
fn log_variance_used_as_a_variance() {
    for log_variance in [-9.0_f32, -1.5, 0.75] {
        let log = f64::from(log_variance);
        let right = sigma(Variance::Learned, 20, log_variance);
        tells(
            right,
            log.sqrt(),
            (0.5 * log).exp(),
            1e-6 * (0.5 * log).exp(),
        );
    }
}

/// A port stepped from t to t - T/n whatever the list said; the two agree only for one spacing.
#[test]
fn previous_step_not_the_lists_own() {
    const T: u32 = 1000;
    let levels: Vec<_> = Schedule::Cosine.levels(T, false).unwrap().collect();
    let lists: [&[u32]; 2] = [&[999, 832, 666, 500, 333, 166, 0], &[900, 890, 500, 20, 3]];
    for list in lists {
        let diffusion = Diffusion::new(Schedule::Cosine, T).with_variance(Variance::FixedSmall);
        let process = InlineProcess::<8>::new(&diffusion, Timesteps::custom(list)).unwrap();
        let sampler = Sampler::new(&process, Method::Ddim { eta: 0.0 }, Clip::None).unwrap();
        // With the true ε known, DDIM moves x_t to exactly x_s of the same x_0 and ε.
        let (x_start, epsilon) = (0.5, -1.25_f32);
        let x_at = |alpha_bar: f64| {
            alpha_bar.sqrt() * x_start + (1.0 - alpha_bar).sqrt() * f64::from(epsilon)
        };
        for (step, pair) in sampler.zip(list.windows(2)) {
            let (t, s) = (pair[0] as usize, pair[1] as usize);
            let mut x = [x_at(levels[t].alpha_bar) as f32];
            step.apply(&mut x, &[epsilon], &[]).unwrap();
            let assumed = t.saturating_sub(T as usize / list.len());
            let wrong = x_at(levels[assumed].alpha_bar);
            // x̂_0 = x/√ᾱ - .. loses a rounding of x by 1/√ᾱ, of which √ᾱ_s is kept.
            let loss = (levels[s].alpha_bar / levels[t].alpha_bar).sqrt();
            tells(
                x[0].into(),
                wrong,
                x_at(levels[s].alpha_bar),
                1e-6 * (1.0 + loss),
            );
        }
    }
}

/// Ports strode T down by ⌊T/n⌋, which gives another number of steps for hundreds of n.
#[test]
fn trailing_spacing_of_the_wrong_length() {
    const T: u32 = 1000;
    let kept = |steps: u32| {
        let mut kept = vec![0; steps as usize];
        let len = Timesteps::trailing(steps).fill(T, &mut kept).unwrap();
        assert_eq!(len, kept.len());
        kept.reverse();
        kept
    };
    let mut wrong_lengths = 0;
    for steps in 1..=T {
        let kept = kept(steps);
        assert_eq!(kept[0], T - 1);
        assert!(kept.is_sorted_by(|a, b| a > b));
        let strided = (0..T).rev().step_by((T / steps) as usize);
        wrong_lengths += u32::from(strided.count() != kept.len());
    }
    assert!(wrong_lengths > 900, "{wrong_lengths}");
    // round(T - k·T/n) - 1 with half to even, as published.
    assert_eq!(kept(7), [999, 856, 713, 570, 428, 285, 142]);
}

/// Ports kept their tables in f32, where 1 - ᾱ_0 has few digits left.
#[test]
fn tables_in_single_precision() {
    const T: u32 = 4000;
    // 1 - cos²b/cos²a = sin(b-a) sin(b+a)/cos²a, which cancels nothing.
    let angle = |t: f64| (t / f64::from(T) + 0.008) / 1.008 * std::f64::consts::FRAC_PI_2;
    let (a, b) = (angle(0.0), angle(1.0));
    let truth = (b - a).sin() * (b + a).sin() / a.cos().powi(2);
    let first = Schedule::Cosine.levels(T, false).unwrap().next().unwrap();
    let single = |u: f32| {
        ((u + 0.008) / 1.008 * std::f32::consts::FRAC_PI_2)
            .cos()
            .powi(2)
    };
    let beta = 1.0 - single(1.0 / T as f32) / single(0.0);
    let wrong = f64::from(1.0 - (1.0 - beta));
    tells(1.0 - first.alpha_bar, wrong, truth, 1e-10 * truth);
    assert!(
        (wrong - truth).abs() > 1e-3 * truth,
        "f32 loses {}",
        (wrong - truth).abs() / truth
    );
}

/// Ports gave the network t, or a rounded t·1000/T, where it was trained on the fraction.
#[test]
fn timesteps_not_rescaled() {
    let diffusion = Diffusion::new(Schedule::Cosine, 4000);
    let kept = [3999, 1333, 1, 0];
    let process = InlineProcess::<4>::new(&diffusion, Timesteps::custom(&kept)).unwrap();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    // What the public implementation's network sees.
    for (step, truth) in sampler.zip([999.75, 333.25, 0.25]) {
        let t = f64::from(kept[step.position() as usize]);
        for wrong in [t, (t * 0.25).floor(), (t * 0.25).round()] {
            tells(step.timestep().into(), wrong, truth, 0.0);
        }
    }
}

/// Ports drew from a generator that could not be seeded, or from one stream for all: an image
/// depended on the images before it, and could not be made again.
#[test]
fn noise_that_cannot_be_repeated() {
    // Philox 4x32-10 against the vectors its authors publish (Random123, kat_vectors).
    let digits = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
    let published = [
        (
            [0; 4],
            [0; 2],
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8],
        ),
        (
            [u32::MAX; 4],
            [u32::MAX; 2],
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd],
        ),
        (
            digits,
            [0xa409_3822, 0x299f_31d0],
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
        ),
    ];
    for (counter, key, words) in published {
        assert_eq!(philox4x32_10(counter, key), words);
    }

    let begin = |seed, number| {
        let (noise, label) = (Noise::new(seed), None);
        let mut x = [0.0_f32; 10];
        Sample {
            noise,
            number,
            label,
        }
        .begin(&mut x);
        x
    };
    let alone = begin(7, 1);
    let (first, second) = (begin(7, 0), begin(7, 1));
    assert_eq!(second, alone);
    assert_ne!(first, second);
    assert_ne!(begin(8, 1), alone);

    // One stream for all: what image 1 gets depends on whether image 0 was drawn.
    let mut words = (0_u32..).flat_map(|block| philox4x32_10([block, 0, 0, 0], [7, 0]));
    let mut draw = || -> Vec<u32> { words.by_ref().take(10).collect() };
    assert_ne!(draw(), draw());
}

/// Ports took the mean of the two slopes in σ from wherever their schedule begins: at the end of the
/// cosine schedule σ falls by thousands in one step, and about half of it is left in the image.
#[test]
fn heun_by_the_mean_of_two_slopes_from_pure_noise() {
    const D: usize = 1 << 13;
    const VARIANCE: f64 = 0.25;
    for steps in [10, 25, 50] {
        let model = Diffusion::new(Schedule::Cosine, 1000).with_variance(Variance::FixedSmall);
        let process = InlineProcess::<50>::new(&model, Timesteps::even(steps)).unwrap();
        let mut denoiser = GaussianData::new(process.view(), 0.0, VARIANCE).unwrap();
        let mut sampler = Sampler::new(&process, Method::Heun, Clip::None).unwrap();
        let sample = Sample {
            noise: Noise::new(3),
            number: 0,
            label: None,
        };
        let (mut x, mut output, mut history) = (vec![0.0; D], vec![0.0; D], vec![0.0; D]);
        sample.begin(&mut x);
        let size =
            |x: &[f32]| (x.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / D as f64).sqrt();
        let first = size(&x);
        for _ in 0..2 {
            let mut image = Image {
                x: &mut x,
                output: &mut output,
                noise: &mut [],
                history: &mut history,
            };
            sample
                .advance(&mut sampler, &mut denoiser, &mut image)
                .unwrap();
        }
        // y = x/√ᾱ, d = (y - E[x_0 | y])/σ, from σ to σ' and back for the second slope.
        let [from, to] = [steps as usize - 1, steps as usize - 2].map(|index| {
            let alpha_bar = process.levels()[index].alpha_bar;
            (alpha_bar, ((1.0 - alpha_bar) / alpha_bar).sqrt())
        });
        let slope = |y: f64, sigma: f64| y * sigma / (VARIANCE + sigma * sigma);
        let y = first / from.0.sqrt();
        let euler = y + (to.1 - from.1) * slope(y, from.1);
        let mean = (slope(y, from.1) + slope(euler, to.1)) / 2.0;
        let wrong = (y + (to.1 - from.1) * mean) * to.0.sqrt();
        let truth = first * (VARIANCE * to.0 + 1.0 - to.0).sqrt();
        tells(size(&x), wrong, truth, 0.01 * truth);
    }
}

/// One tool truncated to u8 and another rounded: half of all pixels differ by one.
#[test]
fn pixels_truncated_here_and_rounded_there() {
    let rounded = |x: f32| ((x + 1.0) * 127.5).round() as u8;
    // From the public implementation's sampling scripts.
    let truncated = [
        (-1.3, 0),
        (-1.0, 0),
        (-0.97, 3),
        (-0.93, 8),
        (-0.89, 14),
        (-0.74, 33),
    ];
    let mut written = [0; 6];
    pixels::image_to_u8(&truncated.map(|(x, _)| x), &mut written).unwrap();
    for ((x, truth), written) in truncated.into_iter().zip(written) {
        assert_eq!((pixels::to_u8(x), written), (truth, truth), "{x}");
    }
    assert_eq!((pixels::to_u8(1.0), pixels::to_u8(1.5)), (255, 255));
    assert_eq!([-0.97, -0.93, -0.74].map(rounded), [4, 9, 33]);

    let values: Vec<f32> = (-4000..4000).map(|k| k as f32 / 4000.0).collect();
    let mut image = vec![0; values.len()];
    pixels::image_to_u8(&values, &mut image).unwrap();
    let same = |&(&x, &u): &(&f32, &u8)| pixels::to_u8(x) == u;
    assert!(values.iter().zip(&image).all(|pair| same(&pair)));
    let differ = values
        .iter()
        .zip(&image)
        .filter(|&(&x, &u)| rounded(x) != u)
        .count();
    assert!(
        differ.abs_diff(values.len() / 2) < values.len() / 50,
        "{differ}"
    );
}
