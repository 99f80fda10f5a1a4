//! The crate in a page: a model on a device, and one drawing after the other, for the script that runs beside it.
//!
//! Nothing here waits: what a GPU does in its own time is a promise to the script.

use iddpm::{Device, Draw, Model, Run, Studio};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{Clamped, JsError};

/// A model on a device.
#[wasm_bindgen]
pub struct Sprites {
    studio: Studio,
}

#[wasm_bindgen]
impl Sprites {
    /// Reads a model's file, and puts it on a backend: `best` is a GPU where the browser has one that is none in
    /// software, else the processor; `gpu` is any; `cpu` is the processor.
    ///
    /// # Errors
    /// Another word; what the crate says of the file or of the device.
    pub async fn open(file: Vec<u8>, backend: String) -> Result<Self, JsError> {
        let device = match backend.as_str() {
            "best" => Device::best(),
            "gpu" => Device::gpu(),
            "cpu" => Device::cpu(),
            other => {
                let why = format!("backend {other:?}: not best, gpu or cpu");
                return Err(JsError::new(&why));
            }
        };
        let studio = Model::from_bytes(&file)?.on_async(device).await?;
        Ok(Self { studio })
    }

    /// The device, and why it is that one.
    pub fn device(&self) -> String {
        self.studio.device().to_string()
    }

    /// The names of the classes.
    pub fn classes(&self) -> Vec<String> {
        self.studio.model().class_names().to_vec()
    }

    /// The width of an image.
    pub fn width(&self) -> usize {
        self.studio.model().image().width
    }

    /// Begins a drawing of one image.
    ///
    /// # Errors
    /// What the crate says of the class, of the steps or of the device.
    pub async fn begin(&mut self, class: &str, seed: u64, steps: &str) -> Result<Drawing, JsError> {
        let draw = Draw::new().class(class).seed(seed).steps(steps);
        let run = self.studio.begin_async(&draw, 1).await?;
        Ok(Drawing { run })
    }
}

/// An image on its way.
#[wasm_bindgen]
pub struct Drawing {
    run: Run,
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
