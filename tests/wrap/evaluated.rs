//! One evaluation of a network wherever it runs.

use std::sync::OnceLock;

use iddpm::cpu::{Given, Inputs, Network, ProgramBuf, Results};
use iddpm::gpu::{DeviceNetwork, DeviceWeights, Gpu, Precision};
use iddpm::unet::{Graph, Input, Plan, Weights};
use iddpm_test_loops::run_plain_f64;

/// In plain loops in f64.
pub(crate) fn plain(graph: &Graph, weights: &[f32], x: &[f32], timesteps: &[f32]) -> Vec<f64> {
    let program = ProgramBuf::new(graph, &Plan::single(graph)).unwrap();
    let view = program.view().unwrap();
    let [weights, x, timesteps] = [weights, x, timesteps].map(super::wide);
    let given = Given {
        x: Some(&x),
        timesteps: graph.input(Input::Timesteps).map(|_| &timesteps[..]),
        ..Given::default()
    };
    let mut workspace = vec![f64::NAN; view.workspace_len()];
    let mut output = vec![f64::NAN; view.output_len()];
    let mut results = Results {
        output: &mut output,
        gradients: &mut [],
    };
    run_plain_f64(&view, &weights, &given, &mut workspace, &mut results).unwrap();
    output
}

/// On the processor, the fast way: a network and the result's length.
pub(crate) fn fast(graph: &Graph, weights: &[f32], threads: usize) -> (Network, usize) {
    let program = ProgramBuf::new(graph, &Plan::single(graph)).unwrap();
    let len = program.view().unwrap().output_len();
    let network = Network::with_threads(program, Weights::F32(weights), threads).unwrap();
    (network, len)
}

pub(crate) fn forward((network, len): &mut (Network, usize), inputs: &Inputs<'_>) -> Vec<f32> {
    let mut output = vec![f32::NAN; *len];
    network.forward(inputs, &mut output).unwrap();
    output
}

/// On the device, in f32.
pub(crate) fn on_device(graph: &Graph, weights: &[f32], x: &[f32], timesteps: &[f32]) -> Vec<f32> {
    static GPU: OnceLock<Gpu> = OnceLock::new();
    let gpu = GPU.get_or_init(|| Gpu::create_blocking().unwrap());
    let weights = Weights::F32(weights);
    let weights = DeviceWeights::upload_blocking(gpu, graph, weights, Precision::Full).unwrap();
    let network = DeviceNetwork::new_blocking(gpu, graph, &weights).unwrap();
    network.write(Input::X, x).unwrap();
    network.write(Input::Timesteps, timesteps).unwrap();
    network.run_blocking().unwrap();
    network.output_blocking().unwrap()
}
