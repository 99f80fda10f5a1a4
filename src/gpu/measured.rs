//! The choice between matrices and tiles by a measurement, where what a device lists may be slow.

use core::fmt;
use std::vec::Vec;
use std::{format, vec};

use super::device::Gpu;
use super::error::GpuError;
use super::memory::DeviceWeights;
use super::network::DeviceNetwork;
use super::stopwatch::Stopwatch;
use super::variants::{ConvVariant, MatrixSide};
use super::watch::submit;
use super::weights::Precision;
use crate::unet::{Conv, Graph, Init, Input, Op, Shape, Weights, Wrap};

/// What it is called in a device's folder, of the second format: kernels of another version are others.
const KIND: &str = concat!("measured-2-", env!("CARGO_PKG_VERSION"));
/// Images, channels and width of what is measured, and convolutions of 3×3 one behind the other: 1.2 GFLOP.
const BATCH: usize = 4;
const CHANNELS: usize = 128;
const SIDE: usize = 16;
const CONVOLUTIONS: usize = 4;
/// Goes of each, of which the fastest counts: the first wakes the device.
const GOES: usize = 4;
/// Tiles are taken where they are so much faster, so that what is nearly the same does not change from start to start.
const MARGIN: f64 = 1.1;

/// What convolutions took in each variant that was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Measured {
    /// The matrices that the device has, as they are multiplied fastest.
    pub matrices: MatrixSide,
    /// Milliseconds of a few convolutions in matrices.
    pub in_matrices: f64,
    /// Milliseconds of the same in tiles.
    pub in_tiles: f64,
    /// Whether it is remembered from another start.
    pub is_remembered: bool,
}

impl Measured {
    /// The variant that is taken: tiles where they are faster by a tenth.
    pub fn fastest(&self) -> ConvVariant {
        if self.in_tiles * MARGIN < self.in_matrices {
            ConvVariant::Tiled
        } else {
            ConvVariant::Matrix(self.matrices)
        }
    }

    fn to_bytes(self) -> [u8; 20] {
        let mut bytes = [0; 20];
        let numbers = [self.in_matrices, self.in_tiles].map(f64::to_le_bytes);
        let words = word_of(self.matrices).to_le_bytes().into_iter();
        for (byte, value) in bytes
            .iter_mut()
            .zip(words.chain(numbers.into_iter().flatten()))
        {
            *byte = value;
        }
        bytes
    }

    /// What was measured of the same matrices.
    fn from_bytes(bytes: &[u8], ways: &[MatrixSide]) -> Option<Self> {
        let (word, times) = bytes.split_first_chunk()?;
        let (&[in_matrices, in_tiles], []) = times.as_chunks() else {
            return None;
        };
        let word = u32::from_le_bytes(*word);
        Some(Self {
            matrices: ways.iter().copied().find(|&way| word_of(way) == word)?,
            in_matrices: f64::from_le_bytes(in_matrices),
            in_tiles: f64::from_le_bytes(in_tiles),
            is_remembered: true,
        })
    }
}

/// The ways in which a device may multiply its matrices: where subgroups may have 64 invocations or fewer, there are two.
fn ways_to_multiply(gpu: &Gpu, matrices: MatrixSide) -> Vec<MatrixSide> {
    let info = gpu.device().adapter_info();
    let other = match matrices {
        MatrixSide::Sixteen if info.subgroup_max_size >= 64 => Some(MatrixSide::SixteenWide),
        MatrixSide::SixteenWide if info.subgroup_min_size < 64 => Some(MatrixSide::Sixteen),
        _ => None,
    };
    let limits = gpu.device().limits();
    let other = other.filter(|&way| {
        let variants = gpu.variants().with_matrices(way);
        variants.within(&limits) == variants
    });
    [matrices].into_iter().chain(other).collect()
}

/// How a file names them: their rows, and patches of a workgroup where these are not four.
const fn word_of(matrices: MatrixSide) -> u32 {
    match matrices.patches() {
        4 => matrices.length(),
        patches => patches << 16 | matrices.length(),
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.is_remembered {
            "remembered"
        } else {
            "measured"
        };
        let n = self.matrices.length();
        match self.fastest() {
            ConvVariant::Matrix(_) => {
                let times = self.in_tiles / self.in_matrices;
                write!(
                    f,
                    "{how}: matrices of {n}×{n} {times:.1} times as fast as tiles"
                )
            }
            ConvVariant::Tiled | ConvVariant::Plain => {
                let times = self.in_matrices / self.in_tiles;
                write!(
                    f,
                    "{how}: tiles {times:.1} times as fast as matrices of {n}×{n}"
                )
            }
        }
    }
}

impl Gpu {
    /// Chooses between matrices and tiles for convolutions in f16 by what a few of them take, in some milliseconds, in place of
    /// by what the device lists: a driver may list matrices and multiply them slowly. Where subgroups may have 64 invocations
    /// matrices are tried as if they had, and as if they had fewer. Attention goes with convolutions. None where there is
    /// nothing to choose: where the variants are without matrices, as [`with_variants`](Self::with_variants) may have said, the
    /// device has no clock, or is one in software.
    ///
    /// What was measured is remembered in the folder of [`with_cache`](Self::with_cache), where there is one; else two starts
    /// of a program may choose differently, and their images then differ by rounding.
    ///
    /// # Errors
    /// Those of [`DeviceNetwork::new`] and [`DeviceNetwork::evaluate`].
    pub async fn measured(self) -> Result<(Self, Option<Measured>), GpuError> {
        let in_software = self.device().adapter_info().device_type == wgpu::DeviceType::Cpu;
        let ConvVariant::Matrix(matrices) = self.variants().conv else {
            return Ok((self, None));
        };
        let remembered = self.store().and_then(|store| store.read(KIND));
        let ways = ways_to_multiply(&self, matrices);
        let remembered = remembered.and_then(|bytes| Measured::from_bytes(&bytes, &ways));
        let measured = match remembered {
            Some(remembered) => Some(remembered),
            None if in_software => None,
            None => measure(&self, &ways).await?,
        };
        let Some(measured) = measured else {
            return Ok((self, None));
        };
        if let Some(store) = self.store().filter(|_| !measured.is_remembered) {
            store.keep(KIND, &measured.to_bytes());
        }
        let variants = match measured.fastest() {
            ConvVariant::Matrix(side) => self.variants().with_matrices(side),
            ConvVariant::Plain | ConvVariant::Tiled => self.variants().without_matrices(),
        };
        Ok((self.with_variants(variants), Some(measured)))
    }

    /// Chooses as [`measured`](Self::measured), waiting for it.
    ///
    /// # Errors
    /// Those of [`measured`](Self::measured).
    pub fn measured_blocking(self) -> Result<(Self, Option<Measured>), GpuError> {
        pollster::block_on(self.measured())
    }
}

/// What both take; none where the device has no clock, or one that does not go.
async fn measure(gpu: &Gpu, ways: &[MatrixSide]) -> Result<Option<Measured>, GpuError> {
    let Some(mut stopwatch) = Stopwatch::of(gpu).await? else {
        return Ok(None);
    };
    let graph = convolutions();
    let zeros = vec![0.0; graph.weights_len()];
    let weights = Weights::F32(&zeros);
    let weights = DeviceWeights::upload(gpu, &graph, weights, Precision::Half).await?;
    let mut in_tiles = f64::INFINITY;
    let mut in_matrices = None;
    for side in ways.iter().copied().map(Some).chain([None]) {
        let mut fastest = f64::INFINITY;
        let variants = match side {
            Some(side) => gpu.variants().with_matrices(side),
            None => gpu.variants().without_matrices(),
        };
        let gpu = gpu.clone().with_variants(variants);
        let network = DeviceNetwork::new(&gpu, &graph, &weights).await?;
        for _ in 0..GOES {
            let descriptor = wgpu::CommandEncoderDescriptor::default();
            let mut encoder = gpu.device().create_command_encoder(&descriptor);
            stopwatch.measure(&mut encoder, |encoder| {
                network.encode(encoder);
                0
            });
            submit(&gpu, "a measurement", [encoder])?;
            gpu.idle().await?;
            // A clock that stands still, or that says nothing, has measured nothing.
            if let Some((_, time)) = stopwatch.take().filter(|&(_, time)| time > 0.0) {
                fastest = fastest.min(time);
            }
        }
        match (side, in_matrices) {
            (Some(_), Some((least, _))) if least <= fastest => {}
            (Some(side), _) => in_matrices = Some((fastest, side)),
            (None, _) => in_tiles = fastest,
        }
    }
    let measured = in_matrices.map(|(in_matrices, matrices)| Measured {
        matrices,
        in_matrices,
        in_tiles,
        is_remembered: false,
    });
    Ok(measured.filter(|it| it.in_matrices.is_finite() && it.in_tiles.is_finite()))
}

/// Convolutions between two copies: what a network is given, and its result, are f32 always.
fn convolutions() -> Graph {
    let mut graph = Graph::new(BATCH);
    let shape = Shape {
        batch: BATCH,
        channels: CHANNELS,
        height: SIDE,
        width: SIDE,
    };
    let copy = |input| Op::Bilinear {
        input,
        height: SIDE,
        width: SIDE,
    };
    let x = graph.add_input(Input::X, "x", shape);
    let weight = graph.add_param("weight".into(), &[CHANNELS, CHANNELS, 3, 3], Init::Zero);
    let bias = graph.add_param("bias".into(), &[CHANNELS], Init::Zero);
    let mut last = graph.add("copy", copy(x));
    for at in 0..CONVOLUTIONS {
        let conv = Conv {
            input: last,
            weight,
            bias,
            kernel: 3,
            stride: 1,
            upsample: false,
            wrap: Wrap::None,
            shift: None,
            residual: None,
        };
        last = graph.add(&format!("conv{at}"), Op::Conv(conv));
    }
    let result = graph.add("result", copy(last));
    graph.set_output(result);
    graph
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::string::ToString;
    use std::{assert, assert_eq};

    use super::{Gpu, Measured, measure};
    use crate::gpu::{ConvVariant, MatrixSide};

    const SIXTEEN: Measured = Measured {
        matrices: MatrixSide::Sixteen,
        in_matrices: 0.5,
        in_tiles: 0.85,
        is_remembered: false,
    };

    #[test]
    fn the_fastest_is_taken_and_said() {
        let matrices = ConvVariant::Matrix(MatrixSide::Sixteen);
        for (in_tiles, fastest, said) in [
            (
                0.85,
                matrices,
                "measured: matrices of 16×16 1.7 times as fast as tiles",
            ),
            (
                0.46,
                matrices,
                "measured: matrices of 16×16 0.9 times as fast as tiles",
            ),
            (
                0.25,
                ConvVariant::Tiled,
                "measured: tiles 2.0 times as fast as matrices of 16×16",
            ),
        ] {
            let measured = Measured {
                in_tiles,
                ..SIXTEEN
            };
            assert_eq!(measured.fastest(), fastest);
            assert_eq!(measured.to_string(), said);
        }
    }

    #[test]
    fn what_is_remembered_is_what_was_measured() {
        let bytes = SIXTEEN.to_bytes();
        let remembered = Measured {
            is_remembered: true,
            ..SIXTEEN
        };
        let read = |bytes, matrices| Measured::from_bytes(bytes, &[matrices]);
        assert_eq!(read(&bytes, MatrixSide::Sixteen), Some(remembered));
        assert!(remembered.to_string().starts_with("remembered: matrices"));
        assert_eq!(read(&bytes, MatrixSide::SixteenWide), None);
        assert_eq!(read(&bytes, MatrixSide::Eight), None);
        let wide = Measured {
            matrices: MatrixSide::SixteenWide,
            ..remembered
        };
        let of_wide = wide.to_bytes();
        assert_eq!(read(&of_wide, MatrixSide::SixteenWide), Some(wide));
        assert_eq!(read(&of_wide, MatrixSide::Sixteen), None);
        for cut in 0..bytes.len() {
            assert_eq!(read(bytes.split_at(cut).0, MatrixSide::Sixteen), None);
        }
    }

    /// Where a device in software has matrices and a clock, both are measured; but none is chosen so.
    #[test]
    fn both_are_measured() {
        let gpu = Gpu::create_blocking().unwrap();
        let Some(matrices) = gpu.matrices() else {
            return;
        };
        let measured = pollster::block_on(measure(&gpu, &[matrices])).unwrap();
        if let Some(measured) = measured {
            assert!(
                measured.in_matrices > 0.0 && measured.in_tiles > 0.0,
                "{measured}"
            );
        }
        // More ways of the same matrices, as where subgroups may be wide.
        if matrices == MatrixSide::Eight {
            let ways = [MatrixSide::EightAsSixteenWide, MatrixSide::EightAsSixteen];
            let fastest = pollster::block_on(measure(&gpu, &ways)).unwrap();
            assert!(
                fastest.is_none_or(|it| ways.contains(&it.matrices)),
                "{fastest:?}"
            );
        }
        let plain = gpu.variants();
        let (gpu, none) = gpu.measured_blocking().unwrap();
        if gpu.device().adapter_info().device_type == wgpu::DeviceType::Cpu {
            assert_eq!((gpu.variants(), none), (plain, None));
        }
    }
}
