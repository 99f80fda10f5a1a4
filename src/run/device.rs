//! The device that runs the network: what is asked for, and what was found.

use core::fmt;
use std::string::{String, ToString};
use std::vec::Vec;

use super::error::DrawError;
use super::model::Model;
use super::on_gpu::{self, GpuStudio};
use super::threads::Threads;
use crate::Error;

/// A device that is asked for.
///
/// ```
/// use iddpm::{Device, Model};
/// # #[rustfmt::skip]
/// let file = include_bytes!(
/// # concat!(env!("CARGO_MANIFEST_DIR"), "/",
///     "examples/assets/digits16.safetensors"
/// # )
/// );
/// let studio = Model::from_bytes(file)?.on(Device::cpu().with_threads(1))?;
/// assert_eq!(studio.device().to_string(), "the CPU (asked for), 1 thread");
/// # Ok::<(), iddpm::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Device {
    wanted: Wanted,
    threads: Option<usize>,
}

#[derive(Debug, Clone, Default)]
pub(super) enum Wanted {
    #[default]
    Best,
    Cpu,
    Gpu,
    Named(String),
    #[cfg(feature = "gpu")]
    Open(std::boxed::Box<crate::gpu::Gpu>),
}

impl From<Wanted> for Device {
    fn from(wanted: Wanted) -> Self {
        Self {
            wanted,
            threads: None,
        }
    }
}

impl Device {
    /// Asks for a GPU where there is one that is none in software, else for the processor.
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

    /// Asks for the first GPU whose name contains this, in whatever case.
    pub fn named(part: impl Into<String>) -> Self {
        Self::from(Wanted::Named(part.into()))
    }

    /// Takes a host's own device and its queue. Nothing is asked of it beyond what it has, and its handlers
    /// are left alone.
    #[cfg(feature = "gpu")]
    pub fn host(device: &crate::gpu::wgpu::Device, queue: &crate::gpu::wgpu::Queue) -> Self {
        Self::from(crate::gpu::Gpu::new(device.clone(), queue.clone()))
    }

    /// Lets the processor work with so many threads, and no more than this process may use. Results are the
    /// same with any number.
    #[must_use]
    pub const fn with_threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Lists what [`named`](Self::named) finds a GPU by, best first; none where the crate was built without
    /// the feature `gpu`.
    pub fn list() -> Vec<String> {
        on_gpu::list()
    }

    /// Opens it for a model: a GPU, or the processor.
    pub(super) fn open(&self, model: &Model) -> Result<(Chosen, Option<GpuStudio>), Error> {
        let why = match &self.wanted {
            Wanted::Cpu => "asked for".into(),
            wanted => match (GpuStudio::open(wanted, model), wanted) {
                (Ok(_), _) if self.threads.is_some() => {
                    return Err(DrawError::ThreadsOfGpu.into());
                }
                (Ok((studio, chosen)), _) => return Ok((chosen, Some(studio))),
                (Err(Error::Draw(none)), Wanted::Best) => none.to_string(),
                (Err(error), _) => return Err(error),
            },
        };
        let threads = Threads::choose(self.threads)?;
        Ok((Chosen::Processor { why, threads }, None))
    }
}

/// The device that was found, and why it was taken.
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
        /// What it is called, what it is and by which interface it is used.
        name: String,
        /// Why.
        why: String,
        /// What is to be said of the precision; nothing where it computes in f32.
        precision: &'static str,
    },
}

impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Processor { why, threads } => write!(f, "the CPU ({why}), {threads}"),
            Self::Gpu {
                name,
                why,
                precision,
            } => write!(f, "{name}; {why}){precision}"),
        }
    }
}
