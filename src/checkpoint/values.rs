//! The conversion of numbers between the bytes of a file and the weights in memory.

use alloc::vec::Vec;
use core::ops::Range;

use half::{bf16, f16};

use super::format::Dtype;
use crate::memory::{MemoryError, zeros};
use crate::part::part;
use crate::unet::Weights;

/// Why a number was refused, and at which index.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Refused {
    NotFinite { index: usize, value: f32 },
    BeyondF16 { index: usize, value: f32 },
}

/// The numbers of some bytes, widened to f32: little-endian, a whole number of them.
fn widened(dtype: Dtype, bytes: &[u8]) -> impl Iterator<Item = f32> {
    let (words, halves): (&[[u8; 4]], &[[u8; 2]]) = match dtype {
        Dtype::F32 => (bytes.as_chunks().0, &[]),
        Dtype::F16 | Dtype::Bf16 => (&[], bytes.as_chunks().0),
    };
    let widen = move |&half: &[u8; 2]| match dtype {
        Dtype::F16 => f16::from_le_bytes(half).to_f32(),
        Dtype::F32 | Dtype::Bf16 => bf16::from_le_bytes(half).to_f32(),
    };
    let words = words.iter().map(|&word| f32::from_le_bytes(word));
    words.chain(halves.iter().map(widen))
}

/// The numbers of which these are the bits in f16.
pub(crate) fn f32_of(bits: &[u16]) -> Result<Vec<f32>, MemoryError> {
    let mut numbers = zeros(bits.len())?;
    for (number, &bits) in numbers.iter_mut().zip(bits) {
        *number = f16::from_bits(bits).to_f32();
    }
    Ok(numbers)
}

/// Reads numbers into f32.
pub(super) fn read_f32(dtype: Dtype, bytes: &[u8], out: &mut [f32]) -> Result<(), Refused> {
    for (index, (out, value)) in out.iter_mut().zip(widened(dtype, bytes)).enumerate() {
        if !value.is_finite() {
            return Err(Refused::NotFinite { index, value });
        }
        *out = value;
    }
    Ok(())
}

/// Reads numbers into the bits of f16: as they are, or rounded to nearest.
pub(super) fn read_f16(dtype: Dtype, bytes: &[u8], out: &mut [u16]) -> Result<(), Refused> {
    for (index, (out, value)) in out.iter_mut().zip(widened(dtype, bytes)).enumerate() {
        *out = narrowed(index, value)?.to_bits();
    }
    Ok(())
}

fn narrowed(index: usize, value: f32) -> Result<f16, Refused> {
    let half = f16::from_f32(value);
    if half.is_finite() {
        Ok(half)
    } else if value.is_finite() {
        Err(Refused::BeyondF16 { index, value })
    } else {
        Err(Refused::NotFinite { index, value })
    }
}

/// Writes the numbers of a range, as `dtype`, through `sink`, in pieces.
pub(super) fn write<E: From<Refused>>(
    weights: Weights<'_>,
    range: Range<usize>,
    dtype: Dtype,
    sink: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let Range { start, .. } = range;
    match weights {
        Weights::F32(numbers) => {
            let numbers = part(numbers, start, range.len());
            write_all(numbers.iter().copied(), dtype, sink)
        }
        Weights::F16(bits) => {
            let numbers = part(bits, start, range.len()).iter();
            let numbers = numbers.map(|&bits| f16::from_bits(bits).to_f32());
            write_all(numbers, dtype, sink)
        }
        Weights::F16Bytes(bytes) => {
            let numbers = part(bytes, start, range.len()).iter();
            let numbers = numbers.map(|&bytes| f16::from_le_bytes(bytes).to_f32());
            write_all(numbers, dtype, sink)
        }
    }
}

fn write_all<E: From<Refused>>(
    numbers: impl Iterator<Item = f32>,
    dtype: Dtype,
    mut sink: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    const NUMBERS: usize = 4096;
    let mut piece = [0; 4 * NUMBERS];
    let mut numbers = numbers.enumerate().peekable();
    while numbers.peek().is_some() {
        let mut len = 0;
        let slots = piece.chunks_exact_mut(dtype.bytes());
        for (slot, (index, value)) in slots.zip(&mut numbers) {
            if !value.is_finite() {
                return Err(Refused::NotFinite { index, value }.into());
            }
            match dtype {
                Dtype::F32 => slot.copy_from_slice(&value.to_le_bytes()),
                Dtype::F16 => slot.copy_from_slice(&narrowed(index, value)?.to_le_bytes()),
                Dtype::Bf16 => slot.copy_from_slice(&bf16::from_f32(value).to_le_bytes()),
            }
            len += slot.len();
        }
        sink(part(&piece, 0, len))?;
    }
    Ok(())
}
