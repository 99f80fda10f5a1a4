//! A scan of a JPEG: some numbers of all blocks of some components, in Huffman's codes.

use std::vec::Vec;

use super::bits::{Bits, marker};
use super::frame::Frame;
use super::huffman::Huffman;

/// Tables of codes: four for the means of blocks, four for the rest.
pub(super) type Tables = [[Option<Huffman>; 4]; 2];

/// A scan's head.
///
/// ```text
/// components 1 byte | of each: name 1, tables 4 + 4 bits | first number 1, last 1 | bits before 4 bits, left 4
/// ```
#[derive(Debug)]
pub(super) struct Scan<'t> {
    kind: Kind,
    parts: Vec<Part<'t>>,
}

/// What a scan has of the 64 numbers of a block.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// All.
    Whole,
    /// The mean, which is the first.
    Mean,
    /// Another bit of it.
    MoreOfMean,
    /// The others from one to another.
    Rest(u8, u8),
    /// Another bit of these.
    MoreOfRest(u8, u8),
}

/// A component of a scan.
#[derive(Debug)]
struct Part<'t> {
    /// In the frame.
    place: usize,
    mean: Option<&'t Huffman>,
    rest: Option<&'t Huffman>,
}

impl<'t> Scan<'t> {
    /// Nothing for a head that is none, or names what is not there.
    pub(super) fn read(head: &[u8], frame: &Frame, tables: &'t Tables) -> Option<Self> {
        let (&count, rest) = head.split_first()?;
        let (given, rest) = rest.split_at_checked(2 * usize::from(count))?;
        let &[first, last, bits] = rest.first_chunk()?;
        let kind = match (frame.progressive, first, bits >> 4) {
            (false, _, _) => Kind::Whole,
            (true, 0, 0) => Kind::Mean,
            (true, 0, _) => Kind::MoreOfMean,
            (true, _, 0) => Kind::Rest(first, last),
            (true, _, _) => Kind::MoreOfRest(first, last),
        };
        let [means, rests] = tables;
        let part = |&[name, numbers]: &[u8; 2]| {
            let mut all = frame.components.iter();
            Some(Part {
                place: all.position(|component| component.name == name)?,
                mean: means
                    .get(usize::from(numbers >> 4))
                    .and_then(Option::as_ref),
                rest: rests
                    .get(usize::from(numbers & 15))
                    .and_then(Option::as_ref),
            })
        };
        let (given, _) = given.as_chunks();
        let parts: Vec<Part<'t>> = given.iter().map(part).collect::<Option<_>>()?;
        let known = |part: &Part<'_>| match kind {
            Kind::Whole => part.mean.is_some() && part.rest.is_some(),
            Kind::Mean => part.mean.is_some(),
            Kind::MoreOfMean => true,
            Kind::Rest(..) | Kind::MoreOfRest(..) => part.rest.is_some(),
        };
        let sound = last < 64 && !parts.is_empty() && parts.iter().all(known);
        sound.then_some(Self { kind, parts })
    }

    /// Reads the data from a place on, and tells where it ends; nothing where it does before its last
    /// block. After every `interval` units codes begin anew behind a marker; never where that is 0.
    pub(super) fn follow(
        &self,
        bytes: &[u8],
        at: usize,
        interval: u64,
        frame: &mut Frame,
    ) -> Option<usize> {
        let (across, down) = match self.parts.as_slice() {
            [part] => frame.components.get(part.place)?.alone,
            _ => (frame.across, frame.down),
        };
        let mut bits = Bits::new(bytes, at);
        let (mut run, mut left) = (0, interval);
        for unit in 0..across * down {
            if interval > 0 && left == 0 {
                let (0xD0..=0xD7, at) = marker(bytes, bits.at())? else {
                    return None;
                };
                (bits, run, left) = (Bits::new(bytes, at), 0, interval);
            }
            left = left.wrapping_sub(1);
            for part in &self.parts {
                let component = frame.components.get_mut(part.place)?;
                let (x, y) = (unit % across, unit / across);
                let (width, height) = match self.parts.len() {
                    1 => (1, 1),
                    _ => (component.width, component.height),
                };
                for at in 0..width * height {
                    let (x, y) = (x * width + at % width, y * height + at / width);
                    // Only of a progressive picture is it remembered.
                    let seen = component.seen.get_mut(y * component.stride + x);
                    self.block(part, &mut bits, seen.unwrap_or(&mut 0), &mut run)?;
                }
            }
        }
        for part in &self.parts {
            frame.components.get_mut(part.place)?.drawn = true;
        }
        Some(bits.at())
    }

    /// Reads a block, of which some numbers are `seen` not to be 0; the next `run` blocks have no more.
    fn block(
        &self,
        part: &Part<'_>,
        bits: &mut Bits<'_>,
        seen: &mut u64,
        run: &mut u32,
    ) -> Option<()> {
        match self.kind {
            Kind::Whole => {
                mean(part.mean?, bits)?;
                rest(part.rest?, bits, (1, 63), seen, None)
            }
            Kind::Mean => mean(part.mean?, bits),
            Kind::MoreOfMean => bits.take(1).map(|_| ()),
            Kind::Rest(..) if *run > 0 => {
                *run -= 1;
                Some(())
            }
            Kind::Rest(first, last) => rest(part.rest?, bits, (first, last), seen, Some(run)),
            Kind::MoreOfRest(first, last) => more(part.rest?, bits, (first, last), seen, run),
        }
    }
}

/// A code for how many bits follow, and these.
fn mean(table: &Huffman, bits: &mut Bits<'_>) -> Option<()> {
    let length = table.next(bits)?;
    bits.skip(u32::from(length).min(16)).then_some(())
}

/// Codes for how many zeros come before a number, and how many bits that has.
fn rest(
    table: &Huffman,
    bits: &mut Bits<'_>,
    (first, last): (u8, u8),
    seen: &mut u64,
    run: Option<&mut u32>,
) -> Option<()> {
    let mut at = first;
    while at <= last {
        let code = table.next(bits)?;
        let (zeros, length) = (code >> 4, code & 15);
        if length == 0 && zeros < 15 {
            // No more in this block; where there are runs, in as many others.
            if let Some(run) = run {
                *run = (1 << zeros) - 1 + bits.take(zeros.into())?;
            }
            return Some(());
        }
        at += zeros;
        if length > 0 {
            bits.skip(length.into()).then_some(())?;
            // Behind the last number there is none to be seen.
            *seen |= 1_u64.checked_shl(at.into()).unwrap_or(0);
        }
        at += 1;
    }
    Some(())
}

/// A bit for each number that is not 0, and among them codes for those that become so.
fn more(
    table: &Huffman,
    bits: &mut Bits<'_>,
    (first, last): (u8, u8),
    seen: &mut u64,
    run: &mut u32,
) -> Option<()> {
    let mut at = first;
    while at <= last && *run == 0 {
        let code = table.next(bits)?;
        let (mut zeros, length) = (code >> 4, code & 15);
        if length == 0 && zeros < 15 {
            *run = (1 << zeros) + bits.take(zeros.into())?;
            break;
        }
        // Its sign.
        let new = length > 0;
        bits.skip(new.into()).then_some(())?;
        while at <= last {
            if *seen >> at & 1 == 1 {
                bits.skip(1).then_some(())?;
            } else if zeros == 0 {
                break;
            } else {
                zeros -= 1;
            }
            at += 1;
        }
        if new && at <= last {
            *seen |= 1 << at;
        }
        at += 1;
    }
    if *run > 0 {
        *run -= 1;
        let range = (u64::MAX << at.min(63)) & (u64::MAX >> (63 - last));
        let bits_left = if at > last {
            0
        } else {
            (*seen & range).count_ones()
        };
        for _ in 0..bits_left {
            bits.skip(1).then_some(())?;
        }
    }
    Some(())
}
