//! The device that runs the network: what is asked for, and what was found.

use core::fmt;
use std::boxed::Box;
use std::string::String;

use super::gpu_type::{Gpu, GpuOptions};
use super::threads::Threads;

/// A device that is asked for.
///
/// ```
/// use iddpm::{Device, Model};
/// # #[rustfmt::skip]
/// let file = include_bytes!(
/// # concat!(env!("CARGO_MANIFEST_DIR"), "/",
///     "examples/assets/sprites32_4_steps.safetensors"
/// # )
/// );
/// let studio = Model::from_bytes(file)?.on(Device::cpu().with_threads(1))?;
/// assert_eq!(studio.device().to_string(), "the CPU (asked for), 1 thread");
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Device {
    pub(super) wanted: Wanted,
    pub(super) threads: Option<usize>,
    pub(super) gpu: GpuOptions,
}

#[derive(Debug, Clone, Default)]
pub(super) enum Wanted {
    #[default]
    Best,
    Cpu,
    Gpu,
    Named(String),
    Open(Box<Gpu>),
}

impl From<Wanted> for Device {
    fn from(wanted: Wanted) -> Self {
        Self {
            wanted,
            ..Self::default()
        }
    }
}

impl Device {
    /// Asks for a GPU where there is one that is none in software, else for the processor.
    ///
    /// OpenGL is asked only where no other interface has a device. Where there is no desktop, Mesa's Vulkan layer that
    /// orders devices may complain of `XDG_RUNTIME_DIR` on stderr; `NODEVICE_SELECT=1` in the environment turns it off.
    pub fn best() -> Self {
        Self::default()
    }

    /// Asks for the processor.
    pub fn cpu() -> Self {
        Self::from(Wanted::Cpu)
    }

    /// Asks for a GPU, even one in software.
    pub fn gpu() -> Self {
        Self::from(Wanted::Gpu)
    }

    /// Asks for the first GPU whose name contains this, a letter or more, in whatever case.
    pub fn named(part: impl Into<String>) -> Self {
        Self::from(Wanted::Named(part.into()))
    }

    /// Takes a host's own device and its queue. Nothing is asked of it beyond what it has, and its handlers
    /// are left alone.
    #[cfg(feature = "gpu")]
    pub fn host(device: &crate::gpu::wgpu::Device, queue: &crate::gpu::wgpu::Queue) -> Self {
        Self::from(crate::gpu::Gpu::new(device.clone(), queue.clone()))
    }

    /// Lets the processor work with so many threads, where it is the device, 1 or more, and no more than this process may use.
    /// Results are the same with any number.
    #[must_use]
    pub const fn with_threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Keeps in this folder what a GPU's driver makes of kernels, so that the next start need not compile them again, as
    /// [`Gpu::with_cache`](crate::gpu::Gpu::with_cache) says. The processor has no use for it.
    #[cfg(feature = "gpu")]
    #[must_use]
    pub fn with_cache(mut self, folder: impl Into<std::path::PathBuf>) -> Self {
        self.gpu.cache = Some(folder.into());
        self
    }

    /// Lets kernels be chosen by what a few convolutions take on the device, in some milliseconds, where it may list what it
    /// is slow at, as [`Gpu::measured`](crate::gpu::Gpu::measured) says; [`Chosen`] then tells what was found. The choice is
    /// remembered where there is a [cache](Self::with_cache). Without one, images of two starts may differ by rounding.
    #[cfg(feature = "gpu")]
    #[must_use]
    pub const fn measured(mut self) -> Self {
        self.gpu.is_measured = true;
        self
    }
}

impl From<&str> for Device {
    /// Asks by a word: `best`, `cpu`, `gpu`, or a part of a GPU's name.
    fn from(word: &str) -> Self {
        match word {
            "best" => Self::best(),
            "cpu" => Self::cpu(),
            "gpu" => Self::gpu(),
            name => Self::named(name),
        }
    }
}

/// A device that is open: for drawing it is made a [`Device`] again, for training an engine.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum OpenDevice {
    /// The processor, and how much of it.
    Processor(Threads),
    /// A GPU.
    Gpu(Box<Gpu>),
}

impl From<Gpu> for Device {
    /// Takes a device that is open already.
    fn from(gpu: Gpu) -> Self {
        Self::from(Wanted::Open(Box::new(gpu)))
    }
}

impl From<OpenDevice> for Device {
    fn from(open: OpenDevice) -> Self {
        match open {
            OpenDevice::Processor(threads) => Self::cpu().with_threads(threads.count()),
            OpenDevice::Gpu(gpu) => Self::from(*gpu),
        }
    }
}

/// The device that was found, and why it was taken.
///
/// ```
/// use iddpm::Device;
/// use iddpm::run::Chosen;
/// let (_, chosen) = Device::cpu().with_threads(1).open()?;
/// assert!(matches!(chosen, Chosen::Processor { .. }));
/// assert_eq!(chosen.to_string(), "the CPU (asked for), 1 thread");
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Chosen {
    /// The processor.
    Processor {
        /// Why.
        why: String,
        /// How much of it.
        threads: Threads,
    },
    /// A GPU.
    Gpu {
        /// What it is called.
        name: String,
        /// What it is, and by which interface it is used, as in `DiscreteGpu, Vulkan`.
        kind: String,
        /// Why.
        why: String,
    },
}

impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Processor { why, threads } => write!(f, "the CPU ({why}), {threads}"),
            Self::Gpu { name, kind, why } => write!(f, "{name} ({kind}; {why})"),
        }
    }
}
