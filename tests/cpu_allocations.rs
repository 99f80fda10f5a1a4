//! A run allocates nothing.

#![allow(missing_docs, unsafe_code, clippy::unwrap_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use iddpm::cpu::{Inputs, Network, ProgramBuf, run};
use iddpm::unet::{Extent, Plan, UnetConfig, Weights};

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

/// One test, so that nothing else allocates meanwhile.
#[test]
fn a_run_allocates_nothing() {
    let config = UnetConfig::new(1, 32)
        .with_multipliers(&[1, 2])
        .with_attention(&[2]);
    let graph = config.graph(Extent::square(2, 16)).unwrap();
    let weights = vec![0.01; graph.weights_len()];
    let weights = Weights::F32(&weights);
    let program = ProgramBuf::new(&graph, &Plan::single(&graph)).unwrap();
    let x = vec![0.5; 512];
    let inputs = Inputs {
        x: &x,
        timesteps: &[3.0, 400.0],
        labels: None,
        low_res: None,
    };
    let mut output = vec![0.0; 512];

    let mut workspace = vec![0.0; program.view().unwrap().workspace_len()];
    let plain = allocations(|| {
        let view = program.view().unwrap();
        run(&view, weights, &inputs, &mut workspace, &mut output).unwrap();
    });
    assert_eq!(plain, 0, "plain");

    for threads in [1, 2] {
        let mut network = Network::with_threads(program.clone(), weights, threads).unwrap();
        for _ in 0..20 {
            network.forward(&inputs, &mut output).unwrap();
        }
        let runs = 200;
        let counted = allocations(|| {
            for _ in 0..runs {
                network.forward(&inputs, &mut output).unwrap();
            }
        });
        println!("{threads} threads: {counted} allocations in {runs} runs");
        // rayon's queue of work that is handed in takes a new block every few dozen times.
        let allowed = if threads == 1 { 0 } else { runs / 20 };
        assert!(counted <= allowed, "{threads} threads: {counted}");
    }
}
