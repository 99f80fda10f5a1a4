//! A model that is trained on a few pictures.

use iddpm::checkpoint::Dtype;
use iddpm::data::Images;
use iddpm::train::TrainConfig;
use iddpm::{Recipe, TrainingRun};
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::pictures::Pictures;
use crate::replay::Replay;
use crate::sprites::Sprites;

/// Pictures of a step.
const BATCH: usize = 8;
/// The learning rate.
const RATE: f64 = 3e-4;
/// The steps over which it rises.
const WARM_UP: u64 = 20;
/// The share of labels that are dropped.
const DROPPED: f64 = 0.1;
/// The rate of the average, which is what draws: of some minutes, as a lesson is.
const AVERAGE: f64 = 0.99;

/// A model on a device that is trained on pictures of one class.
#[wasm_bindgen]
pub struct Lesson {
    run: TrainingRun,
}

#[wasm_bindgen]
impl Lesson {
    /// Begins with the model as it is. The class is one of its own, or a new one beside them; what it knows is replayed.
    ///
    /// # Errors
    /// A class without a name; what the crate says of pictures, of which there must be some, or of the device.
    pub async fn begin(
        sprites: &Sprites,
        pictures: &Pictures,
        replay: &Replay,
        class: String,
    ) -> Result<Self, JsError> {
        if class.trim().is_empty() {
            return Err(JsError::new("the class has no name"));
        }
        let model = sprites.model();
        let data = data(pictures, replay, model.class_names(), class)?;
        let recipe = Recipe {
            init: Some(model.clone()),
            config: config(),
            ..Recipe::of(&data).like(model.description())
        };
        let device = sprites.open_device().clone();
        let run = TrainingRun::begin_async(&recipe, data, device).await?;
        Ok(Self { run })
    }

    /// Takes a step, and returns its loss.
    ///
    /// # Errors
    /// What the crate says of the device.
    pub async fn step(&mut self) -> Result<f64, JsError> {
        Ok(self.run.step_async().await?.loss)
    }

    /// The number of steps that were taken.
    pub fn position(&self) -> u32 {
        self.run.position() as u32
    }

    /// The number of pictures of a step.
    pub fn batch(&self) -> usize {
        BATCH
    }

    /// The model as it is by now, as a file.
    ///
    /// # Errors
    /// What the crate says of the device; weights that such a file cannot hold.
    pub async fn file(&self) -> Result<Vec<u8>, JsError> {
        let model = self.run.model_async().await?;
        Ok(model.checkpoint().to_bytes(Dtype::F16)?)
    }
}

/// The pictures, of a class among all that the model knows, and as many of what it knows: each repeated until they are
/// so many, and a step or more.
fn data(
    pictures: &Pictures,
    replay: &Replay,
    known: &[String],
    class: String,
) -> Result<Images, JsError> {
    let mut names = known.to_vec();
    let label = match names.iter().position(|name| *name == class) {
        Some(label) => label,
        None => {
            names.push(class);
            known.len()
        }
    };
    let least = BATCH.max(pictures.len()).max(replay.len());
    let times = |count: usize| least.div_ceil(count.max(1));
    let (new, old) = (times(pictures.len()), times(replay.len()));
    let pixels = [pictures.pixels().repeat(new), replay.pixels().repeat(old)];
    let labels = [
        vec![label as u32; pictures.len() * new],
        replay.labels().repeat(old),
    ];
    let (extents, classes) = (pictures.extents(), names.len());
    let images = Images::new(
        extents,
        pixels.concat(),
        Some(labels.concat()),
        Some(classes),
    )?;
    Ok(images.with_class_names(names)?)
}

/// The options of a lesson. Some labels are dropped, as they were when the model was trained: so it can be guided still.
fn config() -> TrainConfig {
    TrainConfig {
        batch: BATCH,
        microbatch: BATCH,
        lr: RATE,
        warm_up: WARM_UP,
        ema_rates: vec![AVERAGE],
        drop_labels: DROPPED,
        ..TrainConfig::default()
    }
}
