//! A network, or its training, as instructions: offsets, shapes and flags without names, in bytes that can lie
//! in flash and are run where they lie.
//!
//! ```text
//! header       8 words: mark, version, batch N, workspace, weights, classes, tensors, instructions
//! tensor       6 words each: where it is, its first element there, N, C, H, W
//! instruction  11 words each: code, result, then the operation's fields in the order of its table
//! ```
//!
//! A word is four bytes, little-endian. A code is the place of an operation in [`Op::NAMES`]; a tensor is named
//! by its place among the tensors, a parameter by its first number in the slice of all weights. What an
//! operation does not use of its eleven words is 0.

use super::error::ProgramError;
use crate::unet::agree::{Known, Wrong};
use crate::unet::operation::{Attribute, Reader};
use crate::unet::{Expected, Input, Op, Shape};

/// What a program begins with.
pub(super) const MAGIC: u32 = u32::from_le_bytes(*b"IDPM");
pub(super) const VERSION: u32 = 4;
pub(super) const HEADER: usize = 8;
pub(super) const TENSOR: usize = 6;
pub(super) const INSTRUCTION: usize = 11;
/// Bytes of a word.
const WORD: usize = 4;
/// No element has this number, and no extent this size.
const LIMIT: u32 = 1 << 31;
/// No tensor: where an operation has none.
pub(super) const NONE: u32 = u32::MAX;

pub(super) type HeaderBytes = [u8; WORD * HEADER];
pub(super) type TensorBytes = [u8; WORD * TENSOR];
pub(super) type InstructionBytes = [u8; WORD * INSTRUCTION];

/// An operation whose tensors are named by their places, its parameters by their first numbers.
pub(crate) type Placed = Op<u32, u32>;

/// A number as a word; one that is too large as the largest, which no check lets pass.
pub(crate) fn word(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The location of a tensor of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Location {
    /// A place in the workspace, from this element on.
    Workspace(u32),
    /// The caller's slice for the result.
    Output,
    /// A place in the caller's slice for the gradients of all weights, from this number on.
    Gradient(u32),
    /// The caller's slice for an input.
    Input(Input),
}

impl Location {
    pub(super) const fn words(self) -> [u32; 2] {
        match self {
            Self::Workspace(first) => [0, first],
            Self::Output => [1, 0],
            Self::Gradient(first) => [2, first],
            Self::Input(input) => [3 + input as u32, 0],
        }
    }

    fn from_words([place, first]: [u32; 2]) -> Option<Self> {
        let location = match place {
            0 => Self::Workspace(first),
            1 => Self::Output,
            2 => Self::Gradient(first),
            input => Self::Input(*Input::ALL.get(input as usize - 3)?),
        };
        // One meaning, one spelling.
        (location.words() == [place, first]).then_some(location)
    }
}

/// A tensor of a program: its location, and its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operand {
    /// The location of the tensor.
    pub location: Location,
    /// The shape of the tensor.
    pub shape: Shape,
}

impl Operand {
    /// A tensor within the slices of a header, `Err` with the field that is wrong.
    fn read(record: &TensorBytes, header: &ProgramHeader) -> Result<Self, Wrong> {
        let [place, first, n, c, h, w] = words(record);
        let location = Location::from_words([place, first]).ok_or(Wrong {
            field: "location",
            value: place as usize,
            expected: None,
        })?;
        let [batch, channels, height, width] = [n, c, h, w].map(|word| word as usize);
        let shape = Shape {
            batch,
            channels,
            height,
            width,
        };
        let mut elements = 1_u64;
        for extent in [n, c, h, w] {
            elements = elements.saturating_mul(extent.into());
        }
        if !(1..u64::from(LIMIT)).contains(&elements) {
            // As an error has it: the largest word where they are more.
            let value = u32::try_from(elements).unwrap_or(u32::MAX) as usize;
            let end = LIMIT as usize;
            return Err(Wrong::new("elements", value, Expected::Within(1, end - 1)));
        }
        let room = match location {
            Location::Workspace(_) => header.workspace as u64,
            Location::Gradient(_) => header.weights as u64,
            Location::Output | Location::Input(_) => LIMIT.into(),
        };
        if u64::from(first).saturating_add(elements) > room {
            let (elements, all) = (elements as usize, room as usize);
            let expected = Expected::FirstOf { elements, all };
            return Err(Wrong::new("first", first as usize, expected));
        }
        match location {
            Location::Input(_) if batch != header.batch => {
                let expected = Expected::Exactly(header.batch);
                Err(Wrong::new("batch", batch, expected))
            }
            _ => Ok(Self { location, shape }),
        }
    }

    /// Whether both lie in the workspace, and have numbers in common there.
    fn overlaps(&self, other: &Self) -> bool {
        let (Some(one), Some(other)) = (self.span(), other.span()) else {
            return false;
        };
        one.0 < other.1 && other.0 < one.1
    }

    /// The stretch of the workspace that it covers, if it lies there.
    fn span(&self) -> Option<(u64, u64)> {
        let Location::Workspace(first) = self.location else {
            return None;
        };
        let start = u64::from(first);
        Some((start, start + self.shape.elements() as u64))
    }
}

/// A parameter of a program: a stretch of the slice of all weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Parameter {
    /// The first element of the parameter in that slice.
    pub first: usize,
    /// The number of elements of the parameter: what its operation asks for, and not written.
    pub len: usize,
}

/// An instruction of a program: one operation, and the tensor that it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instruction {
    /// The operation over its operands.
    pub op: Op<Operand, Parameter>,
    /// The tensor that the operation writes.
    pub output: Operand,
}

/// The header of a program: its sizes and counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProgramHeader {
    /// The number of images N in a batch.
    pub batch: usize,
    /// The number of elements of the workspace.
    pub workspace: usize,
    /// The number of elements of the weights.
    pub weights: usize,
    /// The number of classes; 0 where the network takes none.
    pub classes: usize,
    /// The number of tensors.
    pub tensors: usize,
    /// The number of instructions.
    pub instructions: usize,
}

impl ProgramHeader {
    fn read(record: &HeaderBytes) -> Result<Self, ProgramError> {
        let [magic, version, rest @ ..]: [u32; HEADER] = words(record);
        if magic != MAGIC {
            return Err(ProgramError::Magic);
        }
        if version != VERSION {
            return Err(ProgramError::Version {
                found: version,
                supported: VERSION,
            });
        }
        let names = [
            "batch",
            "workspace",
            "weights",
            "classes",
            "tensors",
            "instructions",
        ];
        for (field, value) in names.into_iter().zip(rest) {
            if value >= LIMIT || (field == "batch" && value == 0) {
                return Err(ProgramError::Header { field, value });
            }
        }
        let [batch, workspace, weights, classes, tensors, instructions] =
            rest.map(|word| word as usize);
        Ok(Self {
            batch,
            workspace,
            weights,
            classes,
            tensors,
            instructions,
        })
    }
}

/// The shapes of what a caller gives and gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct CallersShapes {
    inputs: [Option<Shape>; Input::ALL.len()],
    output: Option<Shape>,
    gradients: bool,
}

impl CallersShapes {
    /// Keeps the shape of a tensor that is the caller's: one shape for each.
    fn keep(&mut self, operand: &Operand) -> Result<(), Wrong> {
        let kept = match operand.location {
            Location::Workspace(_) => None,
            Location::Gradient(_) => {
                self.gradients = true;
                None
            }
            Location::Output => Some(&mut self.output),
            Location::Input(input) => self.inputs.get_mut(input as usize),
        };
        let found = operand.shape;
        match kept.map(|kept| *kept.get_or_insert(found)) {
            Some(due) if due != found => {
                let expected = Expected::Shape { due, found };
                Err(Wrong::new(
                    "location",
                    operand.location.words()[0] as usize,
                    expected,
                ))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// What the workspace holds when a program begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Workspace {
    /// Nothing: what is read there must have been written.
    Empty,
    /// Whatever the caller has put there.
    #[cfg(feature = "alloc")]
    Given,
}

/// A network, or its training, as instructions in borrowed bytes that were checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program<'a> {
    header: ProgramHeader,
    tensors: &'a [TensorBytes],
    code: &'a [InstructionBytes],
    shapes: CallersShapes,
}

impl<'a> Program<'a> {
    /// Reads a program where it lies; nothing is copied and no alignment is asked for.
    ///
    /// Every field is checked: the instructions of a program that was accepted read and write within
    /// its slices, agree in their shapes, and read of the workspace what those before them have written.
    ///
    /// # Errors
    /// A [`ProgramError`] that names the first field that is wrong.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, ProgramError> {
        Self::read(bytes, Workspace::Empty)
    }

    /// Reads a program that begins with such a workspace.
    pub(super) fn read(bytes: &'a [u8], workspace: Workspace) -> Result<Self, ProgramError> {
        let mut program = Self::split(bytes, CallersShapes::default())?;
        for (tensor, record) in program.tensors.iter().enumerate() {
            Operand::read(record, &program.header)
                .and_then(|operand| program.shapes.keep(&operand))
                .map_err(|wrong| ProgramError::Tensor {
                    tensor,
                    field: wrong.field,
                    value: word(wrong.value),
                    expected: wrong.expected,
                })?;
        }
        let mut written = false;
        for (at, record) in program.code.iter().enumerate() {
            let (op, output) = program.placed(at, record)?;
            let output = program.check(at, op, output, workspace)?;
            written |= output.location == Location::Output;
        }
        if written {
            Ok(program)
        } else {
            Err(ProgramError::NoOutput)
        }
    }

    /// A program whose bytes were checked before, when this was found of them.
    #[cfg(feature = "alloc")]
    pub(super) fn of_checked(bytes: &'a [u8], shapes: CallersShapes) -> Result<Self, ProgramError> {
        Self::split(bytes, shapes)
    }

    /// What was found of the caller's tensors when the bytes were checked.
    #[cfg(feature = "alloc")]
    pub(super) const fn shapes(&self) -> CallersShapes {
        self.shapes
    }

    /// Header, tensors and instructions apart, of which only the header and the lengths are checked.
    fn split(bytes: &'a [u8], shapes: CallersShapes) -> Result<Self, ProgramError> {
        let short = |expected| ProgramError::Length {
            len: bytes.len(),
            expected,
        };
        let (first, rest) = bytes
            .split_first_chunk()
            .ok_or_else(|| short(size_of::<HeaderBytes>()))?;
        let header = ProgramHeader::read(first)?;
        let tensors = header.tensors.saturating_mul(size_of::<TensorBytes>());
        let code = header
            .instructions
            .saturating_mul(size_of::<InstructionBytes>());
        let due = tensors.saturating_add(code);
        let (tensors, code) = match rest.split_at_checked(tensors) {
            Some(parts) if rest.len() == due => parts,
            _ => return Err(short(due.saturating_add(first.len()))),
        };
        Ok(Self {
            header,
            tensors: tensors.as_chunks().0,
            code: code.as_chunks().0,
            shapes,
        })
    }

    /// The header of the program.
    pub const fn header(&self) -> &ProgramHeader {
        &self.header
    }

    /// The instructions of the program, in order.
    pub fn instructions(&self) -> impl Iterator<Item = Instruction> + use<'a> {
        let program = *self;
        let records = self.code.iter().enumerate();
        records.filter_map(move |(at, record)| {
            let instruction = program.instruction(at, record);
            debug_assert!(instruction.is_some(), "{at} was read when it was checked");
            instruction
        })
    }

    /// The instruction of this number; `None` behind the last.
    pub(super) fn nth(&self, at: usize) -> Option<Instruction> {
        self.instruction(at, self.code.get(at)?)
    }

    fn instruction(&self, at: usize, record: &InstructionBytes) -> Option<Instruction> {
        let (op, output) = self.placed(at, record).ok()?;
        let output = self.operand(output)?;
        let operand = |tensor| self.operand(tensor).ok_or(());
        let parameter = |(first, len): (u32, usize)| {
            let first = first as usize;
            Ok(Parameter { first, len })
        };
        let op = op.with_lens(output.shape, self).try_map(operand, parameter);
        Some(Instruction {
            op: op.ok()?,
            output,
        })
    }

    /// The shape of an input, where the program takes such a one.
    pub fn input(&self, input: Input) -> Option<Shape> {
        self.shapes.inputs.get(input as usize).copied().flatten()
    }

    /// Whether the program writes gradients of the weights.
    pub const fn has_gradients(&self) -> bool {
        self.shapes.gradients
    }

    /// The shape of the result.
    pub fn output(&self) -> Shape {
        let found = self.shapes.output;
        debug_assert!(found.is_some(), "a result was written when it was checked");
        found.unwrap_or(Shape::vector(0, 0))
    }

    /// The number of elements of x, N·C·H·W; 0 where the program takes none.
    pub fn x_len(&self) -> usize {
        self.input(Input::X).map_or(0, Shape::elements)
    }

    /// The number of elements of the low-resolution images; 0 where the network takes none.
    pub fn low_res_len(&self) -> usize {
        self.input(Input::LowRes).map_or(0, Shape::elements)
    }

    /// The number of elements of the result.
    pub fn output_len(&self) -> usize {
        self.output().elements()
    }

    /// The number of elements of the workspace.
    pub const fn workspace_len(&self) -> usize {
        self.header.workspace
    }

    /// The number of elements of the weights.
    pub const fn weights_len(&self) -> usize {
        self.header.weights
    }

    fn operand(&self, tensor: u32) -> Option<Operand> {
        let record = self.tensors.get(tensor as usize)?;
        Operand::read(record, &self.header).ok()
    }

    /// An instruction as it is written: its operation, and the place of what it makes.
    fn placed(
        &self,
        instruction: usize,
        record: &InstructionBytes,
    ) -> Result<(Placed, u32), ProgramError> {
        let [code, output, fields @ ..]: [u32; INSTRUCTION] = words(record);
        let mut fields = Fields {
            instruction,
            tensors: word(self.header.tensors),
            words: fields.into_iter(),
        };
        let op =
            Placed::read(code, &mut fields)?.ok_or(ProgramError::Code { instruction, code })?;
        match fields.words.find(|&word| word != 0) {
            Some(value) => Err(fields.wrong("unused", value, Some(Expected::Exactly(0)))),
            None if output < fields.tensors => Ok((op, output)),
            None => Err(fields.no_tensor("output", output)),
        }
    }

    /// Whether the instructions before one leave a tensor of the workspace: the last that writes any of its
    /// place writes it, as it is read.
    fn left_whole(&self, instruction: usize, read: &Operand) -> bool {
        let before = self.code.iter().take(instruction).rev();
        let made = before.filter_map(|record| {
            let [_, output, ..]: [u32; INSTRUCTION] = words(record);
            self.operand(output)
        });
        let mut last = made.filter(|made| made.overlaps(read));
        read.span().is_none() || last.next().as_ref() == Some(read)
    }

    /// Whether an instruction may run; what it makes.
    fn check(
        &self,
        instruction: usize,
        op: Placed,
        output: u32,
        workspace: Workspace,
    ) -> Result<Operand, ProgramError> {
        let field = |wrong: Wrong| ProgramError::Field {
            instruction,
            field: wrong.field,
            value: word(wrong.value),
            expected: wrong.expected,
        };
        let unfit = |field, tensor: u32, expected| Wrong {
            field,
            value: tensor as usize,
            expected,
        };
        let made = self
            .operand(output)
            .filter(|made| !matches!(made.location, Location::Input(_)))
            .ok_or_else(|| field(unfit("output", output, None)))?;
        let is_sum = matches!(op, Op::Add { .. });
        // What others read as words is refused.
        let due = op.words_read();
        let (mut wrong, mut words) = (None, 0);
        let mut read = |name, tensor: u32| {
            let mut expected = None;
            let operand = self.operand(tensor);
            let fits = operand.is_some_and(|operand| {
                let is_read = !matches!(operand.location, Location::Output | Location::Gradient(_));
                let (is_words, fits) = match (operand.location, due) {
                    (Location::Input(input), due) if input.is_words() => {
                        (true, due == Some((tensor, input)))
                    }
                    (_, due) => (false, due.is_none_or(|(id, _)| id != tensor)),
                };
                words += u32::from(is_words);
                // Once: no other field of the same operation reads them as numbers.
                let once = !is_words || words == 1;
                let (due, found) = (self.header.batch, operand.shape.batch);
                let whole = is_sum || found == due;
                if !whole {
                    expected = Some(Expected::Images { due, found });
                }
                is_read && fits && once && whole
            });
            if !fits {
                wrong.get_or_insert(field(unfit(name, tensor, expected)));
            }
            let Some(operand) = operand else {
                return;
            };
            if operand.overlaps(&made) {
                wrong.get_or_insert(ProgramError::Overlap { instruction });
            }
            if workspace == Workspace::Empty && !self.left_whole(instruction, &operand) {
                let field = name;
                wrong.get_or_insert(ProgramError::NotWritten { instruction, field });
            }
        };
        op.visit(&mut read, |_, _| {});
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        op.agree(made.shape, self.header.batch, self)
            .map_err(field)?;
        // Rows of what a layer multiplies by are channels of what it makes.
        let shape = op.shape(
            |tensor| Known::<_, u32>::shape(self, tensor),
            |_| made.shape.channels,
        );
        if shape != made.shape {
            let (due, found) = (shape, made.shape);
            let expected = Expected::Shape { due, found };
            return Err(field(Wrong::new("output", output as usize, expected)));
        }
        Ok(made)
    }
}

impl Known<u32, u32> for Program<'_> {
    fn index(&self, tensor: u32) -> usize {
        tensor as usize
    }

    fn shape(&self, tensor: u32) -> Shape {
        // Of nothing, with which nothing agrees.
        self.operand(tensor)
            .map_or(Shape::vector(0, 0), |operand| operand.shape)
    }

    fn classes(&self) -> usize {
        self.header.classes
    }

    fn holds(&self, first: u32, elements: usize) -> Result<(), (usize, Expected)> {
        let (first, all) = (first as usize, self.header.weights);
        if first.saturating_add(elements) <= all {
            Ok(())
        } else {
            Err((first, Expected::FirstOf { elements, all }))
        }
    }
}

/// The words of an instruction, as its operation reads them.
struct Fields {
    instruction: usize,
    /// How many tensors there are.
    tensors: u32,
    words: core::array::IntoIter<u32, { INSTRUCTION - 2 }>,
}

impl Fields {
    const fn wrong(
        &self,
        field: &'static str,
        value: u32,
        expected: Option<Expected>,
    ) -> ProgramError {
        ProgramError::Field {
            instruction: self.instruction,
            field,
            value,
            expected,
        }
    }

    const fn no_tensor(&self, field: &'static str, value: u32) -> ProgramError {
        let end = self.tensors as usize;
        self.wrong(field, value, Some(Expected::Below(end)))
    }

    fn next(&mut self, field: &'static str) -> Result<u32, ProgramError> {
        // The longest operation has as many fields.
        self.words.next().ok_or(self.wrong(field, NONE, None))
    }
}

impl Reader<u32, u32> for Fields {
    type Error = ProgramError;

    fn tensor(&mut self, name: &'static str) -> Result<u32, ProgramError> {
        match self.next(name)? {
            tensor if tensor < self.tensors => Ok(tensor),
            tensor => Err(self.no_tensor(name, tensor)),
        }
    }

    fn optional(&mut self, name: &'static str) -> Result<Option<u32>, ProgramError> {
        match self.next(name)? {
            NONE => Ok(None),
            tensor if tensor < self.tensors => Ok(Some(tensor)),
            tensor => Err(self.no_tensor(name, tensor)),
        }
    }

    fn param(&mut self, name: &'static str) -> Result<u32, ProgramError> {
        match self.next(name)? {
            first if first < LIMIT => Ok(first),
            first => {
                let end = LIMIT as usize;
                Err(self.wrong(name, first, Some(Expected::Below(end))))
            }
        }
    }

    fn attribute<A: Attribute>(&mut self, name: &'static str) -> Result<A, ProgramError> {
        let word = self.next(name)?;
        A::from_word(word).ok_or(self.wrong(name, word, None))
    }
}

fn words<const BYTES: usize, const WORDS: usize>(record: &[u8; BYTES]) -> [u32; WORDS] {
    let mut words = [0; WORDS];
    for (word, bytes) in words.iter_mut().zip(record.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    words
}
