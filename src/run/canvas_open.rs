//! Pictures in files that a drawing begins from, or keeps a part of.

use std::format;
use std::path::Path;
use std::vec::Vec;

use super::canvas::Canvas;
use super::error::DrawError;
use super::model::Model;
use super::palette::Palette;
use crate::Error;
use crate::data::{self, Classes, Fit, Kind};
use crate::files::read_text;
use crate::memory::copied;
use crate::unet::Extents;

/// The most bytes of a list of colours.
const MOST_TEXT: u64 = 1 << 20;

impl Canvas {
    /// Opens a picture, fitted to the size that the model draws.
    ///
    /// # Errors
    /// [`DataError`](crate::data::DataError); [`DrawError::Value`] for what is more than one picture.
    pub fn open(path: impl AsRef<Path>, model: &Model) -> Result<Self, Error> {
        let image = model.image();
        Self::of_planes(image, &picture("init", path.as_ref(), image)?)
    }

    /// Draws only a part anew, as [`with_mask`](Self::with_mask): a grey picture, white where that is.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub fn with_mask_of(self, path: impl AsRef<Path>) -> Result<Self, Error> {
        let grey = Extents {
            channels: 1,
            ..self.extents()
        };
        let mask = picture("mask", path.as_ref(), grey)?;
        self.with_mask(&mask)
    }
}

/// The bytes of a picture, channels first.
fn picture(word: &'static str, path: &Path, extents: Extents) -> Result<Vec<u8>, Error> {
    let opened = data::open(
        path,
        &data::Options {
            fit: Fit::Exactly(extents),
            classes: Classes::of_network(None, None, false),
            alpha: None,
        },
    )?;
    if opened.kind != Kind::Picture {
        let why = format!("one picture is asked for, to be {extents}");
        return Err(DrawError::value(word, path.display(), why).into());
    }
    Ok(copied(&opened.data.get(0)?.pixels)?)
}

impl Palette {
    /// Opens the colours of a picture, in their order, or a list of colours ([`from_lines`](Self::from_lines)), as
    /// palettes in `.hex` files are.
    ///
    /// # Errors
    /// [`DataError`](crate::data::DataError), [`FileError`](crate::files::FileError); [`DrawError::Value`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let read = match data::pixels(path)? {
            Some(pixels) => Self::new(pixels),
            None => Self::from_lines(&read_text(path, MOST_TEXT)?),
        };
        read.map_err(|error| match error {
            DrawError::Value { word, value, why } => {
                let value = format!("{}: {value}", path.display());
                DrawError::Value { word, value, why }.into()
            }
            error => error.into(),
        })
    }
}
