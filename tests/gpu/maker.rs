//! A graph of one operation, what goes into it, and what must come out.

use iddpm::unet::{Graph, Init, Input, Op, ParamId, Shape, TensorId};

use super::golden_network::generate;

/// A tensor in f64, [N, C, H, W].
#[derive(Clone)]
pub(crate) struct Numbers {
    pub(crate) shape: Shape,
    pub(crate) values: Vec<f64>,
}

impl Numbers {
    pub(crate) fn at(&self, n: usize, c: usize, y: usize, x: usize) -> f64 {
        let Shape {
            channels,
            height,
            width,
            ..
        } = self.shape;
        self.values[((n * channels + c) * height + y) * width + x]
    }

    /// A tensor of a shape, by its formula.
    pub(crate) fn of(shape: Shape, f: impl Fn(usize, usize, usize, usize) -> f64) -> Self {
        let mut values = Vec::new();
        for n in 0..shape.batch {
            for c in 0..shape.channels {
                for y in 0..shape.height {
                    values.extend((0..shape.width).map(|x| f(n, c, y, x)));
                }
            }
        }
        Self { shape, values }
    }
}

pub(crate) fn shape(batch: usize, channels: usize, height: usize, width: usize) -> Shape {
    Shape {
        batch,
        channels,
        height,
        width,
    }
}

/// An operation alone: its graph, what goes into it, what must come out of it.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) graph: Graph,
    pub(crate) inputs: Vec<(Input, Vec<f32>)>,
    pub(crate) weights: Vec<f32>,
    /// By the formula, in f64.
    pub(crate) expected: Numbers,
    /// What arithmetic in f32 may be off by, relatively to the largest number expected.
    pub(crate) tolerance: f64,
}

/// Where an operation stands in a network.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stands {
    /// Alone: it reads the network's inputs and makes its result, which are f32 in any precision.
    Alone,
    /// Within: the images that it reads and makes are inner tensors, which a precision may keep in f16.
    /// Resizing to the same size stands before and behind it, which changes no number. What it reads are
    /// numbers of 11 bits, so that f16 holds them and the formula starts from the same.
    Within,
}

/// The bits of f32 and of f16, as the largest relative error of rounding to them.
pub(crate) const SINGLE: f64 = 1.0 / (1 << 24) as f64;
pub(crate) const HALF: f64 = 1.0 / (1 << 11) as f64;
/// Half the least f16 above 0: the largest error of rounding what is smaller still.
pub(crate) const LEAST_HALF: f64 = 1.0 / (1 << 25) as f64;

/// What a sum of so many products may be off by: each addition rounds what is summed so far, by at most
/// one [`SINGLE`] of it and by 0.3 of one as a rule; n of them in no common direction make 0.3·√n. Four
/// times √n is thirteen such deviations, enough for the worst of a tensor's numbers in whatever order a
/// variant adds, and far from n. A few more for what is added behind the sum.
pub(crate) fn sum_of(n: usize) -> f64 {
    (4.0 * (n as f64).sqrt() + 4.0) * SINGLE
}

/// Element c of the embedding of t: cosines, then sines, then a 0 where `dim` is odd.
pub(crate) fn embedding(t: f64, c: usize, dim: usize) -> f64 {
    let half = dim / 2;
    let frequency = (-(1e4_f64.ln()) * (c % half) as f64 / half as f64).exp();
    match c / half {
        0 => (t * frequency).cos(),
        1 => (t * frequency).sin(),
        _ => 0.0,
    }
}

/// Builds a case: inputs of every role, parameters, values from the generator.
pub(crate) struct Maker {
    pub(crate) name: String,
    stands: Stands,
    graph: Graph,
    inputs: Vec<(Input, Vec<f32>)>,
    params: Vec<(ParamId, Vec<f32>)>,
}

/// Roles to feed images by; what they mean to a network does not matter here.
const ROLES: [Input; 2] = [Input::X, Input::LowRes];

/// To the nearest f16.
fn narrow(value: f32) -> f32 {
    half::f16::from_f32(value).to_f32()
}

impl Maker {
    pub(crate) fn new(stands: Stands, name: String, batch: usize) -> Self {
        Self {
            name,
            stands,
            graph: Graph::new(batch),
            inputs: Vec::new(),
            params: Vec::new(),
        }
    }

    pub(crate) fn given(&mut self, shape: Shape, values: Vec<f32>) -> (TensorId, Numbers) {
        let is_free = |role: &Input| self.inputs.iter().all(|(taken, _)| taken != role);
        let role = ROLES.into_iter().find(is_free);
        self.given_as(role.expect("two images"), shape, values)
    }

    pub(crate) fn given_as(
        &mut self,
        role: Input,
        shape: Shape,
        mut values: Vec<f32>,
    ) -> (TensorId, Numbers) {
        let id = self.graph.add_input(role, &format!("{role:?}"), shape);
        let is_within = self.stands == Stands::Within && shape.positions() > 1;
        if is_within {
            values.iter_mut().for_each(|value| *value = narrow(*value));
        }
        let numbers = values.iter().map(|&value| value.into()).collect();
        self.inputs.push((role, values));
        let id = if is_within { self.copied(id) } else { id };
        let values = numbers;
        (id, Numbers { shape, values })
    }

    fn copied(&mut self, input: TensorId) -> TensorId {
        let Shape { height, width, .. } = self.graph.shape(input);
        let op = Op::Bilinear {
            input,
            height,
            width,
        };
        self.graph.add("copy", op)
    }

    pub(crate) fn random(&mut self, shape: Shape) -> (TensorId, Numbers) {
        let seed = 77 + self.inputs.len() as u64;
        let values = generate(seed, &self.name, shape.elements(), 0.1, 1.5);
        self.given(shape, values)
    }

    /// A vector for each image, as networks have it: of its timestep.
    pub(crate) fn vector(&mut self, dim: usize) -> (TensorId, Numbers) {
        let batch = self.graph.batch();
        let t = generate(3, &self.name, batch, 500.0, 400.0);
        let (timesteps, t) = self.given_as(Input::Timesteps, shape(batch, 1, 1, 1), t);
        let op = Op::TimestepEmbedding { timesteps, dim };
        let id = self.graph.add("vector", op);
        let of = |n, c, _, _| embedding(t.values[n], c, dim);
        (id, Numbers::of(shape(batch, dim, 1, 1), of))
    }

    pub(crate) fn param(&mut self, extents: &[usize], scale: f64) -> (ParamId, Vec<f64>) {
        let name = format!("{}{}", self.name, self.params.len());
        let id = self.graph.add_param(name.clone(), extents, Init::Zero);
        let len = extents.iter().product();
        // Of 11 bits, so that 16 bits hold them and both widths must give the same.
        let values: Vec<f32> = generate(5, &name, len, 0.0, scale)
            .into_iter()
            .map(narrow)
            .collect();
        let numbers = values.iter().map(|&value| value.into()).collect();
        self.params.push((id, values));
        (id, numbers)
    }

    pub(crate) fn case(
        mut self,
        op: Op,
        tolerance: f64,
        expected: impl Fn(Shape) -> Numbers,
    ) -> Case {
        let made = self.graph.add("result", op);
        // The processor's programs have both, read or not.
        for role in [Input::X, Input::Timesteps] {
            if self.graph.input(role).is_none() {
                let batch = self.graph.batch();
                self.given_as(role, shape(batch, 1, 1, 1), vec![1.0; batch]);
            }
        }
        let expected = expected(self.graph.shape(made));
        let is_within = self.stands == Stands::Within && expected.shape.positions() > 1;
        let output = if is_within { self.copied(made) } else { made };
        self.graph.set_output(output);
        let mut weights = vec![0.0; self.graph.weights_len()];
        for (id, values) in &self.params {
            let offset = self.graph.param(*id).unwrap().offset;
            weights[offset..][..values.len()].copy_from_slice(values);
        }
        Case {
            expected,
            name: self.name,
            graph: self.graph,
            inputs: self.inputs,
            weights,
            tolerance,
        }
    }
}
