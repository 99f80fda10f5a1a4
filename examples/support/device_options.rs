//! What the command line says of what runs the network.

use clap::{Args, ValueEnum};
use iddpm::Device;

use super::threads::{ThreadOptions, Threads};

/// Which device, where one was asked for.
#[derive(Args)]
pub(crate) struct DeviceOptions {
    /// What runs the network.
    #[arg(long, value_enum, default_value_t = Backend::Auto)]
    pub(crate) backend: Backend,
    /// Part of the name of the adapter to use, where there are several.
    #[arg(long)]
    pub(crate) adapter: Option<String>,
    #[command(flatten)]
    pub(crate) threads: ThreadOptions,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    /// A GPU where there is one that is none in software, else the processor.
    Auto,
    /// A GPU, even one in software.
    Gpu,
    /// The processor.
    Cpu,
}

/// The processor: why it was chosen, and how much of it is used.
#[derive(Debug)]
pub(crate) struct Processor {
    why: String,
    pub(crate) threads: Threads,
}

impl DeviceOptions {
    /// The device that is asked for.
    pub(crate) fn device(&self) -> Device {
        let device = match (&self.adapter, self.backend) {
            (Some(name), _) => Device::named(name),
            (None, Backend::Auto) => Device::best(),
            (None, Backend::Gpu) => Device::gpu(),
            (None, Backend::Cpu) => Device::cpu(),
        };
        match self.threads.threads {
            Some(threads) => device.with_threads(threads),
            None => device,
        }
    }

    /// What can be found wrong before anything is spent.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.adapter.is_some() && self.backend == Backend::Cpu {
            return Err("--adapter: --backend cpu uses none".into());
        }
        if self.threads.threads.is_some()
            && (self.backend == Backend::Gpu || self.adapter.is_some())
        {
            return Err("--threads: a GPU was asked for, and they are the processor's".into());
        }
        self.threads.choose().map(drop)
    }

    /// What `gpu` opens, or the processor; `gpu` is asked unless the processor was asked for.
    ///
    /// # Errors
    /// Why there is no GPU, where one was asked for; where there is one, and threads were asked for.
    pub(crate) fn choose<G>(
        &self,
        gpu: impl FnOnce() -> Result<G, String>,
    ) -> Result<Result<G, Processor>, String> {
        let opened = match self.backend {
            Backend::Cpu => Err("asked for".into()),
            Backend::Auto if self.adapter.is_none() => gpu(),
            Backend::Auto | Backend::Gpu => Ok(gpu()?),
        };
        if opened.is_ok() && self.threads.threads.is_some() {
            return Err(
                "--threads: a GPU was chosen, and they are the processor's: --backend cpu".into(),
            );
        }
        let threads = self.threads.choose()?;
        Ok(opened.map_err(|why| Processor { why, threads }))
    }
}

impl std::fmt::Display for Processor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the CPU ({}), {}", self.why, self.threads)
    }
}
