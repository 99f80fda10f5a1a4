//! The gradient of a loss that is not the crate's: given at the network's result, it comes out at the parameters.

use std::collections::HashMap;

use iddpm::cpu::{Given, NetworkError, NetworkSlice};
use iddpm::train::{
    CpuEngine, Engine, OptimizerStep, Recompute, Slot, TrainError, gradient_graph, initial_weights,
};
use iddpm::unet::{Graph, ImageSize, Input, UnetConfig};

use super::cases::generate;
use super::cases::reference::{Inputs, Run, run};

const BATCH: usize = 2;

fn network() -> Graph {
    let config = UnetConfig {
        num_res_blocks: 1,
        ..UnetConfig::new(2, 32)
            .with_multipliers(&[1, 2])
            .with_attention(&[2])
            .with_classes(3)
    };
    let size = ImageSize {
        height: 4,
        width: 6,
        low_res: None,
    };
    config.graph(BATCH, size).unwrap()
}

/// Weights none of which is 0: a new network's last layers are, and nothing would pass through them.
fn weights(network: &Graph) -> Vec<f64> {
    let mut weights = vec![0.0; network.weights_len()];
    for param in network.params() {
        let values = generate(7, &param.name, param.elements(), 0.1, 0.3);
        weights[param.offset..][..values.len()].copy_from_slice(&values);
    }
    weights
}

/// What the network reads, and the gradient of a loss with respect to its result.
fn given(network: &Graph) -> Inputs {
    let len = |id| network.shape(id).elements();
    let image = len(network.input(Input::X).unwrap());
    let result = len(network.output().unwrap());
    HashMap::from([
        (Input::X, generate(1, "x", image, 0.0, 1.0)),
        (Input::Timesteps, vec![3.0, 70.0]),
        (Input::Labels, vec![2.0, 0.0]),
        (Input::OutputGrad, generate(2, "grad", result, 0.0, 1.0)),
    ])
}

/// Each product of a result with its coefficient; their sum is a loss whose gradient is the coefficients.
fn products<'a>(run: &'a Run, graph: &Graph, given: &'a Inputs) -> impl Iterator<Item = f64> + 'a {
    let result = run.tensor(graph.output().unwrap());
    let coefficients = &given[&Input::OutputGrad];
    result.iter().zip(coefficients).map(|(out, c)| out * c)
}

#[test]
fn agrees_with_central_differences() {
    let network = network();
    let (weights, given) = (weights(&network), given(&network));
    let plain = run(&network, &weights, &given);
    let size: f64 = products(&plain, &network, &given).map(f64::abs).sum();
    let graphs = [Recompute::Nothing, Recompute::Cheap, Recompute::Blocks]
        .map(|recompute| gradient_graph(&network, recompute).unwrap());
    let [trained, others @ ..] = graphs.each_ref().map(|graph| run(graph, &weights, &given));
    // What is made again is made of the same numbers, and the result is the network's own.
    assert!(
        others
            .iter()
            .all(|other| other.gradients == trained.gradients)
    );
    let result = graphs[0].output().unwrap();
    assert_eq!(
        trained.tensor(result),
        plain.tensor(network.output().unwrap())
    );

    let norm = trained.gradients.iter().map(|g| g * g).sum::<f64>().sqrt();
    let length = (weights.len() as f64).sqrt();
    let h = 1e-5 / length;
    for seed in 0..4 {
        let direction = generate(seed, "direction", weights.len(), 0.0, 1.0);
        let pairs = trained.gradients.iter().zip(&direction);
        let along: f64 = pairs.map(|(g, d)| g * d).sum();
        let at = |k: f64| -> f64 {
            let pairs = weights.iter().zip(&direction);
            let moved: Vec<f64> = pairs.map(|(weight, d)| weight + k * h * d).collect();
            products(&run(&network, &moved, &given), &network, &given).sum()
        };
        let difference = (at(1.0) - at(-1.0)) / (2.0 * h);
        // Sums in f64 lose some 1e-15 of their terms; the third derivative is of h² = 1e-10.
        let tolerance = 1e-14 * size / h + 1e-7 * norm;
        assert!(
            (along - difference).abs() <= tolerance,
            "{seed}: {along:e}, by differences {difference:e}, tolerance {tolerance:e}"
        );
    }
}

/// One descent by the engine is what the gradients in f64 say, and what is not given is named.
#[test]
fn an_engine_takes_it() {
    let network = network();
    let graph = gradient_graph(&network, Recompute::Nothing).unwrap();
    let inputs = given(&network);
    let narrow = |input| -> Vec<f32> { inputs[&input].iter().map(|&x| x as f32).collect() };
    let (x, timesteps) = (narrow(Input::X), narrow(Input::Timesteps));
    let output_grad = narrow(Input::OutputGrad);
    let given = Given {
        x: Some(&x),
        timesteps: Some(&timesteps),
        labels: Some(&[2, 0]),
        output_grad: Some(&output_grad),
        ..Given::default()
    };
    let mut engine = CpuEngine::with_threads(&graph, &[], false, 2).unwrap();
    let weights = initial_weights(&network, 5).unwrap();
    engine.write(Slot::Weights, &weights).unwrap();
    let mut output = vec![0.0; output_grad.len()];
    engine.accumulate_given(&given, &mut output).unwrap();
    let update = OptimizerStep {
        adamw: Default::default(),
        lr: 0.0,
        step: 1,
        unscale: 1.0,
        clip: None,
        ema_warm_up: false,
    };
    let norm = engine.update(&update).unwrap().grad_norm;
    let wide: Vec<f64> = weights.iter().map(|&w| f64::from(w)).collect();
    let truth = run(&graph, &wide, &inputs);
    let expected = truth.gradients.iter().map(|g| g * g).sum::<f64>().sqrt();
    // Sums of thousands of f32 products.
    assert!(
        (norm - expected).abs() <= 1e-4 * expected,
        "{norm} {expected}"
    );

    let missing = Given {
        output_grad: None,
        ..given
    };
    let error = engine.accumulate_given(&missing, &mut output).unwrap_err();
    let slice = NetworkSlice::OutputGrad;
    assert!(
        matches!(error, TrainError::Network(NetworkError::Missing { slice: found }) if found == slice),
        "{error}"
    );
}
