//! Why a call of the door failed, and which result each error is.

use std::string::{String, ToString};

use crate::Error;
use crate::checkpoint::CheckpointError;
use crate::ffi::bad_pointer::BadPointer;
use crate::ffi::result::{iddpm_result, of_diffusion, of_network};
use crate::run::DrawError;
use crate::unet::ConfigError;

use iddpm_result::{
    IDDPM_ARGUMENT, IDDPM_DEVICE, IDDPM_ENDED, IDDPM_FILE, IDDPM_MEMORY, IDDPM_MODEL, IDDPM_SAVED,
};

/// Why a call failed: the kind of it, and the sentence.
#[derive(Debug, Clone)]
pub(in crate::ffi) struct Failure {
    pub(in crate::ffi) result: iddpm_result,
    pub(in crate::ffi) text: String,
}

impl Failure {
    pub(in crate::ffi) fn new(result: iddpm_result, text: impl ToString) -> Self {
        let text = text.to_string();
        Self { result, text }
    }

    /// An argument that cannot have its value, and why.
    pub(in crate::ffi) fn argument(
        word: &'static str,
        value: impl ToString,
        why: impl ToString,
    ) -> Self {
        let (value, why) = (value.to_string(), why.to_string());
        DrawError::Value { word, value, why }.into()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(of(&error), error)
    }
}

impl From<BadPointer> for Failure {
    fn from(bad: BadPointer) -> Self {
        Self::new(IDDPM_ARGUMENT, bad)
    }
}

impl From<DrawError> for Failure {
    fn from(error: DrawError) -> Self {
        Error::from(error).into()
    }
}

/// Which result each layer's error is.
macro_rules! results {
    ($($(#[$where:meta])? $layer:ident($error:pat) => $result:expr),+ $(,)?) => {
        fn of(error: &Error) -> iddpm_result {
            match error {
                $($(#[$where])? Error::$layer($error) => $result,)+
            }
        }
    };
}

results! {
    Diffusion(error) => of_diffusion(error),
    Config(error) => of_config(error),
    Graph(_) => IDDPM_MODEL,
    Memory(_) => IDDPM_MEMORY,
    Program(_) => IDDPM_MODEL,
    Network(error) => of_network(error),
    File(_) => IDDPM_FILE,
    Checkpoint(error) => of_checkpoint(error),
    Draw(error) => of_draw(error),
    #[cfg(feature = "data")]
    Data(_) => IDDPM_FILE,
    #[cfg(feature = "gpu")]
    Gpu(error) => of_gpu(error),
    // Nothing here trains or judges.
    #[cfg(feature = "train_cpu")]
    Grad(_) => IDDPM_ARGUMENT,
    #[cfg(feature = "train_cpu")]
    Train(_) => IDDPM_ARGUMENT,
    #[cfg(feature = "evaluate")]
    Evaluate(_) => IDDPM_ARGUMENT,
}

fn of_config(error: &ConfigError) -> iddpm_result {
    match error {
        // More images at once than this network can have.
        ConfigError::Batch { most: 1.., .. } => IDDPM_ARGUMENT,
        _ => IDDPM_MODEL,
    }
}

fn of_checkpoint(error: &CheckpointError) -> iddpm_result {
    match error {
        CheckpointError::InFile { error, .. } => of_checkpoint(error),
        CheckpointError::Io { .. } | CheckpointError::Folder { .. } => IDDPM_FILE,
        CheckpointError::Memory(_) => IDDPM_MEMORY,
        _ => IDDPM_MODEL,
    }
}

fn of_draw(error: &DrawError) -> iddpm_result {
    match error {
        DrawError::Adapter { .. } | DrawError::NoGpu { .. } => IDDPM_DEVICE,
        DrawError::Saved { .. } => IDDPM_SAVED,
        DrawError::Spent => IDDPM_ENDED,
        DrawError::Word { .. }
        | DrawError::Value { .. }
        | DrawError::Class { .. }
        | DrawError::NoClasses
        | DrawError::NotOnGpu
        | DrawError::FrameNotSubmitted
        | DrawError::ThreadsOfGpu
        | DrawError::Count { .. }
        | DrawError::NoPicture { .. }
        | DrawError::LowResMissing { .. }
        | DrawError::LowResUnexpected => IDDPM_ARGUMENT,
    }
}

#[cfg(feature = "gpu")]
fn of_gpu(error: &crate::gpu::GpuError) -> iddpm_result {
    use crate::gpu::GpuError;
    match error {
        GpuError::OutOfMemory { .. } | GpuError::HostMemory(_) => IDDPM_MEMORY,
        GpuError::NotFinite { .. } => iddpm_result::IDDPM_NOT_FINITE,
        GpuError::Sampler(error) => of_diffusion(error),
        GpuError::Graph(_) => IDDPM_MODEL,
        _ => IDDPM_DEVICE,
    }
}
