//! From pointers to what they stand for, with every check that there can be.
//!
//! What no check sees is the caller's to keep, and said at each function: that a pointer which is not NULL leads to as
//! much memory as is said, and that a handle was not freed.

use core::ffi::{CStr, c_char};
use core::{ptr, slice};
use std::boxed::Box;
use std::vec::Vec;

use crate::Model;
use crate::ffi::error::Failure;
use crate::ffi::handles::{Painter, Painting};
use crate::ffi::options::{Asked, iddpm_draw};
use crate::ffi::pixels::{Layout, RGBA, Rows};
use crate::ffi::scene::Scene;

/// The most bytes of a struct that is of a later version: more is a size that was never set.
const MOST_STRUCT: usize = 4096;

/// A model: a trained network with all that is known of it. Any number of threads may use it at once.
pub struct iddpm_model(());

/// A model on a device, ready to draw. One thread uses it at a time.
pub struct iddpm_studio(());

/// Images on their way. One thread uses it at a time; it needs its studio no more, nor its model.
pub struct iddpm_run(());

/// A picture without end. One thread uses it at a time, and its studio with it, whose handle it needs no more.
pub struct iddpm_plane(());

/// What a handle is of.
pub(super) trait Kind {
    /// What it holds.
    type Value;
    /// What errors call it.
    const NAME: &'static str;
    /// Its first bytes, by which another handle and one that was freed are mostly known.
    const MAGIC: u64;
}

impl Kind for iddpm_model {
    type Value = Model;
    const NAME: &'static str = "model";
    const MAGIC: u64 = u64::from_le_bytes(*b"iddpmMod");
}

impl Kind for iddpm_studio {
    type Value = Painter;
    const NAME: &'static str = "studio";
    const MAGIC: u64 = u64::from_le_bytes(*b"iddpmStu");
}

impl Kind for iddpm_run {
    type Value = Painting;
    const NAME: &'static str = "run";
    const MAGIC: u64 = u64::from_le_bytes(*b"iddpmRun");
}

impl Kind for iddpm_plane {
    type Value = Scene;
    const NAME: &'static str = "plane";
    const MAGIC: u64 = u64::from_le_bytes(*b"iddpmPla");
}

/// What a handle leads to.
#[repr(C)]
struct Boxed<T> {
    magic: u64,
    value: T,
}

/// Makes a handle, the caller's from now on.
pub(super) fn hand_out<K: Kind>(value: K::Value) -> *mut K {
    let magic = K::MAGIC;
    Box::into_raw(Box::new(Boxed { magic, value })).cast()
}

/// What errors say of a pointer that is NULL.
fn null(word: &'static str) -> Failure {
    Failure::argument(word, "NULL", "it must lead somewhere")
}

fn boxed<K: Kind>(handle: *const K) -> Result<*const Boxed<K::Value>, Failure> {
    let boxed: *const Boxed<K::Value> = handle.cast();
    match boxed.is_aligned() {
        _ if boxed.is_null() => Err(null(K::NAME)),
        true => Ok(boxed),
        false => Err(foreign(handle)),
    }
}

fn foreign<K: Kind>(handle: *const K) -> Failure {
    let name = K::NAME;
    let why = std::format!("no {name} of this library, or one that was freed");
    Failure::argument(name, std::format!("{handle:p}"), why)
}

/// What a handle holds.
///
/// # Safety
/// `handle` is NULL, or a handle of this library's of whichever kind that is not freed before the reference ends.
pub(super) unsafe fn held<'a, K: Kind>(handle: *const K) -> Result<&'a K::Value, Failure> {
    let boxed = boxed(handle)?;
    // SAFETY: every handle begins with a magic number, and this one is aligned and not freed.
    if unsafe { boxed.cast::<u64>().read() } != K::MAGIC {
        return Err(foreign(handle));
    }
    // SAFETY: its number is that of handles with this value, and nothing else than `free` changes what it leads to but
    // behind locks.
    Ok(unsafe { &(*boxed).value })
}

/// Frees a handle; nothing where it is NULL.
///
/// # Safety
/// As for `held`, and no call with the handle is under way.
pub(super) unsafe fn free<K: Kind>(handle: *mut K) -> Result<(), Failure> {
    if handle.is_null() {
        return Ok(());
    }
    // SAFETY: as the caller says; the reference ends here.
    unsafe { held(handle) }?;
    let boxed: *mut Boxed<K::Value> = handle.cast();
    // SAFETY: `hand_out` made it from a box, and whoever calls is the last to use it. The number is written so that it is
    // not left out: a handle that is used after it was freed is then mostly known.
    unsafe {
        ptr::write_volatile(&raw mut (*boxed).magic, 0);
        drop(Box::from_raw(boxed));
    }
    Ok(())
}

/// The place for a handle, NULL until there is one.
///
/// # Safety
/// `out` is NULL, or leads to a pointer that this thread alone uses until the reference ends.
pub(super) unsafe fn place<'a, K: Kind>(out: *mut *mut K) -> Result<&'a mut *mut K, Failure> {
    check("out", out)?;
    // SAFETY: it is aligned, and the caller's to be written; what was there needs no end.
    unsafe {
        out.write(ptr::null_mut());
        Ok(&mut *out)
    }
}

fn check<T>(word: &'static str, pointer: *const T) -> Result<(), Failure> {
    match pointer.is_aligned() {
        _ if pointer.is_null() => Err(null(word)),
        true => Ok(()),
        false => {
            let why = std::format!("it is not aligned to {} bytes", align_of::<T>());
            Err(Failure::argument(word, std::format!("{pointer:p}"), why))
        }
    }
}

/// Bytes to be read; none where there are 0 of them.
///
/// # Safety
/// `bytes` is NULL, or leads to `len` bytes that nobody changes until the reference ends.
pub(super) unsafe fn bytes<'a>(
    word: &'static str,
    bytes: *const u8,
    len: usize,
) -> Result<&'a [u8], Failure> {
    check_len(word, bytes, len)?;
    match len {
        0 => Ok(&[]),
        // SAFETY: it is not NULL, no longer than memory can be, and as the caller says.
        len => Ok(unsafe { slice::from_raw_parts(bytes, len) }),
    }
}

fn check_len(word: &'static str, bytes: *const u8, len: usize) -> Result<(), Failure> {
    if len > isize::MAX as usize {
        let why = std::format!("memory has at most {}", isize::MAX);
        return Err(Failure::argument(word, std::format!("{len} bytes"), why));
    }
    match bytes.is_null() && len > 0 {
        true => Err(null(word)),
        false => Ok(()),
    }
}

/// A text, where there is one.
///
/// # Safety
/// `text` is NULL, or leads to a string that ends by 0 and that nobody changes until the reference ends.
pub(super) unsafe fn text<'a>(
    word: &'static str,
    text: *const c_char,
) -> Result<Option<&'a str>, Failure> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: it is not NULL, and as the caller says.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map(Some).map_err(|error| {
        let why = std::format!("it is no UTF-8 from byte {} on", error.valid_up_to());
        Failure::argument(word, std::format!("{:?}", text.to_string_lossy()), why)
    })
}

/// A text that must be there.
///
/// # Safety
/// As for `text`.
pub(super) unsafe fn needed_text<'a>(
    word: &'static str,
    text: *const c_char,
) -> Result<&'a str, Failure> {
    // SAFETY: as the caller says.
    unsafe { self::text(word, text) }?.ok_or_else(|| null(word))
}

/// Writes as much of a text as there is room for, ended by 0, and returns how many bytes all of it has with that 0.
///
/// # Safety
/// `out` is NULL, or leads to `len` bytes that this thread alone uses meanwhile.
pub(super) unsafe fn put_text(text: &str, out: *mut c_char, len: usize) -> Result<usize, Failure> {
    check_len("out", out.cast(), len)?;
    if len > 0 {
        let mut end = text.len().min(len - 1);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        // SAFETY: at most `len` bytes are written where there are so many, and no text of ours is the caller's memory.
        unsafe {
            ptr::copy_nonoverlapping(text.as_ptr(), out.cast(), end);
            out.add(end).write(0);
        }
    }
    Ok(text.len() + 1)
}

/// Writes rows of pixels; what lies between them is left as it is.
///
/// # Safety
/// `out` is NULL, or leads to `len` bytes that this thread alone uses meanwhile.
pub(super) unsafe fn put_rows(
    pixels: &[u8],
    layout: Layout,
    out: *mut u8,
    len: usize,
) -> Result<(), Failure> {
    check_len("out", out, len)?;
    layout.check_room("out", len)?;
    for (at, row) in pixels
        .chunks(layout.row().max(1))
        .take(layout.height)
        .enumerate()
    {
        // SAFETY: the rows of the layout end within the `len` bytes, and no pixels of ours are the caller's memory.
        unsafe { ptr::copy_nonoverlapping(row.as_ptr(), out.add(at * layout.stride), row.len()) };
    }
    Ok(())
}

/// Says how many bytes there are, and writes them where `out` is not NULL and has room for them.
///
/// # Safety
/// `len` is NULL, or leads to a number that this thread alone uses meanwhile; where `out` is not NULL, so many bytes are
/// there, for this thread alone too.
pub(super) unsafe fn put_sized(from: &[u8], out: *mut u8, len: *mut usize) -> Result<(), Failure> {
    check("len", len)?;
    // SAFETY: it is aligned and the caller's. Without a place for the bytes nothing need have been written to it.
    let room = unsafe {
        let room = if out.is_null() {
            None
        } else {
            Some(len.read())
        };
        len.write(from.len());
        room
    };
    match room {
        None => Ok(()),
        Some(room) => {
            let all = Layout {
                width: from.len(),
                height: 1,
                pixel: 1,
                stride: from.len(),
            };
            // SAFETY: as the caller says.
            unsafe { put_rows(from, all, out, room) }
        }
    }
}

/// Fills a struct that the caller knows as one of `size` bytes; what a later version has more is 0.
///
/// # Safety
/// `out` is NULL, or leads to `size` bytes that this thread alone uses meanwhile.
pub(super) unsafe fn fill<T>(
    word: &'static str,
    out: *mut T,
    size: usize,
    value: T,
) -> Result<(), Failure> {
    check(word, out)?;
    check_size::<T>("size", size)?;
    // SAFETY: it is aligned, and `size` bytes are as many as the struct has or more.
    unsafe {
        ptr::write_bytes(out.cast::<u8>(), 0, size);
        out.write(value);
    }
    Ok(())
}

fn check_size<T>(word: &'static str, size: usize) -> Result<(), Failure> {
    let least = size_of::<T>();
    if (least..=MOST_STRUCT).contains(&size) {
        return Ok(());
    }
    let why = std::format!(
        "the struct has {least} bytes, and a later version's no more than {MOST_STRUCT}"
    );
    Err(Failure::argument(word, size, why))
}

/// A drawing with all that it points to.
///
/// # Safety
/// `draw` is NULL, or leads to as many bytes as its first field says, and each pointer in it to what its field is for;
/// nobody changes any of it until the reference ends.
pub(super) unsafe fn asked<'a>(draw: *const iddpm_draw) -> Result<Asked<'a>, Failure> {
    check("draw", draw)?;
    // SAFETY: it is aligned, and the size is its first field in every version.
    let size = unsafe { draw.cast::<usize>().read() };
    check_size::<iddpm_draw>("struct_size", size)?;
    // SAFETY: it has so many bytes, and all of them are plain numbers and pointers.
    let plain = unsafe { &*draw };
    let own = size_of::<iddpm_draw>();
    // SAFETY: these are the rest of them.
    let later = unsafe { bytes("draw", draw.cast::<u8>().add(own), size - own) }?;
    if later.iter().any(|&byte| byte != 0) {
        let why = std::format!(
            "a later version's option is set, and this one knows the first {own} bytes"
        );
        return Err(Failure::argument("struct_size", size, why));
    }
    let mut texts = Vec::new();
    for (word, text) in plain.texts() {
        // SAFETY: as the caller says.
        texts.extend(unsafe { self::text(word, text) }?.map(|text| (word, text)));
    }
    // As many as a palette has of bytes, however many there are.
    let colours = (plain.palette_count as usize).saturating_mul(RGBA);
    let (width, height) = (plain.init_width as usize, plain.init_height as usize);
    let layout = |pixel, stride| Layout {
        width,
        height,
        pixel,
        stride,
    };
    Ok(Asked {
        plain,
        texts,
        // SAFETY: as the caller says, here and below.
        palette: unsafe { bytes("palette", plain.palette, colours) }?,
        init: unsafe { rows("init", plain.init, layout(RGBA, plain.init_stride)) }?,
        mask: unsafe { rows("mask", plain.mask, layout(1, plain.mask_stride)) }?,
    })
}

/// Rows of pixels, where there are some.
///
/// # Safety
/// `pixels` is NULL, or leads to as many bytes as the layout has, which nobody changes until the reference ends.
unsafe fn rows<'a>(
    word: &'static str,
    pixels: *const u8,
    layout: Layout,
) -> Result<Option<Rows<'a>>, Failure> {
    if pixels.is_null() {
        return Ok(None);
    }
    let len = layout.len(word)?;
    // SAFETY: as the caller says.
    let bytes = unsafe { self::bytes(word, pixels, len) }?;
    Ok(Some(Rows { bytes, layout }))
}
