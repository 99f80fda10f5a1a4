//! What is said to be needed, against what is asked of the allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use iddpm::cpu::{Generation, Gradients, Network, ProgramBuf};
use iddpm::diffusion::{
    Clip, Diffusion, InlineProcess, Method, Noise, Sample, Sampler, Schedule, Timesteps, Variance,
};
use iddpm::train::{CpuEngine, TrainConfig, graph_of};
use iddpm::unet::{Graph, ImageSize, Plan, UnetConfig, Weights};

use super::description;

/// Counts bytes by the thread that asks: tests beside this one do not count.
struct Counting;

thread_local! {
    static HELD: Cell<i64> = const { Cell::new(0) };
}

fn count(bytes: i64) {
    HELD.with(|held| held.set(held.get() + bytes));
}

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: the caller's promise is the system allocator's condition.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What is made, and the bytes that it holds.
fn held<T>(make: impl FnOnce() -> T) -> (T, u64) {
    let before = HELD.with(Cell::get);
    let made = make();
    (made, (HELD.with(Cell::get) - before).try_into().unwrap())
}

/// As many as are needed, to a hundredth: what is beside the numbers is small.
fn agrees(what: &str, needed: u64, taken: u64) {
    println!("{what}: {needed} needed, {taken} taken");
    let slack = needed / 100 + (1 << 14);
    assert!(needed.abs_diff(taken) < slack, "{what}: {needed}, {taken}");
}

/// Classes, low-resolution images, attention, two levels; both ways of convolutions.
fn graphs() -> [Graph; 2] {
    let config = UnetConfig {
        num_classes: Some(3),
        super_resolution: true,
        ..UnetConfig::new(3, 32)
            .with_multipliers(&[1, 2])
            .with_attention(&[2])
    };
    let small = UnetConfig::new(1, 64).graph(2, ImageSize::square(6));
    [
        config.graph(3, ImageSize::upsampled(32, 8)).unwrap(),
        small.unwrap(),
    ]
}

#[test]
fn by_networks_and_generations() {
    let diffusion = Diffusion::new(Schedule::Cosine, 100).with_variance(Variance::FixedSmall);
    let process = InlineProcess::<10>::new(&diffusion, Timesteps::even(10)).unwrap();
    for graph in graphs() {
        let program = ProgramBuf::new(&graph, &Plan::single(&graph)).unwrap();
        let numbers = vec![0.01; graph.weights_len()];
        for method in [Method::Ancestral, Method::DpmSolverPlusPlus2M] {
            let needed = Network::needs(&program.view().unwrap()).unwrap();
            let (network, taken) = held(|| {
                let weights = Weights::F32(&numbers);
                Network::with_threads(program.clone(), weights, 1).unwrap()
            });
            agrees("network", needed, taken - program.as_bytes().len() as u64);

            let sampler = Sampler::new(&process, method, Clip::Unit).unwrap();
            let samples: Vec<Sample> = (0..graph.batch() as u64)
                .map(|number| Sample {
                    noise: Noise::new(1),
                    number,
                    label: graph.classes().map(|_| 1),
                })
                .collect();
            let needed = Generation::needs(&program.view().unwrap(), &sampler);
            let low_res = vec![0.0; program.view().unwrap().low_res_len()];
            let (_generation, taken) = held(|| {
                let begun = Generation::new(network, sampler.clone(), &samples).unwrap();
                match low_res.is_empty() {
                    true => begun,
                    false => begun.with_low_res(&low_res).unwrap(),
                }
            });
            agrees("generation", needed, taken);
        }
    }
}

#[test]
fn by_training() {
    let config = TrainConfig {
        batch: 4,
        microbatch: 4,
        ..TrainConfig::default()
    };
    for channels in [64, 160] {
        let graph = graph_of(&description(channels, 16), &config).unwrap();
        let needed = Gradients::needs(&graph).unwrap();
        let (gradients, taken) = held(|| Gradients::with_threads(&graph, 1).unwrap());
        agrees("gradients", needed, taken);
        let numbers = gradients.workspace_len() + gradients.room_len();
        // Beside the numbers, what is to be done and where.
        let others = needed - 4 * numbers as u64;
        assert!(others < 1024 * graph.nodes().len() as u64, "{others}");

        for (rates, half) in [(&[0.9, 0.99][..], false), (&[], true)] {
            let needed = CpuEngine::needs(&graph, rates.len(), half).unwrap();
            let (_engine, taken) = held(|| CpuEngine::new(&graph, rates, half).unwrap());
            agrees("engine", needed, taken);
        }
    }
}
