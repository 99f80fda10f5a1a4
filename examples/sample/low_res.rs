//! The image that a super-resolution network enlarges.

use std::path::Path;

use iddpm::data::load;
use iddpm::diffusion::pixels::image_from_u8;
use iddpm::unet::Extents;

use super::Failure;

/// A picture in a file, fitted to what the network takes, in [-1, 1].
pub(crate) fn read(path: &Path, extents: Extents) -> Result<Vec<f32>, Failure> {
    let pixels = load(path, extents)?;
    let mut image = vec![0.0; pixels.len()];
    image_from_u8(&pixels, &mut image)?;
    Ok(image)
}
