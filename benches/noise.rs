//! Normal and uniform deviates per second, beside `rand_distr`'s `StandardNormal` on `SmallRng`.
//!
//! What a deviate must cost with SSE2, the default on x86-64, in instructions that a vector unit
//! executes (four 32-bit or two 64-bit lanes each):
//!
//! | part | per | instructions |
//! |---|---|---|
//! | Philox: 20 products less 2 that are the same for a whole stream; a shift for the high half of each but one; two exclusive ors for a word, less what folds into constants; packing | 2 blocks, 8 deviates | 72 |
//! | -2 ln u: conversion and splitting 9, polynomial 13, joining 5 | 4 pairs, 8 deviates | 27 |
//! | the signed root | 4 pairs | 12 |
//! | sine and cosine 20, times the radius 2 | 4 pairs | 22 |
//! | interleaving (8 would do, the compiler takes 14) | 16 deviates | 14 |
//!
//! That is 17.5 for a deviate, 9 of them Philox. Three such instructions a cycle, the most that the
//! processor measured here executes, make 5.8 cycles: 1.6 ns at 3.6 GHz was predicted. Measured on
//! one core of an x86-64 server busy with other work too, in ns for a deviate, by
//! `cargo bench --workspace --bench noise --features micromath` (the last column with `std` as well, which
//! lets the processor's AVX-512 be found):
//!
//! | n | `rand_distr` | `fill_normals` | `fill_uniforms` | `fill_normals_fast` | `fill_normals`, `std` |
//! |---|---|---|---|---|---|
//! | 768 | 2.38 | 1.96 | 1.20 | 11.3 | 0.80 |
//! | 3,072 | 2.23 | 1.93 | 1.22 | 11.4 | 0.72 |
//! | 786,432 | 2.28 | 2.00 | 1.18 | 11.4 | 0.72 |
//!
//! The best of 400 turns, less disturbed, is 1.88 ns against 2.24 at n = 3,072: 15% above the
//! prediction, which has all three units busy in every cycle. Of `fill_normals_fast` see its
//! module: it is for other machines.
//!
//! The ziggurat behind `StandardNormal` needs 64 random bits, a table and a branch for each
//! deviate: few instructions, but none of them in vectors, and its draws depend on the order.
#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
    measurement::WallTime,
};
use iddpm::diffusion::noise::{Noise, NoiseStream};
use rand::{SeedableRng, rngs::SmallRng};
use rand_distr::{Distribution, StandardNormal};

/// 16×16×3, 32×32×3 and 512×512×3 elements.
const SIZES: [usize; 3] = [768, 3_072, 786_432];

fn noise(c: &mut Criterion) {
    let mut group = c.benchmark_group("noise");
    for size in SIZES {
        group.throughput(Throughput::Elements(size as u64));
        let mut out = vec![0.0_f32; size];
        let mut rng = SmallRng::seed_from_u64(0);
        group.bench_function(BenchmarkId::new("rand_distr", size), |b| {
            b.iter(|| {
                for out in &mut out {
                    *out = StandardNormal.sample(&mut rng);
                }
                black_box(&mut out);
            });
        });
        fill(&mut group, "fill_normals", size, NoiseStream::fill_normals);
        fill(
            &mut group,
            "fill_uniforms",
            size,
            NoiseStream::fill_uniforms,
        );
        fast(&mut group, size);
    }
    group.finish();
}

/// One kind of deviate, a new step at each turn.
fn fill(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    size: usize,
    fill: impl Fn(NoiseStream, u64, &mut [f32]),
) {
    let mut out = vec![0.0_f32; size];
    let mut step = 0_u32;
    group.bench_function(BenchmarkId::new(name, size), |b| {
        b.iter(|| {
            step = step.wrapping_add(1);
            fill(Noise::new(0).stream(0, step), 0, &mut out);
            black_box(&mut out);
        });
    });
}

#[cfg(feature = "micromath")]
fn fast(group: &mut BenchmarkGroup<'_, WallTime>, size: usize) {
    fill(
        group,
        "fill_normals_fast",
        size,
        NoiseStream::fill_normals_fast,
    );
}

#[cfg(not(feature = "micromath"))]
fn fast(_: &mut BenchmarkGroup<'_, WallTime>, _: usize) {}

criterion_group!(benches, noise);
criterion_main!(benches);
