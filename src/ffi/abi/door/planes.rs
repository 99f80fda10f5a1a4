//! Pictures without end.

use super::pointers::{asked, free, hand_out, iddpm_plane, iddpm_studio, place, put_rows};
use crate::ffi::abi::memory::held;
use crate::ffi::door::Scene;
use crate::ffi::door::iddpm_draw;
use crate::ffi::door::{Layout, RGBA};
use crate::ffi::door::{answer, result};
use crate::ffi::result::iddpm_result;

use iddpm_result::IDDPM_OK;

/// Begins a picture without end in every direction, in the style of the drawing's class, which a network with classes must
/// be told; by a method that adds no noise ("dpm", "heun", "ddim"), of one image, without `init`, `between` and `wrap`.
///
/// # Safety
/// `studio` is a handle that is not freed. `draw` was filled by `iddpm_draw_init`, and what it points to is there. At `out`
/// there is room for a handle: the caller's to free, NULL where it failed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_plane_begin(
    studio: *mut iddpm_studio,
    draw: *const iddpm_draw,
    out: *mut *mut iddpm_plane,
) -> iddpm_result {
    // SAFETY: as the caller says.
    result(|| {
        let (out, studio, asked) = unsafe { (place(out)?, held(studio)?, asked(draw)?) };
        *out = hand_out(Scene::new(studio, &asked)?);
        Ok(IDDPM_OK)
    })
}

/// Draws a tile of `width` times `height` pixels whose left upper corner lies at `x`, `y`, into rows of RGBA as
/// `iddpm_run_pixels` does. A tile is the same bytes whatever was drawn before it, and continues its neighbours. It takes
/// as long as it takes, less beside tiles that were drawn: a thread of its own is the place for it. The studio is used
/// meanwhile.
///
/// # Safety
/// `plane` is a handle that is not freed. There are `len` bytes at `out`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_plane_tile(
    plane: *mut iddpm_plane,
    x: i32,
    y: i32,
    width: u32,
    height: u32,
    out: *mut u8,
    stride: usize,
    len: usize,
) -> iddpm_result {
    result(|| {
        let (width, height) = (width as usize, height as usize);
        let layout = Layout {
            width,
            height,
            pixel: RGBA,
            stride,
        };
        // Before the work.
        layout.check_room("out", len)?;
        // SAFETY: as the caller says.
        let pixels = unsafe { held(plane) }?.rgba(x, y, (width, height))?;
        // SAFETY: as the caller says.
        unsafe { put_rows(&pixels, layout, out, len) }?;
        Ok(IDDPM_OK)
    })
}

/// Frees a plane. Nothing where it is NULL.
///
/// # Safety
/// `plane` is NULL, or a handle that is not freed and that no call is under way with.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_plane_free(plane: *mut iddpm_plane) {
    // SAFETY: as the caller says.
    answer(drop, || unsafe { free(plane) });
}
