//! The device that everything runs on: the host's, or one of our own.

use std::path::Path;
use std::string::{String, ToString};
use std::sync::{Arc, Mutex, PoisonError};

use super::adapters::choose;
use super::arrival::arrival;
use super::error::GpuError;
use super::experimental::experimental_features;
use super::pipeline::Pipelines;
use super::store::Store;
use super::variants::{MatrixSide, Variants};
use crate::files::FileError;

/// What a device of our own is made with where the adapter has it: 16-bit activations, sums through
/// subgroups, cooperative matrices; a clock; kernels that can be kept.
const WANTED: wgpu::Features = MatrixSide::FEATURES
    .union(CLOCK)
    .union(wgpu::Features::PIPELINE_CACHE);

/// What a clock of a device takes.
pub(super) const CLOCK: wgpu::Features =
    wgpu::Features::TIMESTAMP_QUERY.union(wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS);

/// A GPU: a device and its queue, with the kernels compiled on it so far. Clones share them.
#[derive(Debug, Clone)]
pub struct Gpu {
    device: wgpu::Device,
    queue: wgpu::Queue,
    limits: wgpu::Limits,
    variants: Variants,
    matrices: Option<MatrixSide>,
    pub(crate) pipelines: Arc<Pipelines>,
    store: Option<Store>,
    /// What a device of our own said when it was lost, or where nobody asked.
    last_words: Arc<Mutex<Words>>,
}

impl Gpu {
    /// Compares what is to be made on a device in software with the memory that is free: of others nobody says.
    pub(super) fn check_memory(&self, bytes: u64) -> Result<(), GpuError> {
        if self.device().adapter_info().device_type == wgpu::DeviceType::Cpu {
            crate::memory::check(bytes)?;
        }
        Ok(())
    }

    /// Takes the host's device. Its features and limits are used as they are; none are asked for beyond
    /// WebGPU's defaults, and its error handlers are left alone.
    ///
    /// ```
    /// use iddpm::gpu::{Gpu, wgpu};
    /// fn of_host(device: &wgpu::Device, queue: &wgpu::Queue) -> Gpu {
    ///     Gpu::new(device.clone(), queue.clone())
    /// }
    /// ```
    pub fn new(device: wgpu::Device, queue: wgpu::Queue) -> Self {
        Self {
            limits: device.limits(),
            variants: Variants::of(&device, None),
            matrices: None,
            device,
            queue,
            pipelines: Arc::default(),
            store: None,
            last_words: Arc::default(),
        }
    }

    /// Makes a device of our own as [`create_on`](Self::create_on), on the adapter that wgpu prefers;
    /// `WGPU_BACKEND` and `WGPU_ADAPTER_NAME` are heeded.
    ///
    /// # Errors
    /// [`GpuError::NoAdapter`], [`GpuError::NoDevice`].
    pub async fn create() -> Result<Self, GpuError> {
        Self::create_on(&choose().await?).await
    }

    /// Makes a device of our own on an adapter, with the limits that the adapter has and what [`Variants`]
    /// can use of its features: f16, subgroups, and cooperative matrices, which wgpu calls experimental.
    /// Errors nobody waits for are kept for [`check`](Self::check).
    ///
    /// # Errors
    /// [`GpuError::NoDevice`].
    pub async fn create_on(adapter: &wgpu::Adapter) -> Result<Self, GpuError> {
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("iddpm"),
            required_limits: adapter.limits(),
            required_features: adapter.features() & WANTED,
            experimental_features: experimental_features(),
            ..wgpu::DeviceDescriptor::default()
        };
        let (device, queue) = request(adapter, &descriptor).await?;
        let matrices = MatrixSide::of(adapter, &device);
        let gpu = Self::new(device, queue).with_matrices(matrices);
        let words = Arc::clone(&gpu.last_words);
        let lost = move |reason, message| say_lost(&words, reason, message);
        gpu.device.set_device_lost_callback(lost);
        let words = Arc::clone(&gpu.last_words);
        gpu.device.on_uncaptured_error(Arc::new(move |error| {
            say(&words, error_of(error, "a command"))
        }));
        Ok(gpu)
    }

    /// Makes a device as [`create`](Self::create), waiting for it.
    ///
    /// ```no_run
    /// use iddpm::gpu::Gpu;
    /// let gpu = Gpu::create_blocking()?;
    /// println!("on {}", gpu.device().adapter_info().name);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`create`](Self::create).
    pub fn create_blocking() -> Result<Self, GpuError> {
        pollster::block_on(Self::create())
    }

    /// The wgpu device.
    pub const fn device(&self) -> &wgpu::Device {
        &self.device
    }

    /// The queue of the device.
    pub const fn queue(&self) -> &wgpu::Queue {
        &self.queue
    }

    /// The limits of the device.
    pub const fn limits(&self) -> &wgpu::Limits {
        &self.limits
    }

    /// Tells which cooperative matrices the device's adapter has, as [`MatrixSide::of`] finds them, and
    /// chooses among the variants of kernels anew.
    #[must_use]
    pub fn with_matrices(mut self, matrices: Option<MatrixSide>) -> Self {
        self.variants = Variants::of(&self.device, matrices);
        self.matrices = matrices;
        self
    }

    /// The cooperative matrices that the device was said to have.
    pub const fn matrices(&self) -> Option<MatrixSide> {
        self.matrices
    }

    /// Keeps in this folder what the driver makes of kernels: at the next start they need not be compiled again. Only who
    /// runs the program should be able to write there.
    ///
    /// It has a file for each adapter, written whenever kernels were compiled; one that is damaged, or of another driver, is
    /// written anew, and what cannot be written is compiled again. So far it is done on Vulkan alone, with
    /// [`wgpu::Features::PIPELINE_CACHE`], which a host's own device must have been made with. Most drivers keep kernels by
    /// themselves besides, those of phones mostly do not.
    ///
    /// What was compiled on this device before is compiled again: call it before anything is loaded.
    ///
    /// # Errors
    /// [`FileError`] where the folder cannot be made.
    pub fn with_cache(mut self, folder: impl AsRef<Path>) -> Result<Self, FileError> {
        let store = Store::new(folder.as_ref(), &self.device.adapter_info())?;
        self.pipelines = Arc::new(Pipelines::kept(&self.device, store.clone()));
        self.store = Some(store);
        Ok(self)
    }

    /// Where things of the device are kept between starts.
    pub(super) const fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// Replaces the choice among variants of kernels, for what is loaded from now on.
    #[must_use]
    pub const fn with_variants(mut self, variants: Variants) -> Self {
        self.variants = variants;
        self
    }

    /// The choice among variants of kernels.
    pub const fn variants(&self) -> Variants {
        self.variants
    }

    /// Checks whether the device is in order, as far as is known. A host's own device reports to the host.
    ///
    /// # Errors
    /// The first that a device of our own has said since the last check; that it is lost, each time.
    pub fn check(&self) -> Result<(), GpuError> {
        let words = self.last_words.lock();
        words.unwrap_or_else(PoisonError::into_inner).tell()
    }

    /// Checks whether the device is lost, as far as is known. What else it has said is left to whoever asks for it.
    pub(crate) fn check_lost(&self) -> Result<(), GpuError> {
        let words = self.last_words.lock();
        let lost = &words.unwrap_or_else(PoisonError::into_inner).lost;
        lost.clone().map_or(Ok(()), Err)
    }

    /// Submits what was recorded, and waits until it has run.
    ///
    /// # Errors
    /// [`GpuError::DeviceLost`]; those of [`check`](Self::check).
    pub fn submit_blocking(&self, encoder: wgpu::CommandEncoder) -> Result<(), GpuError> {
        let submission_index = Some(self.queue.submit([encoder.finish()]));
        self.wait_blocking(submission_index)?;
        self.check()
    }

    /// Submits what was recorded, and waits until what was submitted `before` it has run. So the device has something to do
    /// when it ends that, while the host records again; no more than two are under way.
    ///
    /// # Errors
    /// Those of [`submit_blocking`](Self::submit_blocking).
    pub(crate) fn submit_ahead(
        &self,
        before: &mut Option<wgpu::SubmissionIndex>,
        encoder: wgpu::CommandEncoder,
    ) -> Result<(), GpuError> {
        let submission = self.queue.submit([encoder.finish()]);
        if let Some(before) = before.replace(submission) {
            self.wait_blocking(Some(before))?;
        }
        self.check()
    }

    /// Comes back once all has run that was submitted so far.
    pub(crate) async fn idle(&self) -> Result<(), GpuError> {
        let (caller, arrival) = arrival();
        self.queue.on_submitted_work_done(move || caller.call(()));
        self.wait_blocking(None)?;
        arrival.come().await;
        self.check_lost()
    }

    /// Waits, where a program may: a page's browser has no such call, and calls back by itself.
    pub(crate) fn wait_blocking(
        &self,
        submission_index: Option<wgpu::SubmissionIndex>,
    ) -> Result<(), GpuError> {
        let wait = wgpu::PollType::Wait {
            submission_index,
            timeout: None,
        };
        let waited = self.device.poll(wait);
        waited.map(drop).map_err(|error| GpuError::DeviceLost {
            message: error.to_string(),
        })
    }
}

/// What a device has said that nobody asked.
#[derive(Debug, Default)]
struct Words {
    /// That it is lost: that stays so.
    lost: Option<GpuError>,
    /// The first error that was not told yet: later ones may follow from it.
    said: Option<GpuError>,
}

impl Words {
    fn tell(&mut self) -> Result<(), GpuError> {
        let said = self.said.take();
        self.lost.clone().or(said).map_or(Ok(()), Err)
    }
}

fn say(words: &Mutex<Words>, error: GpuError) {
    let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
    words.said.get_or_insert(error);
}

/// Keeps what it says when it is lost; dropping or destroying it is not an accident.
fn say_lost(words: &Mutex<Words>, reason: wgpu::DeviceLostReason, message: String) {
    if reason != wgpu::DeviceLostReason::Destroyed {
        let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
        words.lost.get_or_insert(GpuError::DeviceLost { message });
    }
}

async fn request(
    adapter: &wgpu::Adapter,
    descriptor: &wgpu::DeviceDescriptor<'_>,
) -> Result<(wgpu::Device, wgpu::Queue), GpuError> {
    let made = adapter.request_device(descriptor).await;
    made.map_err(|error| GpuError::NoDevice {
        message: error.to_string(),
    })
}

/// An error of wgpu's as ours; `what` is what was asked for.
pub(crate) fn error_of(error: wgpu::Error, what: &str) -> GpuError {
    match error {
        wgpu::Error::OutOfMemory { .. } => GpuError::OutOfMemory {
            what: what.into(),
            bytes: None,
        },
        wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => {
            GpuError::Refused {
                what: what.into(),
                message: description,
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::string::String;
    use std::sync::Mutex;
    use std::{assert, assert_eq, panic};

    use super::{GpuError, Words, choose, request, say, say_lost};

    #[test]
    fn no_device_above_the_adapters_limits() {
        let adapter = pollster::block_on(choose()).unwrap();
        let mut required_limits = adapter.limits();
        required_limits.max_compute_invocations_per_workgroup += 1;
        let descriptor = wgpu::DeviceDescriptor {
            required_limits,
            ..wgpu::DeviceDescriptor::default()
        };
        let refused = pollster::block_on(request(&adapter, &descriptor));
        let Err(GpuError::NoDevice { message }) = refused else {
            panic!("{refused:?}");
        };
        assert!(
            message.contains("max_compute_invocations_per_workgroup"),
            "{message}"
        );
    }

    /// A driver's loss cannot be had by asking: this is what wgpu calls when it comes.
    #[test]
    fn a_loss_is_kept_but_for_a_destroyed_device() {
        let words = Mutex::new(Words::default());
        say_lost(&words, wgpu::DeviceLostReason::Destroyed, String::new());
        assert_eq!(words.lock().unwrap().tell(), Ok(()));
        for message in ["first", "second"] {
            say_lost(&words, wgpu::DeviceLostReason::Unknown, message.into());
        }
        for _ in 0..2 {
            let message = "first".into();
            let told = words.lock().unwrap().tell();
            assert_eq!(told, Err(GpuError::DeviceLost { message }));
        }
    }

    /// Whoever asks after a mistake that was told is not told of it again.
    #[test]
    fn another_error_is_told_once() {
        let words = Mutex::new(Words::default());
        let error = |what: &str| GpuError::OutOfMemory {
            what: what.into(),
            bytes: None,
        };
        for what in ["first", "that follows", "later"] {
            say(&words, error(what));
            if what == "first" {
                continue;
            }
            let due = if what == "later" { "later" } else { "first" };
            assert_eq!(words.lock().unwrap().tell(), Err(error(due)));
            assert_eq!(words.lock().unwrap().tell(), Ok(()));
        }
    }
}
