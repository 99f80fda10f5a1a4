//! Whole runs of the shipped digits, whose noise is shifted round: from x_T to the image.

use iddpm::checkpoint::{Checkpoint, WeightBuffer, WeightType};
use iddpm::cpu::Inputs;
use iddpm::diffusion::{Clip, InlineProcess, Method, Sampler, Timesteps};
use iddpm::unet::{Graph, Weights, Wrap};
use iddpm::{Device, Draw, Model, Saved};

use super::evaluated::{fast, forward};
use super::{distance, normals, off, shifted, wide};

const DIGITS: &str = "../examples/assets/digits16.safetensors";
const SIZE: (usize, usize) = (16, 16);
const STEPS: usize = 8;
const LABEL: u32 = 3;

/// An image from noise that is shifted round by so many.
fn image(graph: &Graph, weights: &[f32], sampler: &Sampler<'_>, by: (usize, usize)) -> Vec<f64> {
    let mut network = fast(graph, weights, 2);
    let len = SIZE.0 * SIZE.1;
    let noise = |number| shifted(&normals(number, len), SIZE, by);
    let mut x = noise(0);
    let mut history = vec![0.0; len];
    for (step, number) in sampler.clone().zip(1..) {
        let inputs = Inputs {
            x: &x,
            timesteps: &[step.timestep()],
            labels: Some(&[LABEL]),
            low_res: None,
        };
        let output = forward(&mut network, &inputs);
        let noise = if step.needs_noise() {
            noise(number)
        } else {
            Vec::new()
        };
        step.apply_with_history(&mut x, &output, &noise, &mut history)
            .unwrap();
    }
    wide(&x)
}

#[test]
fn noise_that_is_shifted_round_gives_the_image_shifted_round() {
    let digits = Checkpoint::open(DIGITS, WeightType::F32).unwrap();
    let description = digits.description();
    let Weights::F32(weights) = digits.weights() else {
        panic!("they were asked for in f32");
    };
    let stride = 1 << (description.unet.levels() - 1);
    let diffusion = description.card.diffusion;
    let process = InlineProcess::<STEPS>::new(&diffusion, Timesteps::even(STEPS as u32)).unwrap();
    for method in [Method::Ancestral, Method::DpmSolverPlusPlus2M] {
        let sampler = Sampler::new(&process, method, Clip::Unit).unwrap();
        for (wrap, by, holds) in [
            (Wrap::X, (0, stride), true),
            (Wrap::X, (stride, 0), false),
            (Wrap::Y, (2 * stride, 0), true),
            (Wrap::Xy, (stride, 2 * stride), true),
            (Wrap::None, (0, stride), false),
        ] {
            let graph = description.graph(1).unwrap().wrapped(wrap);
            let there = image(&graph, weights, &sampler, (0, 0));
            let other = image(&graph, &off(&graph, weights), &sampler, (0, 0));
            let bound = 3.0 * distance(&other, &there);
            let due = shifted(&there, SIZE, by);
            let found = distance(&image(&graph, weights, &sampler, by), &due);
            println!("{method:?}, {wrap} by {by:?}: {found:.1e} of {bound:.1e}");
            if holds {
                assert!(
                    found <= bound && bound < 0.05,
                    "{method:?}, {wrap}: {found}"
                );
            } else {
                // Some pixel is another: of a range of 2.
                assert!(found > 0.2, "{method:?}, {wrap}: {found}");
            }
        }
    }
}

/// On the processor and on a device, and from one to the other on the way.
#[test]
fn a_drawing_goes_round_on_either() {
    let draw = Draw::new().class("3").steps("8").method("dpm").wrap("xy");
    let drawn = |checkpoint: Checkpoint| {
        let mut studio = Model::from(checkpoint).on(Device::cpu()).unwrap();
        wide(studio.sample(&draw, 2).unwrap().planes())
    };
    let digits = Checkpoint::open(DIGITS, WeightType::F32).unwrap();
    let Weights::F32(weights) = digits.weights() else {
        panic!("they were asked for in f32");
    };
    let other = WeightBuffer::F32(off(digits.graph(), weights));
    let other = Checkpoint::new(digits.description().clone(), other).unwrap();
    let due = drawn(digits);
    let bound = 3.0 * distance(&drawn(other), &due);
    assert!(bound < 0.05, "{bound}");

    // Where weights are f16 as stored, a GPU computes in f16 if it can, and rounds more.
    let model = Model::open_as(DIGITS, WeightType::F32).unwrap();
    let mut processor = model.on(Device::cpu()).unwrap();
    let mut device = model.on(Device::gpu()).unwrap();
    let mut run = device.begin(&draw, 2).unwrap();
    for _ in 0..4 {
        assert!(run.advance().unwrap());
    }
    let saved = run.save().unwrap().to_bytes().unwrap();
    let saved = Saved::from_bytes(&saved).unwrap();
    let mut resumed = processor.resume(&saved).unwrap();
    for (how, run) in [("device", &mut run), ("resumed", &mut resumed)] {
        while run.advance().unwrap() {}
        let found = distance(&wide(run.images().unwrap().planes()), &due);
        println!("{how}: {found:.1e} of {bound:.1e}");
        assert!(found <= bound, "{how}: {found}, {bound}");
    }
    let flat = device.sample(&draw.clone().wrap("none"), 2).unwrap();
    assert!(distance(&wide(flat.planes()), &due) > 0.2);
}
