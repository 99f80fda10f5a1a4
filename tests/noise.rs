//! The noise: its words, its transform, its independence of slicing, and its law.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use iddpm::diffusion::noise::{Noise, NoiseStream, normal_pair, philox4x32_10};
use proptest::prelude::*;

const DRAWS: usize = 1_000_000;

/// Five standard errors: a right generator fails one such test in 1.7 million seeds.
const SIGMAS: f64 = 5.0;

fn normals(stream: NoiseStream, len: usize) -> Vec<f32> {
    let mut out = vec![f32::NAN; len];
    stream.fill_normals(0, &mut out);
    out
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|z| z.to_bits()).collect()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, len) = values.fold((0.0, 0.0), |(sum, len), v| (sum + v, len + 1.0));
    sum / len
}

/// The mean of f over the draws; `variance` is that of f(z) for one true normal z.
fn assert_mean(z: &[f32], what: &str, f: impl Fn(f64) -> f64, expected: f64, variance: f64) {
    let found = mean(z.iter().map(|&z| f(f64::from(z))));
    let bound = SIGMAS * (variance / z.len() as f64).sqrt();
    assert!(
        (found - expected).abs() < bound,
        "{what}: {found} not {expected} ± {bound}"
    );
}

/// No correlation between two sequences of draws, nor between their squares.
fn assert_uncorrelated(a: &[f32], b: &[f32], what: &str) {
    let len = a.len().min(b.len()) as f64;
    let pairs = || a.iter().zip(b).map(|(&a, &b)| (f64::from(a), f64::from(b)));
    let linear = mean(pairs().map(|(a, b)| a * b)) * len.sqrt();
    // (z² - 1) has variance 2.
    let square = mean(pairs().map(|(a, b)| (a * a - 1.0) * (b * b - 1.0) / 2.0)) * len.sqrt();
    assert!(linear.abs() < SIGMAS, "{what}: {linear} standard errors");
    assert!(
        square.abs() < SIGMAS,
        "{what}, squares: {square} standard errors"
    );
}

/// The distribution function of N(0, 1).
fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}

/// sup |F_n - F|·√n for values already mapped through F.
fn kolmogorov(mut u: Vec<f64>) -> f64 {
    u.sort_by(f64::total_cmp);
    let n = u.len() as f64;
    let distance = u.iter().enumerate().fold(0.0, |d: f64, (i, u)| {
        d.max((u - i as f64 / n).abs())
            .max(((i + 1) as f64 / n - u).abs())
    });
    distance * n.sqrt()
}

/// Known answers of the Random123 distribution for philox4x32 with 10 rounds.
#[test]
fn philox_known_answers() {
    let cases = [
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
            [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
            [0xa409_3822, 0x299f_31d0],
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
        ),
    ];
    for (counter, key, words) in cases {
        assert_eq!(philox4x32_10(counter, key), words);
    }
}

/// The counter's layout, which a shader repeats.
#[test]
fn a_stream_is_the_documented_counter() {
    let stream = Noise::new(0x299f_31d0_a409_3822).stream(0x0370_7344_1319_8a2e, 0x85a3_08d3);
    let words = [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1];
    assert_eq!(stream.words(0x243f_6a88), words);
    let first = 4 * 0x243f_6a88;
    let [z0, z1] = normal_pair(words[0], words[1]);
    let [z2, z3] = normal_pair(words[2], words[3]);
    for (lane, z) in [z0, z1, z2, z3].into_iter().enumerate() {
        let element = first + lane as u64;
        assert_eq!(stream.normal(element).to_bits(), z.to_bits());
        let unit = (words[lane] >> 8) as f32 / 16_777_216.0;
        assert_eq!(stream.uniform(element), unit);
    }
    let wide = |high: u32, low: u32| {
        ((u64::from(high) << 32 | u64::from(low)) >> 11) as f64 / (1_u64 << 53) as f64
    };
    assert_eq!(stream.uniform_f64(first / 2), wide(words[0], words[1]));
    assert_eq!(stream.uniform_f64(first / 2 + 1), wide(words[2], words[3]));
}

/// The same bits on every target: this value was computed once and holds on all of them.
#[test]
fn the_first_normals_are_pinned() {
    let hash = normals(Noise::new(0).stream(0, 0), 4096)
        .iter()
        .flat_map(|z| z.to_bits().to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    assert_eq!(hash, PINNED, "{hash:#018x}");
}
const PINNED: u64 = 0x1059_7bd4_14e4_3552;

/// Elements count modulo 2^34, across the end as well.
#[test]
fn elements_wrap() {
    let stream = Noise::new(3).stream(1, 4);
    let period = 1_u64 << 34;
    let mut across = [0.0; 1100];
    stream.fill_normals(period - 555, &mut across);
    let start = normals(stream, 545);
    assert_eq!(bits(&across[555..]), bits(&start));
    assert_eq!(stream.normal(period + 17), start[17]);
    stream.fill_normals(u64::MAX - 554, &mut across);
    assert_eq!(bits(&across[555..]), bits(&start));
    stream.fill_uniforms(u64::MAX - 1, &mut across);
    assert_eq!(across[2], stream.uniform(0));
}

proptest! {
    /// The value of an element does not depend on how its range was cut.
    #[test]
    fn slicing_changes_nothing(
        seed: u64,
        sample: u64,
        step: u32,
        first: u64,
        cuts in prop::collection::vec(0_usize..700, 1..6),
    ) {
        let stream = Noise::new(seed).stream(sample, step);
        let len = cuts.iter().sum();
        let mut whole = vec![f32::NAN; len];
        let mut parts = vec![f32::NAN; len];
        type Fill = fn(NoiseStream, u64, &mut [f32]);
        type One = fn(NoiseStream, u64) -> f32;
        let kinds: [(Fill, One); 2] = [
            (NoiseStream::fill_normals, NoiseStream::normal),
            (NoiseStream::fill_uniforms, NoiseStream::uniform),
        ];
        for (fill, one) in kinds {
            fill(stream, first, &mut whole);
            let mut rest = parts.as_mut_slice();
            let mut at = first;
            for &cut in &cuts {
                let (part, after) = rest.split_at_mut(cut);
                fill(stream, at, part);
                (at, rest) = (at.wrapping_add(cut as u64), after);
            }
            prop_assert_eq!(bits(&whole), bits(&parts));
            for (i, value) in whole.iter().enumerate() {
                let element = first.wrapping_add(i as u64);
                prop_assert_eq!(one(stream, element).to_bits(), value.to_bits());
            }
        }
    }

    /// Any two words give two finite deviates near the formula.
    #[test]
    fn the_transform_is_box_muller(word0: u32, word1: u32) {
        assert_near_box_muller(word0, word1);
    }
}

/// Both deviates of a pair against f64, where u is rounded to f32 as the transform rounds it.
fn assert_near_box_muller(word0: u32, word1: u32) {
    let s = word0 as i32;
    let u = f64::from((s as f32).abs() + 0.5) / 2_147_483_648.0;
    let radius = (-2.0 * u.ln()).max(0.0).sqrt().copysign(f64::from(s));
    let angle = std::f64::consts::FRAC_PI_2 * f64::from(word1 as i32) / 2_147_483_648.0;
    let exact = [radius * angle.cos(), radius * angle.sin()];
    for (z, exact) in normal_pair(word0, word1).into_iter().zip(exact) {
        let error = (f64::from(z) - exact).abs();
        let bound = 1e-6 * radius.abs();
        assert!(
            error <= bound,
            "{word0:#x}, {word1:#x}: {z} is off by {error:e}"
        );
        assert!(z.abs() <= 6.6605);
    }
}

#[test]
fn extreme_words_give_finite_deviates() {
    let mut words = vec![0, u32::MAX, i32::MAX as u32, i32::MIN as u32];
    for shift in 0..32 {
        let bit = 1_u32 << shift;
        words.extend([bit, bit - 1, bit + 1, !bit, bit.wrapping_neg()]);
    }
    for &word0 in &words {
        for &word1 in &words {
            assert_near_box_muller(word0, word1);
        }
    }
}

/// A flip of the first word's sign bit, less one, turns both deviates round: symmetry to the bit.
#[test]
fn pairs_are_symmetric() {
    for word in (1..=i32::MAX as u32).step_by(999_983) {
        let [a, b] = normal_pair(word, word.rotate_left(9));
        let [c, d] = normal_pair(word.wrapping_neg(), word.rotate_left(9));
        assert_eq!([a, b], [-c, -d]);
    }
}

#[test]
fn normals_have_the_moments_of_the_normal_law() {
    for (seed, step) in [(0, 0), (1, 7), (u64::MAX, Noise::INITIAL)] {
        let z = normals(Noise::new(seed).stream(5, step), DRAWS);
        // Var z^k = E z^2k - (E z^k)².
        assert_mean(&z, "mean", |z| z, 0.0, 1.0);
        assert_mean(&z, "variance", |z| z * z, 1.0, 2.0);
        assert_mean(&z, "third moment", |z| z.powi(3), 0.0, 15.0);
        assert_mean(&z, "fourth moment", |z| z.powi(4), 3.0, 96.0);
        assert_mean(&z, "sixth moment", |z| z.powi(6), 15.0, 10_395.0 - 225.0);
    }
}

/// Kolmogorov–Smirnov: √n·D exceeds 2.23 with probability 2·exp(-2·2.23²) < 1e-4. Each of the four
/// lanes is tested too.
#[test]
fn normals_follow_the_normal_law() {
    let z = normals(Noise::new(2).stream(0, 0), DRAWS);
    let map = |z: &f32| normal_cdf(f64::from(*z));
    let whole = kolmogorov(z.iter().map(map).collect());
    assert!(whole < 2.23, "√n·D = {whole}");
    for lane in 0..4 {
        let distance = kolmogorov(z.iter().skip(lane).step_by(4).map(map).collect());
        assert!(distance < 2.23, "lane {lane}: √n·D = {distance}");
    }
}

/// Draws beyond c, against a binomial count.
#[test]
fn tails_are_as_heavy_as_they_should_be() {
    let n = 20 * DRAWS;
    let z = normals(Noise::new(8).stream(0, 0), n);
    for c in [2.0, 3.0, 4.0, 4.5] {
        for sign in [-1.0, 1.0] {
            let expected = n as f64 * normal_cdf(-c);
            let found = z.iter().filter(|z| f64::from(**z) * sign > c).count() as f64;
            let deviation = (found - expected).abs() / expected.sqrt();
            assert!(
                deviation < SIGMAS,
                "beyond {}: {found}, not {expected}",
                c * sign
            );
        }
    }
    let largest = z.iter().fold(0.0_f32, |largest, z| largest.max(z.abs()));
    // P(max < 5) is exp(-20e6·5.7e-7) = 1e-5.
    assert!((5.0..6.6605).contains(&largest), "{largest}");
}

#[test]
fn uniforms_are_uniform() {
    let stream = Noise::new(4).stream(9, 2);
    let mut u = vec![f32::NAN; DRAWS];
    stream.fill_uniforms(0, &mut u);
    assert!(u.iter().all(|u| (0.0..1.0).contains(u)));
    let distance = kolmogorov(u.iter().map(|u| f64::from(*u)).collect());
    assert!(distance < 2.23, "√n·D = {distance}");
    let wide: Vec<_> = (0..DRAWS as u64).map(|e| stream.uniform_f64(e)).collect();
    assert!(wide.iter().all(|u| (0.0..1.0).contains(u)));
    let distance = kolmogorov(wide);
    assert!(distance < 2.23, "√n·D = {distance}");
}

/// χ² of every byte of the words over 256 bins: 255 degrees of freedom, mean 255, standard
/// deviation √510.
#[test]
fn every_byte_of_the_words_is_uniform() {
    let stream = Noise::new(6).stream(1, 1);
    let mut counts = [[0_u32; 256]; 16];
    let blocks = 200_000;
    for block in 0..blocks {
        let bytes = stream.words(block).into_iter().flat_map(u32::to_le_bytes);
        for (count, byte) in counts.iter_mut().zip(bytes) {
            count[usize::from(byte)] += 1;
        }
    }
    let expected = f64::from(blocks) / 256.0;
    for (place, count) in counts.iter().enumerate() {
        let chi2: f64 = count
            .iter()
            .map(|&count| (f64::from(count) - expected).powi(2) / expected)
            .sum();
        assert!(
            (chi2 - 255.0).abs() < SIGMAS * 510.0_f64.sqrt(),
            "byte {place}: χ² = {chi2}"
        );
    }
}

#[test]
fn neighbours_are_uncorrelated() {
    let noise = Noise::new(11);
    let z = normals(noise.stream(3, 5), DRAWS);
    for lag in [1, 2, 3, 4, 5, 8, 256, 768] {
        assert_uncorrelated(&z, &z[lag..], &format!("lag {lag}"));
    }
    let even: Vec<_> = z.iter().step_by(2).copied().collect();
    let odd: Vec<_> = z.iter().skip(1).step_by(2).copied().collect();
    assert_uncorrelated(&even, &odd, "the two of a pair");
    let others = [
        ("the next step", noise.stream(3, 6)),
        ("the next sample", noise.stream(4, 5)),
        (
            "the next sample's high word",
            noise.stream(3 + (1 << 32), 5),
        ),
        ("the next seed", Noise::new(12).stream(3, 5)),
        (
            "the seed's high word",
            Noise::new(11 + (1 << 32)).stream(3, 5),
        ),
        ("sample and step exchanged", noise.stream(5, 3)),
        ("x_T", noise.stream(3, Noise::INITIAL)),
    ];
    for (what, other) in others {
        let other = normals(other, DRAWS);
        assert!(same(&z, &other) < 20, "{what}");
        assert_uncorrelated(&z, &other, what);
    }
}

/// How many elements two draws have in common.
fn same(a: &[f32], b: &[f32]) -> usize {
    a.iter().zip(b).filter(|(a, b)| a == b).count()
}

#[cfg(feature = "serde")]
#[test]
fn a_stream_survives_serde() {
    let stream = Noise::new(1).stream(2, 3);
    let text = serde_json::to_string(&stream).unwrap();
    assert_eq!(serde_json::from_str::<NoiseStream>(&text).unwrap(), stream);
}

#[cfg(feature = "micromath")]
mod fast {
    use super::*;
    use iddpm::diffusion::noise::fast::normal_pair_fast;

    /// The stated distance from the exact deviates.
    #[test]
    fn fast_normals_are_near_the_exact_ones() {
        let stream = Noise::new(0).stream(0, 0);
        let exact = normals(stream, 10 * DRAWS);
        let mut fast = vec![f32::NAN; exact.len()];
        stream.fill_normals_fast(0, &mut fast);
        let error = |(a, b): (&f32, &f32)| f64::from((a - b).abs());
        let worst = exact.iter().zip(&fast).map(error).fold(0.0, f64::max);
        let typical = mean(exact.iter().zip(&fast).map(|pair| error(pair).powi(2))).sqrt();
        let variance = mean(fast.iter().map(|z| f64::from(*z).powi(2)));
        let exact_variance = mean(exact.iter().map(|z| f64::from(*z).powi(2)));
        println!("worst {worst:.3e}, rms {typical:.3e}, variance {variance} of {exact_variance}");
        assert!(worst < 0.02);
        assert!((variance - exact_variance).abs() < 0.001);
    }

    #[test]
    fn extreme_words_stay_near() {
        let words = [
            0,
            1,
            u32::MAX,
            i32::MAX as u32,
            i32::MIN as u32,
            1 << 30,
            3 << 30,
        ];
        for word0 in words {
            for word1 in words {
                let exact = normal_pair(word0, word1);
                for (fast, exact) in normal_pair_fast(word0, word1).into_iter().zip(exact) {
                    assert!(
                        (fast - exact).abs() < 0.02,
                        "{word0:#x}, {word1:#x}: {fast} {exact}"
                    );
                }
            }
        }
    }

    #[test]
    fn slicing_changes_no_fast_normal() {
        let stream = Noise::new(5).stream(6, 7);
        let mut whole = [0.0; 100];
        stream.fill_normals_fast(0, &mut whole);
        for first in 0..9 {
            for len in 0..20 {
                let mut part = vec![0.0; len];
                stream.fill_normals_fast(first as u64, &mut part);
                assert_eq!(part, whole[first..first + len]);
            }
        }
    }
}

#[cfg(feature = "rand_core")]
mod rng {
    use super::*;
    use iddpm::diffusion::noise::rng::{FromRng, Philox};
    use rand::rngs::SmallRng;
    use rand::{Rng, SeedableRng};

    #[test]
    fn the_generator_yields_the_stream() {
        let stream = Noise::new(7).stream(8, 9);
        let mut rng = Philox::from(stream);
        for block in 0..100 {
            for word in stream.words(block) {
                assert_eq!(rng.next_u32(), word);
            }
        }
        assert_eq!(
            Philox::seed_from_u64(3),
            Philox::from(Noise::new(3).stream(0, 0))
        );
        assert_eq!(Philox::from_seed(3_u64.to_le_bytes()), Philox::new(3));
    }

    #[test]
    fn wider_reads_are_made_of_words() {
        let words: Vec<u32> = {
            let mut rng = Philox::new(1);
            (0..4).map(|_| rng.next_u32()).collect()
        };
        assert_eq!(
            Philox::new(1).next_u64(),
            u64::from(words[1]) << 32 | u64::from(words[0])
        );
        let mut bytes = [0; 13];
        Philox::new(1).fill_bytes(&mut bytes);
        let expected: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        assert_eq!(bytes, expected[..13]);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_generator_survives_serde() {
        let mut rng = Philox::new(1);
        let _ = rng.next_u32();
        let text = serde_json::to_string(&rng).unwrap();
        let mut copy: Philox = serde_json::from_str(&text).unwrap();
        assert_eq!(copy.next_u64(), rng.next_u64());
        // Nothing that is read in makes it panic.
        let text = text.replace("\"used\":1", "\"used\":255");
        let mut odd: Philox = serde_json::from_str(&text).unwrap();
        assert_eq!(odd.next_u32(), Noise::new(1).stream(0, 0).words(1)[0]);
    }

    #[test]
    fn the_adapter_is_the_same_transform() {
        let stream = Noise::new(7).stream(8, 9);
        let exact = normals(stream, 1001);
        for cuts in [vec![1001], vec![0, 1, 0, 2, 3, 300, 1, 694], vec![1; 1001]] {
            let mut noise = FromRng::new(Philox::from(stream));
            let mut found = Vec::new();
            for cut in cuts {
                let mut part = vec![f32::NAN; cut];
                noise.fill_normals(&mut part);
                found.extend(part);
            }
            assert_eq!(bits(&found), bits(&exact));
        }
        let mut noise = FromRng::new(Philox::from(stream));
        let mut found = [f32::NAN; 9];
        noise.fill_uniforms(&mut found);
        for (element, found) in found.into_iter().enumerate() {
            assert_eq!(found, stream.uniform(element as u64));
        }
    }

    #[test]
    fn any_generator_gives_normals() {
        let mut small = SmallRng::seed_from_u64(1);
        let mut noise = FromRng::new(&mut small);
        let mut z = vec![f32::NAN; DRAWS];
        noise.fill_normals(&mut z);
        let map = |z: &f32| normal_cdf(f64::from(*z));
        let distance = kolmogorov(z.iter().map(map).collect());
        assert!(distance < 2.23, "√n·D = {distance}");
    }
}
