//! Files on disk are whole or not there.

use std::fs::File;
use std::path::Path;

use iddpm::checkpoint::{
    Checkpoint, CheckpointError, Description, Dtype, Header, WeightType, save,
};
use iddpm::unet::Weights;
use memmap2::Mmap;

use crate::scratch::Scratch;
use crate::{numbers, small};

fn with_step(step: u64) -> Description {
    let mut description = small();
    description.card.step = step;
    description.notes.insert("format".into(), "pt".into());
    description
}

#[allow(unsafe_code)]
fn mapped(path: &Path) -> Mmap {
    let file = File::open(path).unwrap();
    // SAFETY: nobody else knows of this file.
    unsafe { Mmap::map(&file) }.unwrap()
}

#[test]
fn what_is_saved_is_what_to_bytes_gives_and_is_read_back() {
    let scratch = Scratch::new("checkpoint-round");
    let path = scratch.join("model.safetensors");
    let description = with_step(12);
    let weights = numbers(&description);
    for dtype in [Dtype::F32, Dtype::F16, Dtype::Bf16] {
        save(&path, &description, Weights::F32(&weights), dtype).unwrap();
        assert_eq!(scratch.names(), ["model.safetensors"]);
        let read = Checkpoint::open(&path, WeightType::F32).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(
            read,
            Checkpoint::from_bytes(&bytes, WeightType::F32).unwrap()
        );
        let map = mapped(&path);
        assert_eq!(read, Checkpoint::from_bytes(&map, WeightType::F32).unwrap());
        assert_eq!(read.to_bytes(dtype).unwrap(), bytes);
        assert_eq!(read.description(), &description);
        assert_eq!(Header::open(&path), Header::from_bytes(&bytes));
        let given = Checkpoint::open_as(&path, small(), WeightType::F32).unwrap();
        assert_eq!(given.weights(), read.weights());
        assert_eq!(given.description(), &small());
    }
}

#[test]
fn what_cannot_be_written_leaves_the_file_that_was_there() {
    let scratch = Scratch::new("checkpoint-failed");
    let path = scratch.join("model.safetensors");
    let description = small();
    let mut weights = numbers(&description);
    save(&path, &description, Weights::F32(&weights), Dtype::F32).unwrap();
    let before = std::fs::read(&path).unwrap();
    // The last number: all but it has been written by then.
    let graph = description.graph(1).unwrap();
    weights[graph.params().last().unwrap().offset] = f32::NAN;
    let error = save(&path, &description, Weights::F32(&weights), Dtype::F32);
    let Err(CheckpointError::InFile { path: named, error }) = error else {
        panic!("{error:?}");
    };
    assert_eq!(named, path.display().to_string());
    assert!(matches!(*error, CheckpointError::NotFinite { .. }));
    assert_eq!(scratch.names(), ["model.safetensors"]);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_place_that_cannot_be_written_to_is_named() {
    let scratch = Scratch::new("checkpoint-place");
    let description = small();
    let weights = numbers(&description);
    let folder = scratch.join("folder");
    std::fs::create_dir(&folder).unwrap();
    for path in [scratch.join("none/model"), folder, scratch.join("..")] {
        let error = save(&path, &description, Weights::F32(&weights), Dtype::F32).unwrap_err();
        let CheckpointError::Io { path: named, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(*named, path.display().to_string());
        assert_eq!(scratch.names(), ["folder"]);
    }
}

/// A reader beside several writers always finds one writer's file, whole.
#[test]
fn writers_do_not_meet() {
    let scratch = Scratch::new("checkpoint-writers");
    let path = scratch.join("model.safetensors");
    let write = |step: u64| {
        let description = with_step(step);
        let mut weights = numbers(&description);
        weights.fill(step as f32);
        save(&path, &description, Weights::F32(&weights), Dtype::F16).unwrap();
    };
    write(0);
    std::thread::scope(|scope| {
        for writer in 1..4 {
            scope.spawn(move || (0..5).for_each(|k| write(10 * writer + k)));
        }
        for _ in 0..20 {
            let read = Checkpoint::open(&path, WeightType::F32).unwrap();
            let step = read.description().card.step;
            let Weights::F32(weights) = read.weights() else {
                panic!("not what was asked for");
            };
            for param in read.graph().params() {
                let numbers = &weights[param.offset..][..param.elements()];
                assert!(numbers.iter().all(|&number| number == step as f32));
            }
        }
    });
    assert_eq!(scratch.names(), ["model.safetensors"]);
}
