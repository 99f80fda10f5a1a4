//! Whole runs against the processor's, within a bound that is computed and not chosen.
//!
//! How far two runs may be apart: let each layer be off by a relative δ. With activations in f16, δ is the
//! error of rounding to it, 2^-11; in f32 it is that of the longest sum of the network ([`sum_of`]). What a
//! network and a sampler make of such errors is found on the processor alone, by a run whose weights are all
//! off by up to ±δ: a layer's products are then off by δ once. A layer of the device rounds its weights, what
//! it reads and what it makes, so its images may be three times as far off as those, in the root of the mean
//! square and in the largest number.

use iddpm::cpu;
use iddpm::diffusion::{Clip, Diffusion, InlineProcess, Method, Sampler, Schedule, Timesteps};
use iddpm::gpu::{Gpu, Precision};
use iddpm::unet::{Graph, Weights};

use super::generation::{begin_in, graph, methods, samples, weights};
use super::golden_network::generate;
use super::gpu;
use super::networks::{Distance, distance};
use super::rounding::{HALF, sum_of};
use super::ways::ways;

pub(crate) const NUMBERS: [u64; 2] = [6, 7];

/// The most products that are summed for a number: of a convolution or a linear layer.
fn longest_sum(graph: &Graph) -> usize {
    let terms = graph.params().iter().filter(|param| param.shape.len() > 1);
    let terms = terms.map(|param| param.elements() / param.rows());
    terms.max().unwrap()
}

/// The processor's images, whose weights are off by up to ±δ of them.
pub(crate) fn on_the_processor(sampler: &Sampler<'_>, delta: f64) -> Vec<f64> {
    let graph = graph(NUMBERS.len());
    let mut weights = weights(&graph);
    let errors = generate(8, "errors", weights.len(), 0.0, delta);
    for (weight, error) in weights.iter_mut().zip(errors) {
        *weight += *weight * error;
    }
    let network = cpu::Network::new(&graph, Weights::F32(&weights)).unwrap();
    let samples = samples(NUMBERS);
    let mut run = cpu::Generation::new(network, sampler.clone(), &samples).unwrap();
    while run.advance().unwrap() {}
    run.x().iter().map(|&x| x.into()).collect()
}

/// How far the device's images may be from the processor's, for one precision.
pub(crate) fn bound(sampler: &Sampler<'_>, exact: &[f64], precision: Precision) -> Distance {
    let delta = match precision {
        Precision::Half => HALF,
        Precision::Full | Precision::HalfWeights => sum_of(longest_sum(&graph(1))),
        other => panic!("{other:?} has no formula here"),
    };
    let Distance { root, largest } = distance(&on_the_processor(sampler, delta), exact);
    Distance {
        root: 3.0 * root,
        largest: 3.0 * largest,
    }
}

/// A device's images are as near as they must be.
pub(crate) fn check(how: &str, got: &[f32], exact: &[f64], bound: Distance) -> Distance {
    let got: Vec<f64> = got.iter().map(|&x| x.into()).collect();
    let found = distance(&got, exact);
    println!(
        "{how}: root {:.1e} of at most {:.1e}, largest {:.1e} of at most {:.1e}",
        found.root, bound.root, found.largest, bound.largest
    );
    assert!(found.root <= bound.root, "{how}: {found:?}, {bound:?}");
    assert!(
        found.largest <= bound.largest,
        "{how}: {found:?}, {bound:?}"
    );
    found
}

/// In each of these ways.
fn check_ways(sampler: &Sampler<'_>, ways: Vec<(Gpu, Precision)>) {
    let exact = on_the_processor(sampler, 0.0);
    let [full, half] = [Precision::Full, Precision::Half].map(|it| bound(sampler, &exact, it));
    for (gpu, precision) in ways {
        let got = begin_in(&gpu, precision, sampler, NUMBERS).finish_blocking();
        let is_half = precision == Precision::Half;
        let bound = if is_half { half } else { full };
        let how = format!("{:?}, {precision:?}", gpu.variants());
        let found = check(&how, &got.unwrap(), &exact, bound);
        // The bound of f32 is one that f16 does not keep.
        assert_eq!(is_half, found.root > full.root, "{how}: {found:?}");
    }
}

/// In what the device chooses by itself.
#[test]
fn after_fifty_steps() {
    let diffusion = Diffusion::new(Schedule::Cosine, 1000);
    let process = InlineProcess::<50>::new(&diffusion, Timesteps::even(50)).unwrap();
    let sampler = Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap();
    let mut ways = ways();
    ways.retain(|(way, _)| way.variants() == gpu().variants());
    assert!(!ways.is_empty());
    check_ways(&sampler, ways);
}

#[test]
fn in_every_way() {
    let diffusion = Diffusion::new(Schedule::Cosine, 1000);
    let process = InlineProcess::<6>::new(&diffusion, Timesteps::even(6)).unwrap();
    check_ways(
        &Sampler::new(&process, Method::Ancestral, Clip::Unit).unwrap(),
        ways(),
    );
}

/// Every method and way of clipping, as the device runs them by itself.
#[test]
fn every_method() {
    let diffusion = Diffusion::new(Schedule::Cosine, 1000);
    let process = InlineProcess::<6>::new(&diffusion, Timesteps::even(6)).unwrap();
    let (ratio, max) = (0.9, 1.5);
    for method in methods() {
        for clip in [Clip::Unit, Clip::Dynamic { ratio, max }] {
            let sampler = Sampler::new(&process, method, clip).unwrap();
            let exact = on_the_processor(&sampler, 0.0);
            let bound = bound(&sampler, &exact, Precision::Full);
            let mut run = begin_in(gpu(), Precision::Full, &sampler, NUMBERS);
            let how = format!("{method:?} {clip:?}");
            check(&how, &run.finish_blocking().unwrap(), &exact, bound);
        }
    }
}
