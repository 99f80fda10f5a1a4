//! A 64-bit digest of a configuration, by which a saved state knows its own.

/// FNV-1a, 64 bits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    pub(crate) const fn new() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }

    pub(crate) fn add_bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }

    pub(crate) fn add_u64(&mut self, value: u64) {
        self.add_bytes(&value.to_le_bytes());
    }

    pub(crate) fn add_f64(&mut self, value: f64) {
        self.add_u64(value.to_bits());
    }

    pub(crate) const fn finish(self) -> u64 {
        self.0
    }
}
