//! What goes between the host and a run: numbers written, numbers read.

use std::vec::Vec;

use super::Generation;
use crate::gpu::error::GpuError;
use crate::gpu::memory::{Readback, read_blocking};
use crate::gpu::recording::Binding;

impl Generation {
    /// Writes x, before whatever is submitted next.
    ///
    /// # Errors
    /// [`GpuError::Length`], [`GpuError::OutOfMemory`].
    pub fn write_x(&self, x: &[f32]) -> Result<(), GpuError> {
        self.write(self.places.x, "x", x)
    }

    /// Writes the deviates of the next step, where the noise is the host's.
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
        self.write(place, "low_res", low_res)
    }

    pub(super) fn write(
        &self,
        place: Binding,
        what: &'static str,
        numbers: &[f32],
    ) -> Result<(), GpuError> {
        Self::check_length(place, what, numbers)?;
        let words = bytemuck::cast_slice(numbers);
        self.program.write(&self.gpu, place, words)
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

    /// Room on the host's side for an x or a preview on its way; it can be used again and again.
    ///
    /// # Errors
    /// [`GpuError::OutOfMemory`].
    pub async fn readback(&self) -> Result<Readback, GpuError> {
        Readback::new(&self.gpu, "x", self.places.x.bytes).await
    }

    /// Records a copy of x.
    pub fn read_x(&self, encoder: &mut wgpu::CommandEncoder, readback: &Readback) {
        self.read(encoder, readback, self.places.x);
    }

    /// Records a copy of the last step's clipped x̂_0: a preview of the image.
    pub fn read_x_start(&self, encoder: &mut wgpu::CommandEncoder, readback: &Readback) {
        self.read(encoder, readback, self.places.x_start);
    }

    fn read(&self, encoder: &mut wgpu::CommandEncoder, readback: &Readback, place: Binding) {
        if let Some(buffer) = self.program.buffer(place) {
            readback.copy(encoder, &[(buffer, place)]);
        }
    }

    /// x_t as it is after what was submitted, waiting for it.
    ///
    /// # Errors
    /// [`GpuError::NotFinite`], [`GpuError::DeviceLost`], [`GpuError::OutOfMemory`].
    pub fn x_blocking(&self) -> Result<Vec<f32>, GpuError> {
        let [x, _] = self.checked_blocking([Some(self.places.x), None])?;
        Ok(x)
    }

    /// The last step's clipped x̂_0, waiting for it.
    ///
    /// # Errors
    /// Those of [`x_blocking`](Self::x_blocking).
    pub fn x_start_blocking(&self) -> Result<Vec<f32>, GpuError> {
        let [x_start, _] = self.checked_blocking([Some(self.places.x_start), None])?;
        Ok(x_start)
    }

    /// Fills all that a run writes with NaN, as [`Network::poison`](crate::gpu::Network::poison) does. The
    /// history and what the host writes are to be written again. For tests.
    pub fn poison(&self) {
        self.program.poison(&self.gpu);
        if let Some(buffer) = self.program.buffer(self.places.not_finite) {
            let bytes = u32::MAX.to_ne_bytes();
            self.gpu
                .queue()
                .write_buffer(buffer, self.places.not_finite.offset, &bytes);
        }
    }

    /// Two stretches, and the word that says whether x is finite.
    pub(super) fn checked_blocking(
        &self,
        wanted: [Option<Binding>; 2],
    ) -> Result<[Vec<f32>; 2], GpuError> {
        let [first, second] = wanted;
        let places = [Some(self.places.not_finite), first, second];
        let parts: Vec<_> = places
            .into_iter()
            .flatten()
            .filter_map(|place| Some((self.program.buffer(place)?, place)))
            .collect();
        let words = read_blocking(&self.gpu, "x", &parts)?;
        let (&at, words) = words.split_first().unwrap_or((&u32::MAX, &[]));
        if at != u32::MAX {
            let (at, elements) = (at as usize, self.elements.max(1));
            return Err(GpuError::NotFinite {
                image: at / elements,
                element: at % elements,
            });
        }
        let len = first.map_or(0, |place| place.bytes as usize / 4);
        let (first, second) = words.split_at_checked(len).unwrap_or_default();
        let numbers = |words: &[u32]| words.iter().map(|&bits| f32::from_bits(bits)).collect();
        Ok([numbers(first), numbers(second)])
    }
}
