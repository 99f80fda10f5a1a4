//! Every operation at odd sizes: a graph of it alone and what goes into it, for whatever runs operations.
//!
//! The plain loops in f64 say what must come out; golden tensors, finite differences and adjoints prove them.

mod backward;
mod case;
mod centred;
pub(crate) mod chains;
mod forward;
mod gradients;
pub(crate) mod processor;
pub(crate) mod reference;
pub(crate) mod rounding;
mod trained;

pub(crate) use case::{Case, Stands};

use iddpm::unet::{Shape, Wrap};

pub(crate) const fn shape(batch: usize, channels: usize, height: usize, width: usize) -> Shape {
    Shape {
        batch,
        channels,
        height,
        width,
    }
}

pub(crate) fn vector(batch: usize, channels: usize) -> Shape {
    shape(batch, channels, 1, 1)
}

/// The golden numbers' generator: `len` numbers within `scale` of `center`, each one that f32 holds.
pub(crate) fn generate(seed: u64, name: &str, len: usize, center: f64, scale: f64) -> Vec<f64> {
    let numbers = super::generator::generate(seed, name, len, center, scale);
    numbers.into_iter().map(f64::from).collect()
}

/// The operations through which gradients pass, and what they read of others.
pub(crate) fn trained() -> Vec<Case> {
    let mut cases = forward::table(Stands::Trained);
    cases.extend(gradients::dropout_cases(Stands::Trained));
    cases
}

/// How a convolution goes over its input: kernel, stride, whether it is upsampled first, where it goes round.
pub(crate) type Way = (usize, usize, bool, Wrap);

/// All operations.
pub(crate) fn table(stands: Stands) -> Vec<Case> {
    let mut cases = forward::table(stands);
    cases.extend(gradients::table(stands));
    cases
}
