//! The calls of `include/iddpm_core.h`, called as C calls them: what they give is the sampler's, bit for bit, and what is
//! wrong is refused by its name.

#![allow(
    missing_docs,
    unsafe_code,
    clippy::unwrap_used,
    clippy::indexing_slicing
)]

#[cfg(all(feature = "cpu", feature = "std"))]
mod evaluations;
mod refused;
mod runs;

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::ptr::null_mut;

use iddpm::ffi::*;
use iddpm_result::{IDDPM_MORE, IDDPM_OK};

/// Elements of the tests' images.
pub(crate) const LEN: usize = 12;
/// The seed of their noise.
pub(crate) const SEED: u64 = 5;

/// The paper's model.
pub(crate) const MODEL: iddpm_diffusion = iddpm_diffusion {
    schedule: c"cosine".as_ptr(),
    prediction: c"epsilon".as_ptr(),
    variance: c"learned_range".as_ptr(),
    num_timesteps: 1000,
    rescale_timesteps: 1,
    zero_terminal_snr: 0,
};

/// An opaque struct as C has it before a call: bytes of 0.
pub(crate) fn zeroed<T>() -> T {
    // SAFETY: for the opaque ones, which are numbers.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// The sentence of an error; empty where there is none.
pub(crate) fn text(error: &iddpm_error) -> String {
    let mut out = [0xFF_u8; 512];
    match unsafe { iddpm_error_text(error, out.as_mut_ptr().cast(), out.len()) } {
        0 => String::new(),
        all => {
            let text = CStr::from_bytes_until_nul(&out).unwrap().to_str().unwrap();
            assert_eq!(all, text.len() + 1);
            text.to_owned()
        }
    }
}

/// Makes a call that must not fail, whichever way it ends well.
#[track_caller]
pub(crate) fn check(call: impl FnOnce(*mut iddpm_error) -> iddpm_result) {
    let _: iddpm_result = made(call);
}

/// What a call comes to that must not fail.
#[track_caller]
pub(crate) fn made(call: impl FnOnce(*mut iddpm_error) -> iddpm_result) -> iddpm_result {
    let mut error = zeroed();
    let result = call(&mut error);
    assert!(result as i32 >= 0, "{result:?}: {}", text(&error));
    assert_eq!(text(&error), "");
    result
}

/// The table of steps of a model, which stays as long as any run may read it.
pub(crate) fn levels(model: &iddpm_diffusion, steps: &CStr) -> &'static [iddpm_level] {
    let mut len = 0;
    check(|error| unsafe { iddpm_levels(model, steps.as_ptr(), null_mut(), &mut len, error) });
    let mut table = vec![iddpm_level::default(); len];
    check(|error| unsafe {
        iddpm_levels(model, steps.as_ptr(), table.as_mut_ptr(), &mut len, error)
    });
    assert_eq!(len, table.len());
    table.leak()
}

pub(crate) fn sampler(table: &'static [iddpm_level], method: &CStr) -> iddpm_sampler {
    let mut sampler = zeroed();
    check(|error| unsafe {
        let (levels, count, clip) = (table.as_ptr(), table.len(), c"unit".as_ptr());
        iddpm_sampler_init(
            &mut sampler,
            &MODEL,
            levels,
            count,
            method.as_ptr(),
            clip,
            error,
        )
    });
    sampler
}

/// The step that is due.
pub(crate) fn next(sampler: &iddpm_sampler) -> Option<iddpm_step> {
    let mut step = iddpm_step::default();
    match made(|error| unsafe { iddpm_sampler_next(sampler, &mut step, error) }) {
        IDDPM_MORE => Some(step),
        IDDPM_OK => None,
        result => unreachable!("{result:?}"),
    }
}

pub(crate) fn noise(step: u32) -> [f32; LEN] {
    let mut noise = [0.0; LEN];
    check(|error| unsafe { iddpm_noise(SEED, 0, step, 0, noise.as_mut_ptr(), LEN, error) });
    noise
}

/// A network that there could be.
pub(crate) fn network(x: &[f32; LEN]) -> [f32; 2 * LEN] {
    let mut output = [0.25; 2 * LEN];
    for (output, x) in output.iter_mut().zip(x) {
        *output = 0.5 * x + 0.125;
    }
    output
}

/// What of a run there is beside its sampler.
#[derive(Clone)]
pub(crate) struct Slices {
    pub(crate) x: [f32; LEN],
    pub(crate) history: [f32; LEN],
}

impl Slices {
    pub(crate) fn begin() -> Self {
        Self {
            x: noise(IDDPM_NOISE_INITIAL),
            history: [0.0; LEN],
        }
    }

    /// Takes the step that is due.
    pub(crate) fn apply(&mut self, sampler: &mut iddpm_sampler, step: iddpm_step) -> iddpm_result {
        let (output, noise) = (network(&self.x), noise(step.position));
        let (output, noise) = (output.as_ptr(), noise.as_ptr());
        let Self { x, history } = self;
        made(|error| unsafe {
            let (x, history) = (x.as_mut_ptr(), history.as_mut_ptr());
            iddpm_sampler_apply(sampler, x, LEN, output, 2 * LEN, noise, history, error)
        })
    }
}
