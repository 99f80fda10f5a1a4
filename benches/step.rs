//! What a sampling step costs beside the plainest loop over the same memory.
//!
//! The floor of a DDIM step is that of `x = a·x + b·y`: two reads, one write, two multiplications
//! and an addition per element. The step itself needs x̂_0 (2 multiplications, 1 addition), its
//! clipping (2 comparisons, 1 multiplication), the sum (2, 1) and the check that the result is
//! finite (1): 10 operations against 3 on the same 12 bytes. An ancestral step with learned variance
//! reads two more slices (20 bytes) and evaluates 2^x, 24 operations in all where the variance hardly
//! varies within a block of 64, 33 where it does.
//!
//! So where the slices lie in the last cache level or in memory the bound is bandwidth, 1.0 and 5/3 of
//! the loop; where they lie in the first two levels the bound is arithmetic, 3 and 8 times the loop's.
//!
//! Goals, at a batch of 64 images of 3×64×64: DDIM within 1.5 of the loop, ancestral within 3.
//! `cargo bench --workspace --bench step` measured 1.18 and 2.69 of it there with the instructions every x86-64
//! has, and with `--features std` (AVX-512) 1.00 and 2.18. In the first level the two are 2.8 and 7.1
//! without `std`, 1.9 and 4.2 with it: the arithmetic bound, as predicted.

#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use iddpm::diffusion::{
    Clip, Diffusion, InlineProcess, Method, Noise, Sampler, Schedule, Step, Timesteps, Variance,
};
use std::hint::black_box;
use std::time::Instant;

fn step(variance: Variance, method: Method) -> Step {
    let model = Diffusion::new(Schedule::Cosine, 1000).with_variance(variance);
    let process = InlineProcess::<50>::new(&model, Timesteps::even(50)).unwrap();
    Sampler::new(&process, method, Clip::Unit)
        .unwrap()
        .step_at(25)
        .unwrap()
}

/// A batch of images and what a step needs beside them.
struct Batch {
    elements: usize,
    x: Vec<f32>,
    output: Vec<f32>,
    learned: Vec<f32>,
    noise: Vec<f32>,
}

impl Batch {
    fn new(images: usize, elements: usize) -> Self {
        let normals = |sample| {
            let mut values = vec![0.0; images * elements];
            Noise::new(1).stream(sample, 0).fill_normals(0, &mut values);
            values
        };
        let output = normals(1);
        let channels = |mean: &[f32]| mean.iter().map(|v| v.tanh()).collect::<Vec<_>>();
        let with_channels = |mean: &[f32]| [mean, &channels(mean)].concat();
        Self {
            elements,
            x: normals(0),
            learned: output.chunks(elements).flat_map(with_channels).collect(),
            output,
            noise: normals(2),
        }
    }

    fn plain_loop(&mut self) {
        let (a, b) = (black_box(0.6_f32), black_box(0.8_f32));
        for (x, y) in black_box(&mut self.x[..])
            .iter_mut()
            .zip(black_box(&self.output[..]))
        {
            *x = a * *x + b * y;
        }
    }

    fn ddim(&mut self, step: &Step) {
        let outputs = self.output.chunks(self.elements);
        for (x, output) in self.x.chunks_mut(self.elements).zip(outputs) {
            black_box(step).apply(x, output, &[]).unwrap();
        }
    }

    fn ancestral(&mut self, step: &Step) {
        let outputs = self.learned.chunks(2 * self.elements);
        let given = outputs.zip(self.noise.chunks(self.elements));
        for (x, (output, noise)) in self.x.chunks_mut(self.elements).zip(given) {
            black_box(step).apply(x, output, noise).unwrap();
        }
    }
}

const BATCHES: [(usize, usize); 3] = [(1, 3 * 32 * 32), (8, 3 * 64 * 64), (64, 3 * 64 * 64)];

fn steps(c: &mut Criterion) {
    let ddim = step(Variance::FixedSmall, Method::Ddim { eta: 0.0 });
    let ancestral = step(Variance::LearnedRange, Method::Ancestral);
    for (images, elements) in BATCHES {
        let mut batch = Batch::new(images, elements);
        let mut group = c.benchmark_group(format!("step/{images}x{elements}"));
        group.throughput(Throughput::Elements((images * elements) as u64));
        group.bench_function("a*x + b*y", |b| b.iter(|| batch.plain_loop()));
        group.bench_function("DDIM", |b| b.iter(|| batch.ddim(&ddim)));
        group.bench_function("ancestral, learned variance", |b| {
            b.iter(|| batch.ancestral(&ancestral));
        });
        group.finish();
    }
}

/// The ratios to the plain loop, the three taken in turn; the best of many turns of each, since
/// whatever else the machine does only adds.
fn ratios(_: &mut Criterion) {
    let ddim = step(Variance::FixedSmall, Method::Ddim { eta: 0.0 });
    let ancestral = step(Variance::LearnedRange, Method::Ancestral);
    for (images, elements) in BATCHES {
        let mut batch = Batch::new(images, elements);
        let mut best = [f64::INFINITY; 3];
        for _ in 0..400 {
            let runs: [&mut dyn FnMut(&mut Batch); 3] = [
                &mut |batch| batch.plain_loop(),
                &mut |batch| batch.ddim(&ddim),
                &mut |batch| batch.ancestral(&ancestral),
            ];
            for (best, run) in best.iter_mut().zip(runs) {
                let start = Instant::now();
                run(&mut batch);
                *best = best.min(start.elapsed().as_secs_f64());
            }
        }
        let [plain, ddim, ancestral] = best.map(|seconds| seconds * 1e9 / batch.x.len() as f64);
        println!(
            "{images:>2} images of {elements:>5}: loop {plain:.3} ns/element, DDIM {:.2} of it, \
             ancestral with learned variance {:.2} of it",
            ddim / plain,
            ancestral / plain
        );
    }
}

fn building(c: &mut Criterion) {
    let mut group = c.benchmark_group("build");
    for timesteps in [1000_u32, 4000] {
        for (name, schedule) in [("linear", Schedule::Linear), ("cosine", Schedule::Cosine)] {
            let id = format!("{name} schedule, T = {timesteps}");
            group.bench_function(id, |b| {
                b.iter(|| {
                    black_box(schedule)
                        .levels(timesteps, false)
                        .unwrap()
                        .map(|l| l.alpha_bar)
                        .sum::<f64>()
                });
            });
        }
        let model = Diffusion::new(Schedule::Cosine, timesteps);
        group.bench_function(format!("50-step process, T = {timesteps}"), |b| {
            b.iter(|| InlineProcess::<50>::new(black_box(&model), Timesteps::even(50)).unwrap());
        });
        let process = InlineProcess::<50>::new(&model, Timesteps::even(50)).unwrap();
        group.bench_function(format!("all 50 steps of a sampler, T = {timesteps}"), |b| {
            b.iter(|| {
                let sampler =
                    Sampler::new(black_box(&process), Method::Ancestral, Clip::Unit).unwrap();
                for step in sampler {
                    let _ = black_box(step);
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, steps, building, ratios);
criterion_main!(benches);
