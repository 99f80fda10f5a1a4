//! Every operation that only training needs, alone, at odd sizes, on the GPU and on the processor against the
//! f64 reference.

use std::collections::HashMap;
use std::fmt::Write as _;

use iddpm::cpu::{Gradients, TrainingInputs};
use iddpm::gpu::{DeviceWeights, Gpu, Network, Precision, Variants, wgpu};
use iddpm::unet::{Graph, Init, Input, Op, ParamId, Shape, TensorId, Weights};

use super::generator::generate;
use super::gpu::{bits, gpu};
use super::gpu_table::table;
use super::reference::{Inputs, run};

/// The largest relative error of rounding to f16, and that of what is too small for it.
pub(crate) const HALF: f64 = 1.0 / (1 << 11) as f64;
const LEAST_HALF: f64 = 1.0 / (1 << 25) as f64;

/// Where an operation stands in a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stands {
    /// Alone: it reads the network's inputs and makes its result, which are f32 in any precision.
    Alone,
    /// Within: the images that it reads and makes are inner tensors, which a precision may keep in f16.
    /// Resizing to the same size stands before and behind it, which changes no number. What it reads are
    /// numbers of 11 bits, so that f16 holds them and the reference starts from the same.
    Within,
}

impl Stands {
    pub(crate) fn case(self, name: String, batch: usize, tolerance: f64) -> Case {
        Case::new(self, name, batch, tolerance)
    }

    /// Behind the images, where the operation stands within; a weight's gradient is none of them.
    fn behind(self, graph: &mut Graph, input: TensorId) -> TensorId {
        let shape = graph.shape(input);
        let Shape { height, width, .. } = shape;
        let is_image = shape.batch == graph.batch() && shape.positions() > 1;
        match self {
            Self::Within if is_image => graph.add(
                "copy",
                Op::Bilinear {
                    input,
                    height,
                    width,
                },
            ),
            Self::Alone | Self::Within => input,
        }
    }
}

/// A graph of one operation and what goes into it.
pub(crate) struct Case {
    stands: Stands,
    pub(crate) name: String,
    pub(crate) graph: Graph,
    /// As the GPU gets them.
    written: Vec<(Input, Vec<f32>)>,
    /// As numbers.
    pub(crate) inputs: Inputs,
    params: Vec<(ParamId, Vec<f32>)>,
    tolerance: f64,
}

/// Roles to feed operands by that are numbers; what they mean to a network does not matter here.
const ROLES: [Input; 5] = [
    Input::XStart,
    Input::Noise,
    Input::Rows,
    Input::Timesteps,
    Input::LowRes,
];

impl Case {
    fn new(stands: Stands, name: String, batch: usize, tolerance: f64) -> Self {
        Self {
            stands,
            name,
            graph: Graph::new(batch),
            written: Vec::new(),
            inputs: HashMap::new(),
            params: Vec::new(),
            tolerance,
        }
    }

    /// What is the network's input wherever the operation stands.
    pub(crate) fn input(&mut self, shape: Shape, numbers: Vec<f64>) -> TensorId {
        let words = numbers.iter().map(|&number| number as f32).collect();
        self.given(ROLES[self.written.len()], shape, words, numbers)
    }

    pub(crate) fn random_input(&mut self, shape: Shape) -> TensorId {
        let numbers = self.random_numbers(shape);
        self.input(shape, numbers)
    }

    pub(crate) fn given(
        &mut self,
        role: Input,
        shape: Shape,
        words: Vec<f32>,
        numbers: Vec<f64>,
    ) -> TensorId {
        let id = self.graph.add_input(role, &format!("{role:?}"), shape);
        self.written.push((role, words));
        self.inputs.insert(role, numbers);
        id
    }

    pub(crate) fn numbers(&mut self, shape: Shape, mut numbers: Vec<f64>) -> TensorId {
        if self.stands == Stands::Within && shape.positions() > 1 {
            let narrow = |number: &mut f64| *number = half::f16::from_f64(*number).to_f64();
            numbers.iter_mut().for_each(narrow);
        }
        let id = self.input(shape, numbers);
        self.stands.behind(&mut self.graph, id)
    }

    pub(crate) fn random(&mut self, shape: Shape) -> TensorId {
        let numbers = self.random_numbers(shape);
        self.numbers(shape, numbers)
    }

    fn random_numbers(&self, shape: Shape) -> Vec<f64> {
        let seed = 77 + self.written.len() as u64;
        generate(seed, &self.name, shape.elements(), 0.1, 1.5)
    }

    pub(crate) fn param(&mut self, extents: &[usize], center: f64, scale: f64) -> ParamId {
        let name = format!("{}{}", self.name, self.params.len());
        let id = self.graph.add_param(name.clone(), extents, Init::Zero);
        // Of 11 bits, so that 16 bits hold them and both widths must give the same.
        let values = generate(5, &name, extents.iter().product(), center, scale);
        let halves = values.iter().map(|&v| half::f16::from_f64(v).to_f32());
        self.params.push((id, halves.collect()));
        id
    }

    pub(crate) fn of(mut self, op: Op) -> Self {
        let output = self.graph.add("result", op);
        let output = self.stands.behind(&mut self.graph, output);
        self.graph.set_output(output);
        self
    }

    pub(crate) fn weights(&self) -> Vec<f32> {
        let mut weights = vec![0.0; self.graph.weights_len()];
        for (id, values) in &self.params {
            let offset = self.graph.param(*id).unwrap().offset;
            weights[offset..][..values.len()].copy_from_slice(values);
        }
        weights
    }

    fn run(&self, gpu: &Gpu, precision: Precision) -> Vec<f32> {
        let weights = self.weights();
        let weights =
            DeviceWeights::upload_blocking(gpu, &self.graph, Weights::F32(&weights), precision)
                .unwrap();
        let network = Network::new_blocking(gpu, &self.graph, &weights)
            .unwrap_or_else(|error| panic!("{}: {error}", self.name));
        network.poison();
        for (input, values) in &self.written {
            network.write(*input, values).unwrap();
        }
        network.run_blocking().unwrap();
        network.output_blocking().unwrap()
    }

    /// On so many threads of the processor.
    fn run_on_processor(&self, threads: usize) -> Vec<f32> {
        let mut graph = self.graph.clone();
        let output = graph.output().unwrap();
        let shape = graph.shape(output);
        if graph.input(Input::Labels).is_some() {
            // Labels are taken where a table of classes is read; what is read there goes nowhere.
            let base = graph.input(Input::XStart).unwrap();
            let extents = [shape.batch, graph.shape(base).channels];
            let table = graph.add_param("table".into(), &extents, Init::Zero);
            let labels = graph.input(Input::Labels).unwrap();
            graph.add(
                "unused",
                Op::LabelEmbedding {
                    base,
                    labels,
                    table,
                },
            );
        }
        let mut weights = self.weights();
        weights.resize(graph.weights_len(), 0.0);
        let numbers = |role| {
            let found = self.written.iter().find(|(input, _)| *input == role);
            found.map(|(_, numbers)| numbers.as_slice())
        };
        let whole = |role| -> Option<Vec<u32>> {
            let numbers = self.inputs.get(&role)?;
            Some(numbers.iter().map(|&number| number as u32).collect())
        };
        let (labels, keys) = (whole(Input::Labels), whole(Input::Keys));
        let inputs = TrainingInputs {
            x_start: numbers(Input::XStart).unwrap(),
            noise: numbers(Input::Noise).unwrap_or_default(),
            rows: numbers(Input::Rows).unwrap_or_default(),
            timesteps: numbers(Input::Timesteps).unwrap_or_default(),
            labels: labels.as_deref(),
            low_res: numbers(Input::LowRes),
            keys: keys.as_deref(),
        };
        let mut executor = Gradients::with_threads(&graph, threads)
            .unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let mut gradients = vec![f32::NAN; weights.len()];
        let mut result = vec![f32::NAN; shape.elements()];
        executor
            .run(&weights, &inputs, &mut gradients, &mut result)
            .unwrap_or_else(|error| panic!("{}: {error}", self.name));
        result
    }

    fn truth(&self) -> Vec<f64> {
        let weights: Vec<f64> = self.weights().iter().map(|&w| w.into()).collect();
        let run = run(&self.graph, &weights, &self.inputs);
        run.tensor(self.graph.output().unwrap()).to_vec()
    }

    fn compare(&self, result: &[f32], precision: Precision, truth: &[f64], failures: &mut String) {
        assert_eq!(result.len(), truth.len(), "{}", self.name);
        let scale = truth.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        let single = self.tolerance * scale;
        // Rounding to f16 what is near the truth, subnormal or not.
        let half = match precision {
            Precision::Half => |number: f64| HALF * number + LEAST_HALF,
            Precision::Full | Precision::HalfWeights => |_: f64| 0.0,
        };
        let mut wrong = 0;
        let mut worst = (0.0_f64, 0);
        for (i, (&got, &want)) in result.iter().zip(truth).enumerate() {
            let error = (f64::from(got) - want).abs();
            // NaN is neither.
            let is_near = error <= single + half(want.abs() + single);
            let is_less = error <= worst.0;
            wrong += usize::from(!is_near);
            if !is_less {
                worst = (error, i);
            }
        }
        if wrong > 0 {
            let (error, at) = worst;
            writeln!(
                failures,
                "{} ({precision:?}): {wrong} of {} wrong, [{at}] = {}, not {}: off by {:e} of {scale}",
                self.name,
                result.len(),
                result[at],
                truth[at],
                error / scale,
            )
            .unwrap();
        }
    }
}

#[test]
fn every_operation_on_the_processor() {
    let mut failures = String::new();
    for case in table(Stands::Alone) {
        let result = case.run_on_processor(1);
        case.compare(&result, Precision::Full, &case.truth(), &mut failures);
        if bits(&result) != bits(&case.run_on_processor(3)) {
            writeln!(failures, "{}: other bits on three threads", case.name).unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn every_operation() {
    let device = gpu().device();
    let has_half = device.features().contains(wgpu::Features::SHADER_F16);
    for stands in [Stands::Alone, Stands::Within] {
        let precisions: &[Precision] = match stands {
            Stands::Alone => &[Precision::Full, Precision::HalfWeights],
            Stands::Within if has_half => &[Precision::Half],
            Stands::Within => &[Precision::Full],
        };
        let table = table(stands);
        let truths: Vec<Vec<f64>> = table.iter().map(Case::truth).collect();
        for variants in Variants::all(device, gpu().matrices()) {
            let gpu = gpu().clone().with_variants(variants);
            let mut failures = String::new();
            for (case, truth) in table.iter().zip(&truths) {
                for &precision in precisions {
                    if precision != Precision::HalfWeights || !case.params.is_empty() {
                        let result = case.run(&gpu, precision);
                        case.compare(&result, precision, truth, &mut failures);
                    }
                }
            }
            assert!(failures.is_empty(), "{stands:?}, {variants:?}\n{failures}");
        }
    }
}
