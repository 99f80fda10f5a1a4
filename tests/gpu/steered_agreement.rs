//! Runs that are steered beside their sampler: the processor's images, to within rounding.

use iddpm::cpu;
use iddpm::diffusion::{Clip, Controls, KnownBuf, Method, PaletteBuf, Sample, Sampler};
use iddpm::gpu::wgpu;
use iddpm::unet::Weights;

use super::generation::{SIDE, samples, weights};
use super::gpu;
use super::networks::distance;
use super::steered::{
    ELEMENTS, all_controls, begin, clipped, graph, process, sampler, sampler_of_none,
};

const METHODS: [Method; 4] = [
    Method::Ancestral,
    Method::Ddim { eta: 0.5 },
    Method::DpmSolverPlusPlus2M,
    Method::Heun,
];

/// How much farther apart two executors are than a network is from itself with every weight moved by an ulp.
///
/// That moves each product by 2^-24 of itself or more, and a sum of n products by as much of itself. Rounding each product
/// and each of n partial sums, added one after the other, moves it by 2^-24·√(n/2 + 1) of itself, as partial sums grow
/// as the root of their number; two executors, which add in other orders, are √2 of that apart: √(n + 2). The longest
/// sums are those of the convolutions that see 64 channels beside 64 others.
const ROUNDING: f64 = {
    let longest = 9 * (64 + 64);
    // 34² is the next square.
    assert!(longest + 2 <= 34 * 34);
    34.0
};

/// A network with every weight moved to the number next to it, up or down.
fn moved(weights: &[f32]) -> Vec<f32> {
    let next = |(at, weight): (usize, &f32)| match at.count_ones() % 2 {
        0 => weight.next_up(),
        _ => weight.next_down(),
    };
    weights.iter().enumerate().map(next).collect()
}

fn on_the_processor<'p>(
    sampler: &Sampler<'p>,
    samples: &[Sample],
    controls: &Controls,
    change: fn(&[f32]) -> Vec<f32>,
) -> cpu::Generation<'p> {
    let graph = graph(samples.len() * controls.looks());
    let weights = change(&weights(&graph));
    let network = cpu::Network::new(&graph, Weights::F32(&weights)).unwrap();
    cpu::Generation::steered(network, sampler.clone(), samples, controls.clone()).unwrap()
}

fn finished(mut run: cpu::Generation<'_>) -> Vec<f64> {
    while run.advance().unwrap() {}
    wide(run.x())
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

/// Both executors make the same of every control under every method, to within rounding.
#[test]
fn both_executors_agree() {
    let process = process();
    let samples = samples([6, 7]);
    for method in METHODS {
        let plain = sampler_of_none(&process, method);
        let plain = finished(on_the_processor(
            &plain,
            &samples,
            &Controls::default(),
            <[f32]>::to_vec,
        ));
        for (name, controls) in all_controls(samples.len()) {
            let sampler = sampler(&process, method, &controls);
            let expected = finished(on_the_processor(
                &sampler,
                &samples,
                &controls,
                <[f32]>::to_vec,
            ));
            assert_ne!(expected, plain, "{name} does nothing under {method}");
            if controls.palette.is_some() {
                continue;
            }
            let beside = finished(on_the_processor(&sampler, &samples, &controls, moved));
            let most = distance(&beside, &expected);
            let got = begin(&sampler, &samples, &controls)
                .finish_blocking()
                .unwrap();
            let found = distance(&wide(&got), &expected);
            println!("{name}, {method}: {found:?}, moved {most:?}");
            assert!(found.root <= ROUNDING * most.root, "{name}, {method}");
            assert!(found.largest <= ROUNDING * most.largest, "{name}, {method}");
        }
    }
}

/// From every state on which colours are taken, each pixel goes to the nearest, or to one that is as near to within the
/// rounding of x̂_0, on both executors.
#[test]
fn each_pixel_goes_to_its_nearest_colour() {
    let process = process();
    let samples = samples([6, 7]);
    for method in METHODS {
        for (name, controls) in all_controls(samples.len()) {
            let Some(palette) = &controls.palette else {
                continue;
            };
            // Unclipped, of no palette and of no picture the preview is the x̂_0 that goes to the colours.
            let sampler = clipped(&process, method, Clip::None, &controls);
            let mut free = controls.clone();
            free.palette = None;
            if let Some(known) = &mut free.known {
                known.mask.fill(1.0);
            }
            let mut run = on_the_processor(&sampler, &samples, &controls, <[f32]>::to_vec);
            let mut given = on_the_processor(&sampler, &samples, &free, <[f32]>::to_vec);
            let mut beside = on_the_processor(&sampler, &samples, &free, moved);
            let mut device = begin(&sampler, &samples, &controls);
            let mut evaluations = 0;
            loop {
                let paused = run.paused().unwrap();
                if !run.advance().unwrap() {
                    break;
                }
                if paused.state.position < palette.from {
                    continue;
                }
                for free in [&mut given, &mut beside] {
                    free.resume(&paused).unwrap();
                    free.advance().unwrap();
                }
                let apart = given.x_start().iter().zip(beside.x_start());
                let apart = apart.map(|(a, b)| f64::from((a - b).abs()));
                let slack = ROUNDING * apart.fold(0.0, f64::max);
                device.resume(&paused).unwrap();
                let mut encoder = gpu()
                    .device()
                    .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
                device.record_step(&mut encoder);
                gpu().queue().submit([encoder.finish()]);
                let on_device = device.x_start_blocking().unwrap();
                for got in [run.x_start(), &on_device] {
                    let due = nearest(given.x_start(), slack, palette, controls.known.as_ref());
                    assert!(due(got), "{name}, {method}: {}", paused.state.position);
                }
                evaluations += 1;
            }
            assert!(evaluations > 0, "{name}, {method}");
        }
    }
}

/// Whether each pixel of some images is what is kept of a picture beside a colour as near to x̂_0 as any, if each number
/// of that is off by no more than `slack`.
fn nearest<'a>(
    x_start: &'a [f32],
    slack: f64,
    palette: &'a PaletteBuf,
    known: Option<&'a KnownBuf>,
) -> impl Fn(&[f32]) -> bool + 'a {
    let plane = SIDE * SIDE;
    move |got| {
        let mut pixels = (0..got.len() / ELEMENTS).flat_map(|image| {
            (0..plane).map(move |pixel| [0, 1, 2].map(|c| image * ELEMENTS + c * plane + pixel))
        });
        pixels.all(|places| {
            let distance = |colour: &[f32]| -> f64 {
                let away = places.iter().zip(colour);
                away.map(|(&at, &c)| (f64::from(x_start[at]) - f64::from(c)).powi(2))
                    .sum()
            };
            let colours = || palette.colours.chunks_exact(3);
            // What is between two distances is linear in x̂_0: 2·(a - b) a number.
            let may_be = |colour: &[f32]| {
                colours().all(|other| {
                    let between = colour.iter().zip(other);
                    let between: f64 = between.map(|(a, b)| f64::from((a - b).abs())).sum();
                    distance(colour) <= distance(other) + 2.0 * slack * between
                })
            };
            let is = |colour: &[f32]| {
                places.iter().zip(colour).all(|(&at, &colour)| {
                    let element = at % ELEMENTS;
                    let due = known.map_or(colour, |known| {
                        let mask = known.mask[element];
                        mask * colour + (1.0 - mask) * known.picture[element]
                    });
                    // Two products and their sum, all within 1.
                    (got[at] - due).abs() <= 3.0 * f32::EPSILON
                })
            };
            colours().any(|colour| is(colour) && may_be(colour))
        })
    }
}
