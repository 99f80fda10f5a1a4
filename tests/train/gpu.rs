//! Training on a GPU: gradients of whole networks, golden gradients and steps, the optimiser alone, runs
//! beside those on the processor. A machine without any adapter fails these tests; a software one is
//! enough.

use std::sync::OnceLock;

use iddpm::gpu::{Gpu, Kept, Precision, Variants, distinct_variants};
use iddpm::train::{Batch, Engine, GpuEngine, Recompute, Slot, training_graph};
use iddpm::unet::Graph;

use super::case::{Case, Outcome, cases, check_index, golden_directory};
use super::golden::{Subject, check_loss, check_steps, compare_gradients};
use super::report::Report;

/// One device for all tests: kernels are compiled once.
pub(crate) fn gpu() -> &'static Gpu {
    static GPU: OnceLock<Gpu> = OnceLock::new();
    GPU.get_or_init(|| {
        let gpu = Gpu::create_blocking().unwrap_or_else(|error| panic!("{error}"));
        let info = gpu.device().adapter_info();
        println!(
            "adapter: {} ({:?}, {})",
            info.name, info.backend, info.driver_info
        );
        gpu
    })
}

/// The losses and the gradients of one microbatch on fresh buffers full of NaN.
pub(crate) fn gradients(
    gpu: &Gpu,
    graph: &Graph,
    weights: &[f32],
    batch: &Batch<'_>,
    precision: Precision,
) -> (Vec<f32>, Vec<f32>) {
    let mut engine = GpuEngine::new_blocking(gpu, graph, &[], precision).unwrap();
    engine.training_mut().poison().unwrap();
    engine.write(Slot::Weights, weights).unwrap();
    let mut loss = vec![f32::NAN; 3 * graph.batch()];
    engine.accumulate(batch, &mut loss).unwrap();
    let read = |kept| {
        let mut numbers = vec![0.0; weights.len()];
        engine.training().read_blocking(kept, &mut numbers).unwrap();
        numbers
    };
    let gradients = read(Kept::Gradients);
    let sum = read(Kept::Sum);
    assert_eq!(bits(&gradients), bits(&sum), "the sum of one microbatch");
    (loss, gradients)
}

/// Networks that are run again: to the same bits, and in f16 with a loss beyond it.
pub(crate) const RUN_AGAIN: [&str; 2] = ["rectangular", "8 channels in 4 groups"];

pub(crate) fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

#[test]
fn gradients_are_those_of_the_reference() {
    let mut failures = Vec::new();
    for (name, mut case) in super::cpu::cases() {
        let is_run_again = RUN_AGAIN.contains(&name);
        for precision in [Precision::Full, Precision::HalfWeights] {
            if precision == Precision::HalfWeights {
                // Must be the network of the weights that f16 holds, and nothing else.
                let narrow = |weight: &mut f32| *weight = half::f16::from_f32(*weight).to_f32();
                case.weights.iter_mut().for_each(narrow);
            }
            let truth = case.reference();
            let all = Variants::all(gpu().device(), gpu().matrices());
            for variants in distinct_variants(all, &case.graph, precision).unwrap() {
                let gpu = gpu().clone().with_variants(variants);
                let run = || gradients(&gpu, &case.graph, &case.weights, &case.inputs(), precision);
                let (loss, first) = run();
                let name = format!("{name}, {precision:?}, {variants:?}");
                case.compare(&name, &truth, &first, &loss, &mut failures);
                // The kernels are the same but for how they read a weight.
                let is_run_again = is_run_again && precision == Precision::Full;
                if is_run_again && bits(&first) != bits(&run().1) {
                    failures.push(format!("{name}: other bits when run again"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn check_gradients(case: &Case, gpu: &Gpu, report: &mut Report) -> Outcome<Vec<f32>> {
    let subject = Subject::of(case, case.tensor("t")?.shape[1])?;
    let graph = training_graph(&subject.network, Recompute::Nothing)?;
    let micros = subject.micros(case, 0)?;
    let (loss, gradients) = gradients(
        gpu,
        &graph,
        &subject.weights,
        &micros[0].inputs(),
        Precision::Full,
    );
    check_loss(case, &loss, &subject, report)?;
    compare_gradients(case, &subject, &gradients, report)?;
    Ok(gradients)
}

fn check_steps_on(gpu: &Gpu, case: &Case, gradients: &[f32], report: &mut Report) -> Outcome {
    let engine = |network: &Graph, rates: &[f64]| -> Outcome<Box<dyn Engine>> {
        let graph = training_graph(network, Recompute::Cheap)?;
        Ok(Box::new(GpuEngine::new_blocking(
            gpu,
            &graph,
            rates,
            Precision::Full,
        )?))
    };
    check_steps(case, engine, gradients, report)
}

#[test]
fn golden_gradients_and_steps() {
    let mut report = Report::new("grad");
    check_index(&golden_directory(), "grad").unwrap();
    // What needs least of a device, and what needs most: small networks have all that is between. Steps are those of each network
    // once: they ask no gradient what it is of, and the processor takes them all.
    let all = Variants::all(gpu().device(), gpu().matrices());
    let [least, most] = [all.first(), all.last()].map(|variants| {
        let variants = *variants.unwrap();
        gpu().clone().with_variants(variants)
    });
    for case in cases(&golden_directory(), "grad").unwrap() {
        if case.params.get("model").is_none() {
            continue;
        }
        report.begin(&format!("{}, {:?}", case.name, most.variants().conv));
        let gradients = check_gradients(&case, &most, &mut report).and_then(|_| {
            report.begin(&format!("{}, {:?}", case.name, least.variants().conv));
            check_gradients(&case, &least, &mut report)
        });
        let checked = gradients.and_then(|gradients| {
            if !case.name.ends_with("_simple") {
                return Ok(());
            }
            check_steps_on(&least, &case, &gradients, &mut report)?;
            case.finish()
        });
        checked.unwrap_or_else(|error| panic!("{}: {error}", case.name));
    }
    println!("{report}");
    assert!(report.cases > 0, "no network in the group grad");
    report
        .verdict()
        .unwrap_or_else(|message| panic!("{message}"));
}
