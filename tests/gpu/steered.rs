//! Runs that are steered beside their sampler: the same bits however they are cut, and what does not go together.

use iddpm::cpu;
use iddpm::diffusion::{
    Clip, Controls, Diffusion, Error, Guidance, InlineProcess, KnownBuf, Method, PaletteBuf,
    Resampling, RunError, Sample, Sampler, Schedule, Slice, Timesteps,
};
use iddpm::gpu::{DeviceGeneration, DeviceWeights, GpuError, NoiseSource, Precision, wgpu};
use iddpm::unet::{Graph, ImageSize, Weights};

use super::generation::{SIDE, config, samples, weights};
use super::gpu;

pub(super) const ELEMENTS: usize = 3 * SIDE * SIDE;

pub(super) fn graph(batch: usize) -> Graph {
    let config = config().with_null_class();
    config.graph(batch, ImageSize::square(SIDE)).unwrap()
}

fn guidance(images: usize) -> Guidance {
    Guidance {
        scales: (0..images).map(|at| 2.0 + at as f32).collect(),
        others: vec![5; images],
    }
}

fn known() -> KnownBuf {
    let wave = |at: usize| (at as f32 * 0.37).sin();
    KnownBuf {
        picture: (0..ELEMENTS).map(wave).collect(),
        mask: (0..ELEMENTS)
            .map(|at| [0.0, 1.0, 0.25][at / SIDE % 3])
            .collect(),
    }
}

fn palette(from: u32) -> PaletteBuf {
    PaletteBuf {
        colours: vec![-0.9, -0.9, -0.9, 0.8, -0.5, -0.5, 0.9, 0.9, 0.7],
        channels: 3,
        from,
    }
}

/// Each control alone, and all of them.
pub(super) fn all_controls(images: usize) -> Vec<(&'static str, Controls)> {
    let none = Controls::default;
    vec![
        (
            "guidance",
            Controls {
                guidance: Some(guidance(images)),
                ..none()
            },
        ),
        (
            "known",
            Controls {
                known: Some(known()),
                ..none()
            },
        ),
        (
            "palette",
            Controls {
                palette: Some(palette(2)),
                ..none()
            },
        ),
        (
            "all",
            Controls {
                guidance: Some(guidance(images)),
                known: Some(known()),
                palette: Some(palette(4)),
            },
        ),
    ]
}

pub(super) fn process() -> InlineProcess<4> {
    InlineProcess::new(&Diffusion::new(Schedule::Cosine, 1000), Timesteps::even(4)).unwrap()
}

pub(super) fn sampler<'p>(
    process: &'p InlineProcess<4>,
    method: Method,
    controls: &Controls,
) -> Sampler<'p> {
    clipped(process, method, Clip::DYNAMIC, controls)
}

pub(super) fn clipped<'p>(
    process: &'p InlineProcess<4>,
    method: Method,
    clip: Clip,
    controls: &Controls,
) -> Sampler<'p> {
    let sampler = Sampler::new(process, method, clip).unwrap();
    let sampler = sampler.with_last_steps(3).unwrap();
    match controls.known {
        Some(_) => sampler.keeping(Resampling { rounds: 2, jump: 2 }).unwrap(),
        None => sampler,
    }
}

pub(super) fn begin(
    sampler: &Sampler<'_>,
    samples: &[Sample],
    controls: &Controls,
) -> DeviceGeneration {
    let gpu = gpu();
    let graph = graph(samples.len() * controls.looks());
    let weights = weights(&graph);
    let weights = Weights::F32(&weights);
    let weights = DeviceWeights::upload_blocking(gpu, &graph, weights, Precision::Full).unwrap();
    let source = NoiseSource::Philox;
    pollster::block_on(DeviceGeneration::steered(
        gpu, &graph, &weights, sampler, samples, source, controls,
    ))
    .unwrap()
}

pub(super) fn sampler_of_none(process: &InlineProcess<4>, method: Method) -> Sampler<'_> {
    sampler(process, method, &Controls::default())
}

/// Under guidance what the network sees once more lies behind the images.
#[test]
fn the_buffer_of_x_has_the_images_as_often_as_they_are_seen() {
    let process = process();
    let samples = samples([6, 7]);
    for (name, controls) in all_controls(samples.len()) {
        let sampler = sampler(&process, Method::Ancestral, &controls);
        let run = begin(&sampler, &samples, &controls);
        let numbers = controls.looks() * samples.len() * ELEMENTS;
        assert_eq!(run.x_buffer().size(), 4 * numbers as u64, "{name}");
    }
}

/// However it is cut into dispatches, and whatever else is in the batch.
#[test]
fn the_bits_are_the_same_however_a_run_is_cut() {
    let process = process();
    let samples = samples([6, 7]);
    let gpu = gpu();
    for (name, controls) in all_controls(samples.len()) {
        let sampler = sampler(&process, Method::Ancestral, &controls);
        let whole = begin(&sampler, &samples, &controls)
            .finish_blocking()
            .unwrap();
        let mut cut = begin(&sampler, &samples, &controls);
        while !cut.is_done() {
            let mut encoder = gpu
                .device()
                .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            cut.record(&mut encoder, 7);
            gpu.queue().submit([encoder.finish()]);
        }
        assert_eq!(cut.x_blocking().unwrap(), whole, "{name}");

        let mut second = controls.clone();
        second.guidance = controls.guidance.as_ref().map(|both| Guidance {
            scales: both.scales[1..].to_vec(),
            others: both.others[1..].to_vec(),
        });
        let alone = begin(&sampler, &samples[1..], &second)
            .finish_blocking()
            .unwrap();
        assert_eq!(alone, whole[ELEMENTS..], "{name}");
    }
}

/// From a state after each step, on the same device and on the processor's side.
#[test]
fn a_steered_run_goes_on_from_every_step() {
    let process = process();
    let samples = samples([6, 7]);
    let (_, controls) = all_controls(samples.len()).pop().unwrap();
    let sampler = sampler(&process, Method::DpmSolverPlusPlus2M, &controls);
    let whole = begin(&sampler, &samples, &controls)
        .finish_blocking()
        .unwrap();
    let mut run = begin(&sampler, &samples, &controls);
    for position in 0..=sampler.evaluations() {
        let paused = run.paused_blocking().unwrap();
        assert_eq!(paused.state.position, position);
        let mut resumed = begin(&sampler, &samples, &controls);
        resumed.resume(&paused).unwrap();
        assert_eq!(resumed.finish_blocking().unwrap(), whole, "{position}");
        let mut encoder = gpu()
            .device()
            .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        run.record_step(&mut encoder);
        gpu().queue().submit([encoder.finish()]);
    }
}

/// Wherever within a step a run is cut, what is saved is the state before that step or after it: x is stepped and what is
/// kept put in place at once.
#[test]
fn a_cut_within_a_step_is_no_state_between() {
    let process = process();
    let samples = samples([6]);
    let controls = Controls {
        known: Some(known()),
        ..Controls::default()
    };
    let sampler = sampler(&process, Method::Heun, &controls);
    let whole = begin(&sampler, &samples, &controls)
        .finish_blocking()
        .unwrap();
    let mut run = begin(&sampler, &samples, &controls);
    let (mut cuts, mut left) = (0, run.dispatches_left());
    // One of them draws x_T.
    let of_step = (left - 1) / sampler.evaluations() as usize;
    while !run.is_done() && run.position() < 2 {
        let mut encoder = gpu()
            .device()
            .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let recorded = run.record(&mut encoder, 1);
        gpu().queue().submit([encoder.finish()]);
        assert_eq!(run.dispatches_left() + recorded, left);
        left = run.dispatches_left();
        cuts += 1;
        // All of the last ones of a step, and some of the many before them.
        if left % of_step > 10 && cuts % 60 > 0 {
            continue;
        }
        let paused = run.paused_blocking().unwrap();
        let mut resumed = begin(&sampler, &samples, &controls);
        resumed.resume(&paused).unwrap();
        assert_eq!(resumed.finish_blocking().unwrap(), whole, "{cuts}");
    }
    assert!(cuts > 10, "{cuts}");
}

/// A picture without a run that keeps it, and the other way round; sizes that are not the image's, numbers that are none:
/// by the same error on both executors.
#[test]
fn what_does_not_go_together_is_refused() {
    let process = process();
    let samples = samples([6]);
    let plain = sampler_of_none(&process, Method::Ancestral);
    let with_known = Controls {
        known: Some(known()),
        ..Controls::default()
    };
    let keeping = sampler(&process, Method::Ancestral, &with_known);
    let mut short = known();
    short.mask.pop();
    let short = Controls {
        known: Some(short),
        ..Controls::default()
    };
    let mut colours = palette(0);
    colours.colours.pop();
    let colours = Controls {
        palette: Some(colours),
        ..Controls::default()
    };
    let unequal = Controls {
        guidance: Some(guidance(3)),
        ..Controls::default()
    };
    let mut beyond = palette(0);
    beyond.colours[4] = 1.5;
    let beyond = Controls {
        palette: Some(beyond),
        ..Controls::default()
    };
    let mut broken = known();
    broken.picture[7] = f32::NAN;
    let broken = Controls {
        known: Some(broken),
        ..Controls::default()
    };
    let mut scaled = guidance(1);
    scaled.scales[0] = f32::INFINITY;
    let scaled = Controls {
        guidance: Some(scaled),
        ..Controls::default()
    };
    let length = |slice, len, expected| Error::Length {
        slice,
        len,
        expected,
    };
    let not_finite = |slice, index| Error::NotFinite { slice, index };
    let out_of_range = |slice, index, value, [min, max]: [f32; 2]| Error::OutOfRange {
        slice,
        index,
        value,
        min,
        max,
    };
    let cases = [
        (&plain, &with_known, Error::KeepMissing),
        (&keeping, &Controls::default(), Error::PictureMissing),
        (
            &keeping,
            &short,
            length(Slice::Mask, ELEMENTS - 1, ELEMENTS),
        ),
        (&keeping, &broken, not_finite(Slice::Picture, 7)),
        (&plain, &colours, length(Slice::Colours, 8, 3)),
        (
            &plain,
            &beyond,
            out_of_range(Slice::Colours, 4, 1.5, [-1.0, 1.0]),
        ),
        (&plain, &unequal, length(Slice::Scales, 3, 1)),
        (
            &plain,
            &scaled,
            out_of_range(Slice::Scales, 0, f32::INFINITY, [0.0, 100.0]),
        ),
    ];
    for (sampler, controls, due) in cases {
        let graph = graph(samples.len() * controls.looks());
        let weights = weights(&graph);
        let weights = Weights::F32(&weights);
        let gpu = gpu();
        let uploaded =
            DeviceWeights::upload_blocking(gpu, &graph, weights, Precision::Full).unwrap();
        let source = NoiseSource::Philox;
        let begun =
            DeviceGeneration::steered(gpu, &graph, &uploaded, sampler, &samples, source, controls);
        let refused = pollster::block_on(begun).unwrap_err();
        assert_eq!(refused, GpuError::Sampler(due));
        let network = cpu::Network::new(&graph, weights).unwrap();
        let run = cpu::Generation::steered(network, sampler.clone(), &samples, controls.clone());
        assert_eq!(run.unwrap_err(), cpu::NetworkError::Sampler(due));
    }
}

/// A run that keeps a part of a picture draws noise within each step, where the host has no say.
#[test]
fn noise_of_the_hosts_own_keeps_no_picture() {
    let process = process();
    let samples = samples([6]);
    let controls = Controls {
        known: Some(known()),
        ..Controls::default()
    };
    let sampler = sampler(&process, Method::Ancestral, &controls);
    let graph = graph(1);
    let weights = weights(&graph);
    let weights = Weights::F32(&weights);
    let gpu = gpu();
    let weights = DeviceWeights::upload_blocking(gpu, &graph, weights, Precision::Full).unwrap();
    let source = NoiseSource::Host;
    let begun =
        DeviceGeneration::steered(gpu, &graph, &weights, &sampler, &samples, source, &controls);
    assert_eq!(pollster::block_on(begun).unwrap_err(), GpuError::HostNoise);
}

/// What a network makes that is no number is found: on a device by the step, whatever is done with it before and after.
#[test]
fn what_is_not_finite_is_found_however_a_run_is_steered() {
    let process = process();
    let samples = samples([6, 7]);
    for (name, controls) in all_controls(samples.len()) {
        let sampler = sampler(&process, Method::Ancestral, &controls);
        let graph = graph(samples.len() * controls.looks());
        let mut weights = weights(&graph);
        // What the last convolution adds up is then beyond f32, of either sign.
        let last = graph.params().iter().find(|it| it.name == "out.0.weight");
        let last = last.unwrap();
        weights[last.offset..][..last.elements()].fill(f32::MAX);
        let weights = Weights::F32(&weights);
        let gpu = gpu();
        let uploaded =
            DeviceWeights::upload_blocking(gpu, &graph, weights, Precision::Full).unwrap();
        let source = NoiseSource::Philox;
        let begun = DeviceGeneration::steered(
            gpu, &graph, &uploaded, &sampler, &samples, source, &controls,
        );
        let mut run = pollster::block_on(begun).unwrap();
        let error = run.finish_blocking().unwrap_err();
        let found = matches!(error, GpuError::NotFinite { .. });
        assert!(found, "{name}: {error}");
        let network = cpu::Network::new(&graph, weights).unwrap();
        let run = cpu::Generation::steered(network, sampler.clone(), &samples, controls.clone());
        let error = run.unwrap().advance().unwrap_err();
        // The network's own look at what it makes.
        let found = matches!(
            error,
            RunError::Denoiser(cpu::NetworkError::NotFinite { .. })
        );
        assert!(found, "{name}: {error}");
    }
}
