//! Rough normal deviates for cores that emulate f32: `micromath`'s ln and 1/√, and the direction in
//! integers.
//!
//! The words and the formula are those of [`normal_pair`](super::normal_pair). Instructions for one
//! deviate, of 256 on emulated cores (a uniform deviate: 399 on the first, 32 on the others):
//!
//! | core | `fill_normals` | `fill_normals_fast` |
//! |---|---|---|
//! | Cortex-M0, which emulates f32 | 3079 | 1744 |
//! | Cortex-M4F | 66 | 76 |
//! | Cortex-M55 | 66 | 73 |
//!
//! So it pays only where f32 is emulated. A processor with vector units loses several times over:
//! there is a branch and a division in every logarithm.

use super::NoiseStream;
use core::f32::consts::LN_2;
use micromath::F32Ext;

impl NoiseStream {
    /// Fills out\[i\] with about the normal deviate of element `first_element` + i, within 0.02 of what
    /// [`fill_normals`](Self::fill_normals) gives it.
    ///
    /// The error is a smooth function of the deviate's words: the mean stays 0 by symmetry and the
    /// variance is within 0.001 of 1. The value of an element does not depend on the range it is
    /// drawn with.
    pub fn fill_normals_fast(self, first_element: u64, out: &mut [f32]) {
        let (first, whole) = self.fill_ends(first_element, out, normal_block_fast);
        for (block, out) in whole.iter_mut().enumerate() {
            *out = normal_block_fast(self.words(first.wrapping_add(block as u32)));
        }
    }
}

/// Turns two uniform words into two approximate N(0, 1) deviates, close to those of
/// [`normal_pair`](super::normal_pair).
#[must_use]
pub fn normal_pair_fast(word0: u32, word1: u32) -> [f32; 2] {
    let s = word0 as i32 as f32;
    // -2 ln u from the logarithm of 2^31·u: `micromath` inverts arguments below 1, and badly.
    let y = (62.0 * LN_2 - 2.0 * F32Ext::ln(F32Ext::abs(s) + 0.5)).max(0.0);
    let inverse = F32Ext::invsqrt(y);
    let root = y * inverse;
    // One of Newton's steps, which ends low by 0.0009 on average: its half, that and the
    // direction's 2^-15 are one factor.
    let radius = F32Ext::copysign(root * (3.0 - root * inverse), s) * (0.500_45 / ONE as f32);
    let [cos, sin] = direction(word1);
    [radius * cos as f32, radius * sin as f32]
}

/// 1 in the fixed point of [`direction`].
const ONE: i32 = 1 << 15;

/// (cos θ, sin θ)·2^15 for θ = π/2 · (word as i32) / 2^31, from its upper 16 bits, within 8.
///
/// Polynomials in t² for t = 2θ/π, as in the exact transform but shorter. No product reaches 2^31.
fn direction(word: u32) -> [i32; 2] {
    let t = (word as i32) >> 16;
    let v = (t * t) >> 15;
    let cos = ONE - ((v * (40_419 - ((v * (8_277 - ((v * 626) >> 15))) >> 15))) >> 15);
    let sin = (t * (51_456 - ((v * (21_041 - ((v * 2_355) >> 15))) >> 15))) >> 15;
    [cos, sin]
}

/// The four deviates of a block.
fn normal_block_fast([a, b, c, d]: [u32; 4]) -> [f32; 4] {
    let [z0, z1] = normal_pair_fast(a, b);
    let [z2, z3] = normal_pair_fast(c, d);
    [z0, z1, z2, z3]
}
