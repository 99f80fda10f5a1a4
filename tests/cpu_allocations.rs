//! A run allocates nothing.

#![allow(missing_docs, unsafe_code, clippy::unwrap_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use iddpm::cpu::{Generation, Inputs, Network, ProgramBuf, run};
use iddpm::diffusion::{
    Clip, Diffusion, InlineProcess, Method, Noise, Sample, Sampler, Schedule, Timesteps, Variance,
};
use iddpm::unet::{Graph, ImageSize, Plan, UnetConfig, Weights};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the caller's promise is the system allocator's condition.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.load(Ordering::SeqCst);
    work();
    ALLOCATIONS.load(Ordering::SeqCst) - before
}

/// A network with everything that a network can have: classes, low-resolution images, attention.
fn graph() -> Graph {
    let config = UnetConfig {
        num_classes: Some(3),
        super_resolution: true,
        ..UnetConfig::new(1, 32)
            .with_multipliers(&[1, 2])
            .with_attention(&[2])
    };
    config.graph(2, ImageSize::upsampled(16, 8)).unwrap()
}

/// One test, so that nothing else allocates meanwhile.
#[test]
fn a_run_allocates_nothing() {
    let graph = graph();
    // 0.01, and the f16 next to it.
    let (wide, half) = (
        vec![0.01; graph.weights_len()],
        vec![0x211f; graph.weights_len()],
    );
    // Several threads last: they may allocate as they end, after their network is gone.
    for threads in [1, 2] {
        for weights in [Weights::F32(&wide), Weights::F16(&half)] {
            if threads == 1 {
                plain(&graph, weights);
                steps(&graph, weights);
            }
            evaluations(&graph, weights, threads);
        }
    }
}

const INPUTS: Inputs<'_> = Inputs {
    x: &[0.5; 512],
    timesteps: &[3.0, 400.0],
    labels: Some(&[2, 0]),
    low_res: Some(&[0.25; 128]),
};

fn plain(graph: &Graph, weights: Weights<'_>) {
    let program = ProgramBuf::new(graph, &Plan::single(graph)).unwrap();
    let mut output = vec![0.0; 512];
    let mut workspace = vec![0.0; program.view().unwrap().workspace_len()];
    let plain = allocations(|| {
        let view = program.view().unwrap();
        run(&view, weights, &INPUTS, &mut workspace, &mut output).unwrap();
    });
    assert_eq!(plain, 0, "plain");
}

fn evaluations(graph: &Graph, weights: Weights<'_>, threads: usize) {
    let program = ProgramBuf::new(graph, &Plan::single(graph)).unwrap();
    let mut output = vec![0.0; 512];
    let mut network = Network::with_threads(program, weights, threads).unwrap();
    for _ in 0..20 {
        network.forward(&INPUTS, &mut output).unwrap();
    }
    let runs = 200;
    let counted = allocations(|| {
        for _ in 0..runs {
            network.forward(&INPUTS, &mut output).unwrap();
        }
    });
    println!("{threads} threads: {counted} allocations in {runs} runs");
    // rayon's queue of work that is handed in takes a new block every few dozen times.
    let allowed = if threads == 1 { 0 } else { runs / 20 };
    assert!(counted <= allowed, "{threads} threads: {counted}");
}

/// A whole generation, after its first step.
fn steps(graph: &Graph, weights: Weights<'_>) {
    let program = ProgramBuf::new(graph, &Plan::single(graph)).unwrap();
    let diffusion = Diffusion::new(Schedule::Cosine, 1000).with_variance(Variance::FixedSmall);
    let process = InlineProcess::<10>::new(&diffusion, Timesteps::even(10)).unwrap();
    for method in [Method::Ancestral, Method::DpmSolverPlusPlus2M] {
        let sampler = Sampler::new(&process, method, Clip::Unit).unwrap();
        let samples = [0, 1].map(|number| Sample {
            noise: Noise::new(7),
            number,
            label: Some(number as u32),
        });
        let network = Network::with_threads(program.clone(), weights, 1).unwrap();
        let generation = Generation::new(network, sampler, &samples).unwrap();
        let mut generation = generation.with_low_res(&[0.25; 128]).unwrap();
        generation.advance().unwrap();
        let counted = allocations(|| while generation.advance().unwrap() {});
        assert_eq!(counted, 0, "{method:?}");
    }
}
