//! Running error analysis (Higham, "Accuracy and Stability of Numerical Algorithms", §3.3): a value
//! with a bound on how far off any evaluation of the same formula may be.
//!
//! The bound is counted, not fitted: fl(a ∘ b) = (a ∘ b)(1 + δ) with |δ| ≤ u for the four operations
//! and the square root; at most 2 units in the last place, 4u, for elementary functions; a
//! coefficient that is rounded when it is cast adds u of itself. Errors of the operands are carried
//! along, so that a subtraction that cancels, or a coefficient of 1e4, widens its own tolerance.

use std::ops::{Add, Div, Mul, Neg, Sub};

use iddpm::diffusion::Level;

/// Half a unit in the last place of f32 at 1.
pub(crate) const U32: f64 = 1.0 / 16_777_216.0;
/// The same for f64.
pub(crate) const U64: f64 = f64::EPSILON / 2.0;

/// How numbers are computed: what one rounding and one coefficient may be off by, relatively.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arithmetic {
    operation: f64,
    coefficient: f64,
    single: bool,
}

impl Arithmetic {
    /// f32 throughout; coefficients are f64 numbers cast to f32.
    pub(crate) const F32: Self = Self {
        operation: U32,
        coefficient: U32,
        single: true,
    };

    /// f64 throughout; the coefficients are off by `coefficient`, relatively.
    pub(crate) fn f64(coefficient: f64) -> Self {
        Self {
            operation: U64,
            coefficient,
            single: false,
        }
    }

    /// A number from a table.
    pub(crate) fn coefficient(self, value: f64) -> Track {
        // What f32 holds exactly, such as 0 and 1, is not rounded.
        let exact =
            value == 0.0 || value.abs() == 1.0 || (self.single && f64::from(value as f32) == value);
        let error = if exact {
            0.0
        } else {
            value.abs() * self.coefficient
        };
        self.with_error(value, error)
    }

    /// A number that every evaluation begins with, to the last bit.
    pub(crate) fn exact(self, value: f64) -> Track {
        self.with_error(value, 0.0)
    }

    /// A number that is known to be off by so much.
    pub(crate) fn with_error(self, value: f64, error: f64) -> Track {
        Track {
            value,
            error,
            unit: self.operation,
        }
    }
}

/// The relative error of any number derived from a table of levels, in f64.
///
/// β = 1 - a/b with a ≈ b is off by 8u absolutely (two elementary functions, a quotient, a
/// difference), so by 8u/β relatively. 1-ᾱ is about a sum of β, each off by 9u, and so has at most
/// twice that relative error; β (1-ᾱ_prev)/(1-ᾱ), the longest of the products, has 5 times it. A
/// kept step that skips k - 1 others sums k errors, over a β that is the sum of k. All is below
/// 64u over the least β per original step.
pub(crate) fn table_error(steps: impl Iterator<Item = (u32, f64)>) -> f64 {
    let mut previous = -1.0;
    let mut least = f64::INFINITY;
    for (timestep, beta) in steps {
        least = least.min(beta / (f64::from(timestep) - previous));
        previous = f64::from(timestep);
    }
    64.0 * U64 / least
}

/// [`table_error`] of a process.
pub(crate) fn levels_error(levels: &[Level]) -> f64 {
    table_error(levels.iter().map(|level| (level.timestep, level.beta)))
}

/// A value and how far off another evaluation of it may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Track {
    pub(crate) value: f64,
    pub(crate) error: f64,
    unit: f64,
}

impl Track {
    fn rounded(self, value: f64, carried: f64, roundings: f64) -> Self {
        let rounding = roundings * self.unit * (value.abs() + carried);
        // Nothing is below the least subnormal number of f32, and the tests' own f64 rounds too.
        let floor = if value == 0.0 && carried == 0.0 {
            0.0
        } else {
            1e-45 * self.unit / U32
        };
        Self {
            value,
            error: carried + rounding + floor,
            unit: self.unit,
        }
    }

    /// A monotone function: its own rounding and what it makes of the operand's interval.
    fn monotone(
        self,
        f: impl Fn(f64) -> f64,
        (least, largest): (f64, f64),
        roundings: f64,
    ) -> Self {
        let value = f(self.value);
        let below = f((self.value - self.error).max(least));
        let above = f((self.value + self.error).min(largest));
        let carried = (above - value).abs().max((value - below).abs());
        self.rounded(value, carried, roundings)
    }

    pub(crate) fn sqrt(self) -> Self {
        self.monotone(f64::sqrt, (0.0, f64::INFINITY), 1.0)
    }

    pub(crate) fn exp(self) -> Self {
        self.monotone(f64::exp, (f64::NEG_INFINITY, f64::INFINITY), 4.0)
    }

    pub(crate) fn tanh(self) -> Self {
        self.monotone(f64::tanh, (f64::NEG_INFINITY, f64::INFINITY), 4.0)
    }

    /// ln of the larger of this and `floor`.
    pub(crate) fn ln_above(self, floor: f64) -> Self {
        self.monotone(
            |x| x.max(floor).ln(),
            (f64::NEG_INFINITY, f64::INFINITY),
            4.0,
        )
    }

    pub(crate) fn sin(self) -> Self {
        self.rounded(self.value.sin(), self.error, 0.0)
            .plus_error(4.0 * self.unit)
    }

    pub(crate) fn cos(self) -> Self {
        self.rounded(self.value.cos(), self.error, 0.0)
            .plus_error(4.0 * self.unit)
    }

    pub(crate) fn clamp(self, bound: f64) -> Self {
        self.monotone(
            |x| x.clamp(-bound, bound),
            (f64::NEG_INFINITY, f64::INFINITY),
            0.0,
        )
    }

    pub(crate) fn plus_error(self, error: f64) -> Self {
        Self {
            error: self.error + error,
            ..self
        }
    }

    /// The same, known from here on in another arithmetic.
    pub(crate) fn in_arithmetic(self, arithmetic: Arithmetic) -> Self {
        arithmetic.with_error(self.value, self.error)
    }
}

/// The mean, summed in any order: n - 1 additions and a division.
pub(crate) fn mean(terms: &[Track]) -> Track {
    let count = terms.len() as f64;
    let sum: f64 = terms.iter().map(|term| term.value).sum();
    let carried: f64 = terms.iter().map(|term| term.error).sum();
    let magnitude: f64 = terms.iter().map(|term| term.value.abs() + term.error).sum();
    let unit = terms[0].unit;
    Track {
        value: sum / count,
        error: (carried + count * unit * magnitude) / count,
        unit,
    }
}

impl Add for Track {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.rounded(self.value + other.value, self.error + other.error, 1.0)
    }
}

impl Sub for Track {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Neg for Track {
    type Output = Self;
    fn neg(self) -> Self {
        Self {
            value: -self.value,
            ..self
        }
    }
}

impl Mul for Track {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let carried = self.value.abs() * other.error
            + other.value.abs() * self.error
            + self.error * other.error;
        self.rounded(self.value * other.value, carried, 1.0)
    }
}

impl Div for Track {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        // (a ± da)/(b ∓ db) - a/b; no bound where b may be 0.
        let least = (other.value.abs() - other.error).max(0.0);
        let carried = if self.error == 0.0 && other.error == 0.0 {
            0.0
        } else {
            (self.error + value.abs() * other.error) / least
        };
        self.rounded(value, carried, 1.0)
    }
}

/// Numbers that f32 holds exactly: 0.5, 1, 2.
impl Add<f64> for Track {
    type Output = Self;
    fn add(self, other: f64) -> Self {
        self.rounded(self.value + other, self.error, 1.0)
    }
}

impl Mul<f64> for Track {
    type Output = Self;
    fn mul(self, other: f64) -> Self {
        self.rounded(self.value * other, self.error * other.abs(), 1.0)
    }
}
