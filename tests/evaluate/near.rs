//! What is near: the same as by every difference, where products of matrices and bounds leave most of these out.

use std::sync::atomic::{AtomicUsize, Ordering};

use iddpm::data::{DataError, Dataset, Example, Images};
use iddpm::diffusion::Noise;
use iddpm::evaluate::{
    EvaluateError, Features, density_coverage, nearest, nearest_image, nearest_other_image,
    nearest_within, precision_recall,
};
use iddpm::unet::Extents;

/// Features that are far from 0, of which products lose digits; the last ones are as the first.
fn features(seed: u64, count: usize, width: usize, far: f32) -> Features {
    let mut numbers = vec![0.0; count * width];
    Noise::new(seed).stream(0, 0).fill_uniforms(0, &mut numbers);
    numbers.iter_mut().for_each(|number| *number += far);
    numbers.copy_within(..5 * width, (count - 5) * width);
    Features::new(width, numbers).unwrap()
}

fn squared(x: &[f32], y: &[f32]) -> f64 {
    let differences = x.iter().zip(y).map(|(&x, &y)| f64::from(x) - f64::from(y));
    differences.map(|difference| difference * difference).sum()
}

/// By every difference: the k-th least distance of each to the others.
fn radii(set: &Features, k: usize) -> Vec<f64> {
    let of_one = |(at, row)| {
        let others = set.rows().enumerate().filter(|&(other, _)| other != at);
        let mut all: Vec<f64> = others.map(|(_, other)| squared(row, other)).collect();
        all.sort_by(f64::total_cmp);
        all[k - 1]
    };
    set.rows().enumerate().map(of_one).collect()
}

fn counts(of: &Features, around: &Features, radii: &[f64]) -> Vec<usize> {
    let within = |row: &[f32]| {
        let centres = around.rows().zip(radii);
        centres
            .filter(|(centre, radius)| squared(row, centre) <= **radius)
            .count()
    };
    of.rows().map(within).collect()
}

#[test]
fn as_by_every_difference() {
    // More than are compared at once, and fewer.
    for (width, far, count) in [(1, 0.0, 600), (7, 1e3, 600), (300, 1e6, 150)] {
        let real = features(1, count, width, far);
        let mut drawn = features(2, count / 2 - 10, width, far);
        // Some are real ones, at no distance.
        let copies = real.of_some(count - 20..count - 10).numbers().to_vec();
        let numbers = [drawn.numbers(), &copies].concat();
        drawn = Features::new(width, numbers).unwrap();
        let (three, of_drawn, five) = (radii(&real, 3), radii(&drawn, 3), radii(&real, 5));
        let share = |counts: &[usize]| {
            let hits = counts.iter().filter(|&&count| count > 0).count();
            hits as f64 / counts.len() as f64
        };
        let near = |found: f64, due: f64| assert!((found - due).abs() < 1e-12, "{found} {due}");
        let found = precision_recall(&real, &drawn, 3).unwrap();
        near(found.precision.mean, share(&counts(&drawn, &real, &three)));
        near(found.recall.mean, share(&counts(&real, &drawn, &of_drawn)));
        let found = density_coverage(&real, &drawn, 5).unwrap();
        let dense: usize = counts(&drawn, &real, &five).into_iter().sum();
        near(
            found.density.mean,
            dense as f64 / 5.0 / drawn.count() as f64,
        );
        let covered = real
            .rows()
            .zip(&five)
            .filter(|(row, radius)| drawn.rows().any(|drawn| squared(row, drawn) <= **radius));
        near(
            found.coverage.mean,
            covered.count() as f64 / real.count() as f64,
        );
        let all = nearest(&drawn, &real).unwrap();
        let own = nearest_within(&real, 0..real.count()).unwrap();
        for (rows, found, is_same) in [(&drawn, all, false), (&real, own, true)] {
            for (at, (row, found)) in rows.rows().zip(&found).enumerate() {
                let others = real.rows().enumerate();
                let others = others.filter(|&(other, _)| !(is_same && other == at));
                let distances = others.map(|(place, other)| (squared(row, other), place));
                let due = distances.min_by(|x, y| x.0.total_cmp(&y.0)).unwrap();
                assert_eq!((found.distance(), found.place), (due.0.sqrt(), due.1));
            }
        }
    }
}

/// Images, and how often one was read.
struct Counted {
    images: Images,
    read: AtomicUsize,
}

impl Dataset for Counted {
    fn len(&self) -> usize {
        self.images.len()
    }

    fn extents(&self) -> Extents {
        self.images.extents()
    }

    fn classes(&self) -> Option<usize> {
        None
    }

    fn get(&self, index: usize) -> Result<Example<'_>, DataError> {
        self.read.fetch_add(1, Ordering::Relaxed);
        self.images.get(index)
    }
}

const SIZE: Extents = Extents {
    channels: 3,
    height: 13,
    width: 22,
};

/// Pictures of a few colours each with noise, and at the end copies of the first.
fn pictures(seed: u64, count: usize, noise: f64) -> Counted {
    let mut pixels = Vec::new();
    for image in 0..count as u64 - 4 {
        let stream = Noise::new(seed).stream(image, 0);
        pixels.extend((0..SIZE.elements() as u64).map(|at| {
            let patch = stream.uniform_f64(10_000 + at / 143);
            (200.0 * patch + noise * stream.uniform_f64(at)) as u8
        }));
    }
    pixels.extend_from_within(..4 * SIZE.elements());
    Counted {
        images: Images::new(SIZE, pixels, None, None).unwrap(),
        read: AtomicUsize::new(0),
    }
}

#[test]
fn images_as_their_pixels() {
    // Where noise is all there is the few numbers leave nearly everything open.
    for noise in [0.0, 20.0, 255.0] {
        let (real, drawn) = (pictures(1, 120, noise), pictures(2, 40, noise));
        let mut told = Vec::new();
        let found = nearest_image(&drawn, &real, &mut |done| told.push(done)).unwrap();
        assert_eq!(told.last(), Some(&40));
        // Once for the few numbers, for each image's likeliest, and once to be compared.
        assert_eq!(drawn.read.load(Ordering::Relaxed), 2 * 40);
        assert!(real.read.load(Ordering::Relaxed) <= 2 * 120 + 40);
        let of = |data: &Counted| Features::of_pixels(&data.images).unwrap();
        let due = nearest(&of(&drawn), &of(&real)).unwrap();
        let places = [3, 0, 119, 60, 500];
        let own = nearest_other_image(&real, &places, &mut |_| {}).unwrap();
        let own_due = nearest_within(&of(&real), places).unwrap();
        assert_eq!(own.len(), 4);
        for (found, due) in found.iter().zip(&due).chain(own.iter().zip(&own_due)) {
            assert_eq!(found.place, due.place);
            assert!((found.rms() - due.rms()).abs() < 1e-6, "{found:?} {due:?}");
        }
    }
    let same = pictures(1, 20, 30.0);
    let found = nearest_image(&same, &same, &mut |_| {}).unwrap();
    let places: Vec<usize> = found.iter().map(|found| found.place).collect();
    let due: Vec<usize> = (0..16).chain(0..4).collect();
    assert_eq!(places, due);
    assert!(found.iter().all(|found| found.distance() == 0.0));

    let small = Extents { width: 21, ..SIZE };
    let other = Images::new(small, vec![0; small.elements()], None, None).unwrap();
    let error = nearest_image(&other, &same, &mut |_| {}).unwrap_err();
    let (found, expected) = (small, SIZE);
    let due = EvaluateError::Extents { found, expected };
    assert_eq!(error.to_string(), due.to_string());
    let one = Images::new(small, vec![0; small.elements()], None, None).unwrap();
    let error = nearest_other_image(&one, &[0], &mut |_| {}).unwrap_err();
    let due = EvaluateError::TooFew { count: 1, least: 2 };
    assert_eq!(error.to_string(), due.to_string());
}
