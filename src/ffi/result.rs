//! What a call came to, with a heap and without one.

#[cfg(feature = "cpu")]
use crate::cpu::NetworkError;
use crate::diffusion::Error;

/// What a call came to: below 0 it failed. Why, `iddpm_last_error` says, or, of a call that is given an
/// `iddpm_error`, `iddpm_error_text`. Later versions may have more of them.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum iddpm_result {
    /// It is done.
    IDDPM_OK = 0,
    /// It is done, and steps of the run, or pieces of the evaluation, are left.
    IDDPM_MORE = 1,
    /// An argument, or an option of a drawing, cannot be what it is.
    IDDPM_ARGUMENT = -1,
    /// A file cannot be read.
    IDDPM_FILE = -2,
    /// A file is no model, or a model that is broken.
    IDDPM_MODEL = -3,
    /// A device cannot be had, cannot do what is asked of it, or is lost.
    IDDPM_DEVICE = -4,
    /// There is not as much memory as is needed.
    IDDPM_MEMORY = -5,
    /// The network predicted what is no finite number, or was given one.
    IDDPM_NOT_FINITE = -6,
    /// Bytes are no saved run, or one of another model.
    IDDPM_SAVED = -7,
    /// The run goes no further: it was cancelled, a step of it failed, or all were taken. Or no evaluation is under way.
    IDDPM_ENDED = -8,
    /// Another thread is in a call with this handle.
    IDDPM_BUSY = -9,
    /// A mistake in the library: the handle's work is lost, and it can only be freed.
    IDDPM_PANIC = -10,
}

/// Which result an error of the mathematics is.
pub(super) fn of_diffusion(error: &Error) -> iddpm_result {
    match error {
        Error::NotFinite { .. } => iddpm_result::IDDPM_NOT_FINITE,
        Error::StateLength { .. }
        | Error::StateCorrupt { .. }
        | Error::StateVersion { .. }
        | Error::StateMismatch { .. }
        | Error::PositionOutOfRange { .. } => iddpm_result::IDDPM_SAVED,
        _ => iddpm_result::IDDPM_ARGUMENT,
    }
}

/// Which result an error of a network is.
#[cfg(feature = "cpu")]
pub(super) fn of_network(error: &NetworkError) -> iddpm_result {
    match error {
        NetworkError::Program(_) => iddpm_result::IDDPM_MODEL,
        NetworkError::NotFinite { .. } => iddpm_result::IDDPM_NOT_FINITE,
        NetworkError::Memory(_) => iddpm_result::IDDPM_MEMORY,
        NetworkError::Sampler(error) => of_diffusion(error),
        _ => iddpm_result::IDDPM_ARGUMENT,
    }
}
