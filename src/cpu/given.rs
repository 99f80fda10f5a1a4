//! The slices that a caller gives to a run and gets of it, checked against the program before anything is
//! computed.

use super::error::{NetworkError, NetworkSlice};
use super::program::Program;
use crate::unet::Input;

/// The inputs of a run of a network.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Inputs<'a> {
    /// The noisy images x_t, [N, C, H, W].
    pub x: &'a [f32],
    /// The timestep of each image, as the network is told of it, \[N\], possibly fractional.
    pub timesteps: &'a [f32],
    /// The class of each image, \[N\], where the network is conditioned on one.
    pub labels: Option<&'a [u32]>,
    /// The low-resolution images, [N, C, h, w], where the network takes any.
    pub low_res: Option<&'a [f32]>,
}

/// The inputs of a run of a network's training; images are [N, C, H, W].
#[derive(Debug, Clone, Copy)]
pub struct TrainingInputs<'a> {
    /// The images x_0, [N, C, H, W].
    pub x_start: &'a [f32],
    /// The noise ε, [N, C, H, W].
    pub noise: &'a [f32],
    /// The row of each image's loss, [N, `LossRow::LEN`]:
    /// [`LossRow::words`](crate::diffusion::LossRow::words).
    pub rows: &'a [f32],
    /// The timestep of each image, as the network is told of it, \[N\].
    pub timesteps: &'a [f32],
    /// The class of each image, \[N\], where the network is conditioned on one.
    pub labels: Option<&'a [u32]>,
    /// The low-resolution images, [N, C, h, w], where the network takes any.
    pub low_res: Option<&'a [f32]>,
    /// The keys that the mask of each image follows from, [N, 4], where there is dropout: the key of Philox
    /// 4x32-10 and two words of its counter, each the low one first.
    pub keys: Option<&'a [u32]>,
}

/// The inputs of any program, each given where the program takes it: see [`Input`].
#[derive(Debug, Clone, Copy)]
pub struct Given<'a, R = f32> {
    /// The noisy images x_t.
    pub x: Option<&'a [R]>,
    /// The timestep of each image, as the network is told of it.
    pub timesteps: Option<&'a [R]>,
    /// The low-resolution images.
    pub low_res: Option<&'a [R]>,
    /// The images x_0.
    pub x_start: Option<&'a [R]>,
    /// The noise ε.
    pub noise: Option<&'a [R]>,
    /// The row of each image's loss.
    pub rows: Option<&'a [R]>,
    /// The class of each image.
    pub labels: Option<&'a [u32]>,
    /// The keys that dropout's masks follow from.
    pub keys: Option<&'a [u32]>,
    /// The gradient of the caller's loss with respect to the network's result.
    pub output_grad: Option<&'a [R]>,
}

impl<R> Default for Given<'_, R> {
    fn default() -> Self {
        Self {
            x: None,
            timesteps: None,
            low_res: None,
            x_start: None,
            noise: None,
            rows: None,
            labels: None,
            keys: None,
            output_grad: None,
        }
    }
}

impl<'a> From<&Inputs<'a>> for Given<'a> {
    fn from(inputs: &Inputs<'a>) -> Self {
        Self {
            x: Some(inputs.x),
            timesteps: Some(inputs.timesteps),
            low_res: inputs.low_res,
            labels: inputs.labels,
            ..Self::default()
        }
    }
}

impl<'a> From<&TrainingInputs<'a>> for Given<'a> {
    fn from(inputs: &TrainingInputs<'a>) -> Self {
        Self {
            x_start: Some(inputs.x_start),
            noise: Some(inputs.noise),
            rows: Some(inputs.rows),
            timesteps: Some(inputs.timesteps),
            low_res: inputs.low_res,
            labels: inputs.labels,
            keys: inputs.keys,
            ..Self::default()
        }
    }
}

impl<'a, R> Given<'a, R> {
    /// An input of numbers; none of those that are words.
    pub(crate) const fn numbers(&self, input: Input) -> Option<&'a [R]> {
        match input {
            Input::X => self.x,
            Input::Timesteps => self.timesteps,
            Input::LowRes => self.low_res,
            Input::XStart => self.x_start,
            Input::Noise => self.noise,
            Input::Rows => self.rows,
            Input::OutputGrad => self.output_grad,
            Input::Labels | Input::Keys => None,
        }
    }

    /// The same with other numbers for an input.
    #[cfg(feature = "std")]
    pub(crate) const fn with(mut self, input: Input, numbers: &'a [R]) -> Self {
        match input {
            Input::X => self.x = Some(numbers),
            Input::Timesteps => self.timesteps = Some(numbers),
            Input::LowRes => self.low_res = Some(numbers),
            Input::XStart => self.x_start = Some(numbers),
            Input::Noise => self.noise = Some(numbers),
            Input::Rows => self.rows = Some(numbers),
            Input::OutputGrad => self.output_grad = Some(numbers),
            Input::Labels | Input::Keys => {}
        }
        self
    }

    const fn len(&self, input: Input) -> Option<usize> {
        let words = match input {
            Input::Labels => self.labels,
            Input::Keys => self.keys,
            Input::X
            | Input::Timesteps
            | Input::LowRes
            | Input::XStart
            | Input::Noise
            | Input::Rows
            | Input::OutputGrad => None,
        };
        match (self.numbers(input), words) {
            (Some(numbers), _) => Some(numbers.len()),
            (None, Some(words)) => Some(words.len()),
            (None, None) => None,
        }
    }

    /// Whether it is what a program takes, each as long as it is due.
    pub(crate) fn check(&self, program: &Program<'_>) -> Result<(), NetworkError> {
        for input in Input::ALL {
            let slice = NetworkSlice::of(input);
            match (self.len(input), program.input(input)) {
                (None, None) => {}
                // Whoever runs a network cannot but give x and timesteps: nothing stands for none, and
                // timesteps that nothing reads are allowed.
                (Some(0), None) => {}
                (Some(_), None) if input == Input::Timesteps => {}
                (None, Some(_)) => return Err(NetworkError::Missing { slice }),
                (Some(_), None) => return Err(NetworkError::Superfluous { slice }),
                (Some(len), Some(shape)) => length(slice, len, shape.elements())?,
            }
        }
        let classes = program.header().classes;
        // Absent: no image has a class.
        let mut labels = self.labels.unwrap_or_default().iter().enumerate();
        match labels.find(|&(_, &label)| label as usize >= classes) {
            None => Ok(()),
            Some((image, &label)) => Err(NetworkError::Label {
                image,
                label,
                classes: classes as u32,
            }),
        }
    }
}

/// The results of a run: the caller's slices that it writes.
#[derive(Debug)]
pub struct Results<'a, R = f32> {
    /// The result of the program.
    pub output: &'a mut [R],
    /// The gradients of all weights; empty where a program makes none.
    pub gradients: &'a mut [R],
}

/// All that the caller gives, before anything is computed.
pub(crate) fn check_inputs(program: &Program<'_>, inputs: &Inputs<'_>) -> Result<(), NetworkError> {
    if program.has_gradients() {
        return Err(NetworkError::Training);
    }
    Given::from(inputs).check(program)?;
    finite(NetworkSlice::X, inputs.x)?;
    finite(NetworkSlice::Timesteps, inputs.timesteps)?;
    // Absent: nothing is not finite.
    finite(NetworkSlice::LowRes, inputs.low_res.unwrap_or_default())
}

pub(crate) fn length(slice: NetworkSlice, len: usize, expected: usize) -> Result<(), NetworkError> {
    if len == expected {
        return Ok(());
    }
    Err(NetworkError::Length {
        slice,
        len,
        expected,
    })
}

pub(crate) fn finite(slice: NetworkSlice, numbers: &[f32]) -> Result<(), NetworkError> {
    match numbers.iter().position(|number| !number.is_finite()) {
        Some(index) => Err(NetworkError::NotFinite { slice, index }),
        None => Ok(()),
    }
}
