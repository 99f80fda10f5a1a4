//! The painting of images into the host's textures, without coming back to the host.

use std::format;
use std::string::String;

use super::DeviceGeneration;
use crate::gpu::error::GpuError;
use crate::gpu::kernels::declare::{flag, word};
use crate::gpu::kernels::pixels;
use crate::gpu::recording::{ALIGNMENT, Binding, Contents, Recording};
use crate::unet::Extents;

/// The image of a run that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shown {
    /// The image x_t: noise at first, the result once the run is done.
    X,
    /// The clipped x̂_0 of the last step: a preview of the image, from the first step on.
    XStart,
}

/// Where a run's pixels are, and the dispatches that make them, behind those of a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    image: Extents,
    pixels: Binding,
    x: Dispatches,
    x_start: Dispatches,
}

/// The places of two dispatches for the same images in the recording.
#[derive(Debug, Clone, Copy)]
struct Dispatches {
    red_first: usize,
    blue_first: usize,
}

impl Paint {
    /// Adds what paints images of 1 to 4 channels.
    pub(super) fn record(
        recording: &mut Recording,
        batch: usize,
        image: Extents,
        [x, x_start]: [Binding; 2],
    ) -> Option<Self> {
        if !(1..=4).contains(&image.channels) {
            return None;
        }
        let pitch = pitch(image) as usize / 4;
        let words = batch.saturating_mul(image.height).saturating_mul(pitch);
        let pixels = recording.add_buffer("pixels", words, Contents::Workspace);
        let mut add = |name, x, blue_first| {
            recording.dispatches.push(pixels::dispatch(
                name,
                &pixels::Params {
                    batch: word(batch),
                    channels: word(image.channels),
                    height: word(image.height),
                    width: word(image.width),
                    pitch: word(pitch),
                    blue_first: flag(blue_first),
                },
                pixels::Bindings { x, output: pixels },
            ));
            recording.dispatches.len() - 1
        };
        let mut both = |name, x| Dispatches {
            red_first: add(name, x, false),
            blue_first: add(name, x, true),
        };
        Some(Self {
            image,
            pixels,
            x: both("pixels of x", x),
            x_start: both("pixels of x_start", x_start),
        })
    }
}

/// Bytes from one row of pixels to the next, as copies to a texture want it.
const fn pitch(image: Extents) -> u64 {
    (4 * image.width as u64).next_multiple_of(ALIGNMENT)
}

impl DeviceGeneration {
    /// Records one image of the batch into the host's texture, at `origin`: grey or RGB, opaque or with
    /// its alpha, straight; the same bytes as [`image_to_u8`](crate::diffusion::pixels::image_to_u8) makes, and of
    /// colours beside an alpha [`unpremultiply`](crate::diffusion::pixels::unpremultiply). Nothing is made, nothing
    /// comes back to the host, and the run is not touched.
    ///
    /// The texture is the host's: of this device, of two dimensions, RGBA or BGRA of 8 bits (sRGB or not:
    /// the bytes are the same), made to be copied to.
    ///
    /// # Errors
    /// [`GpuError::Texture`]; [`GpuError::NoPicture`] where images have more than 4 channels, or no
    /// network says what they are; [`GpuError::Image`].
    pub fn paint(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        shown: Shown,
        image: usize,
        texture: &wgpu::Texture,
        origin: wgpu::Origin3d,
    ) -> Result<(), GpuError> {
        let Some(paint) = self.paint else {
            return Err(GpuError::NoPicture {
                elements: self.elements,
            });
        };
        if image >= self.batch {
            let batch = self.batch;
            return Err(GpuError::Image { image, batch });
        }
        let blue_first = check(texture, origin, paint.image)?;
        let dispatches = match shown {
            Shown::X => paint.x,
            Shown::XStart => paint.x_start,
        };
        let dispatch = if blue_first {
            dispatches.blue_first
        } else {
            dispatches.red_first
        };
        let buffer = self.loaded.buffer(paint.pixels)?;
        self.loaded.encode(encoder, dispatch..dispatch + 1);
        let Extents { height, width, .. } = paint.image;
        let bytes_of_row = pitch(paint.image);
        encoder.copy_buffer_to_texture(
            wgpu::TexelCopyBufferInfo {
                buffer,
                layout: wgpu::TexelCopyBufferLayout {
                    offset: image as u64 * height as u64 * bytes_of_row,
                    bytes_per_row: Some(bytes_of_row as u32),
                    rows_per_image: None,
                },
            },
            wgpu::TexelCopyTextureInfo {
                texture,
                mip_level: 0,
                origin,
                aspect: wgpu::TextureAspect::All,
            },
            wgpu::Extent3d {
                width: width as u32,
                height: height as u32,
                depth_or_array_layers: 1,
            },
        );
        Ok(())
    }
}

/// Whether the texture's lowest byte is blue; all that could make a copy to it invalid is an error.
fn check(
    texture: &wgpu::Texture,
    origin: wgpu::Origin3d,
    image: Extents,
) -> Result<bool, GpuError> {
    let refused = |what, wanted: &str, had: String| {
        Err(GpuError::Texture {
            what,
            wanted: wanted.into(),
            had,
        })
    };
    let format = texture.format();
    let blue_first = match format {
        wgpu::TextureFormat::Rgba8Unorm | wgpu::TextureFormat::Rgba8UnormSrgb => false,
        wgpu::TextureFormat::Bgra8Unorm | wgpu::TextureFormat::Bgra8UnormSrgb => true,
        _ => return refused("format", "RGBA or BGRA of 8 bits", format!("{format:?}")),
    };
    if texture.dimension() != wgpu::TextureDimension::D2 {
        return refused("dimension", "D2", format!("{:?}", texture.dimension()));
    }
    if texture.sample_count() != 1 {
        return refused("sample count", "1", format!("{}", texture.sample_count()));
    }
    if !texture.usage().contains(wgpu::TextureUsages::COPY_DST) {
        return refused("usage", "COPY_DST", format!("{:?}", texture.usage()));
    }
    let room = |of: u32, from: u32| u64::from(of).saturating_sub(u64::from(from));
    let room = [
        room(texture.width(), origin.x),
        room(texture.height(), origin.y),
        room(texture.depth_or_array_layers(), origin.z),
    ];
    let [width, height, layers] = room;
    if width < image.width as u64 || height < image.height as u64 || layers < 1 {
        let wanted = format!("{}×{} in a layer", image.width, image.height);
        let had = format!("{width}×{height} in {layers} layers");
        return refused("room from the origin on", &wanted, had);
    }
    Ok(blue_first)
}
