//! One table of files, and of weights to be written, each with the error it must give: every
//! variant is in it.

mod header;
mod metadata;
mod named;
mod tensors;
mod written;

use std::collections::BTreeSet;

use iddpm::checkpoint::{Checkpoint, CheckpointError as Error, Dtype, Header, WeightType};
use iddpm::diffusion::Prediction;

use crate::edited::Edited;
use crate::small;

/// What is wrong, the error it gave, and the error it must give.
type Case = (String, Error, Error);

fn refused<T>(result: Result<T, Error>) -> Error {
    match result {
        Ok(_) => panic!("accepted"),
        Err(error) => error,
    }
}

fn reading(bytes: &[u8]) -> Error {
    refused(Checkpoint::from_bytes(bytes, WeightType::AsStored))
}

fn sound() -> Edited {
    Edited::sound(Dtype::F32)
}

const BIAS: &str = "out.2.bias";
const WEIGHT: &str = "time_embed.0.weight";

#[test]
fn every_error_has_an_input() {
    let mut met = BTreeSet::from([
        // By tests of their own; memory that there is not can be had from no file of a test's size.
        "Header".to_string(),
        "Memory".to_string(),
    ]);
    let groups = [
        header::lengths(),
        header::headers(),
        metadata::metadata(),
        metadata::descriptions(),
        tensors::tensors(),
        named::places(),
        tensors::values(),
        written::writing(),
        named::names(),
    ];
    // By tests of their own, `torch.rs`.
    met.insert("Torch".into());
    for (what, found, expected) in groups.into_iter().flatten() {
        assert_eq!(found, expected, "{what}");
        let text = found.to_string();
        assert!(!text.is_empty() && !text.contains('\n'), "{what}: {text}");
        met.insert(variant(&found));
    }
    let listed = include_str!("../../../src/checkpoint/error.rs");
    let body = listed.split("pub enum CheckpointError {").nth(1).unwrap();
    let body = body.split("\n}").next().unwrap();
    let all: BTreeSet<String> = body
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(char::is_uppercase))
        .map(|line| line.split([' ', '{', '(', ',']).next().unwrap().into())
        .collect();
    assert_eq!(met, all);
}

fn variant(error: &Error) -> String {
    let debug = format!("{error:?}");
    debug.split([' ', '{', '(']).next().unwrap().into()
}

/// No byte of the header can be altered into a panic, nor the file be cut into one.
#[test]
fn any_byte_of_a_header_may_be_anything() {
    let file = sound().bytes();
    let data = file.len() - sound().data.len();
    for at in 0..data {
        for mask in [0x01, 0x80] {
            let mut altered = file.clone();
            altered[at] ^= mask;
            if let Ok(header) = Header::from_bytes(&altered) {
                // What is accepted accounts for the whole file.
                let end = header.tensors().last().map_or(0, |tensor| tensor.range.1);
                assert_eq!(end as usize + data, file.len());
            }
        }
        assert!(Header::from_bytes(&file[..at]).is_err());
    }
}

/// An epsilon network whose schedule ends at no signal is refused; one that predicts v is not.
#[test]
fn v_may_have_no_signal_at_the_end() {
    let mut description = small();
    description.card.diffusion = description
        .card
        .diffusion
        .with_zero_terminal_snr(true)
        .with_prediction(Prediction::V);
    assert!(description.graph(1).is_ok());
}
