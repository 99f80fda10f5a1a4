//! The embedding of timesteps as sines and cosines.

use core::f64::consts::TAU;
use std::vec::Vec;

use super::declare::kernel;
use crate::gpu::recording::Dispatch;
use crate::unet::op::MAX_PERIOD;

kernel! {
    "timestep_embedding" of 64
    params { batch: u32, dim: u32 }
    bindings { timesteps: Read, frequencies: Read, output: Write }
}

pub(crate) fn dispatch(name: &str, params: &Params, bindings: Bindings) -> Dispatch {
    let numbers = u64::from(params.batch) * u64::from(params.dim);
    dispatch_of(name, params, bindings, numbers.div_ceil(64))
}

/// f_i/(2π) = exp(-ln(10000)·i/half)/(2π) as fractions of 2^64, high word first; one where half is 0.
pub(crate) fn frequencies(dim: usize) -> Vec<u32> {
    let half = dim / 2;
    let words = |i: usize| {
        let turns = (-MAX_PERIOD.ln() * i as f64 / half.max(1) as f64).exp() / TAU;
        let fraction = (turns * 2_f64.powi(64)) as u64;
        [(fraction >> 32) as u32, fraction as u32]
    };
    (0..half.max(1)).flat_map(words).collect()
}
