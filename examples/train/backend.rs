//! What runs the network, and why it was chosen.

use iddpm::gpu::{Gpu, Precision};
use iddpm::run::{Chosen, OpenDevice, half};
use iddpm::train::{CpuEngine, Engine, GpuEngine, TrainConfig};
use iddpm::unet::{Graph, Plan};

use super::device_options::DeviceOptions;
use super::program::Failure;

/// The backend that was asked for, or a GPU where there is one that is none in software; and what it is.
pub(crate) fn choose(
    options: &DeviceOptions,
    graph: &Graph,
    config: &TrainConfig,
) -> Result<(Box<dyn Engine>, String), Failure> {
    let (opened, chosen) = options.device().open()?;
    match opened {
        OpenDevice::Gpu(gpu) => on_gpu(&gpu, &chosen, graph, config),
        OpenDevice::Processor(threads) => on_processor(threads.count, &chosen, graph, config),
    }
}

fn on_gpu(
    gpu: &Gpu,
    chosen: &Chosen,
    graph: &Graph,
    config: &TrainConfig,
) -> Result<(Box<dyn Engine>, String), Failure> {
    let (precision, note) = if config.half {
        half(gpu)
    } else {
        (Precision::Full, "")
    };
    let engine = GpuEngine::new_blocking(gpu, graph, &config.ema_rates, precision)?;
    let megabytes = engine.training().bytes() as f64 * 1e-6;
    let what = format!("{chosen}{note}; {megabytes:.0} MB beside the weights");
    Ok((Box::new(engine), what))
}

fn on_processor(
    threads: usize,
    chosen: &Chosen,
    graph: &Graph,
    config: &TrainConfig,
) -> Result<(Box<dyn Engine>, String), Failure> {
    let engine = CpuEngine::with_threads(graph, &config.ema_rates, config.half, threads)?;
    let (run, slots) = engine.elements();
    let megabytes = |elements: usize| elements as f64 * 4e-6;
    let plan = Plan::single(graph);
    let what = format!(
        "{chosen}; {:.0} MB of activations (at least {:.0}), {:.0} MB in all",
        megabytes(plan.elements()),
        megabytes(plan.lower_bound(graph)),
        megabytes(run + slots),
    );
    Ok((Box::new(engine), what))
}
