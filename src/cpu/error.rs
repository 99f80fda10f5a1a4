//! The errors of a program, and of what it is run on.

use core::fmt;

use crate::codes::codes;
use crate::diffusion;
use crate::memory::MemoryError;
use crate::text::Number;
use crate::unet::expected::Must;
use crate::unet::{Expected, Extents, GraphError, Input};

/// Why bytes are not a program, or a graph cannot become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ProgramError {
    /// The bytes do not begin with the mark of a program.
    Magic,
    /// The program was written in another version of the format.
    Version {
        /// The version of the format that was found.
        found: u32,
        /// The version of the format that is read.
        supported: u32,
    },
    /// There are not as many bytes as the header says.
    Length {
        /// The number of bytes given.
        len: usize,
        /// The number of bytes that the header says.
        expected: usize,
    },
    /// A field of the header has a value that it cannot have.
    Header {
        /// The name of the field.
        field: &'static str,
        /// The value of the field.
        value: u32,
    },
    /// A field of a tensor is out of bounds, or does not agree with the others.
    Tensor {
        /// The tensor, by its number in the program.
        tensor: usize,
        /// The name of the field.
        field: &'static str,
        /// The value of the field.
        value: u32,
        /// What the field must be; `None` where more than one thing decides.
        expected: Option<Expected>,
    },
    /// An instruction has a code that no operation has.
    Code {
        /// The instruction, by its number in the program.
        instruction: usize,
        /// The code found.
        code: u32,
    },
    /// A field of an instruction is out of bounds, or does not agree with the others.
    Field {
        /// The instruction, by its number in the program.
        instruction: usize,
        /// The name of the field.
        field: &'static str,
        /// The value of the field.
        value: u32,
        /// What the field must be; `None` where more than one thing decides.
        expected: Option<Expected>,
    },
    /// An instruction writes over what it reads.
    Overlap {
        /// The instruction, by its number in the program.
        instruction: usize,
    },
    /// An instruction reads a tensor of the workspace that no instruction before it has left there whole.
    NotWritten {
        /// The instruction, by its number in the program.
        instruction: usize,
        /// The field that reads it.
        field: &'static str,
    },
    /// No instruction writes the result.
    NoOutput,
    /// The graph has more of something than a program can number.
    TooLarge {
        /// What it has too many of: elements of the `"weights"`, or of the `"workspace"` that the images'
        /// tensors lie in; `"tensors"` or `"instructions"`.
        what: &'static str,
        /// How many there are, of 2^31 - 1 at most.
        numbers: usize,
    },
    /// A graph that was built by hand cannot run.
    Graph(GraphError),
}

codes! { ProgramError:
    101 Magic,
    102 Version,
    103 Length,
    104 Header,
    105 Tensor,
    106 Code,
    107 Field,
    108 Overlap,
    109 NotWritten,
    110 NoOutput,
    111 TooLarge,
    112 Graph
}

/// A slice that a run is given, or that it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum NetworkSlice {
    /// The weights of the network.
    Weights,
    /// The noisy images x_t.
    X,
    /// The timesteps, one for each image.
    Timesteps,
    /// The class of each image.
    Labels,
    /// The low-resolution images.
    LowRes,
    /// The workspace of a program.
    Workspace,
    /// The result of the network.
    Output,
    /// The samples: which image each of a batch is.
    Samples,
    /// The numbers that a multistep sampler keeps between steps.
    History,
    /// The images x_0.
    XStart,
    /// The noise ε.
    Noise,
    /// The row of each image's loss.
    Rows,
    /// The keys that dropout's masks follow from.
    Keys,
    /// The gradient with respect to the network's result.
    OutputGrad,
    /// The loss of each image.
    Loss,
    /// The gradients of all weights.
    Gradients,
}

impl NetworkSlice {
    /// The slice of an input.
    pub(crate) const fn of(input: Input) -> Self {
        match input {
            Input::X => Self::X,
            Input::Timesteps => Self::Timesteps,
            Input::Labels => Self::Labels,
            Input::LowRes => Self::LowRes,
            Input::XStart => Self::XStart,
            Input::Noise => Self::Noise,
            Input::Rows => Self::Rows,
            Input::Keys => Self::Keys,
            Input::OutputGrad => Self::OutputGrad,
        }
    }
}

impl fmt::Display for NetworkSlice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Weights => "weights",
            Self::X => "x",
            Self::Timesteps => "timesteps",
            Self::Labels => "labels",
            Self::LowRes => "low_res",
            Self::Workspace => "workspace",
            Self::Output => "output",
            Self::Samples => "samples",
            Self::History => "history",
            Self::XStart => "x_start",
            Self::Noise => "noise",
            Self::Rows => "rows",
            Self::Keys => "keys",
            Self::OutputGrad => "output_grad",
            Self::Loss => "loss",
            Self::Gradients => "gradients",
        })
    }
}

/// Why a network was not run, or its result is not to be used.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum NetworkError {
    /// A program that is not valid.
    Program(ProgramError),
    /// A slice has the wrong length; a workspace may be longer than it needs to be.
    Length {
        /// The slice whose length is wrong.
        slice: NetworkSlice,
        /// The length of the slice.
        len: usize,
        /// The length the slice must have.
        expected: usize,
    },
    /// The program makes gradients, for which a run of a network has no place.
    Training,
    /// The network needs an input that was not given.
    Missing {
        /// The input that is missing.
        slice: NetworkSlice,
    },
    /// An input was given that the network does not take.
    Superfluous {
        /// The input that was given.
        slice: NetworkSlice,
    },
    /// A class that the network does not know.
    Label {
        /// The image of the batch that is to be of this class.
        image: usize,
        /// The class that was asked for.
        label: u32,
        /// The number of classes of the network.
        classes: u32,
    },
    /// A number is NaN or infinite.
    NotFinite {
        /// The slice that holds the number.
        slice: NetworkSlice,
        /// The first place of such a number in the slice.
        index: usize,
    },
    /// Images without pixels cannot be resized.
    NoPixels {
        /// The slice that the images are in.
        slice: NetworkSlice,
        /// The extents of an image of it, as the caller gave them.
        extents: Extents,
    },
    /// There is less memory than the network needs.
    Memory(MemoryError),
    /// The longest period of an embedding must be finite and above 0.
    Period {
        /// The period that was given.
        max_period: f64,
    },
    /// The threads that were asked for could not be started.
    Threads {
        /// The number of threads that was asked for.
        threads: usize,
    },
    /// The sampler refused what a batch is steered by.
    Sampler(diffusion::Error),
}

codes! { NetworkError:
    151 Length,
    152 Training,
    153 Missing,
    154 Superfluous,
    155 Label,
    156 NotFinite,
    157 NoPixels,
    158 Memory,
    159 Period,
    160 Threads
    ; of what is within: Program, Sampler
}

impl From<diffusion::Error> for NetworkError {
    fn from(error: diffusion::Error) -> Self {
        Self::Sampler(error)
    }
}

impl From<ProgramError> for NetworkError {
    fn from(error: ProgramError) -> Self {
        Self::Program(error)
    }
}

impl From<GraphError> for ProgramError {
    fn from(error: GraphError) -> Self {
        Self::Graph(error)
    }
}

impl From<MemoryError> for NetworkError {
    fn from(error: MemoryError) -> Self {
        Self::Memory(error)
    }
}

impl core::error::Error for ProgramError {}
impl core::error::Error for NetworkError {}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Magic => f.write_str("not a program: it does not begin with IDPM"),
            Self::Version { found, supported } => {
                write!(
                    f,
                    "a program of version {found}, but {supported} is read: assemble it again"
                )
            }
            Self::Length { len, expected } => {
                write!(
                    f,
                    "a program of {expected} bytes, but {len} bytes were given"
                )
            }
            Self::Header { field, value } => write!(
                f,
                "program header: {field} = {value}, must be below 2^31, and a batch not 0"
            ),
            Self::Tensor {
                tensor,
                field,
                value,
                expected,
            } => write!(f, "tensor {tensor}: {field} = {value}{}", Must(expected)),
            Self::Code { instruction, code } => {
                write!(f, "instruction {instruction}: no operation has code {code}")
            }
            Self::Field {
                instruction,
                field,
                value,
                expected,
            } => write!(
                f,
                "instruction {instruction}: {field} = {value}{}",
                Must(expected)
            ),
            Self::Overlap { instruction } => {
                write!(f, "instruction {instruction} writes over what it reads")
            }
            Self::NotWritten { instruction, field } => write!(
                f,
                "instruction {instruction}: {field} reads of the workspace what no instruction before it has left there"
            ),
            Self::NoOutput => f.write_str("no instruction writes the result"),
            Self::TooLarge {
                what: what @ ("weights" | "workspace"),
                numbers,
            } => write!(
                f,
                "{numbers} numbers of {what}, a program has fewer than 2^31: smaller images, a smaller \
                 batch or fewer channels have fewer"
            ),
            Self::TooLarge { what, numbers } => {
                write!(f, "{numbers} {what}, a program has fewer than 2^31")
            }
            Self::Graph(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Program(error) => error.fmt(f),
            Self::Length {
                slice,
                len,
                expected,
            } => write!(f, "{slice} has {len} elements, must have {expected}"),
            Self::Training => f.write_str(
                "a program of training, which makes gradients: it is run with its inputs and a place for them",
            ),
            Self::Missing { slice } => write!(f, "the network needs {slice}, none are given"),
            Self::Superfluous { slice } => {
                write!(f, "the network takes no {slice}, but there are some")
            }
            Self::Label {
                image,
                label,
                classes,
            } => write!(
                f,
                "image {image} is to be of class {label}, must be below {classes}"
            ),
            Self::NotFinite { slice, index } => {
                write!(f, "{slice}[{index}] is not finite: NaN or infinite")
            }
            Self::NoPixels { slice, extents } => {
                let Extents {
                    channels,
                    height,
                    width,
                } = extents;
                write!(
                    f,
                    "{slice}: images of {height} rows, {width} columns and {channels} channels have no \
                     pixels"
                )
            }
            Self::Memory(error) => error.fmt(f),
            Self::Threads { threads } => write!(
                f,
                "could not start {threads} threads: fewer may do, and 1 needs none"
            ),
            Self::Period { max_period } => write!(
                f,
                "the embedding's longest period is {}: it must be finite and above 0",
                Number(max_period)
            ),
            Self::Sampler(error) => error.fmt(f),
        }
    }
}
