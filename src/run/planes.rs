//! From a picture as files have it to one as a network has it.

use std::vec::Vec;

use crate::diffusion::pixels::{has_alpha, premultiply};
use crate::memory::{MemoryError, collected, copied};

/// The channels of a picture one after the other, its colours under their alpha: of [H, W, C], alpha straight.
pub(super) fn planes(bytes: &[u8], channels: usize) -> Result<Vec<u8>, MemoryError> {
    let mut under = copied(bytes)?;
    if has_alpha(channels) {
        for pixel in under.chunks_mut(channels) {
            if let Some((alpha, colours)) = pixel.split_last_mut() {
                colours
                    .iter_mut()
                    .for_each(|it| *it = premultiply(*it, *alpha));
            }
        }
    }
    let planes = (0..channels).flat_map(|channel| under.iter().skip(channel).step_by(channels));
    collected(bytes.len(), planes.copied())
}
