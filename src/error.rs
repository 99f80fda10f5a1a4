//! The error of the crate: whatever can go wrong in any layer, as one type.

use core::fmt;

use crate::diffusion::RunError;

/// Declares the type from one row for each layer's error: what goes wrong, where it can, its name and type.
macro_rules! errors {
    ($($(#[cfg($($where:tt)+)])? $about:literal $name:ident($error:ty) |$it:ident| $code:expr),+ $(,)?) => {
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

        impl Error {
            /// The number of this error, for a program that has no room for its sentence: below 100 those of
            /// [`diffusion`](crate::diffusion::Error::code), from 101 those of a program and of a network on the processor;
            /// from 201 one for each layer that needs a heap. To ask for it links no text and no formatting.
            pub const fn code(&self) -> u16 {
                match self {
                    $($(#[cfg($($where)+)])? Self::$name($it) => $code,)+
                }
            }
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
    Diffusion(crate::diffusion::Error) |error| error.code(),
    #[cfg(any(feature = "alloc", feature = "cpu"))]
    "An error of a network's options."
    Config(crate::unet::ConfigError) |_error| 201,
    #[cfg(any(feature = "alloc", feature = "cpu"))]
    "An error of a graph that was built by hand."
    Graph(crate::unet::GraphError) |_error| 202,
    #[cfg(any(feature = "alloc", feature = "cpu"))]
    "An error of memory: there is not as much as is needed."
    Memory(crate::memory::MemoryError) |_error| 203,
    #[cfg(feature = "cpu")]
    "An error of a program of the processor."
    Program(crate::cpu::ProgramError) |error| error.code(),
    #[cfg(feature = "cpu")]
    "An error of a network on the processor, or of what it is given."
    Network(crate::cpu::NetworkError) |error| error.code(),
    #[cfg(feature = "std")]
    "An error of a file that is written."
    File(crate::files::FileError) |_error| 204,
    #[cfg(feature = "checkpoint")]
    "An error of a checkpoint."
    Checkpoint(crate::checkpoint::CheckpointError) |_error| 205,
    #[cfg(feature = "run")]
    "An error of what is asked of the door."
    Draw(crate::run::DrawError) |_error| 206,
    #[cfg(feature = "data")]
    "An error of images in files."
    Data(crate::data::DataError) |_error| 207,
    #[cfg(feature = "gpu")]
    "An error of a device, or of what it is given."
    Gpu(crate::gpu::GpuError) |_error| 208,
    #[cfg(feature = "train_cpu")]
    "An error of a graph without a gradient."
    Grad(crate::train::GradError) |_error| 209,
    #[cfg(feature = "train_cpu")]
    "An error of a training run."
    Train(crate::train::TrainError) |_error| 210,
    #[cfg(feature = "evaluate")]
    "An error of judging samples."
    Evaluate(crate::evaluate::EvaluateError) |_error| 211,
}

impl<E: Into<Self>> From<RunError<E>> for Error {
    fn from(error: RunError<E>) -> Self {
        match error {
            RunError::Sampler(error) => error.into(),
            RunError::Denoiser(error) => error.into(),
        }
    }
}
