//! JPEGs written by hand, bit for bit: every way to lay out scans, whole and with a block missing.

use std::sync::atomic::{AtomicU32, Ordering};

use iddpm::data::{Fault, load};

use super::scratch::Scratch;
use super::{extents, fault};

/// A code of 16 bits for each of 12 lengths of a mean, and of 8 for the end of a block: long ones, since the
/// decoder takes the end of a scan for that of a row where it reads ahead of both.
const TABLES: [&[u8]; 2] = [
    &[
        0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
    ],
    &[0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x00],
];

/// Bits, the first one highest.
#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn push(&mut self, value: u32, count: u32) {
        self.0
            .extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
    }

    /// A block that is as much lighter than the one before.
    fn block(&mut self, difference: i32, with_end: bool) {
        let length = 32 - difference.unsigned_abs().leading_zeros();
        self.push(length, 16);
        // A negative number has its bits turned.
        let bits = if difference < 0 {
            difference - 1
        } else {
            difference
        };
        self.push(bits as u32 & ((1 << length) - 1), length);
        if with_end {
            self.push(0, 8);
        }
    }

    /// Ones to the end of the last byte, and a zero behind every byte of ones.
    fn bytes(&self) -> Vec<u8> {
        let byte = |bits: &[bool]| {
            (0..8).fold(0, |byte, at| {
                byte << 1 | u8::from(*bits.get(at).unwrap_or(&true))
            })
        };
        let bytes = self.0.chunks(8).map(byte);
        bytes
            .flat_map(|byte| [byte, 0].into_iter().take(1 + usize::from(byte == 255)))
            .collect()
    }
}

fn segment(marker: u8, says: &[u8]) -> Vec<u8> {
    let length = (says.len() as u16 + 2).to_be_bytes();
    [&[0xFF, marker], &length[..], says].concat()
}

/// All up to the first scan, of `components` that are alike.
fn head(start: u8, rows: u8, columns: u8, components: u8, interval: u8) -> Vec<u8> {
    let each = (1..=components).flat_map(|name| [name, 0x11, 0]);
    let frame: Vec<u8> = [8, 0, rows, 0, columns, components]
        .into_iter()
        .chain(each)
        .collect();
    let quantum = [&[0][..], &[8; 64]].concat();
    [
        &[0xFF, 0xD8][..],
        &segment(0xDB, &quantum),
        &segment(start, &frame),
        &segment(0xC4, TABLES[0]),
        &segment(0xC4, TABLES[1]),
        &segment(0xDD, &[0, interval]),
    ]
    .concat()
}

/// A scan of these components; the last two bytes are where it has how many bits of which numbers.
fn scan(components: &[u8], kind: [u8; 3], data: &[u8]) -> Vec<u8> {
    let each = components.iter().flat_map(|&name| [name, 0]);
    let count = components.len() as u8;
    let says: Vec<u8> = [count].into_iter().chain(each).chain(kind).collect();
    [&segment(0xDA, &says), data].concat()
}

const ALL: [u8; 3] = [0, 63, 0];
const END: [u8; 2] = [0xFF, 0xD9];

/// Values of the blocks of a picture of 24x16, row after row.
const BLOCKS: [i32; 6] = [100, 228, 27, 128, 255, 0];

/// A grey picture whose codes begin anew after every `interval` blocks; 0 for never. The codes of the
/// part `without` are left out.
fn grey(interval: usize, without: Option<usize>) -> Vec<u8> {
    let mut data = Vec::new();
    let parts = BLOCKS.chunks(if interval == 0 { 6 } else { interval });
    let count = parts.len();
    for (at, part) in parts.enumerate() {
        let (mut bits, mut before) = (Bits::default(), 128);
        for &value in part {
            bits.block(value - before, true);
            before = value;
        }
        if without != Some(at) {
            data.extend(bits.bytes());
        }
        if at + 1 < count {
            data.extend([0xFF, 0xD0 + at as u8]);
        }
    }
    let head = head(0xC0, 16, 24, 1, interval as u8);
    [head, scan(&[1], ALL, &data), END.into()].concat()
}

/// The values that the picture shows in the middle of each block.
fn shown(bytes: &[u8]) -> Result<Vec<i32>, Fault> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let scratch = Scratch::new(&format!("by-hand-{number}"));
    let path = scratch.write("by-hand.jpg", bytes);
    let image = match load(path, extents(1, 16, 24)) {
        Ok(image) => image,
        error => return Err(fault(error, "by-hand.jpg")),
    };
    let at = |block: usize| i32::from(image[(block / 3 * 8 + 4) * 24 + block % 3 * 8 + 4]);
    Ok((0..6).map(at).collect())
}

fn is_refused(bytes: &[u8]) {
    let fault = shown(bytes).unwrap_err();
    assert!(matches!(fault, Fault::Undecodable { .. }), "{fault}");
}

#[test]
fn codes_that_begin_anew() {
    for interval in [0, 1, 2, 3, 5, 6, 7] {
        assert_eq!(shown(&grey(interval, None)).unwrap(), BLOCKS, "{interval}");
        let parts = if interval == 0 {
            1
        } else {
            6_usize.div_ceil(interval)
        };
        for part in 0..parts {
            is_refused(&grey(interval, Some(part)));
        }
    }
    // A mark is missing, with what stands between two.
    let mut bytes = grey(2, None);
    let mark = bytes
        .windows(2)
        .position(|pair| pair == [0xFF, 0xD0])
        .unwrap();
    bytes.drain(mark..mark + 2);
    is_refused(&bytes);
}

/// The end of the image, wherever it stands in a scan: a decoder draws grey from there on.
#[test]
fn an_end_that_comes_too_early() {
    for interval in [0, 2] {
        let bytes = grey(interval, None);
        let start = bytes
            .windows(2)
            .position(|pair| pair == [0xFF, 0xDA])
            .unwrap()
            + 10;
        for end in start..bytes.len() - 2 {
            is_refused(&[&bytes[..end], &END].concat());
        }
    }
    // A frame without a scan.
    is_refused(&[head(0xC0, 16, 24, 1, 0), END.into()].concat());
}

/// What encoders put where nobody looks.
#[test]
fn bytes_between_and_behind() {
    let bytes = grey(2, None);
    let whole = shown(&bytes).unwrap();
    let (begin, rest) = bytes.split_at(2);
    let (before, end) = bytes.split_at(bytes.len() - 2);
    // A small picture of its own, as cameras have it in Exif: its end is not the picture's.
    let small = segment(0xE1, &[b"Exif\0\0", &grey(0, None)[..]].concat());
    for bytes in [
        [begin, &small, rest].concat(),
        [begin, &segment(0xFE, b"a note"), rest].concat(),
        [begin, &[0xFF, 0xFF], rest].concat(),
        [before, &[0xFF, 0xFF], end].concat(),
        [before, b"lost", end].concat(),
        [&bytes[..], b"and another picture", &bytes].concat(),
    ] {
        assert_eq!(shown(&bytes).unwrap(), whole);
    }
    is_refused(&[begin, &small, &rest[..rest.len() - 6]].concat());
}

/// A scan for each component, of which one may be missing; grey where the colours are 128.
#[test]
fn scans_of_one_component() {
    let scans = |without: Option<u8>| {
        let mut bytes = head(0xC0, 16, 24, 3, 0);
        for name in 1..=3 {
            let (mut bits, mut before) = (Bits::default(), 128);
            for &value in &BLOCKS {
                let value = if name == 1 { value } else { 128 };
                bits.block(value - before, true);
                before = value;
            }
            if without != Some(name) {
                bytes.extend(scan(&[name], ALL, &bits.bytes()));
            }
        }
        bytes.extend(END);
        bytes
    };
    assert_eq!(shown(&scans(None)).unwrap(), BLOCKS);
    for name in 1..=3 {
        is_refused(&scans(Some(name)));
    }
}

/// First half the bits of every mean, then one more, then the last.
#[test]
fn means_bit_by_bit() {
    let stages = |lost: Option<usize>| {
        let mut bytes = head(0xC2, 16, 24, 1, 0);
        let (mut bits, mut before) = (Bits::default(), 0);
        for value in BLOCKS {
            let value = (value - 128) >> 2;
            bits.block(value - before, false);
            before = value;
        }
        let mut stages = vec![([0, 0, 2], bits)];
        for left in [1, 0] {
            let mut bits = Bits::default();
            for value in BLOCKS {
                bits.push((value - 128) as u32 >> left & 1, 1);
            }
            stages.push(([0, 0, (left as u8 + 1) << 4 | left as u8], bits));
        }
        for (at, (kind, mut bits)) in stages.into_iter().enumerate() {
            if lost == Some(at) {
                bits.0.clear();
            }
            bytes.extend(scan(&[1], kind, &bits.bytes()));
        }
        bytes.extend(END);
        bytes
    };
    assert_eq!(shown(&stages(None)).unwrap(), BLOCKS);
    for lost in 0..3 {
        is_refused(&stages(Some(lost)));
    }
}

/// Memory is taken for one picture, whose sides are known to be small.
#[test]
fn a_frame_behind_the_picture() {
    let bytes = grey(0, None);
    let (picture, end) = bytes.split_at(bytes.len() - 2);
    let (begin, rest) = bytes.split_at(2);
    for components in [1, 4, 255] {
        for marker in [0xC0, 0xC1, 0xC2] {
            let each = (1..=components).flat_map(|name| [name, 0x44, 0]);
            let head = [8, 255, 255, 255, 255, components].into_iter().chain(each);
            let frame = segment(marker, &head.collect::<Vec<u8>>());
            let fault = shown(&[picture, &frame, end].concat()).unwrap_err();
            assert!(
                fault.to_string().contains("one frame"),
                "{components}: {fault}"
            );
            is_refused(&[begin, &frame, rest].concat());
        }
    }
    // The same once more, and a first one of more components than any decoder knows.
    let head = head(0xC2, 16, 24, 1, 0);
    is_refused(&[&head, &head[2..], end].concat());
    for components in [5, 255] {
        is_refused(&[self::head(0xC2, 16, 24, components, 0), end.into()].concat());
    }
}

/// Work without end is not done: a scan of a few bytes may go through every block.
#[test]
fn more_scans_than_any_encoder_makes() {
    let bits = Bits(vec![true; 6]).bytes();
    let again = scan(&[1], [0, 0, 0x10], &bits);
    let (mut first, mut before) = (Bits::default(), 0);
    for value in BLOCKS {
        first.block((value - 128) / 2 - before, false);
        before = (value - 128) / 2;
    }
    let bytes = |more: usize| {
        let first = scan(&[1], [0, 0, 1], &first.bytes());
        [
            head(0xC2, 16, 24, 1, 0),
            first,
            again.repeat(more),
            END.into(),
        ]
        .concat()
    };
    assert!(shown(&bytes(1)).is_ok());
    let fault = shown(&bytes(200)).unwrap_err();
    assert!(fault.to_string().contains("100 scans"), "{fault}");
}
