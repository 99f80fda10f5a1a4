//! A graph of one operation, and what goes into it.

use std::collections::HashMap;

use iddpm::unet::{Graph, Init, Input, Op, ParamId, Shape, TensorId};

use super::generate;
use super::reference::{Inputs, run};

/// Where an operation stands in a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stands {
    /// Alone: it reads the network's inputs and makes its result, which are f32 in any precision.
    Alone,
    /// Within: the images that it reads and makes are inner tensors, which a precision may keep in f16.
    /// Resizing to the same size stands before and behind it, which changes no number. What it reads are
    /// numbers of 11 bits, so that f16 holds them and the reference starts from the same.
    Within,
    /// In a network that is trained: layers make what it reads of x and t, and x's channels of its result.
    Trained,
}

impl Stands {
    /// Where it is run as it is.
    pub(crate) const RUN: [Self; 2] = [Self::Alone, Self::Within];

    pub(crate) fn case(self, name: String, batch: usize, tolerance: f64) -> Case {
        Case {
            stands: self,
            name,
            graph: Graph::new(batch),
            written: Vec::new(),
            inputs: HashMap::new(),
            params: Vec::new(),
            tolerance,
            in_matrices: 0.0,
        }
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
            Self::Alone | Self::Within | Self::Trained => input,
        }
    }
}

/// A graph of one operation and what goes into it.
pub(crate) struct Case {
    stands: Stands,
    pub(crate) name: String,
    pub(crate) graph: Graph,
    /// As a GPU gets them: labels as numbers, keys as their bits.
    pub(crate) written: Vec<(Input, Vec<f32>)>,
    /// As numbers.
    pub(crate) inputs: Inputs,
    params: Vec<(ParamId, Vec<f32>)>,
    /// What arithmetic in f32 may be off by, relatively to the largest number of the result.
    pub(crate) tolerance: f64,
    /// What it is off by besides where factors that no tensor holds are rounded to f16, for matrices.
    pub(crate) in_matrices: f64,
}

/// Roles to feed operands by that are numbers; what they mean to a network does not matter here.
const ROLES: [Input; 5] = [
    Input::XStart,
    Input::Noise,
    Input::Rows,
    Input::LowRes,
    Input::Timesteps,
];

/// To the nearest f16: of 11 bits.
fn narrow(number: f64) -> f64 {
    half::f16::from_f64(number).to_f64()
}

impl Case {
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

    /// The classes of the images.
    pub(crate) fn labels(&mut self, classes: &[usize]) -> TensorId {
        let words = classes.iter().map(|&class| class as f32).collect();
        let numbers = classes.iter().map(|&class| class as f64).collect();
        let shape = super::vector(classes.len(), 1);
        self.given(Input::Labels, shape, words, numbers)
    }

    /// What the operation reads: an inner tensor where it stands within.
    pub(crate) fn numbers(&mut self, shape: Shape, mut numbers: Vec<f64>) -> TensorId {
        if self.stands == Stands::Trained {
            return self.layers_to(shape);
        }
        if self.stands == Stands::Within && shape.positions() > 1 {
            numbers
                .iter_mut()
                .for_each(|number| *number = narrow(*number));
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
        let halves = values.into_iter().map(|value| narrow(value) as f32);
        self.params.push((id, halves.collect()));
        id
    }

    pub(crate) fn of(mut self, op: Op) -> Self {
        let result = self.graph.add("result", op);
        if self.stands == Stands::Trained {
            self.layers_from(result);
            return self;
        }
        let output = self.stands.behind(&mut self.graph, result);
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

    /// What a tensor of its graph, or of one that goes on from it, is by the plain loops in f64.
    pub(crate) fn tensor(&self, graph: &Graph, id: TensorId) -> Vec<f64> {
        let weights: Vec<f64> = self.weights().iter().map(|&w| w.into()).collect();
        run(graph, &weights, &self.inputs).tensor(id).to_vec()
    }

    /// What must come out.
    pub(crate) fn truth(&self) -> Vec<f64> {
        self.tensor(&self.graph, self.graph.output().unwrap())
    }
}
