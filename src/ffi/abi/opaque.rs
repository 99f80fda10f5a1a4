//! What the calls without a heap are given: opaque structs in the caller's memory, errors among them, and a diffusion.

use core::ffi::{CStr, c_char};
use core::str::Utf8Error;

use super::memory::{Kind, Marked, check, text};
use crate::ffi::bad_pointer::BadPointer;
use crate::ffi::result::iddpm_result;
use crate::ffi::sampling::{Flags, Running, Why, iddpm_diffusion};

/// A run over a table of steps: where it stands, and what its steps follow from. It lies in the caller's memory, needs no
/// end, and a copy of it is another run. It reads the table that it began with as long as it is used.
#[repr(C)]
pub struct iddpm_sampler {
    opaque: [u64; 24],
}

/// Why the last call that was given it failed, if it did. It lies in the caller's memory and needs no end.
#[repr(C)]
pub struct iddpm_error {
    opaque: [u64; 16],
}

impl Kind for iddpm_sampler {
    type Value = Running;
    const NAME: &'static str = "sampler";
    const MAGIC: u64 = u64::from_le_bytes(*b"iddpmSam");
    const FOREIGN: &'static str = "none that iddpm_sampler_init made";
}

impl Kind for iddpm_error {
    type Value = Why;
    const NAME: &'static str = "error";
    const MAGIC: u64 = u64::from_le_bytes(*b"iddpmErr");
    const FOREIGN: &'static str = "the last call that was given it did not fail";
}

/// Puts a value where an opaque type has room for it.
///
/// # Safety
/// `place` is NULL, or leads to memory that this thread alone uses meanwhile.
pub(super) unsafe fn put<K: Kind>(place: *mut K, value: K::Value) -> Result<(), BadPointer> {
    const {
        assert!(size_of::<Marked<K::Value>>() <= size_of::<K>());
        assert!(align_of::<Marked<K::Value>>() <= align_of::<K>());
    }
    check(K::NAME, place)?;
    let magic = K::MAGIC;
    // SAFETY: it is aligned and the caller's, and there is room for it.
    unsafe {
        place
            .cast::<Marked<K::Value>>()
            .write(Marked { magic, value })
    };
    Ok(())
}

/// Takes the mark of what was there: what is begun and fails is no run, nor is the one before it.
///
/// # Safety
/// As for `put`.
pub(super) unsafe fn unmark<K: Kind>(place: *mut K) -> Result<(), BadPointer> {
    check(K::NAME, place)?;
    // SAFETY: it is aligned, the caller's, and begins by its mark.
    unsafe { place.cast::<u64>().write(0) };
    Ok(())
}

/// Makes a call that comes to a result, and remembers why it failed where there is room for that.
///
/// # Safety
/// `error` is NULL, or leads to memory that this thread alone uses meanwhile.
pub(super) unsafe fn answer(
    error: *mut iddpm_error,
    call: impl FnOnce() -> Result<iddpm_result, Why>,
) -> iddpm_result {
    // SAFETY: as the caller says. Where there is no place for it, nothing is to be forgotten.
    let _ = unsafe { unmark(error) };
    call().unwrap_or_else(|why| {
        let result = why.result();
        // SAFETY: as the caller says. Without a place for it there is the result still.
        let _ = unsafe { put(error, why) };
        result
    })
}

/// A text that must be there.
///
/// # Safety
/// As for `text`.
pub(super) unsafe fn needed<'a>(
    word: &'static str,
    pointer: *const c_char,
) -> Result<&'a str, Why> {
    check(word, pointer)?;
    let not_utf8 = |_: &CStr, error: Utf8Error| Why::NotUtf8 {
        word,
        valid_up_to: error.valid_up_to(),
    };
    // SAFETY: as the caller says.
    Ok(unsafe { text(pointer, not_utf8) }?.unwrap_or_default())
}

/// A diffusion with its texts.
///
/// # Safety
/// `diffusion` is NULL, or leads to one whose pointers are NULL or lead to strings that end by 0.
pub(super) unsafe fn flags<'a>(diffusion: *const iddpm_diffusion) -> Result<Flags<'a>, Why> {
    check("diffusion", diffusion)?;
    // SAFETY: it is aligned, and as the caller says; here and below.
    let plain = unsafe { &*diffusion };
    unsafe {
        Ok(Flags {
            plain,
            schedule: needed("schedule", plain.schedule)?,
            prediction: needed("prediction", plain.prediction)?,
            variance: needed("variance", plain.variance)?,
        })
    }
}
