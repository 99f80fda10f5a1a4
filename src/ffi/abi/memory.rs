//! From pointers to references, slices and texts without a heap, with every check that there can be.
//!
//! What no check sees is the caller's to keep, and said at each function: that a pointer which is not NULL leads to as
//! much memory as is said.

use core::ffi::{CStr, c_char};
use core::fmt::{self, Write};
use core::ops::Range;
use core::slice;
use core::str::Utf8Error;

use crate::ffi::bad_pointer::{BadPointer, Fault};

/// What an opaque type of the header stands for.
pub(super) trait Kind {
    /// What it holds.
    type Value;
    /// What errors call it.
    const NAME: &'static str;
    /// Its first bytes, by which another and one that is of no use any more are mostly known.
    const MAGIC: u64;
    /// What is said where they are others.
    const FOREIGN: &'static str;
}

/// What a pointer to an opaque type leads to.
#[repr(C)]
pub(super) struct Marked<T> {
    pub(super) magic: u64,
    pub(super) value: T,
}

/// Checks that a pointer can be one to a `T`.
pub(super) fn check<T>(word: &'static str, pointer: *const T) -> Result<(), BadPointer> {
    let fault = match pointer.is_aligned() {
        _ if pointer.is_null() => Fault::Null,
        true => return Ok(()),
        false => Fault::NotAligned {
            address: pointer.addr(),
            align: align_of::<T>(),
        },
    };
    Err(BadPointer { word, fault })
}

/// Checks that a pointer can be one to so many `T`; where there are 0 of them it can be any.
pub(super) fn check_len<T>(
    word: &'static str,
    pointer: *const T,
    len: usize,
) -> Result<(), BadPointer> {
    let bytes = len.saturating_mul(size_of::<T>());
    if bytes > isize::MAX as usize {
        let fault = Fault::TooLong { bytes };
        return Err(BadPointer { word, fault });
    }
    match len {
        0 => Ok(()),
        _ => check(word, pointer),
    }
}

/// Items to be read; none where there are 0 of them.
///
/// # Safety
/// `items` is NULL, or leads to `len` of them that nobody changes until the reference ends.
pub(super) unsafe fn slice<'a, T>(
    word: &'static str,
    items: *const T,
    len: usize,
) -> Result<&'a [T], BadPointer> {
    check_len(word, items, len)?;
    match len {
        0 => Ok(&[]),
        // SAFETY: it is aligned, not NULL, no longer than memory can be, and as the caller says.
        len => Ok(unsafe { slice::from_raw_parts(items, len) }),
    }
}

/// Items to be written; none where there are 0 of them.
///
/// # Safety
/// `items` is NULL, or leads to `len` of them that this thread alone uses, by this reference alone, until it ends.
pub(super) unsafe fn slice_mut<'a, T>(
    word: &'static str,
    items: *mut T,
    len: usize,
) -> Result<&'a mut [T], BadPointer> {
    check_len(word, items, len)?;
    match len {
        0 => Ok(&mut []),
        // SAFETY: as above.
        len => Ok(unsafe { slice::from_raw_parts_mut(items, len) }),
    }
}

/// Where a slice lies, and which argument it is.
pub(super) fn place_of<T>(
    word: &'static str,
    items: *const T,
    len: usize,
) -> (&'static str, Range<usize>) {
    let bytes = len.saturating_mul(size_of::<T>());
    (word, items.addr()..items.addr().saturating_add(bytes))
}

/// Checks that what is written is apart from all else.
pub(super) fn check_apart<const W: usize, const R: usize>(
    written: [(&'static str, Range<usize>); W],
    read: [(&'static str, Range<usize>); R],
) -> Result<(), BadPointer> {
    for (at, (word, place)) in written.iter().enumerate() {
        let others = written.iter().skip(at + 1).chain(&read);
        // What is empty lies nowhere.
        let overlap = |other: &&(_, Range<usize>)| {
            !place.is_empty()
                && !other.1.is_empty()
                && place.start < other.1.end
                && other.1.start < place.end
        };
        if let Some(&(other, _)) = others.clone().find(overlap) {
            let fault = Fault::Overlaps { other };
            return Err(BadPointer { word, fault });
        }
    }
    Ok(())
}

/// What an opaque pointer leads to, its mark checked.
///
/// # Safety
/// `pointer` is NULL, or leads to what is of some opaque type and stays until the reference ends.
pub(super) unsafe fn held<'a, K: Kind>(pointer: *const K) -> Result<&'a K::Value, BadPointer> {
    let marked = marked(pointer)?;
    // SAFETY: whatever is of an opaque type begins with 8 bytes, and this one is aligned.
    let magic = unsafe { marked.cast::<u64>().read() };
    check_mark::<K>(pointer, magic)?;
    // SAFETY: its mark is that of this type with a value in it, and the caller keeps it there.
    Ok(unsafe { &(*marked).value })
}

/// What an opaque pointer leads to, its mark checked, to be changed.
///
/// # Safety
/// As for `held`, and this thread alone uses it, by this reference alone.
pub(super) unsafe fn held_mut<'a, K: Kind>(
    pointer: *mut K,
) -> Result<&'a mut K::Value, BadPointer> {
    // SAFETY: as the caller says.
    unsafe { held(pointer) }?;
    // SAFETY: it is what was looked at, and the caller's alone.
    Ok(unsafe { &mut (*pointer.cast::<Marked<K::Value>>()).value })
}

/// An opaque pointer as one to what it leads to, which is looked at by nobody yet.
fn marked<K: Kind>(pointer: *const K) -> Result<*const Marked<K::Value>, BadPointer> {
    let marked: *const Marked<K::Value> = pointer.cast();
    match check(K::NAME, marked) {
        Ok(()) => Ok(marked),
        Err(bad) if bad.fault == Fault::Null => Err(bad),
        Err(_) => Err(foreign(pointer)),
    }
}

fn check_mark<K: Kind>(pointer: *const K, magic: u64) -> Result<(), BadPointer> {
    match magic == K::MAGIC {
        true => Ok(()),
        false => Err(foreign(pointer)),
    }
}

fn foreign<K: Kind>(pointer: *const K) -> BadPointer {
    BadPointer {
        word: K::NAME,
        fault: Fault::Foreign {
            address: pointer.addr(),
            why: K::FOREIGN,
        },
    }
}

/// A text, where there is one; `not_utf8` makes the error of one that is none.
///
/// # Safety
/// `text` is NULL, or leads to a string that ends by 0 and that nobody changes until the reference ends.
pub(super) unsafe fn text<'a, E>(
    text: *const c_char,
    not_utf8: impl FnOnce(&'a CStr, Utf8Error) -> E,
) -> Result<Option<&'a str>, E> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: it is not NULL, and as the caller says.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str()
        .map(Some)
        .map_err(|error| not_utf8(text, error))
}

/// Writes as much of a text as there is room for, ended by 0, and returns how many bytes all of it has with that 0.
///
/// # Safety
/// `out` is NULL, or leads to `len` bytes that this thread alone uses meanwhile, and that the text is not made of.
pub(super) unsafe fn put_text(
    text: impl fmt::Display,
    out: *mut c_char,
    len: usize,
) -> Result<usize, BadPointer> {
    // SAFETY: as the caller says.
    let room = unsafe { slice_mut("out", out.cast::<u8>(), len) }?;
    let mut cut = Cut {
        room,
        all: 0,
        put: 0,
    };
    // A text that cannot be made ends where that is.
    let _ = write!(cut, "{text}");
    Ok(cut.end())
}

/// Text on its way into a room that may be too small for it.
struct Cut<'a> {
    room: &'a mut [u8],
    /// The bytes of all of it.
    all: usize,
    /// The bytes that are there.
    put: usize,
}

impl Cut<'_> {
    fn end(self) -> usize {
        if let Some(end) = self.room.get_mut(self.put) {
            *end = 0;
        }
        self.all + 1
    }
}

impl Write for Cut<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // Behind a piece that did not fit there is no other, and the last byte is for the 0.
        let left = match self.all == self.put {
            true => self.room.len().saturating_sub(self.put + 1),
            false => 0,
        };
        self.all += text.len();
        let mut fits = text.len().min(left);
        while !text.is_char_boundary(fits) {
            fits -= 1;
        }
        let text = text.as_bytes().get(..fits).unwrap_or_default();
        let room = self.room.get_mut(self.put..self.put + fits);
        room.unwrap_or_default().copy_from_slice(text);
        self.put += fits;
        Ok(())
    }
}
