//! The door on a device: a run that was saved on one executor goes on on the other, frames keep to a budget, and
//! a device that is lost takes nothing with it.

use iddpm::checkpoint::{Checkpoint, Description, WeightBuffer};
use iddpm::diffusion::{
    Clip, Diffusion, InlineProcess, ModelCard, Sampler, Schedule, Timesteps, WeightSet,
};
use iddpm::gpu::{Gpu, Precision, wgpu};
use iddpm::run::{Budget, DrawError};
use iddpm::unet::ImageSize;
use iddpm::{Device, Draw, Error, Model, Run, Saved, Studio};

use super::agreement::{NUMBERS, bound, check, on_the_processor};
use super::generation::{SIDE, config, graph, methods, samples, weights};
use super::gpu;
use super::networks::Distance;

pub(super) fn model() -> Model {
    let card = ModelCard {
        diffusion: Diffusion::new(Schedule::Cosine, 1000),
        weights: WeightSet::Raw,
        step: 0,
    };
    let description = Description::new(config(), ImageSize::square(SIDE), card);
    let weights = WeightBuffer::F32(weights(&graph(1)));
    Model::from(Checkpoint::new(description, weights).unwrap())
}

/// After so many steps.
pub(super) fn begin(studio: &mut Studio, draw: &Draw, steps: u32) -> Run {
    let mut run = studio.begin_samples(draw, &samples(NUMBERS)).unwrap();
    for _ in 0..steps {
        assert!(run.advance().unwrap());
    }
    run
}

pub(super) fn finish(mut run: Run) -> Vec<f32> {
    while run.advance().unwrap() {}
    assert!(run.is_done() && run.fraction() == 1.0);
    run.images().unwrap().planes().to_vec()
}

/// Saved after each step of each method, on each executor: on its own the rest is bit for bit what it would have
/// been, on the other it is as near as whole runs of the two are.
#[test]
fn a_saved_run_goes_on_on_either() {
    let diffusion = Diffusion::new(Schedule::Cosine, 1000);
    let process = InlineProcess::<3>::new(&diffusion, Timesteps::even(3)).unwrap();
    let model = model();
    let mut studios = [
        model.on(Device::cpu()).unwrap(),
        model.on(Device::from(gpu().clone())).unwrap(),
    ];
    for method in methods() {
        let draw = Draw::new().steps("3").method(method);
        let sampler = Sampler::new(&process, method, Clip::Unit).unwrap();
        let exact = on_the_processor(&sampler, 0.0);
        let whole = studios
            .each_mut()
            .map(|studio| finish(begin(studio, &draw, 0)));
        for from in 0..2 {
            for steps in 0..=sampler.evaluations() {
                let mut run = begin(&mut studios[from], &draw, steps);
                let bytes = run.save().unwrap().to_bytes().unwrap();
                let pixels = 4 * 2 * whole[0].len();
                assert!(bytes.len() < pixels + 1024, "{} bytes", bytes.len());
                let saved = Saved::from_bytes(&bytes).unwrap();
                assert_eq!(saved.position(), steps);
                assert_eq!(saved.made_with(), run.made_with());
                // In f32, whatever else the device has.
                let is_on_a_gpu = saved
                    .made_with()
                    .map(|text| text.contains("convolutions") && !text.contains("matrices"));
                assert_eq!(
                    is_on_a_gpu,
                    (from == 1).then_some(true),
                    "{:?}",
                    saved.made_with()
                );
                let how = format!("{method:?}, {steps} steps on {from}");
                assert_eq!(
                    finish(studios[from].resume(&saved).unwrap()),
                    whole[from],
                    "{how}"
                );
                let other = finish(studios[1 - from].resume(&saved).unwrap());
                let Distance { root, largest } = bound(&sampler, &exact, Precision::Full);
                check(&how, &other, &exact, Distance { root, largest });
            }
        }
    }
}

/// A device that is lost after any number of frames of any budget, dispatches in flight: what the run saves then
/// goes on elsewhere, to the same bits, and lacks no step that was done but the one under way.
#[test]
fn a_lost_device_loses_nothing() {
    let model = model();
    let draw = Draw::new().steps("3").method("dpm");
    let mut survivor = model.on(Device::from(gpu().clone())).unwrap();
    let whole = finish(begin(&mut survivor, &draw, 0));
    let losses = std::env::var("IDDPM_TEST_LOSSES").ok();
    let losses: u64 = losses.map_or(6, |number| number.parse().unwrap());
    for loss in 0..losses {
        let doomed = Gpu::create_blocking()
            .unwrap()
            .with_variants(gpu().variants());
        let mut studio = model.on(Device::from(doomed.clone())).unwrap();
        let mut run = begin(&mut studio, &draw, 0);
        // Frames until then, and the budget of each: numbers without a pattern.
        let random = iddpm::diffusion::Noise::new(9).stream(loss, 0).words(0);
        let (frames, budget) = (random[0] % 40, f64::from(random[1] % 1000));
        for _ in 0..frames {
            let mut encoder = doomed.device().create_command_encoder(&Default::default());
            run.record(&mut encoder, Budget::milliseconds(budget))
                .unwrap();
            doomed.submit_blocking(encoder).unwrap();
        }
        let reached = run.position();
        doomed.device().destroy();
        let was_done = run.is_done();
        let mut encoder = doomed.device().create_command_encoder(&Default::default());
        // A host that records on before it hears of it, and submits.
        drop(run.record(&mut encoder, Budget::milliseconds(budget)));
        doomed.queue().submit([encoder.finish()]);
        let advanced = run.advance();
        assert!(
            was_done || matches!(advanced, Err(Error::Gpu(_))),
            "{advanced:?}"
        );
        let saved = run.save().unwrap();
        assert!(
            saved.position() + 1 >= reached,
            "{} of {reached}",
            saved.position()
        );
        assert_eq!(
            finish(survivor.resume(&saved).unwrap()),
            whole,
            "loss {loss}"
        );
    }
}

/// Frames of any budget give the image that steps give; the pacing is what the device or the host has shown.
#[test]
fn frames_give_the_same_image() {
    let model = model();
    let draw = Draw::new().steps("3");
    let gpu = gpu();
    let mut studio = model.on(Device::from(gpu.clone())).unwrap();
    let whole = finish(begin(&mut studio, &draw, 0));
    for budget in [0.0, 0.5, 5.0, 1e9] {
        let mut run = begin(&mut studio, &draw, 0);
        let before = run.pacing().unwrap();
        let mut frames = 0;
        loop {
            let mut encoder = gpu.device().create_command_encoder(&Default::default());
            let was_left = run
                .record(&mut encoder, Budget::milliseconds(budget))
                .unwrap();
            gpu.submit_blocking(encoder).unwrap();
            if !was_left {
                break;
            }
            run.took(1.0);
            frames += 1;
        }
        assert_eq!(run.images().unwrap().planes(), whole, "{budget} ms");
        let pacing = run.pacing().unwrap();
        let has_clock = gpu
            .device()
            .features()
            .contains(wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS);
        assert_eq!(pacing.has_clock, has_clock);
        assert!(
            pacing.measured > 0 && pacing.measured <= frames,
            "{pacing:?}, {frames} frames"
        );
        assert_ne!(pacing.work_per_millisecond, before.work_per_millisecond);
    }
}

/// Encoders that are dropped instead of submitted, anywhere: the run goes back to what the host has, and ends in the
/// same image. A host that is frames ahead of its device loses at most as many steps.
#[test]
fn a_frame_that_is_dropped_is_made_again() {
    let model = model();
    let gpu = gpu();
    let draw = Draw::new().steps("4").method("heun");
    let mut studio = model.on(Device::from(gpu.clone())).unwrap();
    let whole = finish(begin(&mut studio, &draw, 0));
    for dropped in [0, 1, 3, 4, 7] {
        let mut run = begin(&mut studio, &draw, 0);
        let steps = Budget::milliseconds(1.01 * run.pacing().unwrap().milliseconds_per_step);
        for frame in 0.. {
            let mut encoder = gpu.device().create_command_encoder(&Default::default());
            let was_left = run.record(&mut encoder, steps).unwrap();
            match frame == dropped {
                true => drop(encoder),
                // Nothing waits for it.
                false => drop(gpu.queue().submit([encoder.finish()])),
            }
            if !was_left && frame > dropped {
                break;
            }
        }
        assert_eq!(finish(run), whole, "frame {dropped}");
    }
    // A step while a frame is neither submitted nor dropped is refused.
    let mut run = begin(&mut studio, &draw, 1);
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    run.record(&mut encoder, Budget::milliseconds(0.0)).unwrap();
    let refused = run.advance();
    assert!(
        matches!(refused, Err(Error::Draw(DrawError::FrameNotSubmitted))),
        "{refused:?}"
    );
    assert_eq!(run.save().unwrap().position(), 1);
    drop(encoder);
    assert_eq!(finish(run), whole);
}

/// Noise before the first step, of which nothing is seen; the images once they are done.
#[test]
fn images_are_there_from_the_beginning() {
    let model = model();
    let draw = Draw::new().steps("3");
    let [on_processor, on_gpu] = [Device::cpu(), Device::from(gpu().clone())].map(|device| {
        let mut run = begin(&mut model.on(device).unwrap(), &draw, 0);
        let noise = run.images().unwrap();
        let bytes = run.preview().unwrap().bytes().unwrap();
        assert!(bytes.iter().all(|&byte| byte == 0));
        while run.advance().unwrap() {}
        assert_eq!(run.preview().unwrap(), run.images().unwrap());
        noise
    });
    let near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-5;
    assert!(on_processor.planes().iter().zip(on_gpu.planes()).all(near));
}

#[test]
fn what_cannot_be_asked_of_a_run_is_told() {
    let model = model();
    let mut on_processor = begin(
        &mut model.on(Device::cpu()).unwrap(),
        &Draw::new().steps("3"),
        0,
    );
    let mut encoder = gpu().device().create_command_encoder(&Default::default());
    let refused = on_processor.record(&mut encoder, Budget::milliseconds(2.0));
    assert!(
        matches!(refused, Err(Error::Draw(DrawError::NotOnGpu))),
        "{refused:?}"
    );
    assert!(matches!(
        on_processor.pacing(),
        Err(Error::Draw(DrawError::NotOnGpu))
    ));
}
