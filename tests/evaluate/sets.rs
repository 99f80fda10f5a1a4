//! Sets of features against each other: numbers of other implementations, closed forms, and which number tells what.

use iddpm::data::{Dataset, Images};
use iddpm::diffusion::Noise;
use iddpm::evaluate::{
    EvaluateError, Features, Judged, density_coverage, frechet, kernel_distance, nearest,
    precision_recall,
};
use iddpm::unet::Extents;

/// Numbers that look drawn, the same in any language: [count, width], scale·u + shift with u in [0, 1).
fn scattered(count: u64, width: usize, salt: u64, scale: f64, shift: f64) -> Features {
    let number = |at: u64| {
        let mut bits = (at + salt).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        bits = (bits ^ (bits >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let u = ((bits ^ (bits >> 32)) >> 40) as f64 / f64::from(1 << 24);
        (scale * u + shift) as f32
    };
    let numbers = (0..count * width as u64).map(number).collect();
    Features::new(width, numbers).unwrap()
}

fn close(found: f64, due: f64, tolerance: f64) {
    assert!((found - due).abs() <= tolerance, "{found}, should be {due}");
}

/// What NumPy 2.4, SciPy 1.17, scikit-learn 1.9 (`polynomial_kernel`) and the package prdc 0.2 of the authors of density
/// and coverage make of the same numbers.
#[test]
fn numbers_of_other_implementations() {
    let real = scattered(60, 5, 0, 1.0, 0.0);
    let drawn = scattered(50, 5, 1000, 0.9, 0.3);
    // Sums of hundreds of terms near 1 in another order.
    let rounding = 1e-11;
    let distance = frechet(&real, &drawn, 2, 0).unwrap().value;
    close(distance, 0.410_564_839_085_383_55, rounding);
    let distance = kernel_distance(&real, &drawn, 2, 0).unwrap().value;
    close(distance, 0.726_964_897_580_668_2, rounding);
    for (neighbours, due) in [
        (3, [0.88, 0.75, 46.0 / 75.0, 0.45]),
        (5, [0.96, 0.9, 0.536, 43.0 / 60.0]),
    ] {
        let shares = precision_recall(&real, &drawn, neighbours).unwrap();
        let dense = density_coverage(&real, &drawn, neighbours).unwrap();
        let found = [
            shares.precision,
            shares.recall,
            dense.density,
            dense.coverage,
        ];
        for (found, due) in found.iter().zip(due) {
            close(found.mean, due, 1e-12);
        }
        assert_eq!(found.map(|mean| mean.count), [50, 60, 50, 60]);
    }
}

/// Normal deviates about the corners of a simplex, as many about each.
fn classes(seed: u64, count: usize, corners: &[usize]) -> Features {
    const WIDTH: usize = 4;
    let mut numbers = vec![0.0; count * WIDTH];
    Noise::new(seed).stream(0, 0).fill_normals(0, &mut numbers);
    for (image, row) in numbers.chunks_mut(WIDTH).enumerate() {
        row[corners[image % corners.len()]] += 6.0;
    }
    Features::new(WIDTH, numbers).unwrap()
}

/// For x ~ N(0, 1) and y ~ N(m, 1) each term of (xy + 1)³ is a product of moments: (m³ + 3m)² + 3m⁴ + 3m² is the distance.
#[test]
fn the_kernel_distance_is_unbiased() {
    let (count, pairs) = (40, 200);
    for m in [0.0_f32, 0.5, 1.0] {
        let drawn = |seed, shift| {
            let mut numbers = vec![0.0; count];
            Noise::new(seed).stream(0, 0).fill_normals(0, &mut numbers);
            numbers.iter_mut().for_each(|number| *number += shift);
            Features::new(1, numbers).unwrap()
        };
        let found: Vec<f64> = (0..pairs)
            .map(|pair| {
                let (x, y) = (drawn(2 * pair, 0.0), drawn(2 * pair + 1, m));
                kernel_distance(&x, &y, 2, 0).unwrap().value
            })
            .collect();
        let mean = found.iter().sum::<f64>() / pairs as f64;
        let squares: f64 = found.iter().map(|d| (d - mean) * (d - mean)).sum();
        let error = (squares / (pairs * (pairs - 1)) as f64).sqrt();
        let m = f64::from(m);
        let due = (m.powi(3) + 3.0 * m).powi(2) + 3.0 * m.powi(4) + 3.0 * m * m;
        close(mean, due, 5.0 * error);
        // Of one law it is below 0 about as often as above.
        assert!(m > 0.0 || found.iter().any(|&d| d < 0.0));
    }
}

/// Of a few images a resample may have one alone, and no pairs: it says nothing.
#[test]
fn resamples_without_pairs_are_no_error() {
    let few = classes(1, 3, &[0]);
    let found = kernel_distance(&few, &classes(2, 3, &[0]), 300, 0).unwrap();
    assert!(found.error > 0.0 && found.error.is_finite(), "{found}");
}

/// The deviation over sets that are drawn anew is the error that resamples of one of them tell.
#[test]
fn the_error_of_the_kernel_distance_is_its_deviation() {
    let found: Vec<_> = (0..40)
        .map(|pair| {
            // There are as many of each class every time.
            let labelled = |set: Features, count: u32| {
                let labels = (0..set.count() as u32).map(|image| image % count);
                set.with_labels(labels.collect()).unwrap()
            };
            let x = labelled(classes(2 * pair, 80, &[0, 1, 2, 3]), 4);
            let y = labelled(classes(2 * pair + 1, 80, &[0, 1, 2]), 3);
            kernel_distance(&x, &y, 40, pair).unwrap()
        })
        .collect();
    let mean = found.iter().map(|it| it.value).sum::<f64>() / 40.0;
    let squares = found.iter().map(|it| (it.value - mean).powi(2));
    let deviation = (squares.sum::<f64>() / 39.0).sqrt();
    let told = found.iter().map(|it| it.error).sum::<f64>() / 40.0;
    // 40 pairs tell a deviation to 11 %. Resamples of sets whose classes are not known have others of them.
    assert!(
        told > 0.67 * deviation && told < 2.0 * deviation,
        "{told}, {deviation}"
    );
    let again = |seed| {
        let (x, y) = (classes(0, 80, &[0, 1]), classes(1, 80, &[0, 1]));
        kernel_distance(&x, &y, 10, seed).unwrap()
    };
    assert_eq!(again(3), again(3));
    assert!(again(3).error != again(4).error && again(3).value == again(4).value);
}

/// Halves are at the floor; noise, missing modes and copies each worsen the numbers that are there to tell it, and
/// leave alone those that do not.
#[test]
fn each_number_tells_what_it_is_for() {
    let all = [0, 1, 2, 3];
    let (real, half) = (classes(1, 400, &all), classes(2, 400, &all));
    let noisy = {
        let mut noise = vec![0.0; 1600];
        Noise::new(9).stream(0, 0).fill_normals(0, &mut noise);
        let numbers = half.numbers().iter().zip(noise);
        Features::new(4, numbers.map(|(x, noise)| x + 2.0 * noise).collect()).unwrap()
    };
    let missing = classes(3, 400, &[0, 1]);
    let copies = half.of_some((0..400).map(|at| at % 20));
    let numbers = |drawn: &Features| {
        let shares = precision_recall(&real, drawn, 3).unwrap();
        let dense = density_coverage(&real, drawn, 5).unwrap();
        [
            frechet(&real, drawn, 2, 0).unwrap().value,
            kernel_distance(&real, drawn, 2, 0).unwrap().value,
            shares.precision.mean,
            shares.recall.mean,
            dense.density.mean,
            dense.coverage.mean,
        ]
    };
    let floor = numbers(&half);
    let [
        frechet_of_half,
        kernel_of_half,
        precision,
        recall,
        density,
        coverage,
    ] = floor;
    assert!(frechet_of_half < 0.5 && kernel_of_half < 0.5, "{floor:?}");
    assert!(
        precision > 0.8 && recall > 0.8 && coverage > 0.9,
        "{floor:?}"
    );
    close(density, 1.0, 0.15);
    let found = numbers(&noisy);
    // As far as noise goes: fewer are among the real ones.
    assert!(
        found[0] > 4.0 * frechet_of_half && found[1] > 4.0 * kernel_of_half,
        "{found:?}"
    );
    assert!(
        found[2] < precision - 0.3 && found[4] < density - 0.3,
        "{found:?}"
    );
    let found = numbers(&missing);
    assert!(
        found[0] > 10.0 * frechet_of_half && found[1] > 10.0 * kernel_of_half,
        "{found:?}"
    );
    // What is there is as good as before; half of the real ones have nothing near.
    assert!(found[2] > precision - 0.1, "{found:?}");
    assert!(found[3] < 0.6 && found[5] < 0.6, "{found:?}");
    let found = numbers(&copies);
    // Each is a good one: only what asks for others tells.
    assert!(found[2] > precision - 0.15, "{found:?}");
    assert!(found[3] < 0.2 && found[5] < 0.4, "{found:?}");
}

#[test]
fn what_was_learnt_by_heart_is_near() {
    let real = classes(1, 100, &[0, 1]);
    let own = nearest(&real, &real).unwrap();
    assert!(
        own.iter()
            .enumerate()
            .all(|(at, it)| it.place == at && it.distance() == 0.0)
    );
    let other = classes(2, 50, &[0, 1]);
    let found = nearest(&other, &real).unwrap();
    for (row, it) in other.rows().zip(&found) {
        let distance = |other: &[f32]| -> f64 {
            let differences = row.iter().zip(other).map(|(x, y)| f64::from(x - y));
            differences.map(|d| d * d).sum::<f64>().sqrt()
        };
        let least = real.rows().map(distance).fold(f64::INFINITY, f64::min);
        close(it.distance(), least, 1e-5);
        close(it.rms(), it.distance() / 2.0, 1e-12);
    }
    // The second of two that are alike is never found.
    let twice = Features::new(1, vec![7.0, 1.0, 1.0]).unwrap();
    let found = nearest(&twice, &twice).unwrap();
    assert_eq!(
        found.iter().map(|it| it.place).collect::<Vec<_>>(),
        [0, 1, 1]
    );
}

/// The inception score that NumPy makes of the same probabilities; its ends.
#[test]
fn the_inception_score_of_probabilities() {
    let judged = |classes: usize, probabilities: Vec<f32>| {
        let features = Features::new(1, vec![0.0; probabilities.len() / classes]).unwrap();
        Judged::new(classes, probabilities, features)
    };
    let confidence = |classes, probabilities| {
        let judged: Judged = judged(classes, probabilities).unwrap();
        judged.inception_score(20, 1).unwrap()
    };
    let rows = scattered(40, 4, 77, 1.0, 0.05);
    let shares = rows.rows().flat_map(|row| {
        let sum: f64 = row.iter().map(|&x| f64::from(x)).sum();
        row.iter().map(move |&x| (f64::from(x) / sum) as f32)
    });
    let found = confidence(4, shares.collect());
    close(found.value, 1.130_038_790_327_901_7, 1e-12);
    assert!(found.error > 0.0 && found.error < 0.1);
    assert_eq!(confidence(2, vec![0.5; 8]).value, 1.0);
    close(
        confidence(2, [1.0, 0.0, 0.0, 1.0].repeat(3)).value,
        2.0,
        1e-12,
    );
    // What it is of is a probability, of each class for each image.
    let length = EvaluateError::Length { len: 4, each: 3 };
    assert_eq!(judged(3, vec![0.25; 4]).unwrap_err(), length);
    for wrong in [-0.5, 1.5, f32::NAN] {
        let error = judged(2, vec![0.5, 0.5, 0.5, wrong]).unwrap_err();
        let EvaluateError::Probability {
            image: 1,
            class: 1,
            value,
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!(value.to_bits(), wrong.to_bits());
    }
    let sum = EvaluateError::Sum { image: 1, sum: 0.5 };
    assert_eq!(judged(2, vec![0.5, 0.5, 0.25, 0.25]).unwrap_err(), sum);
    let none = Judged::new(2, vec![], Features::new(1, vec![]).unwrap()).unwrap();
    let few = EvaluateError::TooFew { count: 0, least: 1 };
    assert_eq!(none.inception_score(2, 0).unwrap_err(), few);
}

#[test]
fn pixels_are_features() {
    let extents = Extents {
        channels: 1,
        height: 1,
        width: 2,
    };
    let images = Images::new(extents, vec![0, 255, 51, 204], Some(vec![1, 0]), None).unwrap();
    let features = Features::of_pixels(&images).unwrap();
    for (number, due) in features.numbers().iter().zip([-1.0, 1.0, -0.6, 0.6]) {
        close(f64::from(*number), due, 1e-6);
    }
    assert_eq!(
        (features.count(), features.labels()),
        (images.len(), Some(&[1, 0][..]))
    );
    let unlabelled = Images::new(extents, vec![0; 4], None, None).unwrap();
    assert_eq!(Features::of_pixels(&unlabelled).unwrap().labels(), None);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let features = |width: usize, count: usize| {
        let numbers = (0..width * count).map(|at| at as f32).collect();
        Features::new(width, numbers).unwrap()
    };
    let (some, wide) = (features(4, 6), features(2, 6));
    let widths = EvaluateError::Widths {
        first: 4,
        second: 2,
    };
    assert_eq!(kernel_distance(&some, &wide, 2, 0).unwrap_err(), widths);
    assert_eq!(precision_recall(&some, &wide, 3).unwrap_err(), widths);
    assert_eq!(density_coverage(&some, &wide, 3).unwrap_err(), widths);
    assert_eq!(nearest(&some, &wide).unwrap_err(), widths);
    // As wide, and still of another network; where either is not told, nothing speaks against it.
    let [one, other] = [1, 2].map(|network| some.clone().of_network(network));
    let networks = EvaluateError::Networks {
        first: 1,
        second: 2,
    };
    assert_eq!(frechet(&one, &other, 2, 0).unwrap_err(), networks);
    assert_eq!(kernel_distance(&one, &other, 2, 0).unwrap_err(), networks);
    assert_eq!(precision_recall(&one, &other, 3).unwrap_err(), networks);
    assert_eq!(density_coverage(&one, &other, 3).unwrap_err(), networks);
    assert_eq!(nearest(&one, &other.of_some(0..2)).unwrap_err(), networks);
    assert_eq!(nearest(&one, &some).unwrap().len(), 6);
    let few = |count, least| EvaluateError::TooFew { count, least };
    assert_eq!(
        kernel_distance(&some, &features(4, 1), 2, 0).unwrap_err(),
        few(1, 2)
    );
    for neighbours in [6, usize::MAX] {
        let due = few(6, neighbours.saturating_add(1));
        assert_eq!(precision_recall(&some, &some, neighbours).unwrap_err(), due);
        assert_eq!(density_coverage(&some, &some, neighbours).unwrap_err(), due);
    }
    assert_eq!(
        precision_recall(&some, &features(4, 3), 3).unwrap_err(),
        few(3, 4)
    );
    assert_eq!(
        density_coverage(&some, &features(4, 0), 3).unwrap_err(),
        few(0, 1)
    );
    assert_eq!(nearest(&some, &features(4, 0)).unwrap_err(), few(0, 1));
    let none = EvaluateError::NoNeighbours;
    assert_eq!(precision_recall(&some, &some, 0).unwrap_err(), none);
    assert_eq!(density_coverage(&some, &some, 0).unwrap_err(), none);
    let one = EvaluateError::TooFewResamples { count: 1, least: 2 };
    assert_eq!(kernel_distance(&some, &some, 1, 0).unwrap_err(), one);
    assert_eq!(none.to_string(), "neighbours = 0, must be 1 or more");
    assert_eq!(few(3, 4).to_string(), "3 images, must be 4 or more");
}
