//! Runs that begin with given weights.

use std::collections::BTreeMap;

use safetensors::SafeTensors;

use super::interrupted::{OPTIONS, data};
use super::scratch::Scratch;
use super::{refuse, succeed};

type Tensors = BTreeMap<String, Vec<u8>>;

/// The numbers of a file of the run's state at a step.
fn tensors(scratch: &Scratch, run: &str, step: u64, file: &str) -> Tensors {
    let path = scratch.join(&format!("{run}/step-{step:08}/{file}.safetensors"));
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensors = file.tensors().into_iter();
    tensors
        .map(|(name, tensor)| (name, tensor.data().to_vec()))
        .collect()
}

/// Weights and averages are those of the file, moments 0, the step 0; a run or a state of one stands for its
/// average; and what goes on from there is as any run.
#[test]
fn weights_of_a_checkpoint() {
    let scratch = Scratch::new("initial");
    data(&scratch, 8);
    succeed("train", &scratch, &format!("{OPTIONS} --run a --steps 5"));
    let options = format!("{OPTIONS} --ema 0.9,0.99");
    for (run, from, taken) in [
        ("b", "a/step-00000005/model.safetensors", "model"),
        ("c", "a/step-00000005", "ema_0.999"),
        ("d", "a", "ema_0.999"),
    ] {
        let printed = succeed(
            "train",
            &scratch,
            &format!("{options} --run {run} --steps 0 --init {from}"),
        );
        let file = format!("a/step-00000005/{taken}.safetensors");
        assert!(
            printed.contains(&format!("beginning with the weights of {file}")),
            "{printed}"
        );
        let given = tensors(&scratch, "a", 5, taken);
        for file in ["model", "ema_0.9", "ema_0.99"] {
            assert!(tensors(&scratch, run, 0, file) == given, "{run}: {file}");
        }
        for file in ["first_moment", "second_moment"] {
            let numbers = tensors(&scratch, run, 0, file);
            let zero = numbers.values().flatten().all(|&byte| byte == 0);
            assert!(zero && numbers.len() == given.len(), "{run}: {file}");
        }
    }
    // Stopped or not, it is the same run.
    succeed(
        "train",
        &scratch,
        &format!("{options} --run b --steps 2 --resume"),
    );
    succeed(
        "train",
        &scratch,
        &format!("{options} --run b --steps 4 --resume"),
    );
    let from = "a/step-00000005/model.safetensors";
    succeed(
        "train",
        &scratch,
        &format!("{options} --run whole --steps 4 --init {from}"),
    );
    for file in ["model", "ema_0.9", "first_moment"] {
        assert!(tensors(&scratch, "b", 4, file) == tensors(&scratch, "whole", 4, file));
    }
    let described = succeed("inspect", &scratch, "b/step-00000004/model.safetensors");
    assert!(described.contains("step 4"), "{described}");
}

/// A class keeps the number that it has in the network, though others are missing from the data.
#[test]
fn classes_go_by_their_names() {
    let scratch = Scratch::new("initial-classes");
    let mut number = 0;
    let mut pictures = |folder: &str, classes: &[&str]| {
        std::fs::create_dir_all(scratch.join(folder)).unwrap();
        for class in classes {
            number += 20;
            let picture = image::GrayImage::from_pixel(8, 8, image::Luma([number]));
            for at in 0..2 {
                picture
                    .save(scratch.join(&format!("{folder}/{class}_{at}.png")))
                    .unwrap();
            }
        }
    };
    pictures("all", &["axe", "coin", "gem"]);
    pictures("two", &["coin", "gem"]);
    pictures("other", &["axe", "dog"]);
    let options = "--size 8 --multipliers 1 --batch 2 --sample-every 0 --backend cpu";
    succeed(
        "train",
        &scratch,
        &format!("{options} --data all --run a --steps 1"),
    );
    let printed = succeed(
        "train",
        &scratch,
        &format!("{options} --data two --run b --steps 1 --init a"),
    );
    assert!(
        printed.contains("2 of 3 classes: coin (2), gem (2)"),
        "{printed}"
    );
    let described = succeed("inspect", &scratch, "b/step-00000001/model.safetensors");
    assert!(described.contains("axe, coin, gem"), "{described}");
    // They bind the data where the run goes on, too.
    succeed(
        "train",
        &scratch,
        &format!("{options} --data two --run b --steps 2 --resume"),
    );
    // Others than those are the data's own.
    let printed = succeed(
        "train",
        &scratch,
        &format!("{options} --data other --run c --steps 1 --init a"),
    );
    let told = "classes: axe, no class kept; dog begun as no class; coin, gem left out";
    assert!(printed.contains(told), "{printed}");
    let described = succeed("inspect", &scratch, "c/step-00000001/model.safetensors");
    assert!(described.contains("axe, dog"), "{described}");
    succeed("train", &scratch, "--run c --steps 2 --resume");
    // A run has its own classes for good.
    let line = refuse("train", &scratch, "--run c --steps 3 --resume --data all");
    assert!(line.contains("coin"), "{line}");
}

/// Weights of another network, and what are none.
#[test]
fn other_weights_are_refused() {
    let scratch = Scratch::new("initial-refused");
    data(&scratch, 8);
    succeed("train", &scratch, &format!("{OPTIONS} --run a --steps 1"));
    let options = format!("{OPTIONS} --run b --steps 1 --init");
    scratch.write("page.safetensors", b"<!DOCTYPE html><html></html>");
    for (arguments, told) in [
        (
            "a --predict epsilon",
            "--predict epsilon: the network of --init was made with v",
        ),
        (
            "a --blocks 1",
            "--blocks 1: the network of --init was made with 2",
        ),
        (
            "a --channels 64",
            "--channels 64: the network of --init was made with 32",
        ),
        (
            "a --objective simple",
            "--objective simple: the network of --init was made with hybrid",
        ),
        (
            "a --low-res 4",
            "--low-res 4: the network of --init was made without it",
        ),
        ("a/step-00000001/first_moment.safetensors", "first moment"),
        ("page.safetensors", "page.safetensors"),
        ("absent", "--init: "),
        ("a --resume", "--resume"),
    ] {
        let output = super::run("train", &scratch, &format!("{options} {arguments}"));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{arguments}");
        assert!(said.contains(told), "{arguments}: {said}");
        assert!(!scratch.join("b").exists(), "{arguments}");
    }
}
