//! A uniform law over listed images: the bound against their entropy, and the images drawn.

use iddpm::diffusion::exact::ListedImages;
use iddpm::diffusion::likelihood::{BitsPerDim, Noised};
use iddpm::diffusion::pixels::from_u8;
use iddpm::diffusion::{
    Clip, Denoiser, Diffusion, Image, InlineProcess, Method, Noise, ProcessView, Query, Sample,
    Sampler, Schedule, Timesteps, Variance,
};

/// Elements of an image.
const D: usize = 4;
/// Images.
const N: usize = 8;
/// log2(N)/D.
const ENTROPY: f64 = 3.0 / D as f64;

/// N images of random bytes.
fn distinct_images() -> Vec<u8> {
    let mut uniforms = vec![0.0; N * D];
    Noise::new(5).stream(0, 0).fill_uniforms(0, &mut uniforms);
    uniforms.into_iter().map(|u| (u * 256.0) as u8).collect()
}

/// N/2 random images, and each of them again with two of its bytes changed by 4: telling the two
/// apart takes the fine, early steps.
fn paired_images() -> Vec<u8> {
    let mut images = distinct_images();
    for pair in images.chunks_mut(2 * D) {
        let (first, second) = pair.split_at_mut(D);
        second.copy_from_slice(first);
        for byte in &mut second[..2] {
            *byte = if *byte < 128 { *byte + 4 } else { *byte - 4 };
        }
    }
    images
}

fn scaled(images: Vec<u8>) -> Vec<f32> {
    images.into_iter().map(from_u8).collect()
}

/// Bits/dim over the whole law, each image `draws` times: the mean, and the standard error of it
/// from the spread between draws.
fn bits_per_dim(process: ProcessView<'_>, images: &[f32], draws: u64) -> (f64, f64) {
    let mut denoiser = ListedImages::new(process, images, D).unwrap();
    assert!((denoiser.entropy_bits_per_dim() - ENTROPY).abs() < 1e-15);
    let (mut noise, mut x_t) = ([0.0; D], [0.0; D]);
    let mut output = vec![0.0; process.prediction_len(D)];
    let mut of_image = |number: u64, x_start: &[f32]| {
        let mut bits = BitsPerDim::new(&process, Clip::Unit, x_start).unwrap();
        while let Some(index) = bits.due() {
            let stream = Noise::new(9).stream(number, index as u32);
            stream.fill_normals(0, &mut noise);
            let step = process.coefficients(index).unwrap();
            step.q_sample().fill(x_start, &noise, &mut x_t).unwrap();
            let query = Query {
                timestep: process.model_timestep(index).unwrap(),
                index,
                label: None,
            };
            denoiser.denoise(query, &x_t, &mut output).unwrap();
            let image = Noised {
                x_start,
                noise: &noise,
                x_t: &x_t,
            };
            bits.add(index, image, &output).unwrap();
        }
        bits.total().unwrap()
    };
    let totals: Vec<f64> = (0..draws)
        .map(|draw| {
            let numbers = draw * N as u64..;
            let bits = numbers
                .zip(images.chunks(D))
                .map(|(number, image)| of_image(number, image));
            bits.sum::<f64>() / N as f64
        })
        .collect();
    let count = draws as f64;
    let mean = totals.iter().sum::<f64>() / count;
    let spread = totals
        .iter()
        .map(|total| (total - mean).powi(2))
        .sum::<f64>();
    (mean, (spread / (count - 1.0) / count).sqrt())
}

type Process = Box<InlineProcess<4000>>;

/// No bound can be below the entropy, and that of the optimal denoiser with its exact variance
/// tends to it: what is left is that q(x_{t-1} | x_t) is not normal, which finer steps mend.
/// With the variance fixed at β̃ a larger gap is left, most of it in the last step's likelihood.
#[test]
fn bound_falls_to_the_entropy() {
    let images = scaled(paired_images());
    // The largest gap at T = 4000, beside the error of its estimate, and draws at each T: the exact
    // variance is small where an image seems certain, and a wrong certainty is dear but rare.
    let cases = [
        (Variance::LearnedRange, 0.01, [512, 256, 192, 64]),
        (Variance::FixedSmall, 0.5, [64, 64, 32, 12]),
    ];
    for (variance, last, draws) in cases {
        let mut before = (f64::INFINITY, 0.0);
        for (num_timesteps, draws) in [50, 200, 1000, 4000].into_iter().zip(draws) {
            let what = format!("{variance:?}, T = {num_timesteps}");
            let model = Diffusion::new(Schedule::Linear, num_timesteps).with_variance(variance);
            let process: Process = Box::new(InlineProcess::new(&model, Timesteps::ALL).unwrap());
            let (mean, error) = bits_per_dim(process.view(), &images, draws);
            let gap = mean - ENTROPY;
            println!("{what}: gap {gap:.5} ± {error:.5} over {ENTROPY}");
            assert!(gap > -4.0 * error, "{what}: below the entropy");
            let fell: f64 = before.0 - gap;
            let resolved = 3.0 * error.hypot(before.1);
            assert!(fell > resolved, "{what}: {gap} ± {error} after {before:?}");
            before = (gap, error);
        }
        let (gap, error) = before;
        assert!(
            gap < last + 4.0 * error,
            "{variance:?}: gap {gap} ± {error} at T = 4000"
        );
    }
}

/// A process that ends at ᾱ = 0.6 pays for it: KL(N(√ᾱ x_0, 1-ᾱ) ‖ N(0, 1)), averaged over elements,
/// is ½(ᾱ x_0² - ᾱ - ln(1-ᾱ)) nats.
#[test]
fn bound_is_the_prior_and_every_term() {
    let images = scaled(distinct_images());
    let x_start = &images[..D];
    let model = Diffusion::new(Schedule::AlphaBars(&[0.95, 0.8, 0.6]), 3);
    let process = InlineProcess::<3>::new(&model, Timesteps::ALL).unwrap();
    let nats = x_start
        .iter()
        .map(|&x| 0.3 * f64::from(x).powi(2) - 0.3 - 0.5 * 0.4_f64.ln());
    let prior = nats.sum::<f64>() / D as f64 / core::f64::consts::LN_2;

    let mut bits = BitsPerDim::new(&process, Clip::Unit, x_start).unwrap();
    let mut sum = prior;
    while let Some(index) = bits.due() {
        assert_eq!(bits.total(), None);
        let image = Noised {
            x_start,
            noise: &[0.5; D],
            x_t: &[0.2; D],
        };
        let term = bits.add(index, image, &[0.1; 2 * D]).unwrap();
        assert!(term.vb > 0.0);
        sum += term.vb;
    }
    assert!((bits.prior() - prior).abs() < 1e-14);
    assert!((bits.total().unwrap() - sum).abs() < 1e-13);
}

/// Paper, appendix E: with the early steps kept the strided bound is that of all steps; without
/// them telling apart images that differ finely costs most of a bit more per dimension.
#[test]
fn strided_bound_needs_the_early_steps() {
    let images = scaled(paired_images());
    for variance in [Variance::LearnedRange, Variance::FixedSmall] {
        let model = Diffusion::new(Schedule::Cosine, 4000).with_variance(variance);
        let of = |timesteps, draws| {
            let process: Process = Box::new(InlineProcess::new(&model, timesteps).unwrap());
            let (mean, error) = bits_per_dim(process.view(), &images, draws);
            println!(
                "{variance:?}, {} steps: {mean:.5} ± {error:.5}",
                process.len()
            );
            (mean, error)
        };
        let full = of(Timesteps::ALL, 16);
        let early = of(Timesteps::even_with_early(100), 256);
        let plain = of(Timesteps::even(100), 256);
        let error = full.1.hypot(early.1);
        assert!(
            (early.0 - full.0).abs() < 0.05 + 4.0 * error,
            "{variance:?}: {early:?} {full:?}"
        );
        assert!(plain.0 - full.0 > 0.5, "{variance:?}: {plain:?} {full:?}");
    }
}

/// Every sample of every method is one of the images, to half a grey level, and each image is drawn
/// about as often: Σ (n_i - n/N)²/(n/N) exceeds 24.3 once in 1000 times (χ², 7 degrees of freedom).
#[test]
fn samples_are_the_listed_images_in_equal_numbers() {
    const SAMPLES: u64 = 400;
    let images = scaled(distinct_images());
    let model = Diffusion::new(Schedule::Linear, 1000);
    let process = InlineProcess::<50>::new(&model, Timesteps::even(50)).unwrap();
    let mut denoiser = ListedImages::new(process.view(), &images, D).unwrap();
    for method in [
        Method::Ancestral,
        Method::Ddim { eta: 0.0 },
        Method::Ddim { eta: 1.0 },
        Method::DpmSolverPlusPlus2M,
        Method::Heun,
    ] {
        let mut counts = [0_u32; N];
        for number in 0..SAMPLES {
            let sample = Sample {
                noise: Noise::new(4),
                number,
                label: None,
            };
            let (mut x, mut noise, mut history) = ([0.0; D], [0.0; D], [0.0; D]);
            let mut output = [0.0; 2 * D];
            sample.begin(&mut x);
            let mut image = Image {
                x: &mut x,
                output: &mut output,
                noise: &mut noise,
                history: &mut history,
            };
            let mut sampler = Sampler::new(&process, method, Clip::Unit).unwrap();
            while sample
                .advance(&mut sampler, &mut denoiser, &mut image)
                .unwrap()
            {}
            let nearest = denoiser.nearest(&x).unwrap();
            for (x, listed) in x.iter().zip(&images[nearest * D..]) {
                assert!(
                    (x - listed).abs() < 0.5 / 127.5,
                    "{method:?}, sample {number}: {x} {listed}"
                );
            }
            counts[nearest] += 1;
        }
        let expected = SAMPLES as f64 / N as f64;
        let squares = counts.map(|count| (f64::from(count) - expected).powi(2) / expected);
        let chi_square: f64 = squares.iter().sum();
        println!("{method:?}: {counts:?}, χ² = {chi_square:.2}");
        assert!(!counts.contains(&0), "{method:?}: {counts:?}");
        assert!(chi_square < 24.3, "{method:?}: {counts:?}");
    }
}
