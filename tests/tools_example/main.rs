//! `examples/inspect`, `convert` and `flash_network` as programs: what they print, write and refuse.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../support/program.rs"]
mod program;
#[path = "../support/run.rs"]
mod run;
#[path = "../support/scratch.rs"]
#[allow(dead_code)]
mod scratch;

mod convert;
mod flash;
mod inspect;
mod published;

use iddpm::checkpoint::{Checkpoint, Content, Description, Dtype, WeightType, save};
use iddpm::diffusion::WeightSet;
use run::{Words, run, succeed};
use safetensors::SafeTensors;
use scratch::Scratch;

const DIGITS_FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../examples/assets/digits16.safetensors"
);

/// Runs it badly; what it prints, and why it says it failed.
fn refuse<W: Words + ?Sized>(name: &str, scratch: &Scratch, arguments: &W) -> (String, String) {
    let output = run(name, scratch, arguments);
    let shown = arguments.words().join(" ");
    assert!(!output.status.success(), "{name} {shown}: not refused");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!errors.contains("panicked"), "{errors}");
    (String::from_utf8(output.stdout).unwrap(), errors)
}

/// The digits, with what they say of themselves, under other names: as many copies of each tensor.
fn renamed(scratch: &Scratch, file: &str, names: impl Fn(&str) -> Vec<String>) {
    let bytes = std::fs::read(DIGITS_FILE).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let tensors = tensors.tensors().into_iter().flat_map(|(name, view)| {
        let names = names(&name).into_iter();
        names
            .map(move |name| (name, view.clone()))
            .collect::<Vec<_>>()
    });
    let metadata = header.metadata().clone();
    let bytes = safetensors::serialize(tensors, metadata).unwrap();
    scratch.write(file, &bytes);
}

/// A run of one state, as training leaves it.
fn run_of_digits(scratch: &Scratch) {
    let digits = Checkpoint::open(DIGITS_FILE, WeightType::AsStored).unwrap();
    let (raw, moments) = (
        WeightSet::Raw,
        [Content::FirstMoment, Content::SecondMoment],
    );
    scratch.write("run/step-00000007/run.json", b"{}");
    scratch.write("run/latest", b"step-00000007");
    for (name, weights, content) in [
        ("model", raw, Content::Weights),
        ("ema_0.9", WeightSet::Ema { rate: 0.9 }, Content::Weights),
        ("ema_0.99", WeightSet::Ema { rate: 0.99 }, Content::Weights),
        ("first_moment", raw, moments[0]),
        ("second_moment", raw, moments[1]),
    ] {
        let mut description = Description {
            content,
            ..digits.description().clone()
        };
        description.card.weights = weights;
        description.card.step = 7;
        let path = scratch.join(&format!("run/step-00000007/{name}.safetensors"));
        save(path, &description, digits.weights(), Dtype::F16).unwrap();
    }
}
