//! What the command line says of what runs the network.

use clap::{Args, ValueEnum};

/// Which device, where one was asked for.
#[derive(Args)]
pub(crate) struct DeviceOptions {
    /// What runs the network.
    #[arg(long, value_enum, default_value_t = BackendName::Auto)]
    pub(crate) backend: BackendName,
    /// Part of the name of the adapter to use, where there are several.
    #[arg(long)]
    pub(crate) adapter: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BackendName {
    /// A GPU where there is one that is none in software, else the processor.
    Auto,
    /// A GPU, even one in software.
    Gpu,
    /// The processor.
    Cpu,
}

impl DeviceOptions {
    /// What can be found wrong before anything is spent.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        if self.adapter.is_some() && self.backend == BackendName::Cpu {
            return Err("--adapter: --backend cpu uses none");
        }
        Ok(())
    }

    /// What `gpu` opens, or why it is the processor; `gpu` is asked unless the processor was asked for.
    ///
    /// # Errors
    /// Why there is no GPU, where one was asked for.
    pub(crate) fn choose<G>(
        &self,
        gpu: impl FnOnce() -> Result<G, String>,
    ) -> Result<Result<G, String>, String> {
        match self.backend {
            BackendName::Cpu => Ok(Err("asked for".into())),
            BackendName::Auto if self.adapter.is_none() => Ok(gpu()),
            BackendName::Auto | BackendName::Gpu => gpu().map(Ok),
        }
    }
}

/// The processor, and why it was chosen.
pub(crate) fn processor(why: &str) -> String {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    format!("the CPU, {threads} threads ({why})")
}
