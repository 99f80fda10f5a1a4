//! What the command line says of what runs the network.

use clap::{Args, ValueEnum};
use iddpm::Device;

use super::program::Failure;
use super::threads::ThreadOptions;

/// Which device, where one was asked for.
#[derive(Args, Clone)]
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

impl DeviceOptions {
    /// The device that is asked for.
    pub(crate) fn device(&self) -> Device {
        let device = match (&self.adapter, self.backend) {
            (Some(name), _) => Device::named(name),
            (None, Backend::Auto) => Device::best(),
            (None, Backend::Gpu) => Device::gpu(),
            (None, Backend::Cpu) => Device::cpu(),
        };
        self.threaded(device)
    }

    /// A device with so many threads as were asked for.
    pub(crate) fn threaded(&self, device: Device) -> Device {
        match self.threads.threads {
            Some(threads) => device.with_threads(threads),
            None => device,
        }
    }

    /// What can be found wrong before anything is spent.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.adapter.is_some() && self.backend == Backend::Cpu {
            return Err("--adapter: --backend cpu uses none".into());
        }
        if self.threads.threads.is_some()
            && (self.backend == Backend::Gpu || self.adapter.is_some())
        {
            return Err("--threads: a GPU was asked for, and they are the processor's".into());
        }
        Ok(self.threads.choose().map(drop)?)
    }
}
