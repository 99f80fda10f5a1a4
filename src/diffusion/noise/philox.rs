//! The counter-based random generator Philox 4x32-10.

const MULTIPLIER: [u64; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// Returns four random words of Philox 4x32-10 from a counter and a key.
///
/// Ten times, (c0, c1, c2, c3) becomes (hi(M1·c2) ⊕ c1 ⊕ k0, lo(M1·c2), hi(M0·c0) ⊕ c3 ⊕ k1,
/// lo(M0·c0)) with 64-bit products, and the key grows by two constants. Salmon, Moraes, Dror and
/// Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
///
/// ```
/// use iddpm::diffusion::noise::philox4x32_10;
///
/// const WORDS: [u32; 4] = philox4x32_10([0; 4], [0; 2]);
/// assert_eq!(WORDS, [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
/// ```
#[must_use]
#[inline(always)]
pub const fn philox4x32_10(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let [m0, m1] = MULTIPLIER;
    let [w0, w1] = WEYL;
    let [mut k0, mut k1] = key;
    // The four words sit in the low halves of 64-bit lanes; what gathers in the high halves is
    // never read. A low half of a product then costs nothing and a high half one shift, which is
    // what a vector unit with a 32x32 -> 64 multiplication wants.
    let [a, b, c, d] = counter;
    let [mut a, mut b, mut c, mut d] = [a as u64, b as u64, c as u64, d as u64];
    let mut round = 0;
    while round < 10 {
        let p0 = (a as u32 as u64) * m0;
        let p1 = (c as u32 as u64) * m1;
        a = (p1 >> 32) ^ b ^ k0 as u64;
        b = p1;
        c = (p0 >> 32) ^ d ^ k1 as u64;
        d = p0;
        k0 = k0.wrapping_add(w0);
        k1 = k1.wrapping_add(w1);
        round += 1;
    }
    [a as u32, b as u32, c as u32, d as u32]
}
