//! The gradient graph, run in f64, against central differences of a loss that is written down a
//! second time here: from the posterior and the likelihoods, without rows.

use std::collections::HashMap;
use std::ops::Range;

use iddpm::diffusion::likelihood::{discretized_gaussian_log_likelihood, normal_kl};
use iddpm::diffusion::{
    Diffusion, InlineProcess, LossRow, Objective, Prediction, Schedule, Timesteps, Variance,
};
use iddpm::train::{Recompute, training_graph};
use iddpm::unet::{Graph, ImageSize, Input, UnetConfig};

use super::cases::generate;
use super::cases::reference::{Inputs, run};

type Process = InlineProcess<40>;

/// A network, a process and a batch.
struct Case {
    name: String,
    network: Graph,
    process: Process,
    objective: Objective,
    /// γ, where the squared error is weighted by min-SNR.
    min_snr: Option<f64>,
    indices: Vec<usize>,
    weights: Vec<f64>,
    given: Inputs,
    directions: Directions,
}

/// Along what the gradient is compared.
enum Directions {
    /// One random direction for each parameter.
    EachParameter,
    /// One random direction of all of them, one of the last convolution's weights that make the mean, and
    /// one of those that make the variance: enough where only the loss differs from another case.
    AllAtOnce,
}

impl Case {
    fn new(
        name: &str,
        config: &UnetConfig,
        batch: usize,
        dropout: f64,
        diffusion: Diffusion<'_>,
        objective: Objective,
    ) -> Self {
        let network = config.graph_with_dropout(batch, SIZE, dropout).unwrap();
        let process = Process::new(&diffusion, Timesteps::ALL).unwrap();
        let mut weights = vec![0.0; network.weights_len()];
        for param in network.params() {
            let norm = param.shape.len() == 1 && param.name.ends_with("weight");
            let fan_in = param.elements() / param.rows();
            let scale = if param.shape.len() == 1 {
                0.3
            } else {
                (1.5 / fan_in as f64).sqrt()
            };
            let values = generate(
                7,
                &param.name,
                param.elements(),
                f64::from(u8::from(norm)),
                scale,
            );
            weights[param.offset..][..values.len()].copy_from_slice(&values);
        }
        let image = network.shape(network.input(Input::X).unwrap()).elements();
        // 8-bit values, some of them at the edges of the range.
        let x_start = generate(1, "x_start", image, 0.0, 1.0)
            .iter()
            .map(|x| ((x + 1.0) * 127.5).round() / 127.5 - 1.0)
            .enumerate()
            .map(|(at, x)| if at % 7 == 0 { x.signum() } else { x })
            .collect();
        // Index 0, where the bound's term is the decoder's, only where the mean is close to x_0 even if
        // the network is not, or the Gaussian is wide: in the far tails f64 has no digits left for
        // differences.
        let is_near = matches!(diffusion.prediction, Prediction::Epsilon | Prediction::V)
            || diffusion.variance == Variance::Learned;
        let first = usize::from(!is_near);
        let indices: Vec<usize> = (0..batch).map(|n| first + n * 13).collect();
        let mut given = HashMap::from([
            (Input::XStart, x_start),
            (Input::Noise, generate(2, "noise", image, 0.0, 1.7)),
        ]);
        let timesteps = indices
            .iter()
            .map(|&index| f64::from(process.model_timestep(index).unwrap()));
        given.insert(Input::Timesteps, timesteps.collect());
        given.insert(Input::Labels, (0..batch).map(|n| (n % 2) as f64).collect());
        given.insert(
            Input::Keys,
            (0..4 * batch).map(|n| (n * 977) as f64).collect(),
        );
        if let Some(low_res) = network.input(Input::LowRes) {
            let len = network.shape(low_res).elements();
            given.insert(Input::LowRes, generate(3, "low_res", len, 0.0, 1.0));
        }
        let mut case = Self {
            name: name.into(),
            network,
            process,
            objective,
            min_snr: None,
            indices,
            weights,
            given,
            directions: Directions::EachParameter,
        };
        case.given.insert(Input::Rows, case.rows());
        case
    }

    fn rows(&self) -> Vec<f64> {
        let rows = self.indices.iter().enumerate().flat_map(|(n, &index)| {
            let mut row = LossRow::of(&self.process, self.objective, index).unwrap();
            if let Some(gamma) = self.min_snr {
                row = row.with_min_snr(self.process.prediction(), gamma);
            }
            row.with_weight(weight(n)).words().map(f64::from)
        });
        rows.collect()
    }

    fn with_min_snr(mut self, gamma: f64) -> Self {
        self.min_snr = Some(gamma);
        self.given.insert(Input::Rows, self.rows());
        self
    }

    fn all_at_once(mut self) -> Self {
        self.directions = Directions::AllAtOnce;
        self
    }

    /// The network's output for x_t in f64.
    fn output(&self, weights: &[f64]) -> Vec<f64> {
        let mut inputs = self.given.clone();
        inputs.insert(Input::X, self.x());
        let run = run(&self.network, weights, &inputs);
        run.tensor(self.network.output().unwrap()).to_vec()
    }

    fn x(&self) -> Vec<f64> {
        let image = self.image();
        let pairs = self.given[&Input::XStart]
            .iter()
            .zip(&self.given[&Input::Noise]);
        let mixed = pairs.enumerate().map(|(at, (x_start, noise))| {
            let step = self.process.coefficients(self.indices[at / image]).unwrap();
            // As a kernel has them: rows are f32.
            let [a, b] = [step.sqrt_alpha_bar, step.sqrt_one_minus_alpha_bar]
                .map(|root| f64::from(root as f32));
            a * x_start + b * noise
        });
        mixed.collect()
    }

    fn image(&self) -> usize {
        self.given[&Input::XStart].len() / self.indices.len()
    }

    /// Σ weight·loss, from the output whose mean and variance channels count, and from the one whose
    /// mean is in the bound's term where its gradient is stopped.
    fn loss(&self, output: &[f64], stopped: &[f64]) -> f64 {
        let (image, learned) = (self.image(), self.process.variance().is_learned());
        let each = if learned { 2 * image } else { image };
        let x = self.x();
        let steps = self.process.len() as f64;
        let mut sum = 0.0;
        for (n, &index) in self.indices.iter().enumerate() {
            let law = self.process.reverse_law(index).unwrap();
            let step = &law.coefficients;
            let (mut square, mut nats) = (0.0, 0.0);
            for at in 0..image {
                let x_start = self.given[&Input::XStart][n * image + at];
                let noise = self.given[&Input::Noise][n * image + at];
                let x = x[n * image + at];
                let posterior = step.posterior_mean();
                let target = match self.process.prediction() {
                    Prediction::Epsilon => noise,
                    Prediction::XStart => x_start,
                    Prediction::PreviousX => posterior.at(x, x_start),
                    Prediction::V => {
                        step.sqrt_alpha_bar * noise - step.sqrt_one_minus_alpha_bar * x_start
                    }
                    other => panic!("{other:?} has no formula here"),
                };
                let value = output[n * each + at];
                square += (target - value).powi(2);
                let flows = matches!(self.objective, Objective::Kl | Objective::RescaledKl);
                let value = if flows { value } else { stopped[n * each + at] };
                let mean = match self.process.prediction() {
                    Prediction::PreviousX => value,
                    _ => posterior.at(x, law.x_start.at(x, value)),
                };
                let channel = if learned {
                    output[n * each + image + at]
                } else {
                    0.0
                };
                let log_variance = law.log_variance.log(channel);
                nats += if index == 0 {
                    -discretized_gaussian_log_likelihood(x_start, mean, 0.5 * log_variance)
                } else {
                    let true_mean = posterior.at(x, x_start);
                    let true_log = step.posterior_log_variance_clipped;
                    normal_kl(true_mean, true_log, mean, log_variance)
                };
            }
            let (mse, bits) = (square / image as f64, nats / image as f64 / 2_f64.ln());
            let bits = |factor: f64| if learned { factor * bits } else { 0.0 };
            // The squared error as one of x_0, which is a multiple of the output's, by min(SNR, γ).
            let mse = self.min_snr.map_or(mse, |gamma| {
                let signal = step.sqrt_alpha_bar.powi(2);
                let snr = signal / (1.0 - signal);
                mse * law.x_start.value.powi(2) * snr.min(gamma)
            });
            sum += weight(n)
                * match self.objective {
                    Objective::Mse => mse + bits(1.0),
                    Objective::RescaledMse => mse + bits(steps / 1000.0),
                    Objective::Kl => nats / image as f64 / 2_f64.ln(),
                    Objective::RescaledKl => steps * nats / image as f64 / 2_f64.ln(),
                };
        }
        sum
    }

    /// The parameters that each direction moves, and the direction's name.
    fn ranges(&self) -> Vec<(&str, Range<usize>)> {
        let mut params = self.network.params().iter();
        match self.directions {
            Directions::EachParameter => params
                .map(|param| {
                    let range = param.offset..param.offset + param.elements();
                    (param.name.as_str(), range)
                })
                .collect(),
            Directions::AllAtOnce => {
                let head = params.find(|param| param.name == "out.2.weight").unwrap();
                let (first, all) = (head.offset, head.elements());
                let mut ranges = vec![("all", 0..self.weights.len())];
                if self.process.variance().is_learned() {
                    ranges.push(("mean", first..first + all / 2));
                    ranges.push(("variance", first + all / 2..first + all));
                } else {
                    ranges.push(("mean", first..first + all));
                }
                ranges
            }
        }
    }

    /// Compares gradients along directions with central differences.
    fn check(&self, failures: &mut Vec<String>) {
        let graph = training_graph(&self.network, Recompute::Nothing).unwrap();
        let trained = run(&graph, &self.weights, &self.given);
        let output = self.output(&self.weights);
        let base = self.loss(&output, &output);
        let reported = trained.tensor(graph.output().unwrap()).chunks(3);
        let reported: f64 = reported
            .enumerate()
            .map(|(n, loss)| weight(n) * loss[0])
            .sum();
        // The rows are f32.
        if (reported - base).abs() > 1e-6 * base.abs() {
            failures.push(format!("{}: loss {reported}, should be {base}", self.name));
        }
        for (name, range) in self.ranges() {
            let direction = generate(11, name, range.len(), 0.0, 1.0);
            let gradient = &trained.gradients[range.clone()];
            let along: f64 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
            let size = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
            let length = (range.len() as f64).sqrt();
            let h = 1e-5 / length;
            let at = |k: f64| {
                let mut weights = self.weights.clone();
                for (weight, d) in weights[range.clone()].iter_mut().zip(&direction) {
                    *weight += k * h * d;
                }
                self.loss(&self.output(&weights), &output)
            };
            let difference = (at(1.0) - at(-1.0)) / (2.0 * h);
            // Rows of f32 move a gradient by 6e-8 of the terms it is a sum of; differences of losses
            // in f64 lose some 1e-15·loss/h.
            let tolerance = 3e-6 * size * length + 1e-14 * base.abs() / h + 1e-9;
            if (along - difference).abs() > tolerance {
                failures.push(format!(
                    "{} {name}: gradient {along:e}, difference {difference:e}, tolerance {tolerance:e}",
                    self.name
                ));
            }
        }
    }
}

/// The weight of an image's loss: not the same for all.
fn weight(n: usize) -> f64 {
    0.5 + n as f64
}

fn diffusion() -> Diffusion<'static> {
    Diffusion::new(Schedule::Cosine, 40)
}

fn small() -> UnetConfig {
    UnetConfig {
        num_res_blocks: 1,
        num_heads: 2,
        num_heads_upsample: 4,
        ..UnetConfig::new(2, 32)
            .with_multipliers(&[1, 2])
            .with_attention(&[2])
            .with_learned_variance()
            .with_classes(3)
    }
}

/// The size of all images.
const SIZE: ImageSize = ImageSize {
    height: 4,
    width: 6,
    low_res: Some((3, 2)),
};

fn check(cases: &[Case]) {
    let mut failures = Vec::new();
    for case in cases {
        case.check(&mut failures);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_objective() {
    let cases = [
        Objective::Mse,
        Objective::RescaledMse,
        Objective::Kl,
        Objective::RescaledKl,
    ]
    .map(|objective| {
        let name = format!("{objective:?}");
        Case::new(&name, &small(), 3, 0.0, diffusion(), objective).all_at_once()
    });
    check(&cases);
}

#[test]
fn every_prediction_and_variance() {
    let mut cases = Vec::new();
    for prediction in [Prediction::XStart, Prediction::PreviousX, Prediction::V] {
        let diffusion = diffusion().with_prediction(prediction);
        let name = format!("{prediction:?}");
        let objective = Objective::RescaledKl;
        cases.push(Case::new(&name, &small(), 3, 0.0, diffusion, objective));
    }
    let fixed = UnetConfig {
        out_channels: 2,
        ..small()
    };
    for variance in [Variance::FixedSmall, Variance::FixedLarge] {
        let diffusion = diffusion().with_variance(variance);
        let name = format!("{variance:?}");
        let objective = Objective::Kl;
        cases.push(Case::new(&name, &fixed, 3, 0.0, diffusion, objective));
    }
    let diffusion = diffusion().with_variance(Variance::Learned);
    let objective = Objective::RescaledMse;
    cases.push(Case::new("Learned", &small(), 3, 0.0, diffusion, objective));
    let cases: Vec<Case> = cases.into_iter().map(Case::all_at_once).collect();
    check(&cases);
}

/// What the squared error is of beside the bound whose gradient stops at the mean, from index 0 on where
/// f64 has the digits.
#[test]
fn squared_errors_of_other_predictions() {
    let of = |prediction, variance, objective| {
        let diffusion = diffusion()
            .with_prediction(prediction)
            .with_variance(variance);
        let name = format!("{prediction:?}, {variance:?}, {objective:?}");
        Case::new(&name, &small(), 3, 0.0, diffusion, objective).all_at_once()
    };
    let mut cases = Vec::new();
    for (prediction, variance) in [
        (Prediction::V, Variance::LearnedRange),
        (Prediction::XStart, Variance::LearnedRange),
        (Prediction::XStart, Variance::Learned),
    ] {
        for objective in [Objective::Mse, Objective::RescaledMse] {
            cases.push(of(prediction, variance, objective));
        }
        // Over γ where there is little noise, under it where there is much.
        let mut case = of(prediction, variance, Objective::RescaledMse).with_min_snr(5.0);
        case.name += ", min-SNR";
        cases.push(case);
    }
    let decoders = cases.iter().filter(|case| case.indices.contains(&0));
    assert_eq!(decoders.count(), 6);
    check(&cases);
}

#[test]
fn every_option_of_the_network() {
    let added = UnetConfig {
        scale_shift: false,
        conv_resample: false,
        ..small().with_multipliers(&[1, 1])
    };
    let wide = UnetConfig {
        model_channels: 64,
        ..added
    };
    let enlarging = UnetConfig {
        super_resolution: true,
        ..small()
    };
    let narrow = |channels, groups| UnetConfig {
        model_channels: channels,
        ..small().with_norm_groups(groups)
    };
    let objective = Objective::RescaledMse;
    let case = |name, config, dropout| Case::new(name, config, 2, dropout, diffusion(), objective);
    check(&[
        case("as published", &small(), 0.0),
        case("embedding added, pooled", &wide, 0.0),
        case("super-resolution, dropout", &enlarging, 0.3),
        case("8 channels in 4 groups", &narrow(8, 4), 0.0),
        case("12 channels in 3 groups", &narrow(12, 3), 0.0),
    ]);
}

/// Making activations again changes where they are, not what they are.
#[test]
fn recomputation_gives_the_same_bits_in_less_memory() {
    use iddpm::unet::Plan;
    let objective = Objective::RescaledMse;
    let case = Case::new("again", &small(), 3, 0.2, diffusion(), objective);
    let sizes = [Recompute::Nothing, Recompute::Cheap, Recompute::Blocks].map(|recompute| {
        let graph = training_graph(&case.network, recompute).unwrap();
        let trained = run(&graph, &case.weights, &case.given);
        (trained.gradients, Plan::single(&graph).elements())
    });
    let [(nothing, all), (cheap, fewer), (blocks, fewest)] = sizes;
    assert!(nothing == cheap && nothing == blocks);
    assert!(fewer < all && fewest < fewer, "{all}, {fewer}, {fewest}");
}
