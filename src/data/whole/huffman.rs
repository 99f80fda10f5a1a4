//! A table of Huffman's codes as JPEGs carry them: how many codes there are of 1 to 16 bits, then the
//! value of each.

use super::bits::Bits;

/// Bits of a code that are looked up at once.
const SHORT: u32 = 8;

/// Longest code.
const LONGEST: usize = 16;

/// A table.
#[derive(Debug, Clone)]
pub(super) struct Huffman {
    /// For the next 8 bits: length of the code and its value; length 0 where it is longer.
    short: [(u8, u8); 1 << SHORT],
    /// For each length: one past its last code, and what a code's place among all is more than the code.
    ends: [(u32, i32); LONGEST],
    values: [u8; 256],
}

impl Huffman {
    /// A table in a segment, and what follows it.
    pub(super) fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (counts, rest) = bytes.split_first_chunk::<LONGEST>()?;
        let count = counts.iter().map(|&count| usize::from(count)).sum();
        let (given, rest) = rest.split_at_checked(count)?;
        let mut table = Self {
            short: [(0, 0); 1 << SHORT],
            ends: [(0, 0); LONGEST],
            values: [0; 256],
        };
        for (value, given) in table.values.get_mut(..count)?.iter_mut().zip(given) {
            *value = *given;
        }
        let (mut code, mut place) = (0_u32, 0_u32);
        for (length, (&count, end)) in (1_u32..).zip(counts.iter().zip(&mut table.ends)) {
            let first = code;
            for &value in given.iter().skip(place as usize).take(count.into()) {
                if let Some(free) = SHORT.checked_sub(length) {
                    // Each of the bits that may follow.
                    let from = (code << free) as usize;
                    let all = table.short.get_mut(from..from + (1 << free))?;
                    all.fill((length as u8, value));
                }
                code += 1;
            }
            *end = (code, place as i32 - first as i32);
            place += u32::from(count);
            code <<= 1;
        }
        Some((table, rest))
    }

    /// The next value.
    pub(super) fn next(&self, bits: &mut Bits<'_>) -> Option<u8> {
        let ahead = bits.ahead();
        let short = self.short.get((ahead >> (LONGEST as u32 - SHORT)) as usize);
        if let Some(&(length @ 1.., value)) = short {
            return bits.skip(length.into()).then_some(value);
        }
        let longer = (1_u32..).zip(&self.ends).skip(SHORT as usize);
        for (length, &(end, shift)) in longer {
            let code = ahead >> (LONGEST as u32 - length);
            if code < end {
                let place = code as i32 + shift;
                let value = self.values.get(usize::try_from(place).ok()?);
                return value.copied().filter(|_| bits.skip(length));
            }
        }
        None
    }
}
