//! The classifier: what it learns, what it cannot, and that it depends on nothing else.

use std::borrow::Cow;
use std::sync::Arc;

use iddpm::Error;
use iddpm::data::{DataError, Dataset, Example, Images};
use iddpm::diffusion::Noise;
use iddpm::diffusion::pixels::from_u8;
use iddpm::evaluate::{Classifier, ClassifierConfig, EvaluateError};
use iddpm::run::Threads;
use iddpm::train::TrainError;
use iddpm::unet::Extents;

use super::scratch::Scratch;

const SMALL: Extents = Extents {
    channels: 1,
    height: 8,
    width: 8,
};

fn config(steps: u64, batch: usize) -> ClassifierConfig {
    ClassifierConfig {
        steps,
        batch,
        ..ClassifierConfig::default()
    }
}

/// Stripes along rows, along columns, or a board of both, each of any brightness, with noise.
fn stripes(seed: u64, count: usize) -> Images {
    let labels: Vec<u32> = (0..count as u32).map(|image| image % 3).collect();
    let mut pixels = Vec::new();
    for (image, &class) in (0..).zip(&labels) {
        let mut noise = [0.0; 65];
        Noise::new(seed)
            .stream(image, 0)
            .fill_uniforms(0, &mut noise);
        let bright = 80.0 + 100.0 * noise[64];
        pixels.extend((0..64).map(|at| {
            let (row, column) = (at / 8, at % 8);
            let lit = [row, column, row + column][class as usize] % 2;
            (bright * lit as f32 + 60.0 * noise[at]) as u8
        }));
    }
    Images::new(SMALL, pixels, Some(labels), Some(3)).unwrap()
}

fn trained(data: Images, config: &ClassifierConfig, threads: usize) -> Classifier {
    let threads = Threads::choose(Some(threads)).unwrap();
    Classifier::train(data.into(), config, threads, &mut |_, _| {}).unwrap()
}

/// It tells apart what differs, on images that it was not trained on, and calls it what it was taught.
#[test]
fn it_learns_what_there_is_to_learn() {
    let held_out = stripes(2, 300);
    let mut classifier = trained(stripes(1, 150), &config(80, 16), 2);
    let accuracy = classifier
        .judge_data(&held_out)
        .unwrap()
        .accuracy()
        .unwrap();
    assert!(accuracy.mean > 0.98 && accuracy.count == 300, "{accuracy}");

    // Taught that each kind is the next one, it says so.
    let images = stripes(1, 150);
    let labels = (1..=150).map(|image| image % 3).collect();
    let turned = Images::new(SMALL, images.pixels().to_vec(), Some(labels), Some(3)).unwrap();
    let mut classifier = trained(turned, &config(80, 16), 2);
    let accuracy = classifier
        .judge_data(&held_out)
        .unwrap()
        .accuracy()
        .unwrap();
    assert!(accuracy.mean < 0.02, "{accuracy}");
}

/// Images that are all alike: the best there is are the shares of the classes, and the loss is their entropy.
#[test]
fn of_images_that_are_alike_it_knows_the_shares() {
    let images = Images::new(SMALL, vec![100; 4 * 64], Some(vec![0, 1, 0, 0]), None).unwrap();
    let mut losses = Vec::new();
    let data: Arc<dyn Dataset> = images.clone().into();
    let mut told = |step, loss| losses.push((step, loss));
    let config = config(150, 4);
    let classifier = Classifier::train(data, &config, Threads::default(), &mut told);
    let judged = classifier.unwrap().judge_data(&images).unwrap();
    assert!(losses.iter().map(|(step, _)| *step).eq(1..=150));
    let entropy = -(0.75 * 0.75_f64.ln() + 0.25 * 0.25_f64.ln());
    let last = losses.last().unwrap().1;
    // No loss is below it; the rate falls to 0, and a loss above its least by d² is of a share that is off by d.
    assert!(
        last >= entropy - 1e-6 && last < entropy + 1e-3,
        "{last}, entropy {entropy}"
    );
    for shares in judged.probabilities().chunks(2) {
        assert!((shares[0] - 0.75).abs() < 0.02, "{shares:?}");
        assert!((shares[0] + shares[1] - 1.0).abs() < 1e-6, "{shares:?}");
    }
    assert!(judged.likeliest().eq([0; 4]));
    assert_eq!(judged.accuracy().unwrap().mean, 0.75);
}

/// One that was saved judges as it did, and is known by the same number; what else is in files is refused by name.
#[test]
fn it_is_saved() {
    let scratch = Scratch::new("classifier-file");
    let path = scratch.join("classifier.safetensors");
    let images = stripes(3, 20);
    let mut classifier = trained(stripes(1, 40), &config(5, 8), 2);
    classifier.save(&path).unwrap();
    let mut opened = Classifier::open(&path, Threads::default()).unwrap();
    assert_eq!(opened.fingerprint(), classifier.fingerprint());
    assert_eq!(
        opened.judge_data(&images).unwrap(),
        classifier.judge_data(&images).unwrap()
    );
    let written = std::fs::read(&path).unwrap();
    let refused = |bytes: &[u8], told: &str| {
        std::fs::write(&path, bytes).unwrap();
        let error = Classifier::open(&path, Threads::default()).unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with(&path.display().to_string()), "{error}");
        assert!(error.contains(told), "{error}");
    };
    refused(&written[..written.len() - 4], "cut short");
    let said = |of: &str, to: &str| {
        // Behind the length of the head, which stays.
        let text = String::from_utf8_lossy(&written[8..400]).replace(of, to);
        [&written[..8], text.as_bytes(), &written[400..]].concat()
    };
    refused(
        &said("iddpm.classifier", "iddpm.classifies"),
        "iddpm.classifier",
    );
    refused(&said(r#"height\":8"#, r#"height\":0"#), "iddpm.classifier");
    refused(&said(r#"classes\":3"#, r#"classes\":4"#), "logits");
}

#[test]
fn it_follows_from_data_and_seed_alone() {
    let (data, judged_by) = (stripes(1, 40), stripes(3, 10));
    let judged = |seed, threads| {
        let config = ClassifierConfig {
            seed,
            ..config(5, 8)
        };
        let mut classifier = trained(data.clone(), &config, threads);
        classifier.judge_data(&judged_by).unwrap()
    };
    let found = judged(0, 1);
    assert_eq!(judged(0, 2), found);
    assert_ne!(judged(1, 1).features(), found.features());
}

/// One image or many, as bytes of a data set or as numbers: the same bits.
#[test]
fn what_it_makes_of_an_image_is_of_that_image_alone() {
    let data = stripes(3, 11);
    let mut classifier = trained(stripes(1, 40), &config(5, 4), 2);
    let all = classifier.judge_data(&data).unwrap();
    assert_eq!((all.count(), all.classes()), (11, 3));
    assert_eq!(all.features().width(), Classifier::FEATURES);
    assert_eq!(all.features().labels(), data.labels());
    for (at, pixels) in data.pixels().chunks(64).enumerate() {
        let numbers: Vec<f32> = pixels.iter().map(|&value| from_u8(value)).collect();
        let one = classifier.judge(&numbers).unwrap();
        let same = all.of_some([at]);
        assert_eq!(one.features().numbers(), same.features().numbers());
        assert_eq!(one.probabilities(), same.probabilities());
        assert_eq!(one.accuracy(), None);
    }
    assert_eq!(classifier.judge(&[]).unwrap().count(), 0);
    assert_eq!(all.of_some([11]).count(), 0);
}

#[test]
fn images_of_any_size() {
    for [channels, height, width] in [[1, 1, 1], [4, 5, 3], [3, 2, 9], [2, 16, 4], [1, 1, 33]] {
        let extents = Extents {
            channels,
            height,
            width,
        };
        let each = extents.elements();
        let pixels = (0..4 * each).map(|at| (at * 37 % 256) as u8).collect();
        let data = Images::new(extents, pixels, Some(vec![0, 1, 0, 1]), None).unwrap();
        let mut classifier = trained(data.clone(), &config(2, 2), 1);
        let judged = classifier.judge_data(&data).unwrap();
        assert_eq!((judged.count(), judged.classes()), (4, 2), "{extents}");
    }
}

/// Data that says it has classes, and tells them of some images only.
struct Forgetful;

impl Dataset for Forgetful {
    fn len(&self) -> usize {
        4
    }

    fn extents(&self) -> Extents {
        SMALL
    }

    fn classes(&self) -> Option<usize> {
        Some(2)
    }

    fn get(&self, index: usize) -> Result<Example<'_>, DataError> {
        Ok(Example {
            pixels: Cow::Owned(vec![0; 64]),
            label: (index > 0).then_some(0),
        })
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |data: Arc<dyn Dataset>, config: ClassifierConfig| {
        Classifier::train(data, &config, Threads::default(), &mut |_, _| {}).unwrap_err()
    };
    let one = Images::new(SMALL, vec![0; 64], Some(vec![0]), None).unwrap();
    let none = Images::new(SMALL, vec![0; 64], None, None).unwrap();
    for (data, classes) in [(one, 1), (none, 0)] {
        let error = refused(data.into(), config(1, 1));
        let is_due = matches!(
            error,
            Error::Evaluate(EvaluateError::Classes { found }) if found == classes
        );
        assert!(is_due, "{error}");
    }
    let data = || -> Arc<dyn Dataset> { stripes(1, 4).into() };
    let error = refused(data(), config(0, 1));
    assert!(
        matches!(error, Error::Evaluate(EvaluateError::NoSteps)),
        "{error}"
    );
    let bad_lr = |lr| ClassifierConfig { lr, ..config(1, 1) };
    for config in [config(1, 0), bad_lr(f64::NAN), bad_lr(-1.0)] {
        let error = refused(data(), config);
        assert!(
            matches!(error, Error::Train(TrainError::Option { .. })),
            "{error}"
        );
    }
    let due = EvaluateError::Labels {
        found: 3,
        expected: 4,
    };
    let error = refused(Arc::new(Forgetful), config(1, 4));
    assert!(
        matches!(&error, Error::Evaluate(found) if *found == due),
        "{error}"
    );

    let mut classifier = trained(stripes(1, 4), &config(1, 2), 1);
    let error = classifier.judge_data(&Forgetful).unwrap_err();
    assert!(
        matches!(&error, Error::Evaluate(found) if *found == due),
        "{error}"
    );
    let other = Extents {
        channels: 3,
        ..SMALL
    };
    let others = Images::new(other, vec![0; 192], None, None).unwrap();
    let error = classifier.judge_data(&others).unwrap_err();
    let due = EvaluateError::Extents {
        found: other,
        expected: SMALL,
    };
    assert!(
        matches!(&error, Error::Evaluate(found) if *found == due),
        "{error}"
    );
    let error = classifier.judge(&[0.0; 65]).unwrap_err();
    let due = EvaluateError::Length { len: 65, each: 64 };
    assert!(
        matches!(&error, Error::Evaluate(found) if *found == due),
        "{error}"
    );
    let error = classifier.judge(&[f32::NAN; 64]).unwrap_err();
    assert!(matches!(error, Error::Network(_)), "{error}");
}
