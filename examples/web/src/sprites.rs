//! A model on a device.

use iddpm::run::Chosen;
use iddpm::{Device, Draw, Model, Studio};
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::drawing::Drawing;

/// A model on a device.
#[wasm_bindgen]
pub struct Sprites {
    studio: Studio,
    /// The device, open: other models and lessons share it.
    device: Device,
    chosen: Chosen,
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
        let model = Model::from_bytes(&file)?;
        let (open, chosen) = device.open_async().await?;
        Self::on(&model, open.into(), chosen).await
    }

    /// Reads another model's file, and puts it on the same device.
    ///
    /// # Errors
    /// What the crate says of the file or of the device.
    pub async fn reopen(&self, file: Vec<u8>) -> Result<Self, JsError> {
        let model = Model::from_bytes(&file)?;
        Self::on(&model, self.device.clone(), self.chosen.clone()).await
    }

    /// The device, and why it is that one.
    pub fn device(&self) -> String {
        self.chosen.to_string()
    }

    /// The names of the classes.
    pub fn classes(&self) -> Vec<String> {
        self.model().class_names().to_vec()
    }

    /// The width of an image.
    pub fn width(&self) -> usize {
        self.model().image().width
    }

    /// Begins a drawing of one image, in so many steps, or in as many as the model takes by itself.
    ///
    /// # Errors
    /// What the crate says of the class, of the steps or of the device.
    pub async fn begin(
        &mut self,
        class: &str,
        seed: u64,
        steps: Option<String>,
    ) -> Result<Drawing, JsError> {
        let draw = Draw::new().class(class).seed(seed);
        let draw = match steps {
            Some(steps) => draw.steps(steps),
            None => draw,
        };
        let run = self.studio.begin_async(&draw, 1).await?;
        Ok(Drawing::from(run))
    }
}

impl Sprites {
    async fn on(model: &Model, device: Device, chosen: Chosen) -> Result<Self, JsError> {
        let studio = model.on_async(device.clone()).await?;
        Ok(Self {
            studio,
            device,
            chosen,
        })
    }

    pub(crate) const fn studio(&mut self) -> &mut Studio {
        &mut self.studio
    }

    pub(crate) const fn model(&self) -> &Model {
        self.studio.model()
    }

    pub(crate) const fn open_device(&self) -> &Device {
        &self.device
    }
}
