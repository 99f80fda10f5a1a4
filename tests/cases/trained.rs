//! The layers about an operation in a network that is trained.

use iddpm::unet::{Conv, Input, Op, Shape, TensorId, Wrap};

use super::{Case, shape, vector};

/// Channels of x.
const CHANNELS: usize = 2;
/// Width of the timesteps' embedding.
const WIDTH: usize = 16;

fn sizes(shape: Shape) -> (usize, usize) {
    (shape.height, shape.width)
}

impl Case {
    /// What an operation reads: an image that a convolution makes of x, as large or half as large, or a vector
    /// that a layer makes of t.
    pub(super) fn layers_to(&mut self, shape: Shape) -> TensorId {
        if shape.positions() == 1 {
            return self.vector_of_t(shape);
        }
        let x = self.x(shape);
        let is_same = sizes(self.graph.shape(x)) == sizes(shape);
        let stride = if is_same { 1 } else { 2 };
        let conv = self.conv(x, shape.channels, (3, stride, false), None);
        assert_eq!(self.graph.shape(conv), shape, "{}", self.name);
        conv
    }

    /// The network's result: of an image by convolutions that give it x's size again; a vector is added to
    /// x's channels. None where the size is another's: half of what is odd.
    pub(super) fn layers_from(&mut self, result: TensorId) {
        let made = self.graph.shape(result);
        let (input, resize, shift) = if made.positions() == 1 {
            let x = self.x(shape(made.batch, CHANNELS, 3, 4));
            (x, (3, 1, false), Some(result))
        } else {
            let x = self.x(made);
            let (height, width) = sizes(self.graph.shape(x));
            let resize = match sizes(made) {
                same if same == (height, width) => (3, 1, false),
                twice if twice == (2 * height, 2 * width) => (3, 2, false),
                (h, w) if (2 * h, 2 * w) == (height, width) => (3, 1, true),
                _ => return,
            };
            (result, resize, None)
        };
        let same = self.conv(input, made.channels, resize, shift);
        let output = self.conv(same, CHANNELS, (1, 1, false), None);
        self.graph.set_output(output);
    }

    /// x, as large as what first asks for it.
    fn x(&mut self, like: Shape) -> TensorId {
        let image = Shape {
            channels: CHANNELS,
            ..like
        };
        let known = self.graph.input(Input::X);
        known.unwrap_or_else(|| self.graph.add_input(Input::X, "x", image))
    }

    fn vector_of_t(&mut self, like: Shape) -> TensorId {
        let batch = like.batch;
        let known = self.graph.input(Input::Timesteps);
        let timesteps = known.unwrap_or_else(|| {
            let numbers: Vec<f64> = (0..batch).map(|n| 7.5 + 300.0 * n as f64).collect();
            let words = numbers.iter().map(|&t| t as f32).collect();
            self.given(Input::Timesteps, vector(batch, 1), words, numbers)
        });
        let embedding = Op::TimestepEmbedding {
            timesteps,
            dim: WIDTH,
        };
        let input = self.graph.add("embedding", embedding);
        let op = Op::Linear {
            input,
            weight: self.param(&[like.channels, WIDTH], 0.0, 0.4),
            bias: self.param(&[like.channels], 0.0, 0.5),
            silu: false,
        };
        self.graph.add("vector", op)
    }

    fn conv(
        &mut self,
        input: TensorId,
        outputs: usize,
        (kernel, stride, upsample): (usize, usize, bool),
        shift: Option<TensorId>,
    ) -> TensorId {
        let channels = self.graph.shape(input).channels;
        let terms = channels * kernel * kernel;
        let scale = 1.5 / (terms as f64).sqrt();
        let op = Op::Conv(Conv {
            input,
            weight: self.param(&[outputs, channels, kernel, kernel], 0.0, scale),
            bias: self.param(&[outputs], 0.0, 0.5),
            kernel,
            stride,
            upsample,
            wrap: Wrap::None,
            shift,
            residual: None,
        });
        self.graph.add("conv", op)
    }
}
