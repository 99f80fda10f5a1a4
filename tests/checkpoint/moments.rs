//! An optimiser's moments are no network.

use iddpm::checkpoint::{
    Checkpoint, CheckpointError as Error, Content, Description, Dtype, Header, ReadOptions,
    WeightType, save, to_bytes,
};
use iddpm::diffusion::WeightSet;
use iddpm::unet::Weights;

use crate::edited::Edited;
use crate::scratch::Scratch;
use crate::{numbers, small};

const MOMENTS: [(Content, &str); 2] = [
    (Content::FirstMoment, "first_moment.safetensors"),
    (Content::SecondMoment, "second_moment.safetensors"),
];

fn of(content: Content) -> Description {
    Description { content, ..small() }
}

fn write(scratch: &Scratch, name: &str, description: &Description) {
    let path = scratch.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let weights = numbers(description);
    save(&path, description, Weights::F32(&weights), Dtype::F32).unwrap();
}

fn reading(content: Content) -> ReadOptions<'static> {
    ReadOptions {
        content,
        ..ReadOptions::default()
    }
}

/// A state as it is saved, or as it was before moments said what they are.
fn state(scratch: &Scratch, said: bool) {
    let mut average = small();
    average.card.weights = WeightSet::Ema { rate: 0.5 };
    write(scratch, "ema_0.5.safetensors", &average);
    average.card.weights = WeightSet::Ema { rate: 0.99 };
    write(scratch, "ema_0.99.safetensors", &average);
    write(scratch, "model.safetensors", &small());
    for (content, name) in MOMENTS {
        let said = if said { content } else { Content::Weights };
        write(scratch, name, &of(said));
    }
    scratch.write("run.json", b"{}");
}

#[test]
fn a_moment_is_refused_as_a_network_and_read_as_what_it_is() {
    for said in [true, false] {
        let scratch = Scratch::new(&format!("checkpoint-moments-{said}"));
        state(&scratch, said);
        for (content, name) in MOMENTS {
            let path = scratch.join(name);
            let beside = [
                "ema_0.99.safetensors",
                "ema_0.5.safetensors",
                "model.safetensors",
            ];
            let error = Error::OtherContent {
                found: content,
                expected: Content::Weights,
                beside: beside.map(String::from).into(),
            };
            let error = error.in_file(path.display());
            let text = error.to_string();
            assert!(
                text.contains("moment") && text.contains(beside[0]),
                "{text}"
            );
            let opened = Checkpoint::open(&path, WeightType::F32);
            assert_eq!(opened.unwrap_err(), error);
            // Not even for who knows better what the tensors are.
            let opened = Checkpoint::open_as(&path, small(), WeightType::F32);
            assert_eq!(opened.unwrap_err(), error);

            let header = Header::open(&path).unwrap();
            assert_eq!(header.description().unwrap(), of(content));
            let moment = Checkpoint::open_with(&path, reading(content)).unwrap();
            assert_eq!(moment.description(), &of(content));
            let moment = Checkpoint::open_as(&path, of(content), WeightType::F32).unwrap();
            let written = to_bytes(&of(content), Weights::F32(&numbers(&small())), Dtype::F32);
            assert!(moment.to_bytes(Dtype::F32) == written);
        }
        let swapped = Checkpoint::open_with(
            scratch.join("second_moment.safetensors"),
            reading(Content::FirstMoment),
        );
        let text = swapped.unwrap_err().to_string();
        assert!(text.contains("second moment"), "{text}");
        let model = scratch.join("model.safetensors");
        let network = Checkpoint::open_with(&model, reading(Content::FirstMoment));
        let text = network.unwrap_err().to_string();
        assert!(
            text.contains("holds the weights of a network, not"),
            "{text}"
        );
    }
}

/// Only in a state does a name say what a file is.
#[test]
fn a_network_may_have_any_name_elsewhere() {
    let scratch = Scratch::new("checkpoint-not-moments");
    for (_, name) in MOMENTS {
        write(&scratch, name, &small());
        let network = Checkpoint::open(scratch.join(name), WeightType::F32).unwrap();
        assert_eq!(network.description(), &small());
    }
}

#[test]
fn what_is_written_says_so_and_networks_are_written_as_before() {
    for (content, key) in [
        (Content::FirstMoment, "\"first_moment\""),
        (Content::SecondMoment, "\"second_moment\""),
    ] {
        let metadata = of(content).to_metadata().unwrap();
        assert_eq!(metadata["iddpm.content"], key);
        assert_eq!(Description::from_metadata(&metadata).unwrap(), of(content));
    }
    assert!(!small().to_metadata().unwrap().contains_key("iddpm.content"));
    let other = Edited::sound(Dtype::F32).changed(|header| {
        header["__metadata__"]["iddpm.content"] = "\"hessian\"".into();
    });
    let error = Checkpoint::from_bytes(&other.bytes(), WeightType::F32).unwrap_err();
    assert!(
        matches!(
            &error,
            Error::Metadata {
                key: "iddpm.content",
                ..
            }
        ),
        "{error}"
    );
}
