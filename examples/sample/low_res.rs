//! The image that a super-resolution network enlarges.

use std::path::Path;

use iddpm::diffusion::pixels::image_from_u8;
use iddpm::unet::Extents;
use image::imageops::FilterType;

use super::program::Failure;

/// A picture in a file, in [-1, 1], channels first: its middle, of the shape and size that the network takes,
/// grey where that has not three channels.
pub(crate) fn read(path: &Path, extents: Extents) -> Result<Vec<f32>, Failure> {
    let picture =
        image::open(path).map_err(|error| format!("--low-res {}: {error}", path.display()))?;
    let (width, height) = (extents.width as u32, extents.height as u32);
    let picture = picture.resize_to_fill(width, height, FilterType::CatmullRom);
    let (bytes, channels) = match extents.channels {
        3 => (picture.into_rgb8().into_raw(), 3),
        _ => (picture.into_luma8().into_raw(), 1),
    };
    let channel = |c: usize| bytes.iter().skip(c % channels).step_by(channels).copied();
    let pixels: Vec<u8> = (0..extents.channels).flat_map(channel).collect();
    let mut image = vec![0.0; pixels.len()];
    image_from_u8(&pixels, &mut image)?;
    Ok(image)
}
