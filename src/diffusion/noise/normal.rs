//! Normal deviates from uniform words, two from two: Box–Muller from polynomials.
//!
//! Three steps, each a function of one word or of the step before, so that [`bulk`](super::bulk)
//! can run each over many words at a time: [`exponential`], [`signed_radius`], [`direction`].

/// Where the logarithm cuts the binades: the bits of the f32 nearest √½.
const SQRT_HALF: u32 = 0x3f35_04f3;
/// Bits of an f32's fraction.
const FRACTION: u32 = 0x007f_ffff;
/// The sign of an f32.
const SIGN: u32 = 0x8000_0000;
/// 31 binades as f32 bits: what divides by 2^31.
const BINADES: u32 = 31 << 23;

/// What the radius is too long by and [`direction`] too short by: the square root leaves out its
/// last scaling.
#[cfg(test)]
const SCALE: f64 = 5.733_242_371_462_431;

/// Turns two uniform words into two independent N(0, 1) deviates.
///
/// ```text
/// s = word 0 as i32     u = (|s| + 1/2) / 2^31     r = ±√(-2 ln u), with the sign bit of s
/// θ = π/2 · word 1 as i32 / 2^31                   (r cos θ, r sin θ)
/// ```
///
/// Box and Muller 1958, over half a turn: the other half is the sign of r, so both deviates are
/// symmetric about 0 to the last bit. No branch, no division, no library function.
///
/// With u rounded to f32, the radius is within 6.5e-7 of the exact one relatively and the
/// direction within 2.6e-7, so each deviate is within 1e-6·|r| of the formula. The least u is
/// 2^-32, so no deviate exceeds √(64 ln 2) = 6.6604 in magnitude; a true normal deviate does once
/// in 3.7e10. For u within 2^-25 of 1 the radius is 0: both deviates are ±0 once in 3.4e7 pairs.
///
/// ```
/// use iddpm::diffusion::noise::normal_pair;
///
/// let [z0, z1] = normal_pair(0, 0); // the smallest u, θ = 0
/// assert!((z0 - 6.6604).abs() < 1e-4);
/// assert_eq!(z1, 0.0);
/// ```
#[must_use]
#[inline(always)]
pub fn normal_pair(word0: u32, word1: u32) -> [f32; 2] {
    let radius = signed_radius(exponential(word0), word0);
    let [cos, sin] = direction(word1);
    [radius * cos, radius * sin]
}

/// The four deviates of a block: words 0, 1 and words 2, 3.
#[inline(always)]
pub(super) fn normal_block([a, b, c, d]: [u32; 4]) -> [f32; 4] {
    let [z0, z1] = normal_pair(a, b);
    let [z2, z3] = normal_pair(c, d);
    [z0, z1, z2, z3]
}

/// -2 ln u for u = (|s| + 1/2) / 2^31, s the word as i32.
///
/// u = 2^k (1 + f) with √½ ≤ 1 + f < √2; -2 ln(1 + f) = f·P(f), P of degree 7 with the least
/// relative error (1.7e-7).
#[inline(always)]
pub(super) fn exponential(word: u32) -> f32 {
    let magnitude = (word as i32 as f32).to_bits() & !SIGN;
    let bits = (f32::from_bits(magnitude) + 0.5).to_bits();
    let offset = bits.wrapping_sub(SQRT_HALF + BINADES);
    let k = (offset & !FRACTION) as i32 as f32;
    let f = f32::from_bits((offset & FRACTION).wrapping_add(SQRT_HALF)) - 1.0;
    // Even and odd terms apart: half the length of one chain.
    let f2 = f * f;
    let even = ((-0.324_451_63 * f2 - 0.398_003_3) * f2 - 0.666_701_2) * f2 - 1.999_999_9;
    let odd = ((0.202_137_92 * f2 + 0.345_016_6) * f2 + 0.499_398_17) * f2 + 1.000_007_3;
    // k counts in units of the exponent field: -2 ln 2 / 2^23.
    (odd * f + even) * f + k * -1.652_591_7e-7
}

/// 5.733·√y, with the sign bit of the word.
///
/// 1/√y is guessed from the exponent and improved by two of Newton's steps whose constants spread
/// the error evenly about zero; the second multiplies by y and leaves its scaling to
/// [`direction`].
#[inline(always)]
pub(super) fn signed_radius(y: f32, word: u32) -> f32 {
    let guess = f32::from_bits(0x5f1f_fff9_u32.wrapping_sub(y.to_bits() >> 1));
    let inverse = guess * (2.389_244_6 - y * guess * guess);
    let root = y * inverse;
    let radius = root * (6.053_895 - root * inverse);
    f32::from_bits(radius.to_bits() ^ (word & SIGN))
}

/// (cos θ, sin θ) / 5.733 for θ = π/2 · (word as i32) / 2^31.
///
/// Polynomials in t² for t = 2θ/π, of the least absolute error (4.7e-8 and 3.4e-9, before
/// rounding).
#[inline(always)]
pub(super) fn direction(word: u32) -> [f32; 2] {
    let t = word as i32 as f32 * (1.0 / 2_147_483_648.0);
    let v = t * t;
    let cos = (((0.000_149_686_79 * v - 0.003_629_818) * v + 0.044_242_11) * v - 0.215_183_33) * v
        + 0.174_421_37;
    let sin = ((((2.630_633e-5 * v - 0.000_814_936_4) * v + 0.013_899_374) * v - 0.112_669_82) * v
        + 0.273_980_44)
        * t;
    [cos, sin]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    extern crate std;
    use super::*;
    use core::f64::consts::FRAC_PI_2;

    /// u of a word: exact in f64.
    fn exact_u(word: u32) -> f64 {
        (f64::from(word as i32).abs() + 0.5) / 2_147_483_648.0
    }

    /// Every value that |word as i32| can have as f32, each with one word that gives it.
    fn magnitudes() -> impl Iterator<Item = u32> {
        let exact = 0..1_u32 << 24;
        let rounded = (1..=7_u32)
            .flat_map(|shift| ((1_u32 << 23)..1 << 24).map(move |fraction| fraction << shift));
        exact.chain(rounded)
    }

    #[test]
    fn every_radius_is_within_its_error() {
        let (mut worst_ln, mut worst_root, mut worst) = (0.0_f64, 0.0_f64, 0.0_f64);
        for word in magnitudes() {
            let y = exponential(word);
            let radius = f64::from(signed_radius(y, word)) / SCALE;
            // What u is after rounding to f32: its logarithm is what the polynomial answers for.
            let u = f64::from(word as f32 + 0.5) / 2_147_483_648.0;
            let exact = -2.0 * u.ln();
            if exact > 0.0 {
                worst_ln = worst_ln.max((f64::from(y) / exact - 1.0).abs());
                worst = worst.max((radius / exact.sqrt() - 1.0).abs());
                worst_root = worst_root.max((radius / f64::from(y).sqrt() - 1.0).abs());
            } else {
                assert!(y == 0.0 && radius == 0.0, "word {word:#x}");
            }
        }
        std::println!("relative: -2 ln u {worst_ln:.3e}, root {worst_root:.3e}, both {worst:.3e}");
        assert!(worst_ln < 3.5e-7 && worst_root < 5e-7 && worst < 6.5e-7);
    }

    #[test]
    fn directions_are_within_their_error() {
        let (mut worst_cos, mut worst_sin) = (0.0_f64, 0.0_f64);
        for word in (0..=u32::MAX)
            .step_by(151)
            .chain([i32::MIN as u32, i32::MAX as u32])
        {
            let angle = FRAC_PI_2 * f64::from(word as i32) / 2_147_483_648.0;
            let [cos, sin] = direction(word);
            worst_cos = worst_cos.max((f64::from(cos) * SCALE - angle.cos()).abs());
            worst_sin = worst_sin.max((f64::from(sin) * SCALE - angle.sin()).abs());
        }
        std::println!("absolute: cos {worst_cos:.3e}, sin {worst_sin:.3e}");
        assert!(worst_cos < 2.6e-7 && worst_sin < 2.6e-7);
    }

    #[test]
    fn rounding_u_moves_the_logarithm_little() {
        for word in (0..1_u32 << 31)
            .step_by(509)
            .chain([(1 << 31) - 1, 1 << 31])
        {
            let exact = -2.0 * exact_u(word).ln();
            let error = (f64::from(exponential(word)) - exact).abs();
            assert!(error < 1.3e-7 + 1e-6 * exact, "word {word:#x}: {error:e}");
        }
    }
}
