//! The numbers of a log as TensorBoard reads them: a file of records, each an `Event` of its protocol.
//!
//! A record is its length, a checksum of that, its bytes, and a checksum of those: CRC-32C, turned by 15 bits and moved
//! by a constant, as TFRecord files have it. Of an event three fields are written, in protocol buffers' format: the time
//! (1, f64), the step (2, varint) and a summary (5), of which each value (1) has a tag (1) and a number (2, f32); the
//! first event has the version of the format (3) in place of a summary.

use std::time::{SystemTime, UNIX_EPOCH};

use super::log::Line;

/// The record that a file begins with.
pub(crate) fn head() -> Vec<u8> {
    let mut event = time();
    field(&mut event, 3, b"brain.Event:2");
    record(&event)
}

/// The numbers of a line; those that there are.
pub(crate) fn of_line(line: &Line) -> Vec<u8> {
    let mut summary = Vec::new();
    for (tag, number) in line.numbers() {
        let mut value = Vec::new();
        field(&mut value, 1, tag.as_bytes());
        value.push(2 << 3 | 5);
        value.extend((number as f32).to_le_bytes());
        field(&mut summary, 1, &value);
    }
    let mut event = time();
    event.push(2 << 3);
    varint(&mut event, line.step);
    field(&mut event, 5, &summary);
    record(&event)
}

/// Seconds since 1970: where a log is read again, of that moment.
fn time() -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let mut event = vec![1 << 3 | 1];
    event.extend(now.unwrap_or_default().as_secs_f64().to_le_bytes());
    event
}

/// A field of bytes.
fn field(to: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    to.push(number << 3 | 2);
    varint(to, bytes.len() as u64);
    to.extend(bytes);
}

/// Seven bits a byte, the lowest first.
fn varint(to: &mut Vec<u8>, mut number: u64) {
    while number > 0x7F {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

fn record(bytes: &[u8]) -> Vec<u8> {
    let len = (bytes.len() as u64).to_le_bytes();
    let mut record = len.to_vec();
    record.extend(checksum(&len).to_le_bytes());
    record.extend(bytes);
    record.extend(checksum(bytes).to_le_bytes());
    record
}

fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
        .rotate_right(15)
        .wrapping_add(0xA282_EAD8)
}
