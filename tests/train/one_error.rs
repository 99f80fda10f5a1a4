//! Errors of all layers turn into one, and lose nothing.

use std::error::Error as _;

use iddpm::checkpoint::{Checkpoint, WeightType};
use iddpm::cpu::Gradients;
use iddpm::diffusion::Timesteps;
use iddpm::unet::{Graph, ImageSize, UnetConfig};

const NOWHERE: &str = "no such folder/picture.safetensors";

/// What fails, one layer after the other.
fn fail(at: usize) -> Result<(), iddpm::Error> {
    match at {
        0 => Timesteps::parse("often").map(|_| ())?,
        1 => UnetConfig::new(3, 33)
            .graph(1, ImageSize::square(8))
            .map(|_| ())?,
        2 => Graph::new(0).check()?,
        3 => Gradients::new(&Graph::new(1)).map(|_| ())?,
        4 => Checkpoint::open(NOWHERE, WeightType::F32).map(|_| ())?,
        5 => iddpm::data::npz::open(NOWHERE).map(|_| ())?,
        _ => unreachable!(),
    }
    Ok(())
}

#[test]
fn of_all_layers() {
    let words = ["at byte 0", "33", "batch of 0", "result", NOWHERE, NOWHERE];
    for (at, word) in words.into_iter().enumerate() {
        let error = fail(at).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(word), "{at}: {text}");
        // What lies behind is told once: its text is not the error's own.
        let behind = error.source().map(ToString::to_string);
        assert_ne!(behind, Some(text));
    }
}
