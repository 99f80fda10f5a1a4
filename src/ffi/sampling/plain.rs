//! The plain structs of the calls that need no heap, and what is read of them.

use core::ffi::c_char;

use super::failure::{Why, beginning};
use crate::diffusion::{Diffusion, Error, Level, Schedule};

/// What a network was trained on: the flags without which its weights mean nothing. All of them are to be set.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct iddpm_diffusion {
    /// How noise grows over the timesteps: "linear", "cosine", "sigmoid" or "sigmoid:START,END,TAU".
    pub schedule: *const c_char,
    /// What the network predicts: "epsilon", "x_start", "previous_x" or "v".
    pub prediction: *const c_char,
    /// The variance of a step: "fixed_small", "fixed_large", "learned" or "learned_range". Where it is learned, the network
    /// returns twice as many numbers as an image has.
    pub variance: *const c_char,
    /// The number of timesteps.
    pub num_timesteps: u32,
    /// 1 where the network sees a timestep t as 1000 t / `num_timesteps`, 0 where it sees t.
    pub rescale_timesteps: u32,
    /// 1 where the schedule is rescaled so that its last timestep is noise alone, else 0.
    pub zero_terminal_snr: u32,
}

/// A step that is kept of a diffusion: an entry of the table that a run walks.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct iddpm_level {
    /// The timestep, counted among all of the diffusion.
    pub timestep: u32,
    /// The variance of the noise that is added since the entry before this one.
    pub beta: f64,
    /// The product of 1 - `beta` up to this entry: the share of the image in the variance of the noisy one.
    pub alpha_bar: f64,
}

// A table of the one is a table of the other: `abi/sampling.rs` relies on it.
const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<iddpm_level>() == size_of::<Level>());
    assert!(align_of::<iddpm_level>() == align_of::<Level>());
    assert!(offset_of!(iddpm_level, timestep) == offset_of!(Level, timestep));
    assert!(offset_of!(iddpm_level, beta) == offset_of!(Level, beta));
    assert!(offset_of!(iddpm_level, alpha_bar) == offset_of!(Level, alpha_bar));
};

/// A step that is due: one evaluation of the network, and what it takes to use the result.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct iddpm_step {
    /// The timestep that the network must see, as a rule no whole number.
    pub timestep: f32,
    /// The number of this evaluation in the run, from 0: the step number of its noise.
    pub position: u32,
    /// How many evaluations the run has.
    pub evaluations: u32,
    /// Which entry of the table it is; the last is the first that a run takes.
    pub index: u32,
    /// 1 where the step adds noise, else 0.
    pub needs_noise: u32,
}

/// The flags of a diffusion, its texts read.
#[derive(Debug, Clone, Copy)]
pub(in crate::ffi) struct Flags<'a> {
    pub(in crate::ffi) plain: &'a iddpm_diffusion,
    pub(in crate::ffi) schedule: &'a str,
    pub(in crate::ffi) prediction: &'a str,
    pub(in crate::ffi) variance: &'a str,
}

impl Flags<'_> {
    pub(in crate::ffi) fn diffusion(&self) -> Result<Diffusion<'static>, Why> {
        let iddpm_diffusion {
            num_timesteps,
            rescale_timesteps,
            zero_terminal_snr,
            ..
        } = *self.plain;
        let schedule: Schedule<'static> = parsed("schedule", self.schedule, str::parse)?;
        Ok(Diffusion::new(schedule, num_timesteps)
            .with_prediction(parsed("prediction", self.prediction, str::parse)?)
            .with_variance(parsed("variance", self.variance, str::parse)?)
            .with_rescaled_timesteps(flag("rescale_timesteps", rescale_timesteps)?)
            .with_zero_terminal_snr(flag("zero_terminal_snr", zero_terminal_snr)?))
    }
}

/// What a text is, or whose option has it wrongly.
pub(in crate::ffi) fn parsed<'a, T>(
    word: &'static str,
    text: &'a str,
    parse: impl FnOnce(&'a str) -> Result<T, Error>,
) -> Result<T, Why> {
    parse(text).map_err(|error| Why::Option {
        word,
        text: beginning(text),
        error,
    })
}

fn flag(word: &'static str, value: u32) -> Result<bool, Why> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        value => Err(Why::Flag { word, value }),
    }
}
