//! Images of no class, by networks that have a row for none.

use iddpm::checkpoint::{Checkpoint, WeightBuffer, WeightType};
use iddpm::diffusion::{Noise, Sample};
use iddpm::run::DrawError;
use iddpm::{Device, Draw, Error, Model};

use crate::{digits, studio};

const THREE: u32 = 3;
const NULL: u32 = 10;

/// The shipped digits with a null class, whose row is that of the class 3.
pub(crate) fn with_null_class() -> Model {
    let digits = "../examples/assets/digits16.safetensors";
    let digits = Model::open_as(digits, WeightType::F32).unwrap();
    let (mut description, graph, weights) = digits.checkpoint().clone().into_parts();
    let weights = weights.into_f32().unwrap();
    description.unet.null_class = true;
    let widened = description.graph(1).unwrap();
    let mut numbers = vec![0.0; widened.weights_len()];
    for (from, to) in graph.params().iter().zip(widened.params()) {
        assert_eq!(from.name, to.name);
        let of_file = &weights[from.offset..][..from.elements()];
        numbers[to.offset..][..from.elements()].copy_from_slice(of_file);
        if to.name == "label_emb.weight" {
            assert_eq!((from.shape[0], to.shape[0]), (10, 11));
            let row = to.shape[1];
            let three = &of_file[THREE as usize * row..][..row];
            numbers[to.offset + NULL as usize * row..][..row].copy_from_slice(three);
        }
    }
    let checkpoint = Checkpoint::new(description, WeightBuffer::F32(numbers));
    Model::from(checkpoint.unwrap())
}

fn samples(label: Option<u32>) -> [Sample; 2] {
    [0, 1].map(|number| Sample {
        noise: Noise::new(7),
        number,
        label,
    })
}

fn drawn(model: &Model, device: Device, label: Option<u32>) -> Vec<u8> {
    let mut studio = model.on(device).unwrap();
    let draw = Draw::new().steps("3");
    let mut run = studio.begin_samples(&draw, &samples(label)).unwrap();
    while run.advance().unwrap() {}
    run.images().unwrap().bytes().unwrap()
}

/// An image of no class is one of the null class's row, which here is that of 3: asked for as none or by its label.
fn is_its_row(device: impl Fn() -> Device) {
    let model = with_null_class();
    let three = drawn(&model, device(), Some(THREE));
    for none in [None, Some(NULL)] {
        assert_eq!(drawn(&model, device(), none), three, "{none:?}");
    }
    assert_ne!(drawn(&model, device(), Some(4)), three);
}

#[test]
fn no_class_is_the_null_row_on_the_processor() {
    is_its_row(Device::cpu);
}

#[cfg(feature = "gpu")]
#[test]
fn no_class_is_the_null_row_on_a_gpu() {
    is_its_row(Device::gpu);
}

/// It is no class to ask for, and does not come in turn; the classes stay as they were.
#[test]
fn it_is_none_of_the_classes() {
    let model = with_null_class();
    assert_eq!((model.classes(), model.class_names().len()), (10, 0));
    assert!(model.class("10").is_err());
    assert_eq!(
        drawn(&model, Device::cpu(), Some(4)),
        drawn(&digits(), Device::cpu(), Some(4))
    );
    let studio = model.on(Device::cpu()).unwrap();
    let in_turn = studio.samples(&Draw::new(), 0..12).unwrap();
    let labels = in_turn.iter().map(|sample| sample.label.unwrap());
    assert_eq!(labels.collect::<Vec<_>>()[8..], [8, 9, 0, 1]);
}

#[test]
fn labels_beyond_it_are_refused_and_without_it_none_is() {
    let mut with = with_null_class().on(Device::cpu()).unwrap();
    for (studio, label) in [
        (&mut with, Some(NULL + 1)),
        (&mut studio(), Some(NULL)),
        (&mut studio(), None),
    ] {
        let refused = studio.begin_samples(&Draw::new().steps("3"), &samples(label));
        assert!(
            matches!(
                refused,
                Err(Error::Draw(DrawError::Value { word: "class", .. }))
            ),
            "{label:?}: {refused:?}"
        );
    }
}

/// A plane of which no class is named is of none.
#[test]
fn a_plane_without_a_class_is_of_none() {
    let mut studio = with_null_class().on(Device::cpu()).unwrap();
    let draw = Draw::new().steps("2").method("ddim");
    let mut tile = |draw: &Draw| {
        let tile = studio.plane(draw).unwrap().tile(0, 0, (8, 8));
        tile.unwrap().bytes().unwrap()
    };
    let of_none = tile(&draw);
    assert_eq!(of_none, tile(&draw.clone().class("3")));
    assert_ne!(of_none, tile(&draw.class("4")));
}

/// A run of no class goes on from where it was saved.
#[test]
fn a_saved_run_keeps_it() {
    let model = with_null_class();
    let mut studio = model.on(Device::cpu()).unwrap();
    let draw = Draw::new().steps("3");
    let mut run = studio.begin_samples(&draw, &samples(None)).unwrap();
    assert!(run.advance().unwrap());
    let saved = run.save().unwrap();
    let mut resumed = studio.resume(&saved).unwrap();
    while resumed.advance().unwrap() {}
    let images = resumed.images().unwrap();
    assert_eq!(images.bytes().unwrap(), drawn(&model, Device::cpu(), None));
    assert_eq!(images.class_name(0), None);
}
