//! The processor's gradients against the f64 reference, for whole networks of every option.

use std::collections::HashMap;

use iddpm::cpu::{Gradients, TrainingInputs};
use iddpm::diffusion::{Diffusion, InlineProcess, LossRow, Objective, Schedule, Timesteps};
use iddpm::train::{
    AdamW, CpuEngine, Engine, GradError, OptimizerStep, Recompute, Slot, training_graph,
};
use iddpm::unet::{Conv, Graph, ImageSize, Init, Input, Op, Role, Shape, UnetConfig, Wrap};

use super::cases::generate;
use super::cases::reference::{Run, run};

/// A training graph with everything a run needs, in f32.
pub(crate) struct Case {
    pub(crate) graph: Graph,
    pub(crate) weights: Vec<f32>,
    given: HashMap<Input, Vec<f32>>,
    labels: Option<Vec<u32>>,
    keys: Option<Vec<u32>>,
}

impl Case {
    pub(crate) fn new(
        config: &UnetConfig,
        (batch, size): (usize, ImageSize),
        dropout: f64,
        recompute: Recompute,
    ) -> Self {
        let network = config.graph_with_dropout(batch, size, dropout).unwrap();
        let graph = training_graph(&network, recompute).unwrap();
        let process =
            InlineProcess::<40>::new(&Diffusion::new(Schedule::Cosine, 40), Timesteps::ALL)
                .unwrap();
        let mut weights = vec![0.0; graph.weights_len()];
        for param in graph.params() {
            let norm = param.shape.len() == 1 && param.name.ends_with("weight");
            let fan_in = param.elements() / param.rows();
            let scale = if param.shape.len() == 1 {
                0.3
            } else {
                (1.5 / fan_in as f64).sqrt()
            };
            let center = f64::from(u8::from(norm));
            let values = generate(7, &param.name, param.elements(), center, scale);
            for (weight, value) in weights[param.offset..].iter_mut().zip(values) {
                *weight = value as f32;
            }
        }
        let numbers = |seed, name: &str, input, scale| -> Option<Vec<f32>> {
            let len = graph.shape(graph.input(input)?).elements();
            let values = generate(seed, name, len, 0.0, scale);
            Some(values.iter().map(|&value| value as f32).collect())
        };
        let mut given = HashMap::new();
        given.extend(numbers(1, "x_start", Input::XStart, 1.0).map(|n| (Input::XStart, n)));
        given.extend(numbers(2, "noise", Input::Noise, 1.7).map(|n| (Input::Noise, n)));
        given.extend(numbers(3, "low_res", Input::LowRes, 1.0).map(|n| (Input::LowRes, n)));
        let indices: Vec<usize> = (0..batch).map(|n| n * 13).collect();
        let timesteps = indices.iter().map(|&i| process.model_timestep(i).unwrap());
        given.insert(Input::Timesteps, timesteps.collect());
        let rows = indices.iter().flat_map(|&index| {
            let row = LossRow::of(&process, Objective::RescaledMse, index).unwrap();
            row.with_weight(1.0 / batch as f64).words()
        });
        given.insert(Input::Rows, rows.collect());
        let labels = config.num_classes.map(|classes| {
            let class = |n| (n * 2 % classes) as u32;
            (0..batch).map(class).collect::<Vec<u32>>()
        });
        let keys = (dropout > 0.0).then(|| {
            (0..4 * batch as u32)
                .map(|n| n.wrapping_mul(0x9E37_79B9))
                .collect()
        });
        Self {
            graph,
            weights,
            given,
            labels,
            keys,
        }
    }

    pub(crate) fn inputs(&self) -> TrainingInputs<'_> {
        TrainingInputs {
            x_start: &self.given[&Input::XStart],
            noise: &self.given[&Input::Noise],
            rows: &self.given[&Input::Rows],
            timesteps: &self.given[&Input::Timesteps],
            labels: self.labels.as_deref(),
            low_res: self.given.get(&Input::LowRes).map(Vec::as_slice),
            keys: self.keys.as_deref(),
        }
    }

    pub(crate) fn reference(&self) -> Run {
        let mut inputs: HashMap<Input, Vec<f64>> = HashMap::new();
        for (&input, numbers) in &self.given {
            inputs.insert(input, numbers.iter().map(|&x| f64::from(x)).collect());
        }
        let words = |words: &Vec<u32>| words.iter().map(|&word| f64::from(word)).collect();
        inputs.extend(
            self.labels
                .as_ref()
                .map(|labels| (Input::Labels, words(labels))),
        );
        inputs.extend(self.keys.as_ref().map(|keys| (Input::Keys, words(keys))));
        let weights: Vec<f64> = self.weights.iter().map(|&w| f64::from(w)).collect();
        run(&self.graph, &weights, &inputs)
    }

    /// Compares every parameter's gradient with the reference's, `truth`, relative to the largest of its norm
    /// and a fraction of the norm over all parameters that sums of what cancels leave.
    pub(crate) fn compare(
        &self,
        name: &str,
        truth: &Run,
        gradients: &[f32],
        loss: &[f32],
        failures: &mut Vec<String>,
    ) {
        let reported = truth.tensor(self.graph.output().unwrap());
        for (at, (mine, truth)) in loss.iter().zip(reported).enumerate() {
            // A mean over hundreds of elements of 1e-5 each at worst.
            if (f64::from(*mine) - truth).abs() > 2e-5 * truth.abs() + 1e-6 {
                failures.push(format!("{name}: loss[{at}] = {mine}, should be {truth}"));
            }
        }
        let norm = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>().sqrt();
        let all = norm(&truth.gradients);
        for param in self.graph.params() {
            let range = param.offset..param.offset + param.elements();
            let truth = &truth.gradients[range.clone()];
            let pairs = gradients[range].iter().zip(truth);
            let errors: Vec<f64> = pairs
                .map(|(mine, truth)| f64::from(*mine) - truth)
                .collect();
            // The public implementation in f32 is within 2.1e-5 of itself in f64; a gradient that is
            // 0 but for rounding keeps the rounding of what it is a sum of.
            let tolerance = 1e-4 * norm(truth) + 1e-6 * all;
            let error = norm(&errors);
            if error.is_nan() || error > tolerance {
                failures.push(format!(
                    "{name} {}: off by {error:e} of {:e}, tolerance {tolerance:e}",
                    param.name,
                    norm(truth)
                ));
            }
        }
    }

    fn check(
        &self,
        name: &str,
        threads: usize,
        truth: &Run,
        failures: &mut Vec<String>,
    ) -> Vec<f32> {
        let mut executor = Gradients::with_threads(&self.graph, threads).unwrap();
        let mut gradients = vec![f32::NAN; self.weights.len()];
        let mut loss = vec![f32::NAN; 3 * self.graph.batch()];
        for _ in 0..2 {
            // Twice: nothing of the first run may be seen by the second.
            executor
                .run(&self.weights, &self.inputs(), &mut gradients, &mut loss)
                .unwrap();
        }
        self.compare(name, truth, &gradients, &loss, failures);
        gradients
    }
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

pub(crate) fn cases() -> Vec<(&'static str, Case)> {
    let pair = |height, width| {
        let low_res = Some((3, 5));
        let size = ImageSize {
            height,
            width,
            low_res,
        };
        (2, size)
    };
    let pooled = UnetConfig {
        model_channels: 64,
        scale_shift: false,
        conv_resample: false,
        num_classes: None,
        ..small().with_multipliers(&[1, 1])
    };
    let enlarging = UnetConfig {
        super_resolution: true,
        ..small()
    };
    let fixed = UnetConfig {
        out_channels: 2,
        num_classes: None,
        ..small().with_multipliers(&[1, 3]).with_attention(&[1])
    };
    let narrow = |channels, groups| UnetConfig {
        model_channels: channels,
        ..small().with_norm_groups(groups)
    };
    let keep = Recompute::Nothing;
    vec![
        ("tiles", Case::new(&small(), pair(16, 16), 0.0, keep)),
        ("rectangular", Case::new(&small(), pair(6, 10), 0.0, keep)),
        ("pooled", Case::new(&pooled, pair(8, 6), 0.0, keep)),
        (
            "enlarging, dropout",
            Case::new(&enlarging, pair(8, 8), 0.25, keep),
        ),
        (
            "fixed variance",
            Case::new(&fixed, pair(12, 10), 0.0, Recompute::Cheap),
        ),
        (
            "again",
            Case::new(&small(), pair(16, 8), 0.1, Recompute::Blocks),
        ),
        (
            "8 channels in 4 groups",
            Case::new(&narrow(8, 4), pair(8, 6), 0.0, keep),
        ),
        (
            "16 channels in 8 groups",
            Case::new(&narrow(16, 8), pair(6, 10), 0.1, Recompute::Blocks),
        ),
    ]
}

#[test]
fn gradients_are_those_of_the_reference() {
    let mut failures = Vec::new();
    for (name, case) in cases() {
        let truth = case.reference();
        let gradients = case.check(name, 1, &truth, &mut failures);
        let again = case.check(name, 3, &truth, &mut failures);
        let bits = |numbers: &[f32]| numbers.iter().map(|n| n.to_bits()).collect::<Vec<u32>>();
        if bits(&gradients) != bits(&again) {
            failures.push(format!("{name}: other bits on three threads than on one"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What no gradient passes through may stand before all parameters; it reads the noised image like the rest.
#[test]
fn a_sum_of_inputs_reads_the_noised_image() {
    let image = Shape {
        batch: 1,
        channels: 2,
        height: 4,
        width: 4,
    };
    let mut network = Graph::new(1);
    let x = network.add_input(Input::X, "x", image);
    let low_res = network.add_input(Input::LowRes, "low_res", image);
    let sum = Op::Add {
        first: x,
        second: low_res,
    };
    let input = network.add("sum", sum);
    let weight = network.add_param("weight".into(), &[2, 2, 1, 1], Init::Zero);
    let bias = network.add_param("bias".into(), &[2], Init::Zero);
    let conv = Conv {
        input,
        weight,
        bias,
        kernel: 1,
        stride: 1,
        upsample: false,
        wrap: Wrap::None,
        shift: None,
        residual: None,
    };
    let output = network.add("conv", Op::Conv(conv));
    network.set_output(output);
    let graph = training_graph(&network, Recompute::Nothing).unwrap();
    let name = |id| graph.tensor(id).unwrap().name.as_str();
    let mut nodes = graph.nodes().iter();
    let sum = nodes.find(|node| name(node.output) == "sum").unwrap();
    assert!(sum.op.inputs().map(name).eq(["x", "low_res"]));
}

/// A hand-built graph may have two images, or another graph's tensor as its result.
#[test]
fn every_input_is_kept_and_a_result_is_the_graphs_own() {
    let image = Shape {
        batch: 1,
        channels: 1,
        height: 2,
        width: 2,
    };
    let mut network = Graph::new(1);
    let first = network.add_input(Input::X, "x", image);
    let second = network.add_input(Input::X, "another", image);
    let sum = network.add("sum", Op::Add { first, second });
    let bare = network.clone();
    network.set_output(sum);
    let graph = training_graph(&network, Recompute::Nothing).unwrap();
    let name = |id| graph.tensor(id).unwrap().name.as_str();
    let mut nodes = graph.nodes().iter();
    let sum = nodes.find(|node| name(node.output) == "sum").unwrap();
    assert!(sum.op.inputs().map(name).eq(["x", "another"]));

    let mut foreign = bare;
    foreign.set_output(graph.output().unwrap());
    let error = training_graph(&foreign, Recompute::Nothing).unwrap_err();
    assert_eq!(error, GradError::NotANetwork { what: "result" });
}

/// A step without a gradient since the last one takes none: not the last one's again.
pub(crate) fn check_that_sums_begin_anew(engine: &mut impl Engine, case: &Case) {
    let update = |step| OptimizerStep {
        adamw: AdamW::default(),
        lr: 1e-3,
        step,
        unscale: 1.0,
        clip: None,
        ema_warm_up: false,
    };
    engine.write(Slot::Weights, &case.weights).unwrap();
    let mut loss = vec![0.0; 3 * case.graph.batch()];
    engine.accumulate(&case.inputs(), &mut loss).unwrap();
    let first = engine.update(&update(1)).unwrap();
    assert!(first.taken && first.grad_norm > 0.0, "{first:?}");
    let second = engine.update(&update(2)).unwrap();
    assert_eq!((second.grad_norm, second.taken), (0.0, true));
}

#[test]
fn sums_begin_anew_with_each_step() {
    let (_, case) = cases().into_iter().next().unwrap();
    let mut engine = CpuEngine::new(&case.graph, &[], false).unwrap();
    check_that_sums_begin_anew(&mut engine, &case);
}

/// A parameter has its gradient though it is also read where nothing leads to the result.
#[test]
fn what_is_not_on_the_way_to_the_result_is_not_waited_for() {
    let image = Shape {
        batch: 1,
        channels: 2,
        height: 2,
        width: 2,
    };
    let mut network = Graph::new(1);
    let input = network.add_input(Input::X, "x", image);
    let weight = network.add_param("weight".into(), &[2, 2, 1, 1], Init::Zero);
    let bias = network.add_param("bias".into(), &[2], Init::Zero);
    let conv = Op::Conv(Conv {
        input,
        weight,
        bias,
        kernel: 1,
        stride: 1,
        upsample: false,
        wrap: Wrap::None,
        shift: None,
        residual: None,
    });
    let result = network.add("result", conv);
    network.add("aside", conv);
    network.set_output(result);
    let graph = training_graph(&network, Recompute::Nothing).unwrap();
    let roles = graph.tensors().iter().map(|tensor| tensor.role);
    let gradients: Vec<Role> = roles
        .filter(|role| matches!(role, Role::Gradient(_)))
        .collect();
    assert_eq!(gradients, [Role::Gradient(weight), Role::Gradient(bias)]);
}
