//! The calls that evaluate a network in flash, without a heap.

use super::memory::{Kind, check_apart, check_len, held_mut, place_of, slice, slice_mut};
use super::opaque::{answer, iddpm_error, put, unmark};
use crate::diffusion::Query;
use crate::ffi::result::iddpm_result;
use crate::ffi::sampling::Evaluating;

use iddpm_result::{IDDPM_MORE, IDDPM_OK};

/// The class of an evaluation that is of none.
pub const IDDPM_NO_CLASS: u32 = 0xFFFF_FFFF;

/// A network in flash, and the evaluation of it that is under way. It lies in the caller's memory and needs no end. As long
/// as it is used it reads the program and the weights that it was made of, and the workspace is its own: a copy of it that is
/// used beside it would spoil that.
#[repr(C)]
pub struct iddpm_network {
    opaque: [u64; 96],
}

impl Kind for iddpm_network {
    type Value = Evaluating;
    const NAME: &'static str = "network";
    const MAGIC: u64 = u64::from_le_bytes(*b"iddpmNet");
    const FOREIGN: &'static str = "none that iddpm_network_init made";
}

/// Takes a network as `flash_network` writes it: the program's bytes, the weights in f16, and a workspace of at least
/// `IDDPM_NETWORK_WORKSPACE` numbers, of any value. The program is checked: whatever its bytes, an evaluation stays within what
/// it is given. That they, and the weights, are those that were written is for a checksum of yours. A call that fails leaves no
/// network, nor that which was there. `low_res` is the image that
/// the network enlarges, `IDDPM_NETWORK_LOW_RES` numbers, or NULL and 0 where it enlarges none.
///
/// # Safety
/// At `network` there is room for one. There are `program_len` bytes at `program`, `weights_len` at `weights`, `low_res_len`
/// numbers at `low_res`, which stay as they are while the network is used, and `workspace_len` at `workspace`, which nothing
/// else uses meanwhile. `error` is NULL, or there is room for one.
#[allow(clippy::too_many_arguments, reason = "C has no slices")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_network_init(
    network: *mut iddpm_network,
    program: *const u8,
    program_len: usize,
    weights: *const u8,
    weights_len: usize,
    workspace: *mut f32,
    workspace_len: usize,
    low_res: *const f32,
    low_res_len: usize,
    error: *mut iddpm_error,
) -> iddpm_result {
    // SAFETY: as the caller says.
    let call = || unsafe {
        check_apart(
            [
                place_of("workspace", workspace, workspace_len),
                place_of("network", network, 1),
            ],
            [
                place_of("program", program, program_len),
                place_of("weights", weights, weights_len),
                place_of("low_res", low_res, low_res_len),
            ],
        )?;
        unmark(network)?;
        let evaluating = Evaluating::new(
            slice("program", program, program_len)?,
            slice("weights", weights, weights_len)?,
            slice_mut("workspace", workspace, workspace_len)?,
            slice("low_res", low_res, low_res_len)?,
        )?;
        put(network, evaluating)?;
        Ok(IDDPM_OK)
    };
    // SAFETY: as the caller says.
    unsafe { answer(error, call) }
}

/// Begins an evaluation of the image `x` at a step's `timestep`, for a class below `IDDPM_NETWORK_CLASSES`, or for
/// `IDDPM_NO_CLASS` by a network that has none, or was trained without them too; one that was under way
/// is left, also where the call fails. `output` is where the result comes to be, `IDDPM_NETWORK_OUTPUT` numbers, apart from
/// `x` and from all that the network uses. Nothing is computed yet.
///
/// # Safety
/// `network` is one of `iddpm_network_init`, or all its bytes are 0. There are `len` numbers at `x`, which stay as they are
/// until the evaluation has ended, and `output_len` at `output`, which nothing else uses until then. `error` is NULL, or
/// there is room for one.
#[allow(clippy::too_many_arguments, reason = "C has no slices")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_network_begin(
    network: *mut iddpm_network,
    timestep: f32,
    label: u32,
    x: *const f32,
    len: usize,
    output: *mut f32,
    output_len: usize,
    error: *mut iddpm_error,
) -> iddpm_result {
    // SAFETY: as the caller says.
    let call = || unsafe {
        let place = place_of("network", network, 1);
        let network = held_mut(network)?;
        network.leave();
        check_len("x", x, len)?;
        check_len("output", output, output_len)?;
        network.check_lengths(len, output_len)?;
        let x_place = place_of("x", x, len);
        let [program, weights, low_res, workspace] = network.places();
        check_apart(
            [place_of("output", output, output_len), workspace, place],
            [x_place, program, weights, low_res],
        )?;
        let query = Query {
            timestep,
            index: 0,
            label: Some(label).filter(|&label| label != IDDPM_NO_CLASS),
        };
        let (x, output) = (
            slice("x", x, len)?,
            slice_mut("output", output, output_len)?,
        );
        network.begin(query, x, output)?;
        Ok(IDDPM_MORE)
    };
    // SAFETY: as the caller says.
    unsafe { answer(error, call) }
}

/// Computes on, for about so many multiply-adds, and returns `IDDPM_MORE` while anything is left, `IDDPM_OK` where the output
/// is whole: between two calls a watchdog is fed, and whatever the pieces, the output has the same bits. It stops between two
/// rows: what one output channel of a convolution, or one head of an attention, makes of the image. 0 is a row at a time,
/// `UINT64_MAX` all that is left. An output that is not finite is `IDDPM_NOT_FINITE`. After `IDDPM_OK`, and after a call that
/// failed, no evaluation is under way: another call is `IDDPM_ENDED`.
///
/// # Safety
/// `network` is one of `iddpm_network_init`, or all its bytes are 0, and used by one thread at a time; what it was made of and
/// what its evaluation began with are there still. `error` is NULL, or there is room for one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn iddpm_network_advance(
    network: *mut iddpm_network,
    multiply_adds: u64,
    error: *mut iddpm_error,
) -> iddpm_result {
    // SAFETY: as the caller says.
    let call = || match unsafe { held_mut(network) }?.advance(multiply_adds)? {
        true => Ok(IDDPM_MORE),
        false => Ok(IDDPM_OK),
    };
    // SAFETY: as the caller says.
    unsafe { answer(error, call) }
}
