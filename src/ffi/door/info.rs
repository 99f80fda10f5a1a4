//! What a model is, as C has it.

use crate::Model;

/// What a model draws, and of how many classes. Later versions may have more at its end.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct iddpm_info {
    /// The size of this struct in bytes, as the caller knows it.
    pub struct_size: usize,
    /// Pixels of an image from left to right.
    pub width: u32,
    /// Pixels of an image from top to bottom.
    pub height: u32,
    /// 1: grey, 2: grey and alpha, 3: colours, 4: colours and alpha. In pixels that are given out it is always RGBA.
    pub channels: u32,
    /// The number of classes; 0 for a network without.
    pub classes: u32,
    /// Pixels from left to right of the pictures that it enlarges; 0 for a network that enlarges none.
    pub low_res_width: u32,
    /// Pixels from top to bottom of the pictures that it enlarges; 0 for a network that enlarges none.
    pub low_res_height: u32,
}

impl iddpm_info {
    pub(in crate::ffi) fn of(model: &Model, struct_size: usize) -> Self {
        let image = model.image();
        let (low_res_width, low_res_height) = model.low_res().unwrap_or_default();
        Self {
            struct_size,
            width: image.width as u32,
            height: image.height as u32,
            channels: image.channels as u32,
            classes: model.classes() as u32,
            low_res_width: low_res_width as u32,
            low_res_height: low_res_height as u32,
        }
    }
}
