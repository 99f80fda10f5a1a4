//! A network as instructions: offsets, extents and flags without names, in bytes that can lie in
//! flash and are run where they lie.
//!
//! ```text
//! header       16 words: mark, version, batch N, workspace, weights, classes, x [C, H, W],
//!              low_res [C, h, w], output [C, H, W], instructions
//! instruction  16 words each: code, input, output, parameters, flags
//! ```
//!
//! A word is four bytes, little-endian. An operand is a location and [C, H, W]; a location is an
//! element of the workspace below 2^31, or one of the five names above.

use super::error::ProgramError;

pub use crate::unet::Extents;

/// What a program begins with.
const MAGIC: u32 = u32::from_le_bytes(*b"IDPM");
const VERSION: u32 = 1;
/// Words of the header, and of an instruction.
const WORDS: usize = 16;
/// Bytes of the header, and of an instruction.
const RECORD: usize = 4 * WORDS;
/// No element has this number, and no extent this size.
const LIMIT: u32 = 1 << 31;

pub(crate) type Words = [u32; WORDS];

/// A number as a word; one that is too large as the largest, which no check lets pass.
fn word(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Where a tensor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Location {
    /// x_t, given by the caller.
    X,
    /// The timesteps, given by the caller.
    Timesteps,
    /// The classes, given by the caller.
    Labels,
    /// The low-resolution images, given by the caller.
    LowRes,
    /// The caller's slice for the result.
    Output,
    /// The workspace from this element on.
    Workspace(u32),
}

impl Location {
    fn word(self) -> u32 {
        match self {
            Self::X => LIMIT,
            Self::Timesteps => LIMIT + 1,
            Self::Labels => LIMIT + 2,
            Self::LowRes => LIMIT + 3,
            Self::Output => LIMIT + 4,
            Self::Workspace(offset) if offset < LIMIT => offset,
            // None that is read.
            Self::Workspace(_) => NONE - 1,
        }
    }

    fn from_word(word: u32) -> Option<Self> {
        Some(match word.checked_sub(LIMIT) {
            None => Self::Workspace(word),
            Some(0) => Self::X,
            Some(1) => Self::Timesteps,
            Some(2) => Self::Labels,
            Some(3) => Self::LowRes,
            Some(4) => Self::Output,
            Some(_) => return None,
        })
    }
}

/// A tensor of an instruction, without its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operand {
    /// Where it is.
    pub location: Location,
    /// Extents of one image.
    pub extents: Extents,
}

/// What is done; parameters are named by their first number in the slice of all weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// [`Op::TimestepEmbedding`](crate::unet::Op::TimestepEmbedding).
    TimestepEmbedding,
    /// [`Op::LabelEmbedding`](crate::unet::Op::LabelEmbedding).
    LabelEmbedding {
        /// [classes, C].
        table: usize,
        /// Rows of the table.
        classes: usize,
    },
    /// [`Op::Linear`](crate::unet::Op::Linear).
    Linear {
        /// [M, K].
        weight: usize,
        /// \[M\].
        bias: usize,
        /// Whether the SiLU comes first.
        silu: bool,
    },
    /// [`Op::Conv`](crate::unet::Op::Conv).
    Conv(Convolution),
    /// [`Op::GroupNorm`](crate::unet::Op::GroupNorm).
    GroupNorm {
        /// \[C\].
        weight: usize,
        /// \[C\].
        bias: usize,
        /// [N, 2C].
        scale_shift: Option<Location>,
        /// Whether the SiLU follows.
        silu: bool,
    },
    /// [`Op::Attention`](crate::unet::Op::Attention).
    Attention {
        /// Heads.
        heads: usize,
    },
    /// [`Op::Concat`](crate::unet::Op::Concat).
    Concat {
        /// Whose channels follow those of the input.
        second: Location,
    },
    /// [`Op::AveragePool`](crate::unet::Op::AveragePool).
    AveragePool,
    /// [`Op::Upsample`](crate::unet::Op::Upsample).
    Upsample,
    /// [`Op::Bilinear`](crate::unet::Op::Bilinear).
    Bilinear,
}

/// See [`Conv`](crate::unet::Conv).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Convolution {
    /// [M, K, kernel, kernel].
    pub weight: usize,
    /// \[M\].
    pub bias: usize,
    /// 1 or 3.
    pub kernel: usize,
    /// 1 or 2.
    pub stride: usize,
    /// Whether each input value is first repeated 2×2.
    pub upsample: bool,
    /// [N, M].
    pub shift: Option<Location>,
    /// As the output.
    pub residual: Option<Location>,
}

/// One operation, from the input to the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Instruction {
    /// What it reads first.
    pub input: Operand,
    /// What it writes.
    pub output: Operand,
    /// What it does.
    pub operation: Operation,
}

/// What a program says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Header {
    /// N.
    pub batch: usize,
    /// Numbers of the workspace.
    pub workspace: usize,
    /// Numbers of the weights.
    pub weights: usize,
    /// Classes; 0 where the network takes none.
    pub classes: usize,
    /// One image x_t.
    pub x: Extents,
    /// One low-resolution image; all 0 where the network takes none.
    pub low_res: Extents,
    /// One image of the result.
    pub output: Extents,
    /// Instructions.
    pub instructions: usize,
}

/// A network as instructions, in borrowed bytes that were checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program<'a> {
    header: Header,
    code: &'a [[u8; RECORD]],
}

impl<'a> Program<'a> {
    /// Reads a program where it lies; nothing is copied and no alignment is asked for.
    ///
    /// Every field is checked: the instructions of a program that was accepted read and write within
    /// its slices, and agree in their extents.
    ///
    /// # Errors
    /// A [`ProgramError`] that names the first field that is wrong.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, ProgramError> {
        let (records, rest) = bytes.as_chunks::<RECORD>();
        let Some((first, code)) = records.split_first() else {
            return Err(ProgramError::Length {
                len: bytes.len(),
                expected: RECORD,
            });
        };
        let header = Header::read(&words(first))?;
        if header.instructions != code.len() || !rest.is_empty() {
            return Err(ProgramError::Length {
                len: bytes.len(),
                expected: header.instructions.saturating_add(1).saturating_mul(RECORD),
            });
        }
        let program = Self { header, code };
        let mut written = false;
        for (at, record) in code.iter().enumerate() {
            let instruction = Instruction::read(at, &words(record))?;
            instruction.check(at, &header)?;
            written |= instruction.output.location == Location::Output;
        }
        if written {
            Ok(program)
        } else {
            Err(ProgramError::NoOutput)
        }
    }

    /// What it says of itself.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Its instructions, in order.
    pub fn instructions(&self) -> impl Iterator<Item = Instruction> + use<'a> {
        let records = self.code.iter().enumerate();
        // They were read once already, when the bytes were checked.
        records.filter_map(|(at, record)| Instruction::read(at, &words(record)).ok())
    }

    /// Elements of x: N·C·H·W.
    pub const fn x_len(&self) -> usize {
        self.header.batch * self.header.x.elements()
    }

    /// Elements of the low-resolution images; 0 where the network takes none.
    pub const fn low_res_len(&self) -> usize {
        self.header.batch * self.header.low_res.elements()
    }

    /// Elements of the result.
    pub const fn output_len(&self) -> usize {
        self.header.batch * self.header.output.elements()
    }

    /// Numbers of the workspace.
    pub const fn workspace_len(&self) -> usize {
        self.header.workspace
    }

    /// Numbers of the weights.
    pub const fn weights_len(&self) -> usize {
        self.header.weights
    }
}

fn words(record: &[u8; RECORD]) -> Words {
    let mut words = [0; WORDS];
    for (word, bytes) in words.iter_mut().zip(record.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    words
}

#[cfg(feature = "alloc")]
pub(crate) fn record(words: &Words) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    for (bytes, word) in record.as_chunks_mut().0.iter_mut().zip(words) {
        *bytes = word.to_le_bytes();
    }
    record
}

impl Extents {
    pub(crate) fn words(self) -> [u32; 3] {
        [self.channels, self.height, self.width].map(word)
    }

    fn from_words(words: [u32; 3]) -> Self {
        let [channels, height, width] = words.map(|word| word as usize);
        Self {
            channels,
            height,
            width,
        }
    }

    /// N·C·H·W, where that is below the limit and not 0.
    fn total(self, batch: usize) -> Option<u64> {
        let mut total = batch as u64;
        for extent in [self.channels, self.height, self.width] {
            total = total.checked_mul(extent as u64)?;
        }
        (1..u64::from(LIMIT)).contains(&total).then_some(total)
    }
}

impl Header {
    #[cfg(feature = "alloc")]
    pub(crate) fn words(&self) -> Words {
        let [batch, workspace, weights, classes, instructions] = [
            self.batch,
            self.workspace,
            self.weights,
            self.classes,
            self.instructions,
        ]
        .map(word);
        let [xc, xh, xw] = self.x.words();
        let [lc, lh, lw] = self.low_res.words();
        let [oc, oh, ow] = self.output.words();
        [
            MAGIC,
            VERSION,
            batch,
            workspace,
            weights,
            classes,
            xc,
            xh,
            xw,
            lc,
            lh,
            lw,
            oc,
            oh,
            ow,
            instructions,
        ]
    }

    fn read(words: &Words) -> Result<Self, ProgramError> {
        let &[
            magic,
            version,
            batch,
            workspace,
            weights,
            classes,
            xc,
            xh,
            xw,
            lc,
            lh,
            lw,
            oc,
            oh,
            ow,
            instructions,
        ] = words;
        if magic != MAGIC {
            return Err(ProgramError::Magic);
        }
        if version != VERSION {
            return Err(ProgramError::Version {
                found: version,
                supported: VERSION,
            });
        }
        let limited = [
            ("batch", batch),
            ("workspace", workspace),
            ("weights", weights),
            ("classes", classes),
            ("instructions", instructions),
        ];
        for (field, value) in limited {
            if value >= LIMIT || (field == "batch" && value == 0) {
                return Err(ProgramError::Header { field, value });
            }
        }
        let header = Self {
            batch: batch as usize,
            workspace: workspace as usize,
            weights: weights as usize,
            classes: classes as usize,
            x: Extents::from_words([xc, xh, xw]),
            low_res: Extents::from_words([lc, lh, lw]),
            output: Extents::from_words([oc, oh, ow]),
            instructions: instructions as usize,
        };
        let none = Extents::default();
        let images = [
            ("x", header.x, xc, false),
            ("low_res", header.low_res, lc, header.low_res == none),
            ("output", header.output, oc, false),
        ];
        for (field, extents, value, may_be_none) in images {
            if !may_be_none && extents.total(header.batch).is_none() {
                return Err(ProgramError::Header { field, value });
            }
        }
        Ok(header)
    }
}

/// No location: where an operation has none.
const NONE: u32 = u32::MAX;

impl Instruction {
    pub(crate) fn words(&self) -> Words {
        let optional = |location: Option<Location>| location.map_or(NONE, Location::word);
        // Code, first and second parameter, first and second location, then up to three numbers.
        let [code, first, second, here, there, a, b, c] = match self.operation {
            Operation::TimestepEmbedding => [0, 0, 0, NONE, NONE, 0, 0, 0],
            Operation::LabelEmbedding { table, classes } => {
                [1, word(table), 0, NONE, NONE, word(classes), 0, 0]
            }
            Operation::Linear { weight, bias, silu } => {
                [2, word(weight), word(bias), NONE, NONE, silu.into(), 0, 0]
            }
            Operation::Conv(conv) => [
                3,
                word(conv.weight),
                word(conv.bias),
                optional(conv.shift),
                optional(conv.residual),
                word(conv.kernel),
                word(conv.stride),
                conv.upsample.into(),
            ],
            Operation::GroupNorm {
                weight,
                bias,
                scale_shift,
                silu,
            } => [
                4,
                word(weight),
                word(bias),
                optional(scale_shift),
                NONE,
                silu.into(),
                0,
                0,
            ],
            Operation::Attention { heads } => [5, 0, 0, NONE, NONE, word(heads), 0, 0],
            Operation::Concat { second } => [6, 0, 0, second.word(), NONE, 0, 0, 0],
            Operation::AveragePool => [7, 0, 0, NONE, NONE, 0, 0, 0],
            Operation::Upsample => [8, 0, 0, NONE, NONE, 0, 0, 0],
            Operation::Bilinear => [9, 0, 0, NONE, NONE, 0, 0, 0],
        };
        let [ic, ih, iw] = self.input.extents.words();
        let [oc, oh, ow] = self.output.extents.words();
        let (input, output) = (self.input.location.word(), self.output.location.word());
        [
            code, input, ic, ih, iw, output, oc, oh, ow, first, second, here, there, a, b, c,
        ]
    }

    fn read(at: usize, words: &Words) -> Result<Self, ProgramError> {
        let &[
            code,
            input,
            ic,
            ih,
            iw,
            output,
            oc,
            oh,
            ow,
            first,
            second,
            here,
            there,
            a,
            b,
            c,
        ] = words;
        let field = |field, value| ProgramError::Field {
            instruction: at,
            field,
            value,
        };
        let location = |name, word| Location::from_word(word).ok_or_else(|| field(name, word));
        let optional = |name, word| match word {
            NONE => Ok(None),
            word => location(name, word).map(Some),
        };
        let flag = |name, word| match word {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(field(name, other)),
        };
        let (weight, bias) = (first as usize, second as usize);
        let operation = match code {
            0 => Operation::TimestepEmbedding,
            1 => Operation::LabelEmbedding {
                table: weight,
                classes: a as usize,
            },
            2 => Operation::Linear {
                weight,
                bias,
                silu: flag("silu", a)?,
            },
            3 => Operation::Conv(Convolution {
                weight,
                bias,
                kernel: a as usize,
                stride: b as usize,
                upsample: flag("upsample", c)?,
                shift: optional("shift", here)?,
                residual: optional("residual", there)?,
            }),
            4 => Operation::GroupNorm {
                weight,
                bias,
                scale_shift: optional("scale_shift", here)?,
                silu: flag("silu", a)?,
            },
            5 => Operation::Attention { heads: a as usize },
            6 => Operation::Concat {
                second: location("second", here)?,
            },
            7 => Operation::AveragePool,
            8 => Operation::Upsample,
            9 => Operation::Bilinear,
            code => {
                return Err(ProgramError::Code {
                    instruction: at,
                    code,
                });
            }
        };
        let instruction = Self {
            input: Operand {
                location: location("input", input)?,
                extents: Extents::from_words([ic, ih, iw]),
            },
            output: Operand {
                location: location("output", output)?,
                extents: Extents::from_words([oc, oh, ow]),
            },
            operation,
        };
        // One meaning, one spelling: what an operation does not use must be as it is written.
        match instruction.words().iter().zip(words).find(|(a, b)| a != b) {
            Some((_, &value)) => Err(field("unused", value)),
            None => Ok(instruction),
        }
    }

    /// Tensors beside the input, with their names and extents.
    pub(crate) fn others(&self) -> [Option<(&'static str, Operand)>; 2] {
        let vector = |channels| Extents {
            channels,
            height: 1,
            width: 1,
        };
        let channels = self.output.extents.channels;
        let operand = |name, location: Option<Location>, extents| {
            location.map(|location| (name, Operand { location, extents }))
        };
        match self.operation {
            Operation::LabelEmbedding { .. } => {
                [operand("labels", Some(Location::Labels), vector(1)), None]
            }
            Operation::Conv(conv) => [
                operand("shift", conv.shift, vector(channels)),
                operand("residual", conv.residual, self.output.extents),
            ],
            Operation::GroupNorm { scale_shift, .. } => [
                operand(
                    "scale_shift",
                    scale_shift,
                    vector(channels.saturating_mul(2)),
                ),
                None,
            ],
            Operation::Concat { second } => {
                let extents = Extents {
                    channels: channels.saturating_sub(self.input.extents.channels),
                    ..self.output.extents
                };
                [operand("second", Some(second), extents), None]
            }
            Operation::TimestepEmbedding
            | Operation::Linear { .. }
            | Operation::Attention { .. }
            | Operation::AveragePool
            | Operation::Upsample
            | Operation::Bilinear => [None, None],
        }
    }

    fn check(&self, at: usize, header: &Header) -> Result<(), ProgramError> {
        let field = |field, value: usize| ProgramError::Field {
            instruction: at,
            field,
            value: word(value),
        };
        let output = span("output", &self.output, header)
            .ok_or_else(|| field("output", self.output.location.word() as usize))?;
        if !matches!(
            self.output.location,
            Location::Output | Location::Workspace(_)
        ) {
            return Err(field("output", self.output.location.word() as usize));
        }
        let others = self.others().into_iter().flatten();
        for (name, operand) in core::iter::once(("input", self.input)).chain(others) {
            let wrong = || field(name, operand.location.word() as usize);
            let read = span(name, &operand, header).ok_or_else(wrong)?;
            if operand.location == Location::Output {
                return Err(wrong());
            }
            if let (Some(output), Some(read)) = (output, read)
                && read.0 < output.1
                && output.0 < read.1
            {
                return Err(ProgramError::Overlap { instruction: at });
            }
        }
        let timesteps = self.input.location == Location::Timesteps;
        let embeds = matches!(self.operation, Operation::TimestepEmbedding);
        if timesteps != embeds {
            return Err(field("input", self.input.location.word() as usize));
        }
        self.check_numbers(at, header.weights, header.classes)
    }

    /// Whether the parameters lie within so many weights, and the extents agree.
    pub(crate) fn check_numbers(
        &self,
        at: usize,
        weights: usize,
        classes: usize,
    ) -> Result<(), ProgramError> {
        self.check_parameters(weights)
            .and_then(|()| self.check_extents(classes))
            .map_err(|(field, value)| ProgramError::Field {
                instruction: at,
                field,
                value: word(value),
            })
    }

    /// The parameters it reads: name, first number, length.
    pub(crate) fn parameters(&self) -> [Option<(&'static str, usize, u64)>; 2] {
        let (inputs, outputs) = (self.input.extents.channels, self.output.extents.channels);
        let product = |a: usize, b: usize| (a as u64).saturating_mul(b as u64);
        match self.operation {
            Operation::LabelEmbedding { table, classes } => {
                [Some(("table", table, product(classes, outputs))), None]
            }
            Operation::Linear { weight, bias, .. } => [
                Some(("weight", weight, product(outputs, inputs))),
                Some(("bias", bias, outputs as u64)),
            ],
            Operation::Conv(conv) => [
                Some((
                    "weight",
                    conv.weight,
                    product(outputs, inputs).saturating_mul(product(conv.kernel, conv.kernel)),
                )),
                Some(("bias", conv.bias, outputs as u64)),
            ],
            Operation::GroupNorm { weight, bias, .. } => [
                Some(("weight", weight, outputs as u64)),
                Some(("bias", bias, outputs as u64)),
            ],
            Operation::TimestepEmbedding
            | Operation::Attention { .. }
            | Operation::Concat { .. }
            | Operation::AveragePool
            | Operation::Upsample
            | Operation::Bilinear => [None, None],
        }
    }

    fn check_parameters(&self, weights: usize) -> Result<(), (&'static str, usize)> {
        for (name, first, len) in self.parameters().into_iter().flatten() {
            if (first as u64).saturating_add(len) > weights as u64 {
                return Err((name, first));
            }
        }
        Ok(())
    }

    /// The shape rules, over one image.
    fn check_extents(&self, classes: usize) -> Result<(), (&'static str, usize)> {
        let (input, output) = (self.input.extents, self.output.extents);
        let plane = |extents: Extents| (extents.height, extents.width);
        let half = |(height, width): (usize, usize)| (height / 2, width / 2);
        let fits = match self.operation {
            Operation::TimestepEmbedding => input.elements() == 1 && output.positions() == 1,
            Operation::LabelEmbedding { classes: rows, .. } => {
                input == output && output.positions() == 1 && rows == classes
            }
            Operation::Linear { .. } => input.positions() == 1 && output.positions() == 1,
            Operation::Conv(conv) => {
                if !matches!(conv.kernel, 1 | 3) {
                    return Err(("kernel", conv.kernel));
                }
                if !matches!(conv.stride, 1 | 2) {
                    return Err(("stride", conv.stride));
                }
                let factor = if conv.upsample { 2 } else { 1 };
                let side = |side: usize| side.saturating_mul(factor).div_ceil(conv.stride);
                plane(output) == (side(input.height), side(input.width))
            }
            Operation::GroupNorm { .. } => {
                input == output && output.channels.is_multiple_of(super::GROUPS)
            }
            Operation::Attention { heads } => {
                if heads == 0 || !output.channels.is_multiple_of(heads) {
                    return Err(("heads", heads));
                }
                let channels = input.channels;
                plane(input) == plane(output)
                    && channels.is_multiple_of(3)
                    && channels / 3 == output.channels
            }
            Operation::Concat { .. } => {
                plane(input) == plane(output) && input.channels < output.channels
            }
            Operation::AveragePool => {
                input.channels == output.channels && plane(output) == half(plane(input))
            }
            Operation::Upsample => {
                input.channels == output.channels
                    && plane(input) == half(plane(output))
                    && (output.height | output.width).is_multiple_of(2)
            }
            Operation::Bilinear => input.channels == output.channels,
        };
        if fits {
            Ok(())
        } else {
            Err(("output channels", output.channels))
        }
    }
}

/// The stretch of the workspace that an operand covers, if it lies there; `None` outside where the
/// operand does not fit its slice.
#[expect(
    clippy::option_option,
    reason = "bounds broken, or not in the workspace"
)]
fn span(name: &str, operand: &Operand, header: &Header) -> Option<Option<(u64, u64)>> {
    let total = operand.extents.total(header.batch)?;
    let one = Extents {
        channels: 1,
        height: 1,
        width: 1,
    };
    match operand.location {
        Location::X => (operand.extents == header.x).then_some(None),
        Location::LowRes => (operand.extents == header.low_res).then_some(None),
        Location::Output => (operand.extents == header.output).then_some(None),
        Location::Timesteps => (operand.extents == one).then_some(None),
        Location::Labels => (name == "labels").then_some(None),
        Location::Workspace(offset) => {
            let (start, end) = (u64::from(offset), u64::from(offset) + total);
            (end <= header.workspace as u64).then_some(Some((start, end)))
        }
    }
}
