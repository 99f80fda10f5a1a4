//! The encoding of a program as bytes; `program.rs` says what they mean, and reads them.

use super::program::{
    HeaderBytes, INSTRUCTION, InstructionBytes, MAGIC, NONE, Operand, Placed, ProgramHeader,
    TensorBytes, VERSION, word,
};
use crate::unet::Shape;
use crate::unet::operation::Field;

impl Operand {
    pub(super) fn bytes(self) -> TensorBytes {
        let [place, first] = self.location.words();
        let Shape {
            batch,
            channels,
            height,
            width,
        } = self.shape;
        let [n, c, h, w] = [batch, channels, height, width].map(word);
        bytes([place, first, n, c, h, w])
    }
}

impl ProgramHeader {
    pub(super) fn bytes(&self) -> HeaderBytes {
        let numbers = [
            self.batch,
            self.workspace,
            self.weights,
            self.classes,
            self.tensors,
            self.instructions,
        ];
        let [n, workspace, weights, classes, tensors, instructions] = numbers.map(word);
        bytes([
            MAGIC,
            VERSION,
            n,
            workspace,
            weights,
            classes,
            tensors,
            instructions,
        ])
    }
}

/// An instruction as bytes.
pub(super) fn record(op: Placed, output: u32) -> InstructionBytes {
    let mut words = [0; INSTRUCTION];
    let [code, made, fields @ ..] = &mut words;
    (*code, *made) = (op.code(), output);
    let mut fields = fields.iter_mut();
    op.words(&mut |_, word| {
        let field = fields.next();
        debug_assert!(field.is_some(), "no operation has as many words");
        if let Some(field) = field {
            *field = match word {
                Field::Tensor(tensor) => tensor.unwrap_or(NONE),
                Field::Param(word) | Field::Attribute(word) => word,
            };
        }
    });
    bytes(words)
}

fn bytes<const BYTES: usize, const WORDS: usize>(words: [u32; WORDS]) -> [u8; BYTES] {
    let mut record = [0; BYTES];
    for (bytes, word) in record.as_chunks_mut().0.iter_mut().zip(words) {
        *bytes = word.to_le_bytes();
    }
    record
}
