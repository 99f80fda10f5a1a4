//! What a sampling step costs beside the plainest loop over the same memory.
//!
//! The floor of a DDIM step is that of `x = a·x + b·y`: two reads, one write, two multiplications
//! and an addition per element. The step itself needs x̂_0 (2 multiplications, 1 addition), its
//! clipping (2 comparisons), the sum (2, 1) and the check that the result is finite (3 integer
//! operations): about 11 operations against 3 on the same 12 bytes. An ancestral step with learned
//! variance reads two more slices (20 bytes) and evaluates 2^x, about 30 operations in all.
//! So where the slices lie in memory or the last cache level the bound is bandwidth, 1.0 and 5/3 of
//! the loop; where they lie in the first cache level the bound is arithmetic.
//!
//! Goals, at a batch of 64 images of 3×64×64: DDIM within 1.5 of the loop, ancestral within 3.

#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use iddpm::diffusion::{
    Clip, Diffusion, InlineProcess, Method, Noise, Sampler, Schedule, Step, Timesteps, Variance,
};
use std::hint::black_box;

fn step(variance: Variance, method: Method) -> Step {
    let model = Diffusion::new(Schedule::Cosine, 1000).with_variance(variance);
    let process = InlineProcess::<50>::new(&model, Timesteps::even(50)).unwrap();
    Sampler::new(&process, method, Clip::Unit)
        .unwrap()
        .step_at(25)
        .unwrap()
}

fn steps(c: &mut Criterion) {
    let ddim = step(Variance::FixedSmall, Method::Ddim { eta: 0.0 });
    let ancestral = step(Variance::LearnedRange, Method::Ancestral);
    for (elements, images) in [(3 * 32 * 32, 1), (3 * 64 * 64, 8), (3 * 64 * 64, 64)] {
        let total = elements * images;
        let normals = |sample| {
            let mut values = vec![0.0; total];
            Noise::new(1).stream(sample, 0).fill_normals(0, &mut values);
            values
        };
        let (mut x, y, noise) = (normals(0), normals(1), normals(2));
        let learned: Vec<f32> = y
            .chunks(elements)
            .flat_map(|mean| mean.iter().copied().chain(mean.iter().map(|v| v.tanh())))
            .collect();
        let mut group = c.benchmark_group(format!("step/{images}x{elements}"));
        group.throughput(Throughput::Elements(total as u64));
        group.bench_function(BenchmarkId::from_parameter("a*x + b*y"), |b| {
            let (a, b_) = (black_box(0.6_f32), black_box(0.8_f32));
            b.iter(|| {
                for (x, y) in black_box(&mut x[..]).iter_mut().zip(black_box(&y[..])) {
                    *x = a * *x + b_ * y;
                }
            });
        });
        group.bench_function(BenchmarkId::from_parameter("DDIM"), |b| {
            b.iter(|| {
                for (x, output) in x.chunks_mut(elements).zip(y.chunks(elements)) {
                    black_box(&ddim).apply(x, output, &[]).unwrap();
                }
            });
        });
        group.bench_function(
            BenchmarkId::from_parameter("ancestral, learned variance"),
            |b| {
                b.iter(|| {
                    let outputs = learned.chunks(2 * elements);
                    let noises = noise.chunks(elements);
                    for ((x, output), noise) in x.chunks_mut(elements).zip(outputs).zip(noises) {
                        black_box(&ancestral).apply(x, output, noise).unwrap();
                    }
                });
            },
        );
        group.finish();
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

criterion_group!(benches, steps, building);
criterion_main!(benches);
