//! The loss scale of training with f16.

use serde::{Deserialize, Serialize};

/// The loss scale of training with f16, log₂ of what the loss is multiplied by, so that small gradients do
/// not vanish in f16: it rises by 0.001 with each step taken and falls by 1 with each whose gradient was
/// not finite, which is skipped.
///
/// ```
/// use iddpm::train::LossScale;
/// let mut scale = LossScale::INITIAL;
/// scale.update(false); // the gradient was not finite
/// assert_eq!(scale.scale(), 524_288.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossScale {
    /// log₂ of the scale.
    pub log2: f64,
}

impl LossScale {
    /// The scale where the public implementation begins: 2²⁰.
    pub const INITIAL: Self = Self { log2: 20.0 };

    /// The least scale, below which no gradient of f16's is left: the smallest number it holds is 2⁻²⁴.
    pub const LEAST: Self = Self { log2: -24.0 };

    /// The factor of the loss: 2^log₂.
    pub fn scale(self) -> f64 {
        libm::exp2(self.log2)
    }

    /// Raises the scale after a step that was taken, and lowers it after one that was not.
    pub fn update(&mut self, taken: bool) {
        self.log2 += if taken { 0.001 } else { -1.0 };
    }
}
