//! One image by itself: in a file, or as bytes for a host.

use std::format;
use std::io::Cursor;
use std::path::Path;
use std::string::ToString;
use std::vec::Vec;

use image::DynamicImage;

use super::drawing::Drawing;
use super::encode::{put_png, write_png};
use super::place::refused;
use crate::Error;
use crate::run::error::DrawError;
use crate::run::images::Images;

impl Images {
    /// Saves one of the images as a PNG, pixel by pixel as it is: a sprite, or a tile of a plane. One of a palette's
    /// colours has the list of those.
    ///
    /// # Errors
    /// [`FileError`](crate::files::FileError); [`DrawError::Value`] for a number that is none of the images';
    /// [`DrawError::NoPicture`].
    pub fn save_one(&self, image: usize, path: impl AsRef<Path>) -> Result<(), Error> {
        put_png(path.as_ref(), &self.picture(image)?, self.is_indexed())
    }

    /// Returns one of the images as the bytes of a PNG, those of [`save_one`](Self::save_one)'s file.
    ///
    /// # Errors
    /// [`DrawError::Value`] for a number that is none of the images'; [`DrawError::NoPicture`].
    pub fn png(&self, image: usize) -> Result<Vec<u8>, Error> {
        let mut bytes = Cursor::new(Vec::new());
        let written = write_png(&mut bytes, &self.picture(image)?, self.is_indexed());
        written.map_err(|error| refused(Path::new("a PNG in memory"), error.to_string()))?;
        Ok(bytes.into_inner())
    }

    /// Returns one of the images as pixels of red, green, blue and alpha, 8 bits each, straight: as canvases and
    /// textures take them, of whatever channels the network has.
    ///
    /// # Errors
    /// Those of [`png`](Self::png).
    pub fn rgba(&self, image: usize) -> Result<Vec<u8>, Error> {
        Ok(self.picture(image)?.into_rgba8().into_raw())
    }

    fn picture(&self, image: usize) -> Result<DynamicImage, Error> {
        let drawing = Drawing::of(self.look())?;
        let Some(pixels) = self.bytes_of(image) else {
            let why = format!("there are {} images, counted from 0", self.len());
            return Err(DrawError::value("image", image, why).into());
        };
        Ok(drawing.picture(&pixels?))
    }
}
