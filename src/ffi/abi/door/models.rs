//! Errors, devices, models, and models on devices.

use core::ffi::c_char;

use super::pointers::{fill, free, hand_out, iddpm_model, iddpm_studio, needed_text, place, text};
use crate::ffi::abi::memory::{held, put_text, slice};
use crate::ffi::door::Failure;
use crate::ffi::door::iddpm_info;
use crate::ffi::door::{Painter, device};
use crate::ffi::door::{answer, last, result};
use crate::ffi::result::iddpm_result;
use crate::{Device, Model};

use iddpm_result::IDDPM_OK;

/// Writes why the last call of this thread that failed did: as much as `len` bytes have room for, always ended by 0.
/// Returns the bytes that all of it needs; 1 where no call failed. A call that succeeds leaves it.
///
/// # Safety
/// `out` is NULL and `len` 0, or there are `len` bytes at `out`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_last_error(out: *mut c_char, len: usize) -> usize {
    // SAFETY: as the caller says.
    answer(|_| 0, || unsafe { Ok(put_text(last().text, out, len)?) })
}

/// Returns the result of the last call of this thread that failed: calls that return a number have it here alone. `IDDPM_OK`
/// where no call failed. A call that succeeds leaves it.
#[unsafe(no_mangle)]
pub extern "C" fn iddpm_last_result() -> iddpm_result {
    last().result
}

/// Returns how many GPUs the machine has, those in software too; 0 in a library that was built without them.
#[unsafe(no_mangle)]
pub extern "C" fn iddpm_devices() -> usize {
    answer(|_| 0, || Ok(Device::list().len()))
}

/// Writes the name of a GPU as `iddpm_model_on` takes it, the best of them at 0. Each call looks for them anew. Returns the
/// bytes that all of it needs, or 0 where it failed.
///
/// # Safety
/// `out` is NULL and `len` 0, or there are `len` bytes at `out`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_device_name(index: usize, out: *mut c_char, len: usize) -> usize {
    let call = || {
        let names = Device::list();
        let why = || std::format!("there are {}, the first of which is 0", names.len());
        let name = names.get(index);
        let name = name.ok_or_else(|| Failure::argument("index", index, why()))?;
        // SAFETY: as the caller says.
        Ok(unsafe { put_text(name, out, len) }?)
    };
    answer(|_| 0, call)
}

/// Opens a model: a checkpoint, or the folder of a training run, by its path in UTF-8.
///
/// # Safety
/// `path` is a string that ends by 0. At `out` there is room for a handle: the caller's to free, NULL where it failed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_model_open(
    path: *const c_char,
    out: *mut *mut iddpm_model,
) -> iddpm_result {
    // SAFETY: as the caller says.
    result(|| {
        let (out, path) = unsafe { (place(out)?, needed_text("path", path)?) };
        *out = hand_out(Model::open(path)?);
        Ok(IDDPM_OK)
    })
}

/// Reads a model whose file is in memory, which it needs no more afterwards.
///
/// # Safety
/// There are `len` bytes at `file`. At `out` there is room for a handle: the caller's to free, NULL where it failed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_model_from_memory(
    file: *const u8,
    len: usize,
    out: *mut *mut iddpm_model,
) -> iddpm_result {
    // SAFETY: as the caller says.
    result(|| {
        let (out, file) = unsafe { (place(out)?, slice("file", file, len)?) };
        *out = hand_out(Model::from_bytes(file)?);
        Ok(IDDPM_OK)
    })
}

/// Fills in what a model draws; `size` is `sizeof(iddpm_info)`.
///
/// # Safety
/// `model` is a handle that is not freed. There are `size` bytes at `out`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_model_info(
    model: *const iddpm_model,
    out: *mut iddpm_info,
    size: usize,
) -> iddpm_result {
    // SAFETY: as the caller says.
    result(|| unsafe {
        fill("out", out, size, iddpm_info::of(held(model)?, size))?;
        Ok(IDDPM_OK)
    })
}

/// Writes the name of a class, its number where it has none. Returns the bytes that all of it needs, or 0 where it failed.
///
/// # Safety
/// `model` is a handle that is not freed. `out` is NULL and `len` 0, or there are `len` bytes at `out`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_model_class_name(
    model: *const iddpm_model,
    index: u32,
    out: *mut c_char,
    len: usize,
) -> usize {
    let call = || {
        // SAFETY: as the caller says.
        let model = unsafe { held(model) }?;
        let classes = model.classes();
        if index as usize >= classes {
            let why = std::format!("the network has {classes} classes, the first of which is 0");
            return Err(Failure::argument("index", index, why));
        }
        let number = std::format!("{index}");
        let name = model.class_names().get(index as usize).unwrap_or(&number);
        // SAFETY: as the caller says.
        Ok(unsafe { put_text(name, out, len) }?)
    };
    answer(|_| 0, call)
}

/// Writes what a user must know of a model, a note a line: which file of a run was opened, what was done to the names of
/// its tensors. Returns the bytes that all of it needs, 1 where there is no note, or 0 where it failed.
///
/// # Safety
/// `model` is a handle that is not freed. `out` is NULL and `len` 0, or there are `len` bytes at `out`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_model_notes(
    model: *const iddpm_model,
    out: *mut c_char,
    len: usize,
) -> usize {
    // SAFETY: as the caller says.
    answer(
        |_| 0,
        || unsafe { Ok(put_text(held(model)?.notes().join("\n"), out, len)?) },
    )
}

/// Frees a model; its studios and runs stay. Nothing where it is NULL.
///
/// # Safety
/// `model` is NULL, or a handle that is not freed and that no call is under way with.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_model_free(model: *mut iddpm_model) {
    // SAFETY: as the caller says.
    answer(drop, || unsafe { free(model) });
}

/// Puts a model on a device: NULL or "best" for a GPU where there is one that is none in software, else the processor;
/// "cpu"; "gpu", even one in software; or a part of a GPU's name, a letter at least. On the processor it works with so many
/// threads, or with as many as there are cores where `threads` is 0; the images are the same with any number.
///
/// # Safety
/// `model` is a handle that is not freed. `device` is NULL or a string that ends by 0. At `out` there is room for a handle:
/// the caller's to free, NULL where it failed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_model_on(
    model: *const iddpm_model,
    device: *const c_char,
    threads: u32,
    out: *mut *mut iddpm_studio,
) -> iddpm_result {
    // SAFETY: as the caller says.
    result(|| {
        let (out, model, word) = unsafe { (place(out)?, held(model)?, text("device", device)?) };
        *out = hand_out(Painter::new(model.on(self::device(word, threads))?));
        Ok(IDDPM_OK)
    })
}

/// Writes which device a studio is on, and why. Returns the bytes that all of it needs, or 0 where it failed.
///
/// # Safety
/// `studio` is a handle that is not freed. `out` is NULL and `len` 0, or there are `len` bytes at `out`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_studio_device(
    studio: *const iddpm_studio,
    out: *mut c_char,
    len: usize,
) -> usize {
    let call = || {
        // SAFETY: as the caller says.
        let studio = unsafe { held(studio) }?.studio()?;
        let text = std::format!("{}{}", studio.device(), studio.precision());
        // SAFETY: as the caller says.
        Ok(unsafe { put_text(&text, out, len) }?)
    };
    answer(|_| 0, call)
}

/// Frees a studio; its runs stay. Nothing where it is NULL.
///
/// # Safety
/// `studio` is NULL, or a handle that is not freed and that no call is under way with.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_studio_free(studio: *mut iddpm_studio) {
    // SAFETY: as the caller says.
    answer(drop, || unsafe { free(studio) });
}
