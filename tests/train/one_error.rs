//! Errors of all layers turn into one, and lose nothing.

use std::error::Error as _;

use iddpm::checkpoint::{Checkpoint, WeightType};
use iddpm::cpu::Gradients;
use iddpm::diffusion::exact::GaussianData;
use iddpm::diffusion::{
    Clip, Diffusion, Image, InlineProcess, Method, Noise, Sample, Sampler, Schedule, Timesteps,
    Variance,
};
use iddpm::unet::{Graph, ImageSize, UnetConfig};

const NOWHERE: &str = "no such folder/picture.safetensors";

/// A step with too little room for its noise, or of an x that is not finite.
fn advance(x: f32) -> Result<(), iddpm::Error> {
    let model = Diffusion::new(Schedule::Cosine, 1000).with_variance(Variance::FixedSmall);
    let process = InlineProcess::<2>::new(&model, Timesteps::even(2))?;
    let mut sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit)?;
    let mut denoiser = GaussianData::new(process.view(), 0.5, 0.01)?;
    let sample = Sample {
        noise: Noise::new(0),
        number: 0,
        label: None,
    };
    let noise = if x.is_nan() { 3 } else { 2 };
    let mut image = Image {
        x: &mut [x; 3],
        output: &mut [0.0; 3],
        noise: &mut [0.0; 3][..noise],
        history: &mut [],
    };
    sample.advance(&mut sampler, &mut denoiser, &mut image)?;
    Ok(())
}

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
        6 => advance(0.0)?,
        7 => advance(f32::NAN)?,
        _ => unreachable!(),
    }
    Ok(())
}

#[test]
fn of_all_layers() {
    let words = [
        "at byte 0",
        "33",
        "batch of 0",
        "result",
        NOWHERE,
        NOWHERE,
        "noise",
        "finite",
    ];
    for (at, word) in words.into_iter().enumerate() {
        let error = fail(at).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(word), "{at}: {text}");
        // What lies behind is told once: its text is not the error's own.
        let behind = error.source().map(ToString::to_string);
        assert_ne!(behind, Some(text));
    }
}
