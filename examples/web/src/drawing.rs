//! An image on its way.

use iddpm::Run;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{Clamped, JsError};

/// An image on its way.
#[wasm_bindgen]
pub struct Drawing {
    run: Run,
}

impl From<Run> for Drawing {
    fn from(run: Run) -> Self {
        Self { run }
    }
}

#[wasm_bindgen]
impl Drawing {
    /// Takes a step; `false` where there was none left.
    ///
    /// # Errors
    /// What the crate says of the device.
    pub async fn advance(&mut self) -> Result<bool, JsError> {
        Ok(self.run.advance_async().await?)
    }

    /// The number of steps that were taken.
    pub fn position(&self) -> u32 {
        self.run.position()
    }

    /// The number of all steps.
    pub fn steps(&self) -> u32 {
        self.run.steps()
    }

    /// The image as the last step predicts it, or as it is in the end: RGBA, alpha straight, as a canvas takes it.
    ///
    /// # Errors
    /// What the crate says of the device.
    pub async fn pixels(&self) -> Result<Clamped<Vec<u8>>, JsError> {
        Ok(Clamped(self.run.preview_async().await?.rgba(0)?))
    }

    /// The same image as a PNG's bytes.
    ///
    /// # Errors
    /// What the crate says of the device.
    pub async fn png(&self) -> Result<Vec<u8>, JsError> {
        Ok(self.run.preview_async().await?.png(0)?)
    }
}
