//! The Fréchet distance, against laws for which it is known.

use iddpm::diffusion::Noise;
use iddpm::evaluate::{Estimate, EvaluateError, Features, frechet};

/// The set with this mean whose covariance is exactly 2·A·Aᵀ/(n - 1): the points μ ± a of each column a, n in all.
fn set(mean: &[f32], columns: &[Vec<f32>]) -> Features {
    let point = |sign: f32, column: &[f32]| -> Vec<f32> {
        let pairs = mean.iter().zip(column);
        pairs.map(|(mean, side)| mean + sign * side).collect()
    };
    let points = columns.iter().flat_map(|a| [point(1.0, a), point(-1.0, a)]);
    Features::new(mean.len(), points.flatten().collect()).unwrap()
}

fn distance(first: &Features, second: &Features) -> f64 {
    frechet(first, second, 2, 0).unwrap().value
}

/// What arithmetic in f64 may leave, where covariances are of full rank and near 1.
const ROUNDING: f64 = 1e-11;
/// The same where they are not: roots of eigenvalues that should be 0 are those of 2e-16.
const DEFICIENT: f64 = 1e-6;

fn close(found: f64, due: f64, tolerance: f64) {
    assert!((found - due).abs() <= tolerance, "{found}, should be {due}");
}

/// So many independent normal deviates of each image.
fn normals(seed: u64, count: usize, width: usize) -> Vec<f32> {
    let mut numbers = vec![0.0; count * width];
    Noise::new(seed).stream(0, 0).fill_normals(0, &mut numbers);
    numbers
}

/// Σ (σ - σ')² and the squared distance of the means.
#[test]
fn diagonal_laws() {
    let means = [[0.0, 1.0, -2.0, 0.5], [1.0, 1.0, 2.5, -0.75]];
    let sides = [[1.0, 2.0, 0.5, 4.0], [2.0, 0.25, 0.5, 3.0]];
    let diagonal = |sides: &[f32; 4]| -> Vec<Vec<f32>> {
        let column = |at: usize| (0..4).map(move |row| if row == at { sides[at] } else { 0.0 });
        (0..4).map(|at| column(at).collect()).collect()
    };
    let [first, second] = [0, 1].map(|at| set(&means[at], &diagonal(&sides[at])));
    let deviation = |side: f32| f64::from(side) * (2.0_f64 / 7.0).sqrt();
    let due: f64 = (0..4)
        .map(|at| {
            let shift = f64::from(means[0][at] - means[1][at]);
            let spread = deviation(sides[0][at]) - deviation(sides[1][at]);
            shift * shift + spread * spread
        })
        .sum();
    close(distance(&first, &second), due, ROUNDING);
    close(distance(&second, &first), due, ROUNDING);
}

/// In the plane the trace of the root is √(tr ΣΣ' + 2·√(det Σ det Σ')), whichever way the two lie.
#[test]
fn laws_of_the_plane_that_do_not_commute() {
    let sides = [
        [[2.0, 1.0], [-0.5, 1.5]],
        [[1.0, -3.0], [0.25, 0.75]],
        [[4.0, 0.5], [0.5, 4.0]],
    ];
    let covariance = |a: [[f32; 2]; 2]| -> [[f64; 2]; 2] {
        let entry = |i: usize, j: usize| -> f64 {
            let products = a.iter().map(|a| f64::from(a[i]) * f64::from(a[j]));
            products.sum::<f64>() * 2.0 / 3.0
        };
        [[entry(0, 0), entry(0, 1)], [entry(1, 0), entry(1, 1)]]
    };
    let determinant = |s: [[f64; 2]; 2]| s[0][0] * s[1][1] - s[0][1] * s[1][0];
    for (first, second) in [(0, 1), (1, 2), (2, 0), (1, 1)] {
        let (a, b) = (covariance(sides[first]), covariance(sides[second]));
        let product = a[0][0] * b[0][0] + 2.0 * a[0][1] * b[0][1] + a[1][1] * b[1][1];
        let root = (product + 2.0 * (determinant(a) * determinant(b)).sqrt()).sqrt();
        let due = a[0][0] + a[1][1] + b[0][0] + b[1][1] - 2.0 * root;
        let [first, second] = [first, second].map(|at| set(&[0.0, 0.0], &sides[at].map(Vec::from)));
        close(distance(&first, &second), due, ROUNDING);
    }
}

#[test]
fn a_set_is_at_no_distance_of_itself() {
    // More images than features, and fewer: then the covariance has no full rank.
    for (count, width, tolerance) in [(300, 16, ROUNDING), (5, 16, DEFICIENT), (2, 1, ROUNDING)] {
        let all = Features::new(width, normals(1, count, width)).unwrap();
        close(distance(&all, &all), 0.0, tolerance);
    }
    // All images alike: no covariance at all.
    let alike = Features::new(3, [1.0, -2.0, 0.5].repeat(10)).unwrap();
    assert_eq!(
        frechet(&alike, &alike, 5, 0).unwrap().to_string(),
        "0.0000 ± 0.0000"
    );
}

#[test]
fn a_shift_is_its_square() {
    // Numbers to which a shift can be added without rounding.
    let numbers = normals(2, 200, 8)
        .into_iter()
        .map(|x| (x * 64.0).round() / 64.0);
    let numbers: Vec<f32> = numbers.collect();
    let shift = [0.5, -1.0, 2.0, 0.0, 0.25, -0.125, 3.0, 1.5];
    let moved = numbers.iter().zip(shift.iter().cycle());
    let moved = Features::new(8, moved.map(|(x, shift)| x + shift).collect()).unwrap();
    let numbers = Features::new(8, numbers).unwrap();
    let due: f32 = shift.iter().map(|shift| shift * shift).sum();
    close(distance(&numbers, &moved), f64::from(due), ROUNDING);
}

/// Of two sets of n images of one normal law of D independent features: 2D/n for the means, and for the covariances,
/// whose roots differ by half of what they do, D(D+1)/2n; to the first order in 1/n.
#[test]
fn halves_of_one_law_are_at_the_floor_and_noise_above_it() {
    let (count, width, pairs) = (1000, 8, 40);
    let half = |seed| Features::new(width, normals(seed, count, width)).unwrap();
    let found = |pair: u64| distance(&half(2 * pair), &half(2 * pair + 1));
    let found: Vec<f64> = (0..pairs).map(found).collect();
    let mean = found.iter().sum::<f64>() / pairs as f64;
    let squares: f64 = found.iter().map(|d| (d - mean) * (d - mean)).sum();
    let error = (squares / (pairs * (pairs - 1)) as f64).sqrt();
    let (n, d) = (count as f64, width as f64);
    let floor = (2.0 * d + d * (d + 1.0) / 2.0) / n;
    // Beside chance, the next order: a share of D/n.
    close(mean, floor, 6.0 * error + floor * d / n);

    // As much noise again as there is: D·(√2 - 1)², above the floor.
    let noise = normals(99, count, width);
    let noisy = half(0)
        .numbers()
        .iter()
        .zip(noise)
        .map(|(x, noise)| x + noise)
        .collect();
    let noisy = distance(&Features::new(width, noisy).unwrap(), &half(1));
    let due = d * (2.0_f64.sqrt() - 1.0).powi(2);
    assert!(noisy > 20.0 * floor, "{noisy}");
    close(noisy, due, 0.2 * due);
}

/// Four classes of which one is missing: the mean moves by a third of where it was, and more.
#[test]
fn a_missing_class_is_far_above_the_floor() {
    let classes = |seed, kept: &[usize]| {
        let mut numbers = normals(seed, 400, 4);
        for (image, row) in numbers.chunks_mut(4).enumerate() {
            row[kept[image % kept.len()]] += 4.0;
        }
        Features::new(4, numbers).unwrap()
    };
    let all = classes(1, &[0, 1, 2, 3]);
    let floor = distance(&all, &classes(2, &[0, 1, 2, 3]));
    let missing = distance(&all, &classes(3, &[0, 1, 2]));
    // The means alone: 1 in the missing feature, and 4/3 - 1 in three others.
    assert!(
        missing > 1.0 + 3.0 / 9.0 && floor < 0.2,
        "{missing}, floor {floor}"
    );
}

/// Far apart, a distance in one dimension is (m - m')² but for what is small, and its deviation 2·|m - m'|·√(2/n).
#[test]
fn the_error_is_the_deviation_of_the_distance() {
    let (count, shift) = (500, 3.0);
    let first = Features::new(1, normals(5, count, 1)).unwrap();
    let second = normals(6, count, 1)
        .into_iter()
        .map(|x| x + shift)
        .collect();
    let second = Features::new(1, second).unwrap();
    let found = frechet(&first, &second, 400, 1).unwrap();
    let due = 2.0 * f64::from(shift) * (2.0 / count as f64).sqrt();
    // 400 resamples tell a deviation to 3.5 %, 500 images their own to 3 %, and the shift to 2 %.
    close(found.error, due, 0.3 * due);
    // The same seed says the same, another nearly so; the distance has nothing to do with it.
    assert_eq!(frechet(&first, &second, 400, 1).unwrap(), found);
    let Estimate { value, error, .. } = frechet(&first, &second, 400, 2).unwrap();
    assert!(value == found.value && error != found.error);
    close(error, due, 0.3 * due);
}

/// Two classes far apart, of which there are as many each time: how many of each there might have been is no error.
#[test]
fn resamples_have_as_many_images_of_each_class() {
    let count = 400;
    let numbers = |seed| -> Vec<f32> {
        let sides = [-50.0, 50.0].into_iter().cycle();
        let pairs = normals(seed, count, 1).into_iter().zip(sides);
        pairs.map(|(x, side)| x + side).collect()
    };
    let [first, second] = [1, 2].map(|seed| Features::new(1, numbers(seed)).unwrap());
    let unknown = frechet(&first, &second, 50, 0).unwrap();
    let labels: Vec<u32> = (0..count as u32).map(|image| image % 2).collect();
    let [first, second] = [first, second].map(|all| all.with_labels(labels.clone()).unwrap());
    let known = frechet(&first, &second, 50, 0).unwrap();
    assert_eq!(known.value, unknown.value);
    // Means of 400 at ±50 are off by 2.5 and their squared difference by more; means of ±1 by 0.05.
    assert!(
        unknown.error > 5.0 && known.error < 0.1,
        "{unknown}, {known}"
    );
}

#[test]
fn what_has_no_distance_is_refused() {
    let features = |width, count| Features::new(width, normals(1, count, width)).unwrap();
    let refused = |first: &Features, second: &Features, resamples| {
        frechet(first, second, resamples, 0).unwrap_err()
    };
    let enough = features(2, 9);
    assert_eq!(
        refused(&enough, &features(3, 9), 2),
        EvaluateError::Widths {
            first: 2,
            second: 3
        }
    );
    for count in [0, 1] {
        let few = EvaluateError::TooFew { count, least: 2 };
        assert_eq!(refused(&enough, &features(2, count), 2), few);
        assert_eq!(refused(&features(2, count), &enough, 2), few);
        let few = EvaluateError::TooFewResamples { count, least: 2 };
        assert_eq!(refused(&enough, &enough, count), few);
    }
    for width in [0, 2] {
        let error = Features::new(width, vec![0.0; 3]).unwrap_err();
        assert_eq!(
            error,
            EvaluateError::Length {
                len: 3,
                each: width
            }
        );
    }
    for bad in [f32::NAN, f32::INFINITY] {
        let error = Features::new(2, vec![0.0, 1.0, 2.0, bad]).unwrap_err();
        assert_eq!(
            error,
            EvaluateError::NotFinite {
                image: 1,
                feature: 1
            }
        );
    }
    let error = features(2, 9).with_labels(vec![0; 8]).unwrap_err();
    assert_eq!(
        error,
        EvaluateError::Labels {
            found: 8,
            expected: 9
        }
    );
    // The largest numbers there are have a distance.
    let largest = Features::new(2, vec![f32::MAX, -f32::MAX, -f32::MAX, f32::MAX]).unwrap();
    assert!(distance(&largest, &enough).is_finite());
}
