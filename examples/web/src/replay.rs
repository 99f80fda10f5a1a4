//! What a model knows already, to be trained on beside what is new.

use iddpm::Draw;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::sprites::Sprites;

/// The steps of a drawing: enough to train on.
const STEPS: &str = "8";
/// The seed of the drawings.
const SEED: u64 = 1;

/// Pictures that a model draws of its own classes. A model that is trained on one class alone soon draws it in place of
/// the others; beside these it keeps them (generative replay, Shin et al. 2017).
#[wasm_bindgen]
pub struct Replay {
    /// Of the classes in turn.
    draw: Draw,
    count: usize,
    labels: Vec<u32>,
    /// One after the other, each [C, H, W].
    pixels: Vec<u8>,
}

#[wasm_bindgen]
impl Replay {
    /// So many pictures of each class but the one that is new, none of which is drawn yet.
    #[wasm_bindgen(constructor)]
    pub fn new(sprites: &Sprites, new: &str, each: usize) -> Self {
        let mut classes = sprites.classes();
        classes.retain(|class| class != new);
        Self {
            count: classes.len().saturating_mul(each),
            draw: Draw::new().classes(classes).steps(STEPS).seed(SEED),
            labels: Vec::new(),
            pixels: Vec::new(),
        }
    }

    /// Draws the next picture; `false` where there was none left.
    ///
    /// # Errors
    /// What the crate says of the device.
    pub async fn draw(&mut self, sprites: &mut Sprites) -> Result<bool, JsError> {
        let number = self.len();
        if number == self.count {
            return Ok(false);
        }
        let studio = sprites.studio();
        let samples = studio.samples(&self.draw, number as u64..number as u64 + 1)?;
        let mut run = studio.begin_samples_async(&self.draw, &samples).await?;
        run.finish_async().await?;
        let images = run.images_async().await?;
        self.pixels.extend(images.data()?);
        self.labels.extend(samples.iter().filter_map(|it| it.label));
        Ok(true)
    }

    /// The number of pictures that were drawn.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether none was drawn.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The number of pictures in all.
    pub fn count(&self) -> usize {
        self.count
    }
}

impl Replay {
    pub(crate) fn labels(&self) -> &[u32] {
        &self.labels
    }

    pub(crate) fn pixels(&self) -> &[u8] {
        &self.pixels
    }
}
