//! Samples that a network draws here, as a set of them.

use iddpm::data::{Dataset, Images};
use iddpm::{Device, Draw, Model};

use crate::bar::bar;
use crate::program::Failure;

/// Images that are drawn at once.
const AT_ONCE: usize = 16;

/// A network, and what it draws.
pub(crate) struct Network {
    model: Model,
    draw: Draw,
    /// Of each class of the network that of the real images.
    labels: Option<Vec<u32>>,
}

/// The classes of a network as the real images number them; `None` where either has none.
fn labels(model: &Model, real: &dyn Dataset) -> Result<Option<Vec<u32>>, String> {
    let (Some(classes), true) = (real.classes(), model.classes() > 0) else {
        return Ok(None);
    };
    let Some(names) = real
        .class_names()
        .filter(|_| !model.class_names().is_empty())
    else {
        let own = model.classes();
        return match own == classes {
            true => Ok(Some((0..classes as u32).collect())),
            false => Err(format!(
                "knows {own} classes: the real images have {classes}"
            )),
        };
    };
    let number = |name: &String| {
        let place = names.iter().position(|known| known == name);
        let place =
            place.ok_or_else(|| format!("draws {name:?}: no real image is of that class"))?;
        Ok(place as u32)
    };
    let labels: Result<_, String> = model.class_names().iter().map(number).collect();
    labels.map(Some)
}

impl Network {
    /// A network that draws so, refused where the real images are others than it draws.
    pub(crate) fn new(model: Model, draw: Draw, real: &dyn Dataset) -> Result<Self, String> {
        let (image, expected) = (model.image(), real.extents());
        if image != expected {
            return Err(format!(
                "draws images of {image}: the real ones are {expected}"
            ));
        }
        if model.low_res().is_some() {
            return Err("enlarges images: it draws none by itself".into());
        }
        let labels = labels(&model, real)?;
        Ok(Self {
            model,
            draw,
            labels,
        })
    }

    /// Draws so many images, of all classes in turn, while `goes_on` does not end it.
    pub(crate) fn draw(
        &self,
        count: usize,
        device: Device,
        goes_on: &mut dyn FnMut() -> Result<(), Failure>,
    ) -> Result<Images, Failure> {
        let bar = bar(count as u64, "images drawn");
        let mut studio = self.model.on(device)?;
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for first in (0..count).step_by(AT_ONCE) {
            let numbers = first as u64..(first + AT_ONCE).min(count) as u64;
            let mut run = studio.begin_numbers(&self.draw, numbers)?;
            let mut ended = Ok(());
            run.finish_while(|_| {
                ended = goes_on();
                ended.is_ok()
            })?;
            ended?;
            let images = run.images()?;
            pixels.extend(images.data()?);
            labels.extend(images.samples().iter().filter_map(|sample| {
                let label = sample.label?;
                self.labels.as_ref()?.get(label as usize).copied()
            }));
            bar.inc(images.samples().len() as u64);
        }
        bar.finish_and_clear();
        let labels = self.labels.as_ref().map(|_| labels);
        Ok(Images::new(self.model.image(), pixels, labels, None)?)
    }
}
