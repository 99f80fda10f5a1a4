//! The calls that need no heap: tables of steps, runs over them, noise, bytes.

use core::ffi::c_char;

use super::memory::{check, check_apart, held, held_mut, place_of, put_text, slice, slice_mut};
use super::opaque::{answer, flags, iddpm_error, iddpm_sampler, needed, put, unmark};
use crate::diffusion::pixels::image_to_u8;
use crate::diffusion::{Level, Noise, Process, ProcessView, SamplerState, Timesteps, guide};
use crate::ffi::result::iddpm_result;
use crate::ffi::sampling::{Running, iddpm_diffusion, iddpm_level, iddpm_step, parsed};

use iddpm_result::{IDDPM_MORE, IDDPM_OK};

/// The version of this interface: a change that old callers would not survive counts it up.
const VERSION: u32 = 1;

/// The step number of the noise that a run begins with.
pub const IDDPM_NOISE_INITIAL: u32 = 0xFFFF_FFFF;
const _: () = assert!(IDDPM_NOISE_INITIAL == Noise::INITIAL);

/// The bytes of a saved sampler.
pub const IDDPM_STATE_BYTES: usize = 24;
const _: () = assert!(IDDPM_STATE_BYTES == SamplerState::BYTES);

/// Returns the version of this interface, 1.
#[unsafe(no_mangle)]
pub extern "C" fn iddpm_abi_version() -> u32 {
    VERSION
}

/// Writes why the call failed that an error is of: as much as `len` bytes have room for, always ended by 0. Returns the
/// bytes that all of it needs; 0 where the last call that was given it did not fail, or where it is set to 0.
///
/// # Safety
/// `error` is NULL or an error that a call was given, or all its bytes are 0. `out` is NULL and `len` 0, or there are `len`
/// bytes at `out`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_error_text(
    error: *const iddpm_error,
    out: *mut c_char,
    len: usize,
) -> usize {
    // SAFETY: as the caller says.
    let written = unsafe { held(error) }.and_then(|why| unsafe { put_text(why, out, len) });
    written.unwrap_or(0)
}

/// Fills a table with the steps that are kept of a diffusion, the least noisy first, and sets `len` to how many they are.
/// Where `out` is NULL that is all; where there is room for fewer, nothing is written, and the call fails. A program whose
/// steps are always the same may keep the table among its constants.
///
/// `steps` is how many, evenly strided, as "50", or which: "ddim25", "10,15,20" of each third, "all", "custom:999,500,0", or
/// a number behind "early", "leading", "trailing", "linspace" or "quadratic".
///
/// # Safety
/// `diffusion` leads to one whose texts end by 0, as `steps` does. At `len` there is a number, and at `out`, if it is not
/// NULL, room for so many entries. `error` is NULL, or there is room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_levels(
    diffusion: *const iddpm_diffusion,
    steps: *const c_char,
    out: *mut iddpm_level,
    len: *mut usize,
    error: *mut iddpm_error,
) -> iddpm_result {
    // SAFETY: as the caller says.
    let call = || unsafe {
        let diffusion = flags(diffusion)?.diffusion()?;
        let steps = parsed("steps", needed("steps", steps)?, Timesteps::parse)?;
        check("len", len)?;
        let count = steps.count(diffusion.num_timesteps)?;
        // Without a place for the table nothing need have been written to it.
        let room = (!out.is_null()).then(|| len.read());
        len.write(count);
        if let Some(room) = room {
            // Of one layout, as is asserted where it is made.
            let table = slice_mut("out", out.cast::<Level>(), room)?;
            ProcessView::in_slice(&diffusion, steps, table)?;
        }
        Ok(IDDPM_OK)
    };
    // SAFETY: as the caller says.
    unsafe { answer(error, call) }
}

/// Begins a run over a table: of `iddpm_levels`, or among the program's constants. Its entries are checked against each
/// other; that they are those of `diffusion`'s schedule is the caller's to see to.
///
/// `method` is "ancestral", "ddim", "ddim:ETA", "ddim_reverse", "dpm" or "heun"; `clip` is "unit", "none", "dynamic" or
/// "dynamic:RATIO,MAX".
///
/// # Safety
/// `diffusion` leads to one whose texts end by 0, as `method` and `clip` do. At `levels` there are `count` entries, which
/// stay as they are while the sampler is used. At `sampler` there is room for one. `error` is NULL, or there is room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_sampler_init(
    sampler: *mut iddpm_sampler,
    diffusion: *const iddpm_diffusion,
    levels: *const iddpm_level,
    count: usize,
    method: *const c_char,
    clip: *const c_char,
    error: *mut iddpm_error,
) -> iddpm_result {
    // SAFETY: as the caller says.
    let call = || unsafe {
        unmark(sampler)?;
        let diffusion = flags(diffusion)?.diffusion()?;
        let method = parsed("method", needed("method", method)?, str::parse)?;
        let clip = parsed("clip", needed("clip", clip)?, str::parse)?;
        // Of one layout, as above.
        let levels: &'static [Level] = slice("levels", levels.cast(), count)?;
        let process = Process::from_table(&diffusion, levels)?;
        put(sampler, Running::new(process, method, clip)?)?;
        Ok(IDDPM_OK)
    };
    // SAFETY: as the caller says.
    unsafe { answer(error, call) }
}

/// Says which step is due, `IDDPM_MORE`, or that all were taken, `IDDPM_OK`. It moves nothing: `iddpm_sampler_apply` does.
///
/// # Safety
/// `sampler` is one of `iddpm_sampler_init`, or all its bytes are 0. At `step` there is room for one. `error` is NULL, or
/// there is room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_sampler_next(
    sampler: *const iddpm_sampler,
    step: *mut iddpm_step,
    error: *mut iddpm_error,
) -> iddpm_result {
    // SAFETY: as the caller says.
    let call = || unsafe {
        check("step", step)?;
        Ok(match held(sampler)?.due()? {
            Some(due) => {
                step.write(due);
                IDDPM_MORE
            }
            None => IDDPM_OK,
        })
    };
    // SAFETY: as the caller says.
    unsafe { answer(error, call) }
}

/// Takes the step that is due: the image `x` becomes the next by the network's output. Returns `IDDPM_MORE` while steps are
/// left. `output` has as many numbers as `x`, or twice as many where the variance is learned: the prediction of each, then
/// the variance of each. `noise` is normal deviates, as many as `x` has, or NULL where the step needs none; `history` is as
/// many numbers, of any value before the first step, for "dpm" and "heun", and NULL for the other methods.
///
/// A call that fails leaves `x` and the sampler as they were, but for `IDDPM_NOT_FINITE`: then both are spent, and a run goes
/// on from where it was saved.
///
/// # Safety
/// `sampler` is one of `iddpm_sampler_init`, or all its bytes are 0. There are `len` numbers at `x`, `output_len` at
/// `output`, and `len` at each of `noise` and `history` that is not NULL. `error` is NULL, or there is room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_sampler_apply(
    sampler: *mut iddpm_sampler,
    x: *mut f32,
    len: usize,
    output: *const f32,
    output_len: usize,
    noise: *const f32,
    history: *mut f32,
    error: *mut iddpm_error,
) -> iddpm_result {
    let given = |pointer: *const f32| if pointer.is_null() { 0 } else { len };
    let (noise_len, history_len) = (given(noise), given(history));
    // SAFETY: as the caller says, and what is written is apart from all else.
    let call = || unsafe {
        let written = [
            place_of("x", x, len),
            place_of("history", history, history_len),
        ];
        let read = [
            place_of("output", output, output_len),
            place_of("noise", noise, noise_len),
        ];
        check_apart(written, read)?;
        let is_left = held_mut(sampler)?.apply(
            slice_mut("x", x, len)?,
            slice("output", output, output_len)?,
            slice("noise", noise, noise_len)?,
            slice_mut("history", history, history_len)?,
        )?;
        Ok(if is_left { IDDPM_MORE } else { IDDPM_OK })
    };
    // SAFETY: as the caller says.
    unsafe { answer(error, call) }
}

/// Writes the prediction of the finished image by the step that is due, clipped: what there is to see on the way. It is
/// asked for before the step is applied.
///
/// # Safety
/// `sampler` is one of `iddpm_sampler_init`, or all its bytes are 0. There are `len` numbers at `x` and at `out`, and
/// `output_len` at `output`. `error` is NULL, or there is room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_sampler_x_start(
    sampler: *const iddpm_sampler,
    x: *const f32,
    len: usize,
    output: *const f32,
    output_len: usize,
    out: *mut f32,
    error: *mut iddpm_error,
) -> iddpm_result {
    // SAFETY: as the caller says, and what is written is apart from all else.
    let call = || unsafe {
        let read = [
            place_of("x", x, len),
            place_of("output", output, output_len),
        ];
        check_apart([place_of("out", out, len)], read)?;
        held(sampler)?.x_start(
            slice("x", x, len)?,
            slice("output", output, output_len)?,
            slice_mut("out", out, len)?,
        )?;
        Ok(IDDPM_OK)
    };
    // SAFETY: as the caller says.
    unsafe { answer(error, call) }
}

/// Writes where a run stands, `IDDPM_STATE_BYTES` bytes: with `x`, the history and the seed it is all of it.
///
/// # Safety
/// `sampler` is one of `iddpm_sampler_init`, or all its bytes are 0. There are `IDDPM_STATE_BYTES` bytes at `out`. `error` is
/// NULL, or there is room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_sampler_save(
    sampler: *const iddpm_sampler,
    out: *mut u8,
    error: *mut iddpm_error,
) -> iddpm_result {
    // SAFETY: as the caller says.
    let call = || unsafe {
        let state = held(sampler)?.state()?;
        slice_mut("out", out, state.len())?.copy_from_slice(&state);
        Ok(IDDPM_OK)
    };
    // SAFETY: as the caller says.
    unsafe { answer(error, call) }
}

/// Puts a run where one of the same table, method and clipping was saved.
///
/// # Safety
/// `sampler` is one of `iddpm_sampler_init`, or all its bytes are 0. There are `len` bytes at `state`. `error` is NULL, or
/// there is room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_sampler_resume(
    sampler: *mut iddpm_sampler,
    state: *const u8,
    len: usize,
    error: *mut iddpm_error,
) -> iddpm_result {
    // SAFETY: as the caller says.
    let call = || unsafe {
        held_mut(sampler)?.resume(slice("state", state, len)?)?;
        Ok(IDDPM_OK)
    };
    // SAFETY: as the caller says.
    unsafe { answer(error, call) }
}

/// Fills `out` with the normal deviates of a step of a sample, from the element `first` on. A run begins with those of the
/// step `IDDPM_NOISE_INITIAL`, and each step that needs noise takes those of its position. A deviate follows from these
/// numbers alone, wherever and in whatever pieces it is drawn.
///
/// # Safety
/// There are `len` numbers at `out`. `error` is NULL, or there is room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_noise(
    seed: u64,
    sample: u64,
    step: u32,
    first: u64,
    out: *mut f32,
    len: usize,
    error: *mut iddpm_error,
) -> iddpm_result {
    // SAFETY: as the caller says.
    let call = || unsafe {
        let out = slice_mut("out", out, len)?;
        Noise::new(seed)
            .stream(sample, step)
            .fill_normals(first, out);
        Ok(IDDPM_OK)
    };
    // SAFETY: as the caller says.
    unsafe { answer(error, call) }
}

/// Moves a network's output for a class away from its output without one, u, to u + `scale` (output - u): by 1 not at all,
/// by 2 or 3 further. Of both outputs the first `elements` numbers are the prediction; what follows stays as it is.
///
/// # Safety
/// There are `len` numbers at `output` and at `without`. `error` is NULL, or there is room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_guide(
    scale: f32,
    elements: usize,
    without: *const f32,
    output: *mut f32,
    len: usize,
    error: *mut iddpm_error,
) -> iddpm_result {
    // SAFETY: as the caller says, and what is written is apart from what is read.
    let call = || unsafe {
        check_apart(
            [place_of("output", output, len)],
            [place_of("without", without, len)],
        )?;
        let without = slice("without", without, len)?;
        guide(scale, elements, without, slice_mut("output", output, len)?)?;
        Ok(IDDPM_OK)
    };
    // SAFETY: as the caller says.
    unsafe { answer(error, call) }
}

/// Writes an image as bytes: -1 is 0 and 1 is 255. Where a number is not finite nothing is written.
///
/// # Safety
/// There are `len` numbers at `x`, and `len` bytes at `out`. `error` is NULL, or there is room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_bytes(
    x: *const f32,
    len: usize,
    out: *mut u8,
    error: *mut iddpm_error,
) -> iddpm_result {
    // SAFETY: as the caller says, and what is written is apart from what is read.
    let call = || unsafe {
        check_apart([place_of("out", out, len)], [place_of("x", x, len)])?;
        image_to_u8(slice("x", x, len)?, slice_mut("out", out, len)?)?;
        Ok(IDDPM_OK)
    };
    // SAFETY: as the caller says.
    unsafe { answer(error, call) }
}
