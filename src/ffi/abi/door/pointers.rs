//! From pointers to what they stand for where there is a heap: handles, drawings, what is written by its size.
//!
//! What no check sees is the caller's to keep, and said at each function, as in `memory.rs`: for a handle, that it was not
//! freed.

use core::ffi::{CStr, c_char};
use core::ptr;
use core::str::Utf8Error;
use std::boxed::Box;
use std::vec::Vec;

use crate::Model;
use crate::ffi::abi::memory::{self, Kind, Marked, check, check_len, held, slice};
use crate::ffi::door::Failure;
use crate::ffi::door::Scene;
use crate::ffi::door::{Asked, iddpm_draw};
use crate::ffi::door::{Layout, RGBA, Rows};
use crate::ffi::door::{Painter, Painting};

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

impl Kind for iddpm_model {
    type Value = Model;
    const NAME: &'static str = "model";
    const FOREIGN: &'static str = "no model of this library, or one that was freed";
    const MAGIC: u64 = u64::from_le_bytes(*b"iddpmMod");
}

impl Kind for iddpm_studio {
    type Value = Painter;
    const NAME: &'static str = "studio";
    const FOREIGN: &'static str = "no studio of this library, or one that was freed";
    const MAGIC: u64 = u64::from_le_bytes(*b"iddpmStu");
}

impl Kind for iddpm_run {
    type Value = Painting;
    const NAME: &'static str = "run";
    const FOREIGN: &'static str = "no run of this library, or one that was freed";
    const MAGIC: u64 = u64::from_le_bytes(*b"iddpmRun");
}

impl Kind for iddpm_plane {
    type Value = Scene;
    const NAME: &'static str = "plane";
    const MAGIC: u64 = u64::from_le_bytes(*b"iddpmPla");
    const FOREIGN: &'static str = "no plane of this library, or one that was freed";
}

/// Makes a handle, the caller's from now on.
pub(super) fn hand_out<K: Kind>(value: K::Value) -> *mut K {
    let magic = K::MAGIC;
    Box::into_raw(Box::new(Marked { magic, value })).cast()
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
    let boxed: *mut Marked<K::Value> = handle.cast();
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

/// A text, where there is one.
///
/// # Safety
/// `text` is NULL, or leads to a string that ends by 0 and that nobody changes until the reference ends.
pub(super) unsafe fn text<'a>(
    word: &'static str,
    text: *const c_char,
) -> Result<Option<&'a str>, Failure> {
    let not_utf8 = |text: &CStr, error: Utf8Error| {
        let why = std::format!("it is no UTF-8 from byte {} on", error.valid_up_to());
        Failure::argument(word, std::format!("{:?}", text.to_string_lossy()), why)
    };
    // SAFETY: as the caller says.
    unsafe { memory::text(text, not_utf8) }
}

/// A text that must be there.
///
/// # Safety
/// As for `text`.
pub(super) unsafe fn needed_text<'a>(
    word: &'static str,
    text: *const c_char,
) -> Result<&'a str, Failure> {
    check(word, text)?;
    // SAFETY: as the caller says.
    Ok(unsafe { self::text(word, text) }?.unwrap_or_default())
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
    let later = unsafe { slice("draw", draw.cast::<u8>().add(own), size - own) }?;
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
    // SAFETY: as the caller says.
    for &class in unsafe { slice("classes", plain.classes, plain.class_count) }? {
        // SAFETY: as the caller says.
        texts.push(("class", unsafe { needed_text("class", class) }?));
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
    let low_res = Layout {
        width: plain.low_res_width as usize,
        height: plain.low_res_height as usize,
        pixel: RGBA,
        stride: plain.low_res_stride,
    };
    Ok(Asked {
        plain,
        texts,
        // SAFETY: as the caller says, here and below.
        palette: unsafe { slice("palette", plain.palette, colours) }?,
        init: unsafe { rows("init", plain.init, layout(RGBA, plain.init_stride)) }?,
        mask: unsafe { rows("mask", plain.mask, layout(1, plain.mask_stride)) }?,
        low_res: unsafe { rows("low_res", plain.low_res, low_res) }?,
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
    let bytes = unsafe { slice(word, pixels, len) }?;
    Ok(Some(Rows { bytes, layout }))
}
