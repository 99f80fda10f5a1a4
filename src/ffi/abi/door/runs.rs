//! Drawings and runs.

use core::time::Duration;

use super::pointers::{
    asked, fill, free, hand_out, iddpm_run, iddpm_studio, place, put_rows, put_sized,
};
use crate::ffi::abi::memory::{held, slice};
use crate::ffi::door::Failure;
use crate::ffi::door::View;
use crate::ffi::door::iddpm_draw;
use crate::ffi::door::{Layout, RGBA};
use crate::ffi::door::{answer, result};
use crate::ffi::result::iddpm_result;

use iddpm_result::IDDPM_OK;

/// Fills in the usual drawing: one image of seed 0. `size` is `sizeof(iddpm_draw)`.
///
/// # Safety
/// There are `size` bytes at `draw`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_draw_init(draw: *mut iddpm_draw, size: usize) -> iddpm_result {
    // SAFETY: as the caller says.
    result(|| unsafe {
        fill("draw", draw, size, iddpm_draw::usual(size))?;
        Ok(IDDPM_OK)
    })
}

/// Begins a run of a drawing's images.
///
/// # Safety
/// `studio` is a handle that is not freed. `draw` was filled by `iddpm_draw_init`, and what it points to is there. At `out`
/// there is room for a handle: the caller's to free, NULL where it failed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_run_begin(
    studio: *mut iddpm_studio,
    draw: *const iddpm_draw,
    out: *mut *mut iddpm_run,
) -> iddpm_result {
    // SAFETY: as the caller says.
    result(|| {
        let (out, studio, asked) = unsafe { (place(out)?, held(studio)?, asked(draw)?) };
        *out = hand_out(studio.begin(&asked)?);
        Ok(IDDPM_OK)
    })
}

/// Goes on with a run that was saved, by this library or another of its kind, on whichever device.
///
/// # Safety
/// `studio` is a handle that is not freed. There are `len` bytes at `saved`. At `out` there is room for a handle: the
/// caller's to free, NULL where it failed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_run_resume(
    studio: *mut iddpm_studio,
    saved: *const u8,
    len: usize,
    out: *mut *mut iddpm_run,
) -> iddpm_result {
    // SAFETY: as the caller says.
    result(|| {
        let (out, studio, saved) =
            unsafe { (place(out)?, held(studio)?, slice("saved", saved, len)?) };
        *out = hand_out(studio.resume(saved)?);
        Ok(IDDPM_OK)
    })
}

/// Goes on until so many microseconds have passed, also within a step: on the processor by operations of the network, on a
/// GPU by dispatches, one at least; so it may be longer by one of them
/// where the cores are free, and several runs in a frame by one each. Returns `IDDPM_MORE` while anything is left,
/// `IDDPM_OK` once the images are done.
///
/// # Safety
/// `run` is a handle that is not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_run_advance(run: *mut iddpm_run, microseconds: u32) -> iddpm_result {
    let time = Duration::from_micros(microseconds.into());
    // SAFETY: as the caller says.
    result(|| unsafe { held(run) }?.advance(time))
}

/// Takes a step, or what is left of one, however long that takes. Returns as `iddpm_run_advance` does.
///
/// # Safety
/// `run` is a handle that is not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_run_step(run: *mut iddpm_run) -> iddpm_result {
    // SAFETY: as the caller says.
    result(|| unsafe { held(run) }?.step())
}

/// Returns the share of the work that is done, 1 where the images are done; below 0 where it failed.
///
/// # Safety
/// `run` is a handle that is not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_run_fraction(run: *const iddpm_run) -> f32 {
    // SAFETY: as the caller says.
    answer(|_| -1.0, || unsafe { held(run) }?.fraction())
}

/// Returns how many images the run has; 0 where it failed.
///
/// # Safety
/// `run` is a handle that is not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_run_count(run: *const iddpm_run) -> u32 {
    // SAFETY: as the caller says.
    answer(|_| 0, || unsafe { held(run) }?.count())
}

/// Writes an image as it is, noise at first and the result at the end: rows of RGBA, 8 bits each, alpha straight, each row
/// `stride` bytes after the one before. What lies between rows is left as it is.
///
/// # Safety
/// `run` is a handle that is not freed. There are `len` bytes at `out`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_run_pixels(
    run: *mut iddpm_run,
    image: u32,
    out: *mut u8,
    stride: usize,
    len: usize,
) -> iddpm_result {
    // SAFETY: as the caller says.
    result(|| unsafe { show(run, View::Pixels, image, out, stride, len) })
}

/// Writes an image as the last step predicted it, as `iddpm_run_pixels` does: what there is to see of it on its way. Before
/// the first step, and behind a resumption, that is nothing yet: all is black, and clear where the network draws alpha.
///
/// # Safety
/// `run` is a handle that is not freed. There are `len` bytes at `out`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_run_preview(
    run: *mut iddpm_run,
    image: u32,
    out: *mut u8,
    stride: usize,
    len: usize,
) -> iddpm_result {
    // SAFETY: as the caller says.
    result(|| unsafe { show(run, View::Preview, image, out, stride, len) })
}

/// # Safety
/// As for both of the above.
unsafe fn show(
    run: *const iddpm_run,
    view: View,
    image: u32,
    out: *mut u8,
    stride: usize,
    len: usize,
) -> Result<iddpm_result, Failure> {
    // SAFETY: as the caller says.
    let run = unsafe { held(run) }?;
    let (pixels, (width, height)) = run.rgba(view, image)?;
    let layout = Layout {
        width,
        height,
        pixel: RGBA,
        stride,
    };
    // SAFETY: as the caller says.
    unsafe { put_rows(&pixels, layout, out, len) }?;
    Ok(IDDPM_OK)
}

/// Ends a run before its time and frees what it holds; all that is left is to free its handle.
///
/// # Safety
/// `run` is a handle that is not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_run_cancel(run: *mut iddpm_run) -> iddpm_result {
    // SAFETY: as the caller says.
    result(|| {
        unsafe { held(run) }?.cancel()?;
        Ok(IDDPM_OK)
    })
}

/// Writes the run as its last whole step left it, what is done of the next is done again: a host that saves often does so
/// behind `iddpm_run_step`. It is for `iddpm_run_resume` or a file, and sets `len` to the bytes that it has. Where `out` is
/// NULL that is all; where there is room for fewer, nothing is written, and the call fails.
///
/// # Safety
/// `run` is a handle that is not freed. At `len` there is a number, and at `out`, if it is not NULL, so many bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_run_save(
    run: *mut iddpm_run,
    out: *mut u8,
    len: *mut usize,
) -> iddpm_result {
    // SAFETY: as the caller says.
    result(|| unsafe {
        put_sized(&held(run)?.save()?, out, len)?;
        Ok(IDDPM_OK)
    })
}

/// Frees a run, done or not. Nothing where it is NULL.
///
/// # Safety
/// `run` is NULL, or a handle that is not freed and that no call is under way with.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_run_free(run: *mut iddpm_run) {
    // SAFETY: as the caller says.
    answer(drop, || unsafe { free(run) });
}
