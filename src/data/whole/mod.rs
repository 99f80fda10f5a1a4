//! The check whether a picture's file holds all of the picture. Decoders draw what they have of one that
//! was cut short, and grey for the rest: none of it is to be learnt from.

mod bits;
mod frame;
mod huffman;
mod jpeg;
mod png;
mod scan;

use image::ImageFormat;

use super::fault::Fault;

pub(super) use png::exif;

/// Looks for what the decoder of this format does not.
///
/// # Errors
/// [`Fault::Undecodable`], [`Fault::Memory`].
pub(super) fn check(format: ImageFormat, bytes: &[u8]) -> Result<(), Fault> {
    match format {
        ImageFormat::Jpeg => jpeg::check(bytes),
        ImageFormat::Png => png::check(bytes),
        ImageFormat::WebP => riff(bytes),
        // Their decoders miss what is missing.
        _ => Ok(()),
    }
}

/// A file that ends before what it holds does.
fn cut() -> Fault {
    undecodable("it ends too early")
}

fn undecodable(reason: &str) -> Fault {
    Fault::Undecodable {
        reason: reason.into(),
    }
}

/// WebP: `RIFF`, and the length of what follows.
fn riff(bytes: &[u8]) -> Result<(), Fault> {
    match bytes {
        [b'R', b'I', b'F', b'F', a, b, c, d, rest @ ..]
            if rest.len() as u64 >= u64::from(u32::from_le_bytes([*a, *b, *c, *d])) =>
        {
            Ok(())
        }
        _ => Err(cut()),
    }
}
