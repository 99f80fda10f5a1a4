//! The pictures of a lesson.

use iddpm::data::{DataError, decode};
use iddpm::unet::Extents;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::sprites::Sprites;

/// Pictures, as a model is trained on them.
#[wasm_bindgen]
pub struct Pictures {
    extents: Extents,
    /// One after the other, each [C, H, W].
    pixels: Vec<u8>,
}

#[wasm_bindgen]
impl Pictures {
    /// None yet; those that come are made as large as the model's images, with transparency where these have it.
    #[wasm_bindgen(constructor)]
    pub fn new(sprites: &Sprites) -> Self {
        Self {
            extents: sprites.model().image(),
            pixels: Vec::new(),
        }
    }

    /// Adds a picture by its file's bytes: a PNG, JPEG, GIF, WebP or BMP of any size.
    ///
    /// # Errors
    /// What the crate says of the file, which is named.
    pub fn add(&mut self, name: &str, file: &[u8]) -> Result<(), JsError> {
        let named = |error| match error {
            DataError::Images(fault) => DataError::File {
                path: name.into(),
                fault,
            },
            other => other,
        };
        self.pixels
            .extend(decode(file, self.extents).map_err(named)?);
        Ok(())
    }

    /// The number of pictures.
    pub fn len(&self) -> usize {
        self.pixels.len() / self.extents.elements()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }
}

impl Pictures {
    pub(crate) const fn extents(&self) -> Extents {
        self.extents
    }

    pub(crate) fn pixels(&self) -> &[u8] {
        &self.pixels
    }
}
