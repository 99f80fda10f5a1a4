//! Runs that are steered beside their sampler: the processor's images, the same bits however they are cut.

use iddpm::cpu;
use iddpm::diffusion::{
    Clip, Controls, Diffusion, Guidance, InlineProcess, KnownBuf, Method, PaletteBuf, Resampling,
    Sample, Sampler, Schedule, Timesteps,
};
use iddpm::gpu::{DeviceGeneration, DeviceWeights, NoiseSource, Precision, wgpu};
use iddpm::unet::{Graph, ImageSize, Weights};

use super::generation::{config, samples, weights};
use super::gpu;
use super::networks::distance;

const SIDE: usize = 8;
const ELEMENTS: usize = 3 * SIDE * SIDE;

fn graph(batch: usize) -> Graph {
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
fn all_controls(images: usize) -> Vec<(&'static str, Controls)> {
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

fn process() -> InlineProcess<4> {
    InlineProcess::new(&Diffusion::new(Schedule::Cosine, 1000), Timesteps::even(4)).unwrap()
}

fn sampler<'p>(process: &'p InlineProcess<4>, method: Method, controls: &Controls) -> Sampler<'p> {
    let sampler = Sampler::new(process, method, Clip::DYNAMIC).unwrap();
    let sampler = sampler.with_last_steps(3).unwrap();
    match controls.known {
        Some(_) => sampler.keeping(Resampling { rounds: 2, jump: 2 }).unwrap(),
        None => sampler,
    }
}

fn on_the_processor(sampler: &Sampler<'_>, samples: &[Sample], controls: &Controls) -> Vec<f32> {
    let graph = graph(samples.len() * controls.looks());
    let weights = weights(&graph);
    let network = cpu::Network::new(&graph, Weights::F32(&weights)).unwrap();
    let controls = controls.clone();
    let mut run = cpu::Generation::steered(network, sampler.clone(), samples, controls).unwrap();
    while run.advance().unwrap() {}
    run.x().to_vec()
}

fn begin(sampler: &Sampler<'_>, samples: &[Sample], controls: &Controls) -> DeviceGeneration {
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

const METHODS: [Method; 4] = [
    Method::Ancestral,
    Method::Ddim { eta: 0.5 },
    Method::DpmSolverPlusPlus2M,
    Method::Heun,
];

/// Both executors make the same of every control under every method. A pixel between two colours may go to either; each
/// is of the palette.
#[test]
fn both_executors_agree() {
    let process = process();
    let samples = samples([6, 7]);
    for method in METHODS {
        for (name, controls) in all_controls(samples.len()) {
            let sampler = sampler(&process, method, &controls);
            let expected = on_the_processor(&sampler, &samples, &controls);
            let plain = on_the_processor(
                &sampler_of_none(&process, method),
                &samples,
                &Controls::default(),
            );
            let got = begin(&sampler, &samples, &controls)
                .finish_blocking()
                .unwrap();
            assert_ne!(expected, plain, "{name} does nothing under {method}");
            let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
            match controls.palette {
                None => {
                    let found = distance(&wide(&got), &wide(&expected));
                    assert!(found.largest < 1e-3, "{name}, {method}: {found:?}");
                }
                Some(_) => {
                    let apart = got
                        .iter()
                        .zip(&expected)
                        .filter(|(a, b)| (*a - *b).abs() > 1e-3);
                    assert!(apart.count() * 50 < got.len(), "{name}, {method}");
                    if controls.known.is_none() {
                        let colours = palette(0).colours;
                        assert!(got.iter().all(|x| colours.contains(x)), "{name}, {method}");
                    }
                }
            }
        }
    }
}

fn sampler_of_none(process: &InlineProcess<4>, method: Method) -> Sampler<'_> {
    sampler(process, method, &Controls::default())
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

/// A picture without a run that keeps it, and the other way round; sizes that are not the image's.
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
    let cases = [
        (&plain, &with_known, "keeps nothing"),
        (&keeping, &Controls::default(), "put it in place"),
        (&keeping, &short, "mask"),
        (&plain, &colours, "colours"),
        (&plain, &unequal, "guidance"),
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
        let refused = pollster::block_on(begun).unwrap_err().to_string();
        assert!(refused.contains(due), "{refused}");
        let network = cpu::Network::new(&graph, weights).unwrap();
        let run = cpu::Generation::steered(network, sampler.clone(), &samples, controls.clone());
        let refused = run.map(|mut run| run.advance().is_err());
        assert!(!matches!(refused, Ok(false)), "{due}");
    }
}
