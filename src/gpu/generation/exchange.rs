//! The numbers that go between the host and a run: written to it, and read from it.

use std::vec::Vec;

use super::DeviceGeneration;
use crate::gpu::error::GpuError;
use crate::gpu::memory::{FINITE, Readback};
use crate::gpu::recording::Binding;
use crate::gpu::watch::submit;
use crate::memory::collected;

impl DeviceGeneration {
    /// Writes x, before whatever is submitted next.
    ///
    /// # Errors
    /// [`GpuError::Length`], [`GpuError::OutOfMemory`].
    pub fn write_x(&self, x: &[f32]) -> Result<(), GpuError> {
        self.write(self.places.x, "x", x)
    }

    /// Writes the normal deviates of the next step, where the noise is the host's.
    ///
    /// # Errors
    /// [`GpuError::Length`], [`GpuError::OutOfMemory`].
    pub fn write_normals(&self, normals: &[f32]) -> Result<(), GpuError> {
        self.write(self.places.normals, "normals", normals)
    }

    /// Writes the output of a denoiser of the host's own.
    ///
    /// # Errors
    /// [`GpuError::Length`], [`GpuError::OutOfMemory`].
    pub fn write_output(&self, output: &[f32]) -> Result<(), GpuError> {
        self.write(self.places.output, "output", output)
    }

    /// Writes the low-resolution images, [N, C, h, w]; before the first step of such a network.
    ///
    /// # Errors
    /// [`GpuError::Length`], also for a network that takes none; [`GpuError::OutOfMemory`].
    pub fn write_low_res(&self, low_res: &[f32]) -> Result<(), GpuError> {
        let Some(place) = self.low_res else {
            return Err(GpuError::Length {
                what: "low_res",
                len: low_res.len(),
                expected: 0,
            });
        };
        let len = low_res.len().saturating_mul(self.looks);
        let expected = place.bytes as usize / 4;
        if len != expected {
            return Err(GpuError::Length {
                what: "low_res",
                len: low_res.len(),
                expected: expected / self.looks,
            });
        }
        let seen = core::iter::repeat_n(low_res, self.looks).flatten().copied();
        self.write(place, "low_res", &collected(len, seen)?)
    }

    pub(super) fn write(
        &self,
        place: Binding,
        what: &'static str,
        numbers: &[f32],
    ) -> Result<(), GpuError> {
        Self::check_length(place, what, numbers)?;
        let words = bytemuck::cast_slice(numbers);
        self.loaded.write(&self.gpu, place, words)
    }

    pub(super) fn check_length(
        place: Binding,
        what: &'static str,
        numbers: &[f32],
    ) -> Result<(), GpuError> {
        let (len, expected) = (numbers.len(), place.bytes as usize / 4);
        if len == expected {
            return Ok(());
        }
        Err(GpuError::Length {
            what,
            len,
            expected,
        })
    }

    /// Makes room on the host's side for an x or a preview on its way; it can be used again and again.
    ///
    /// # Errors
    /// [`GpuError::OutOfMemory`].
    pub async fn readback(&self) -> Result<Readback, GpuError> {
        self.room(self.places.x.bytes).await
    }

    /// Room for so many bytes, and for the word that says whether x is finite.
    pub(super) async fn room(&self, bytes: u64) -> Result<Readback, GpuError> {
        let bytes = self.places.not_finite.bytes + bytes;
        let readback = Readback::new(&self.gpu, "x", bytes).await?;
        Ok(readback.guarded(self.elements))
    }

    /// Records a copy of x. Where x is not finite, [`Readback::take`] says so.
    pub fn read_x(&self, encoder: &mut wgpu::CommandEncoder, readback: &Readback) {
        self.read(encoder, readback, &[self.places.x]);
    }

    /// Records a copy of the last step's clipped x̂_0: a preview of the image. Where x is not finite,
    /// [`Readback::take`] says so.
    pub fn read_x_start(&self, encoder: &mut wgpu::CommandEncoder, readback: &Readback) {
        self.read(encoder, readback, &[self.places.x_start]);
    }

    /// Records a copy of some stretches, behind the word that says whether x is finite.
    pub(super) fn read(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        readback: &Readback,
        places: &[Binding],
    ) {
        let places = [self.places.not_finite]
            .into_iter()
            .chain(places.iter().copied());
        let parts = places.filter_map(|place| {
            let buffer = self.loaded.buffer(place);
            debug_assert!(
                buffer.is_ok(),
                "each had one when the run was made: {place:?}"
            );
            Some((buffer.ok()?, place))
        });
        readback.copy(encoder, &parts.collect::<Vec<_>>());
    }

    /// Returns x_t as it is after what was submitted.
    ///
    /// # Errors
    /// [`GpuError::NotFinite`], [`GpuError::DeviceLost`], [`GpuError::OutOfMemory`].
    pub async fn x(&self) -> Result<Vec<f32>, GpuError> {
        self.bring(Self::read_x).await
    }

    /// Returns x_t as [`x`](Self::x), waiting for it.
    ///
    /// # Errors
    /// Those of [`x`](Self::x).
    pub fn x_blocking(&self) -> Result<Vec<f32>, GpuError> {
        pollster::block_on(self.x())
    }

    /// Returns the last step's clipped x̂_0 as it is after what was submitted.
    ///
    /// # Errors
    /// Those of [`x`](Self::x).
    pub async fn x_start(&self) -> Result<Vec<f32>, GpuError> {
        self.bring(Self::read_x_start).await
    }

    /// Returns the last step's clipped x̂_0, waiting for it.
    ///
    /// # Errors
    /// Those of [`x`](Self::x).
    pub fn x_start_blocking(&self) -> Result<Vec<f32>, GpuError> {
        pollster::block_on(self.x_start())
    }

    async fn bring(
        &self,
        read: impl FnOnce(&Self, &mut wgpu::CommandEncoder, &Readback),
    ) -> Result<Vec<f32>, GpuError> {
        let mut readback = self.readback().await?;
        let mut encoder = self.encoder();
        read(self, &mut encoder, &readback);
        let submission = submit(&self.gpu, "a copy of x", [encoder])?;
        let words = readback.bring(&self.gpu, submission).await?;
        Ok(words.into_iter().map(f32::from_bits).collect())
    }

    pub(super) fn encoder(&self) -> wgpu::CommandEncoder {
        let descriptor = wgpu::CommandEncoderDescriptor::default();
        self.gpu.device().create_command_encoder(&descriptor)
    }

    /// Fills all that a run writes with NaN, as `DeviceNetwork::poison` does. The
    /// history and what the host writes are to be written again. For tests.
    ///
    /// # Errors
    /// [`GpuError::OutOfMemory`].
    #[doc(hidden)]
    pub fn poison(&self) -> Result<(), GpuError> {
        self.loaded.poison(&self.gpu);
        self.make_table()?;
        self.write_tally()?;
        self.loaded
            .write(&self.gpu, self.places.not_finite, &[FINITE])
    }
}
