//! Gradients of every operation in a network of its own against central differences of the loss, in f64.

use std::collections::{BTreeSet, HashMap};

use iddpm::diffusion::{
    Diffusion, InlineProcess, LossRow, Objective, Schedule, Timesteps, Variance,
};
use iddpm::train::{GradError, Recompute, training_graph};
use iddpm::unet::{Graph, Input, Op};

use super::cases::reference::{Inputs, Run, run};
use super::cases::{Case, trained};
use super::generator::generate;

/// A network's training, and what goes into it.
struct Training {
    graph: Graph,
    inputs: Inputs,
    weights: Vec<f64>,
}

impl Training {
    fn of(case: &Case, graph: Graph) -> Self {
        let variance = Variance::FixedLarge;
        let diffusion = Diffusion::new(Schedule::Cosine, 40).with_variance(variance);
        let process = InlineProcess::<40>::new(&diffusion, Timesteps::ALL).unwrap();
        let row = |n| LossRow::of(&process, Objective::Mse, 7 * n).unwrap();
        let rows = (0..graph.batch()).flat_map(|n| row(n).with_weight(weight(n)).words());
        let rows = rows.map(f64::from).collect();
        let numbers = |seed, name: &str, input| -> Vec<f64> {
            let len = graph.shape(graph.input(input).unwrap()).elements();
            let numbers = generate(seed, name, len, 0.0, 1.0);
            numbers.into_iter().map(f64::from).collect()
        };
        let mut inputs: Inputs = HashMap::from([
            (Input::XStart, numbers(1, "x_start", Input::XStart)),
            (Input::Noise, numbers(2, "noise", Input::Noise)),
            (Input::Rows, rows),
        ]);
        inputs.extend(case.inputs.clone());
        let weights = case.weights();
        Self {
            graph,
            inputs,
            weights: weights.into_iter().map(f64::from).collect(),
        }
    }

    fn run(&self, weights: &[f64]) -> Run {
        run(&self.graph, weights, &self.inputs)
    }

    fn loss(&self, run: &Run) -> f64 {
        let losses = run.tensor(self.graph.output().unwrap()).chunks(3);
        losses
            .enumerate()
            .map(|(n, loss)| weight(n) * loss[0])
            .sum()
    }

    /// Along random directions of all parameters.
    fn check(&self, name: &str, failures: &mut String) {
        let all = self.run(&self.weights);
        let (base, gradient) = (self.loss(&all), &all.gradients);
        let size = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
        let length = (gradient.len() as f64).sqrt();
        let h = 1e-5 / length;
        for seed in [11, 12] {
            let direction = generate(seed, name, gradient.len(), 0.0, 1.0);
            let direction = || direction.iter().map(|&d| f64::from(d));
            let along: f64 = gradient.iter().zip(direction()).map(|(g, d)| g * d).sum();
            let at = |k: f64| {
                let pairs = self.weights.iter().zip(direction());
                let moved: Vec<f64> = pairs.map(|(weight, d)| weight + k * h * d).collect();
                self.loss(&self.run(&moved))
            };
            let difference = (at(1.0) - at(-1.0)) / (2.0 * h);
            // Differences of losses in f64 lose some 1e-15·loss/h, and h² of the third derivative.
            let tolerance = 1e-7 * size * length + 1e-14 * base.abs() / h + 1e-9;
            if (along - difference).abs() > tolerance {
                *failures += &format!(
                    "{name}: gradient {along:e}, difference {difference:e}, tolerance {tolerance:e}\n"
                );
            }
        }
    }
}

/// The weight of an image's loss: not the same for all.
fn weight(n: usize) -> f64 {
    0.5 + n as f64
}

#[test]
fn every_operation() {
    let mut failures = String::new();
    let mut compared = BTreeSet::new();
    for case in trained() {
        // Half of what is odd cannot be x's size again: adjoints have those.
        if case.graph.output().is_none() {
            continue;
        }
        let graph = match training_graph(&case.graph, Recompute::Nothing) {
            Ok(graph) => graph,
            Err(GradError::NoGradient { .. }) if case.name.starts_with("bilinear") => continue,
            Err(error) => panic!("{}: {error}", case.name),
        };
        compared.extend(graph.nodes().iter().map(|node| node.op.name()));
        Training::of(&case, graph).check(&case.name, &mut failures);
    }
    assert!(failures.is_empty(), "\n{failures}");
    let all: BTreeSet<&str> = <Op>::NAMES.iter().copied().collect();
    let missing: Vec<_> = all.difference(&compared).collect();
    assert_eq!(missing, [&"bilinear"], "nothing compares these");
}
