//! The error of the crate: whatever can go wrong in any layer, as one type.

use core::fmt;

use crate::diffusion::RunError;

/// Declares the type from one row for each layer's error: what goes wrong, where it can, its name and type.
macro_rules! errors {
    ($($(#[cfg($($where:tt)+)])? $about:literal $name:ident($error:ty)),+ $(,)?) => {
        /// The error of the crate, whatever can go wrong in whichever layer: each layer's error turns into
        /// it, and is kept as it is, with the file, the tensor, the value and the bound that it names.
        ///
        /// ```
        /// use iddpm::diffusion::{Diffusion, InlineProcess, Schedule, Timesteps};
        ///
        /// fn steps() -> Result<usize, iddpm::Error> {
        ///     let model = Diffusion::new(Schedule::Cosine, 1000);
        ///     Ok(InlineProcess::<50>::new(&model, Timesteps::parse("50")?)?.len())
        /// }
        /// assert_eq!(steps()?, 50);
        ///
        /// // What a program prints that ends by one: the sentence. `{:#?}` has the fields.
        /// let error = iddpm::Error::from(Timesteps::parse("50.5").unwrap_err());
        /// assert_eq!(format!("{error:?}"), error.to_string());
        /// # Ok::<(), iddpm::Error>(())
        /// ```
        #[non_exhaustive]
        pub enum Error {
            $(
                $(#[cfg($($where)+)])?
                #[doc = $about]
                $name($error),
            )+
        }

        impl fmt::Display for Error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $($(#[cfg($($where)+)])? Self::$name(error) => error.fmt(f),)+
                }
            }
        }

        // What `fn main() -> Result<(), iddpm::Error>` and `unwrap` print: the sentence; `{:#?}` has the fields.
        impl fmt::Debug for Error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(
                        $(#[cfg($($where)+)])?
                        Self::$name(error) if f.alternate() => fmt::Debug::fmt(error, f),
                        $(#[cfg($($where)+)])?
                        Self::$name(error) => fmt::Display::fmt(error, f),
                    )+
                }
            }
        }

        // Its text is that of the layer's error, so what lies behind it is what lies behind that.
        impl core::error::Error for Error {
            fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
                match self {
                    $($(#[cfg($($where)+)])? Self::$name(error) => error.source(),)+
                }
            }
        }

        $(
            $(#[cfg($($where)+)])?
            impl From<$error> for Error {
                fn from(error: $error) -> Self {
                    Self::$name(error)
                }
            }
        )+
    };
}

errors! {
    "An error of schedules, steps, samplers and likelihoods."
    Diffusion(crate::diffusion::Error),
    #[cfg(any(feature = "alloc", feature = "cpu"))]
    "An error of a network's options."
    Config(crate::unet::ConfigError),
    #[cfg(any(feature = "alloc", feature = "cpu"))]
    "An error of a graph that was built by hand."
    Graph(crate::unet::GraphError),
    #[cfg(any(feature = "alloc", feature = "cpu"))]
    "An error of memory: there is not as much as is needed."
    Memory(crate::memory::MemoryError),
    #[cfg(feature = "cpu")]
    "An error of a program of the processor."
    Program(crate::cpu::ProgramError),
    #[cfg(feature = "cpu")]
    "An error of a network on the processor, or of what it is given."
    Network(crate::cpu::NetworkError),
    #[cfg(feature = "std")]
    "An error of a file that is written."
    File(crate::files::FileError),
    #[cfg(feature = "checkpoint")]
    "An error of a checkpoint."
    Checkpoint(crate::checkpoint::CheckpointError),
    #[cfg(feature = "run")]
    "An error of what is asked of the door."
    Draw(crate::run::DrawError),
    #[cfg(feature = "data")]
    "An error of images in files."
    Data(crate::data::DataError),
    #[cfg(feature = "gpu")]
    "An error of a device, or of what it is given."
    Gpu(crate::gpu::GpuError),
    #[cfg(feature = "train_cpu")]
    "An error of a graph without a gradient."
    Grad(crate::train::GradError),
    #[cfg(feature = "train_cpu")]
    "An error of a training run."
    Train(crate::train::TrainError),
    #[cfg(feature = "evaluate")]
    "An error of judging samples."
    Evaluate(crate::evaluate::EvaluateError),
}

impl<E: Into<Self>> From<RunError<E>> for Error {
    fn from(error: RunError<E>) -> Self {
        match error {
            RunError::Sampler(error) => error.into(),
            RunError::Denoiser(error) => error.into(),
        }
    }
}
