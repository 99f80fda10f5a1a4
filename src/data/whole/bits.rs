//! The bits of a JPEG's scan, up to the next marker: a byte FF that is none is followed by 00.

/// The next marker from a place on, whatever stands before it, and where it ends.
pub(super) fn marker(bytes: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        let rest = bytes.get(at..)?;
        let other = rest.iter().position(|&byte| byte == 0xFF)?;
        let rest = rest.get(other..)?;
        // Any number of FF may stand for one.
        let fill = rest.iter().position(|&byte| byte != 0xFF)?;
        at += other + fill + 1;
        match rest.get(fill)? {
            0 => {}
            &marker => return Some((marker, at)),
        }
    }
}

/// A reader of bits, the highest of a byte first.
#[derive(Debug)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// The next byte's place.
    at: usize,
    /// Bits that were read, the next one highest, and zeros.
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            held: 0,
            count: 0,
        }
    }

    /// Where the next byte is that was not read: no further than a marker.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// The next 16 bits, zeros where there are no more.
    pub(super) fn ahead(&mut self) -> u32 {
        self.fill();
        (self.held >> 48) as u32
    }

    /// Whether there were so many more bits, at most 16.
    pub(super) fn skip(&mut self, bits: u32) -> bool {
        self.fill();
        self.held <<= bits;
        let left = self.count.checked_sub(bits);
        self.count = left.unwrap_or(0);
        left.is_some()
    }

    /// The number that the next bits are, at most 16.
    pub(super) fn take(&mut self, bits: u32) -> Option<u32> {
        let number = self.ahead() >> (16 - bits);
        self.skip(bits).then_some(number)
    }

    fn fill(&mut self) {
        if self.count >= 16 {
            return;
        }
        while self.count <= 56 {
            let byte = match self.bytes.get(self.at..) {
                Some([0xFF, 0, ..]) => {
                    self.at += 2;
                    0xFF
                }
                None | Some([] | [0xFF, ..]) => return,
                Some([byte, ..]) => {
                    self.at += 1;
                    *byte
                }
            };
            self.held |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }
}
