//! Every elementary function the crate evaluates, in one place.
//!
//! Coefficients are f64 and come from `libm`, whose results are the same bits on every target.
//! What is evaluated for each pixel is f32: plain multiplications and additions, never fused and
//! without a branch, so that it vectorises and also agrees bit for bit everywhere.

pub(crate) use libm::{cos, exp, floor, log as ln, rint, sqrt, tanh};

/// x clipped to [-bound, bound]; NaN stays NaN, and no `bound` panics.
#[inline(always)]
pub(crate) fn clamp(x: f32, bound: f32) -> f32 {
    let x = if x > bound { bound } else { x };
    if x < -bound { -bound } else { x }
}

/// 2^x in f32: relative error below 2.0e-7 for -126 ≤ x < 127.5, 0 far below, ∞ at 127.5 and above.
///
/// x = n + f with n the nearest whole number; 2^f on |f| ≤ ½ is the polynomial of degree 6 through
/// its Chebyshev nodes. NaN stays NaN.
#[inline(always)]
pub(crate) fn exp2_f32(x: f32) -> f32 {
    // Adding 1.5·2^23 leaves the nearest whole number in the low bits of the sum.
    const ROUND: f32 = 12_582_912.0;
    let x = if x > 128.0 { 128.0 } else { x };
    let x = if x < -127.0 { -127.0 } else { x };
    let shifted = x + ROUND;
    let f = x - (shifted - ROUND);
    let p = 1.546_144_5e-4;
    let p = p * f + 1.340_042_8e-3;
    let p = p * f + 9.618_057e-3;
    let p = p * f + 5.550_327e-2;
    let p = p * f + 0.240_226_5;
    let p = p * f + core::f32::consts::LN_2;
    let p = p * f + 1.0;
    let exponent = shifted
        .to_bits()
        .wrapping_sub(ROUND.to_bits())
        .wrapping_add(127);
    // Multiplied, not added to the bits of p, so that a NaN in p survives.
    p * f32::from_bits(exponent << 23)
}

/// The largest |x| that [`exp2_near_zero`] takes.
pub(crate) const NEAR_ZERO: f32 = 0.125;

/// 2^x in f32 for |x| ≤ [`NEAR_ZERO`]: relative error below 1.5e-7, NaN stays NaN.
///
/// The polynomial of degree 4 through its Chebyshev nodes; its own error is 2.7e-9.
#[inline(always)]
pub(crate) fn exp2_near_zero(x: f32) -> f32 {
    let p = 9.621_138e-3;
    let p = p * x + 5.553_015_5e-2;
    let p = p * x + 0.240_226_5;
    let p = p * x + core::f32::consts::LN_2;
    p * x + 1.0
}
