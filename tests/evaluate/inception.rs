//! Inception-v3 against PyTorch, by weights that follow from their names; `inception.py` is the recipe.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use iddpm::Error;
use iddpm::checkpoint::CheckpointError;
use iddpm::data::{DataError, Dataset, Example, Images};
use iddpm::evaluate::{EvaluateError, Features, Inception, frechet};
use iddpm::run::Threads;
use iddpm::unet::Extents;
use safetensors::{Dtype, SafeTensors, serialize, tensor::TensorView};

use super::generator::generate;
use super::scratch::Scratch;

pub(crate) const SEED: u64 = 14;
pub(crate) const SIZE: Extents = Extents {
    channels: 3,
    height: 40,
    width: 28,
};

const GOLDEN: &[u8] = include_bytes!("inception.safetensors");

fn golden(name: &str) -> Vec<f32> {
    let file = SafeTensors::deserialize(GOLDEN).unwrap();
    let bytes = file.tensor(name).unwrap();
    let words = bytes.data().chunks_exact(4);
    words
        .map(|word| f32::from_le_bytes(word.try_into().unwrap()))
        .collect()
}

/// Center and scale of a tensor's numbers, as the recipe has them.
fn law(name: &str, shape: &[usize]) -> (f64, f64) {
    match name.rsplit('.').next().unwrap() {
        "weight" if name.ends_with("conv.weight") => {
            let inputs: usize = shape[1..].iter().product();
            (0.0, (6.0 / inputs as f64).sqrt())
        }
        "weight" if name == "fc.weight" => (0.0, 0.02),
        "weight" => (1.0, 0.2),
        "bias" => (0.0, 0.2),
        "running_mean" => (0.0, 0.1),
        "running_var" => (1.0, 0.5),
        other => panic!("{other}"),
    }
}

/// Whether a tensor says how often a normalisation was trained.
fn is_count(name: &str) -> bool {
    name.ends_with("num_batches_tracked")
}

/// A file of all tensors that a port has, those that are not used among them.
pub(crate) fn file() -> &'static [u8] {
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    FILE.get_or_init(|| {
        let (_, header) = SafeTensors::read_metadata(GOLDEN).unwrap();
        let listed = &header.metadata().as_ref().unwrap()["weights"];
        let listed: BTreeMap<String, Vec<usize>> = serde_json::from_str(listed).unwrap();
        let bytes = |name: &str, shape: &[usize]| -> Vec<u8> {
            if is_count(name) {
                return vec![0; 8];
            }
            let (center, scale) = law(name, shape);
            let numbers = generate(SEED, name, shape.iter().product(), center, scale);
            numbers
                .iter()
                .flat_map(|number| number.to_le_bytes())
                .collect()
        };
        let bytes: Vec<Vec<u8>> = listed
            .iter()
            .map(|(name, shape)| bytes(name, shape))
            .collect();
        let views = listed.iter().zip(&bytes).map(|((name, shape), bytes)| {
            let dtype = if is_count(name) {
                Dtype::I64
            } else {
                Dtype::F32
            };
            (name, TensorView::new(dtype, shape.clone(), bytes).unwrap())
        });
        serialize(views, None).unwrap()
    })
}

pub(crate) fn open(path: &Path, threads: usize) -> Inception {
    Inception::open(path, Threads::choose(Some(threads)).unwrap()).unwrap()
}

/// [N, H, W, C] as a data set has it.
pub(crate) fn planes(pixels: &[u8], extents: Extents) -> Vec<u8> {
    let Extents { channels, .. } = extents;
    let images = pixels.chunks_exact(extents.elements());
    let planes = images.flat_map(|image| {
        (0..channels).flat_map(move |channel| image.iter().skip(channel).step_by(channels))
    });
    planes.copied().collect()
}

/// Those of the recipe: waves, and noise.
fn pictures() -> Vec<u8> {
    let mut pixels = Vec::new();
    for row in 0..40 {
        for column in 0..28 {
            pixels.extend((0..3).map(|colour| (row * 5 + column * 3 + colour * 60) as u8));
        }
    }
    let noise = generate(SEED, "noise", SIZE.elements(), 128.0, 127.99);
    pixels.extend(noise.iter().map(|&value| value as u8));
    planes(&pixels, SIZE)
}

/// The root of the mean square.
fn norm(numbers: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = numbers.clone().count() as f64;
    (numbers.map(|x| x * x).sum::<f64>() / count).sqrt()
}

#[test]
fn features_and_probabilities_are_pytorchs() {
    let scratch = Scratch::new("inception");
    let path = scratch.join("inception.safetensors");
    fs::write(&path, file()).unwrap();
    let inception = open(&path, 2);
    let images = Images::new(SIZE, pictures(), None, None).unwrap();
    let mut told = Vec::new();
    let judged = inception
        .judge_data(&images, &mut |done| told.push(done))
        .unwrap();
    assert_eq!(told.last(), Some(&2));
    assert_eq!(judged.features().width(), 2048);
    assert_eq!(judged.features().network(), Some(inception.fingerprint()));
    assert_eq!(judged.accuracy(), None);
    for (found, due) in [
        (judged.features().numbers(), golden("features")),
        (judged.probabilities(), golden("probabilities")),
    ] {
        assert_eq!(found.len(), due.len());
        let errors = found
            .iter()
            .zip(&due)
            .map(|(&a, &b)| f64::from(a) - f64::from(b));
        let (error, size) = (norm(errors), norm(due.iter().map(|&x| x.into())));
        // The longest sum is of 4032 products in f32, of roundings of 6e-8 each: √4032 of them. What 48 layers add to
        // it, sums over channels average out again.
        assert!(error < 4e-6 * size, "{error} of {size}");
    }

    // The same bits with one thread, and of each image alone.
    let alone = Images::new(SIZE, pictures()[SIZE.elements()..].to_vec(), None, None).unwrap();
    let again = open(&path, 1).judge_data(&alone, &mut |_| {}).unwrap();
    assert_eq!(again, judged.of_some([1]));
    fs::remove_file(&path).unwrap();
}

/// Not below 0, as those behind a ReLU, and one of them always 0.
fn activations(name: &str, count: usize, width: usize, shift: f64) -> Vec<f32> {
    let numbers = generate(SEED, name, count * width, shift, 1.0);
    numbers.iter().map(|number| number.max(0.0)).collect()
}

/// Of more images than features, of fewer, and as wide as they are: what `fid.py` prints, with `SciPy`'s root of the
/// product of the covariances, as the public evaluator has it. That root is of a singular matrix but for the first.
#[test]
fn distances_of_activations_are_the_evaluators() {
    for (count, width, due) in [
        (400, 64, 1.84324757044552),
        (48, 64, 4.154676049141379),
        (160, 2048, 271.2504483694064),
    ] {
        let mut drawn = activations("drawn", count + 30, width, -0.25);
        drawn
            .iter_mut()
            .skip(3)
            .step_by(width)
            .for_each(|number| *number = 0.0);
        let real = Features::new(width, activations("real", count, width, 0.0)).unwrap();
        let drawn = Features::new(width, drawn).unwrap();
        let found = frechet(&real, &drawn, 2, 0).unwrap().value;
        // What the root of a singular matrix leaves.
        assert!((found - due).abs() < 1e-4, "{found}, should be {due}");
        let mirrored = frechet(&drawn, &real, 2, 0).unwrap().value;
        assert!((found - mirrored).abs() < 1e-6, "{found}, then {mirrored}");
    }
}

/// A file with some of its bytes others, and what is said of it.
fn refused(scratch: &Scratch, bytes: &[u8]) -> String {
    let path = scratch.write("changed.safetensors", bytes);
    let error = Inception::open(&path, Threads::default()).unwrap_err();
    assert!(
        matches!(
            &error,
            Error::Checkpoint(CheckpointError::InFile { .. })
                | Error::Evaluate(EvaluateError::Variance { .. })
        ),
        "{error:?}"
    );
    let told = error.to_string();
    assert!(told.starts_with(&path.display().to_string()), "{told}");
    told
}

/// The same file with one word of its header another of the same length.
fn renamed(from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = file().to_vec();
    let at = bytes
        .windows(from.len())
        .position(|bytes| bytes == from.as_bytes())
        .unwrap();
    bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    bytes
}

/// The same file with one number of a tensor another.
fn changed(name: &str, index: usize, number: f32) -> Vec<u8> {
    let (head, header) = SafeTensors::read_metadata(file()).unwrap();
    let at = 8 + head + header.info(name).unwrap().data_offsets.0 + 4 * index;
    let mut bytes = file().to_vec();
    bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
    bytes
}

#[test]
fn other_files_are_refused_by_what_is_wrong() {
    let scratch = Scratch::new("inception-refused");
    for (bytes, told) in [
        (
            renamed(
                "Mixed_6c.branch7x7_2.bn.bias",
                "Mixed_6c.branch7x7_2.bn.bia5",
            ),
            &[
                "1 of 471 missing (Mixed_6c.branch7x7_2.bn.bias [160])",
                "1 not of it (Mixed_6c.branch7x7_2.bn.bia5 [160] F32)",
            ][..],
        ),
        (
            renamed("\"shape\":[1008,2048]", "\"shape\":[2048,1008]"),
            &["1 of another shape (fc.weight is [2048, 1008], not [1008, 2048])"],
        ),
        (
            changed("Mixed_7a.branch3x3_2.bn.running_var", 319, -0.5),
            &[
                "Mixed_7a.branch3x3_2.bn.running_var is -0.5 at index 319: a variance is not below 0",
            ],
        ),
        (
            changed("Conv2d_3b_1x1.conv.weight", 7, f32::NAN),
            &["Conv2d_3b_1x1.conv.weight is NaN at index 7"],
        ),
        (file()[..1000].to_vec(), &["is cut short"]),
        (
            b"no file of tensors".to_vec(),
            &["is text, not safetensors"],
        ),
    ] {
        let found = refused(&scratch, &bytes);
        for told in told {
            assert!(found.contains(told), "{told}: {found}");
        }
    }
    let absent = Inception::open(scratch.join("absent"), Threads::default()).unwrap_err();
    assert!(absent.to_string().contains("absent"), "{absent}");
}

/// Weights that are finite, and so large that what is made of them is not: ReLU and pools do not hide it.
#[test]
fn features_that_overflow_are_an_error() {
    let scratch = Scratch::new("inception-overflow");
    let large = changed("Conv2d_1a_3x3.bn.weight", 2, f32::MAX);
    let path = scratch.write("large.safetensors", &large);
    let images = Images::new(SIZE, pictures(), None, None).unwrap();
    let error = open(&path, 2).judge_data(&images, &mut |_| {}).unwrap_err();
    let told = matches!(
        error,
        Error::Evaluate(EvaluateError::NotFinite { image: 0, .. })
    );
    assert!(told, "{error:?}");
}

/// A data set that says another size than its one image has.
struct Untrue(Extents);

impl Dataset for Untrue {
    fn len(&self) -> usize {
        1
    }

    fn extents(&self) -> Extents {
        self.0
    }

    fn classes(&self) -> Option<usize> {
        None
    }

    fn get(&self, _: usize) -> Result<Example<'_>, DataError> {
        let pixels = vec![0; 12].into();
        Ok(Example {
            pixels,
            label: None,
        })
    }
}

/// Grey is three equal colours, and alpha lies over white; what is no image is an error.
#[test]
fn greys_and_transparency() {
    let scratch = Scratch::new("inception-grey");
    let inception = open(&scratch.write("inception.safetensors", file()), 2);
    let side = Extents {
        channels: 1,
        height: 9,
        width: 9,
    };
    let judge = |channels: usize, planes: Vec<u8>| {
        let images = Images::new(Extents { channels, ..side }, planes, None, None).unwrap();
        inception.judge_data(&images, &mut |_| {}).unwrap()
    };
    let grey: Vec<u8> = (0..81).map(|at| 3 * at).collect();
    let colours = judge(3, [&grey[..], &grey, &grey].concat());
    assert_eq!(judge(1, grey.clone()), colours);
    // As data has it: premultiplied. Nothing of alpha 200 over white is 55.
    let (clear, alpha) = ([0; 81], [200; 81]);
    let over_white = [55; 81];
    assert_eq!(
        judge(2, [clear, alpha].concat()),
        judge(1, over_white.to_vec())
    );
    let same = judge(4, [clear, clear, clear, alpha].concat());
    assert_eq!(same, judge(3, [over_white; 3].concat()));
    assert_ne!(same, colours);

    // An image that is not of the size that its data set says.
    for side in [0, 3] {
        let extents = Extents {
            channels: 3,
            height: side,
            width: 4,
        };
        let error = inception.judge_data(&Untrue(extents), &mut |_| {});
        let due = EvaluateError::Length {
            len: 12,
            each: extents.elements(),
        };
        let error = error.unwrap_err();
        assert!(
            matches!(&error, Error::Evaluate(found) if *found == due),
            "{error}"
        );
    }
}
