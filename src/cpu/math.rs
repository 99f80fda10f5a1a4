//! The elementary functions of a network.

pub(crate) use libm::{cos, exp, sin};

use core::iter::Sum;
use core::ops::{Add, Div, Mul, Neg, Sub};

use crate::diffusion::math::exp2_f32;

/// ε of every group normalisation.
pub(crate) const EPSILON: f64 = 1e-5;

/// Numbers of f32 that are added up together in [`Real::total`].
const STRETCH: usize = 256;

/// e^x in f32, without a branch.
#[inline(always)]
pub(crate) fn exp_f32(x: f32) -> f32 {
    exp2_f32(x * core::f32::consts::LOG2_E)
}

/// A type of numbers that the plain loops compute in: f32, which is what the fast path and a GPU do, or
/// f64, which is what their formulas are. It cannot be implemented elsewhere.
pub trait Real:
    Number
    + Default
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Sum
{
    /// The nearest number of this type to a value.
    fn nearest(value: f64) -> Self;

    /// The nearest number of this type to one as it is stored.
    fn of(number: impl Number) -> Self;

    /// The sum of a term of each number, nearly as exact as a sum in f64.
    fn total(numbers: &[Self], term: impl Fn(Self) -> Self) -> f64;

    /// The square root √x.
    fn root(self) -> Self;

    /// The exponential e^x.
    fn exponential(self) -> Self;

    /// The SiLU x/(1 + e^{-x}).
    #[inline(always)]
    fn silu(self) -> Self {
        self / (Self::nearest(1.0) + (-self).exponential())
    }

    /// The derivative of the SiLU: s·(1 + x·(1 - s)), s = 1/(1 + e^{-x}).
    #[inline(always)]
    fn silu_slope(self) -> Self {
        let one = Self::nearest(1.0);
        let s = one / (one + (-self).exponential());
        s * (one + self * (one - s))
    }
}

impl Real for f32 {
    #[inline(always)]
    fn nearest(value: f64) -> Self {
        value as Self
    }

    #[inline(always)]
    fn of(number: impl Number) -> Self {
        number.value()
    }

    /// In two numbers of f32, as cores without f64 add them at once: with the sum what its roundings left of it (Knuth's
    /// two-sum; cascaded, Ogita, Rump & Oishi 2005). Off by n²·2^-48·Σ|x| over n terms at most, 2^-32 over a stretch; sums
    /// of stretches are added up in f64.
    #[inline(always)]
    fn total(numbers: &[Self], term: impl Fn(Self) -> Self) -> f64 {
        let stretches = numbers.chunks(STRETCH).map(|stretch| {
            let (mut sum, mut left) = (0.0, 0.0);
            for &number in stretch {
                let number = term(number);
                let next: Self = sum + number;
                let added = next - sum;
                left += (sum - (next - added)) + (number - added);
                sum = next;
            }
            f64::from(sum) + f64::from(left)
        });
        stretches.sum()
    }

    #[inline(always)]
    fn root(self) -> Self {
        libm::sqrtf(self)
    }

    #[inline(always)]
    fn exponential(self) -> Self {
        exp_f32(self)
    }
}

impl Real for f64 {
    fn nearest(value: f64) -> Self {
        value
    }

    fn of(number: impl Number) -> Self {
        number.exact()
    }

    fn total(numbers: &[Self], term: impl Fn(Self) -> Self) -> f64 {
        numbers.iter().map(|&number| term(number)).sum()
    }

    fn root(self) -> Self {
        libm::sqrt(self)
    }

    fn exponential(self) -> Self {
        exp(self)
    }
}

/// A number as weights are stored.
pub trait Number: Copy + Sync {
    /// The value of the number in f32.
    fn value(self) -> f32;

    /// The value of the number in f64.
    fn exact(self) -> f64 {
        self.value().into()
    }
}

impl Number for f64 {
    #[inline(always)]
    fn value(self) -> f32 {
        self as f32
    }

    fn exact(self) -> f64 {
        self
    }
}

impl Number for f32 {
    #[inline(always)]
    fn value(self) -> f32 {
        self
    }
}

/// The bits of binary16, the low byte first.
impl Number for [u8; 2] {
    #[inline(always)]
    fn value(self) -> f32 {
        u16::from_le_bytes(self).value()
    }
}

/// The bits of binary16.
impl Number for u16 {
    #[inline(always)]
    fn value(self) -> f32 {
        let sign = u32::from(self & 0x8000) << 16;
        let magnitude = u32::from(self & 0x7fff);
        // Moved to f32's places the exponent is too small by 127 - 15; for subnormals as well.
        let finite = f32::from_bits(magnitude << 13) * f32::from_bits((127 + 112) << 23);
        let bits = if magnitude >= 0x7c00 {
            0x7f80_0000 | (magnitude << 13)
        } else {
            finite.to_bits()
        };
        f32::from_bits(sign | bits)
    }
}
