//! Samples that a network draws here, as a set of them.

use std::path::Path;

use iddpm::checkpoint::{Header, locate};
use iddpm::data::{Dataset, Images};
use iddpm::run::Threads;
use iddpm::{Device, Draw, Model};

use super::options::Options;
use super::program::Failure;

/// Images that are drawn at once.
const AT_ONCE: usize = 16;

/// A network, and what it draws.
pub(crate) struct Network {
    model: Model,
    draw: Draw,
    /// Of each class of the network that of the real images.
    labels: Option<Vec<u32>>,
}

/// The network that a path stands for; `None` for a path to pictures.
pub(crate) fn network(
    options: &Options,
    path: &Path,
    real: &dyn Dataset,
) -> Result<Option<Network>, Failure> {
    if !is_network(path) {
        return Ok(None);
    }
    let named = |error: String| format!("{}: {error}", path.display());
    let model = Model::open(path)?;
    let (image, expected) = (model.image(), real.extents());
    if image != expected {
        let why = format!("draws images of {image}: the real ones are {expected}");
        return Err(named(why).into());
    }
    if model.low_res().is_some() {
        return Err(named("enlarges images: it draws none by itself".into()).into());
    }
    let draw = options
        .drawing()
        .map_err(|error| format!("--draw {error}"))?;
    let evaluations = draw.evaluations(&model);
    evaluations.map_err(|error| format!("--draw {error}"))?;
    let labels = labels(&model, real).map_err(named)?;
    Ok(Some(Network {
        model,
        draw,
        labels,
    }))
}

/// Whether a path is to a network rather than to pictures: a file by its name or by its bytes, a folder by what is in it.
fn is_network(path: &Path) -> bool {
    if path.is_dir() {
        return locate(path).is_ok();
    }
    let end = path.extension().and_then(|end| end.to_str());
    matches!(end, Some("safetensors" | "pt" | "pth")) || Header::open(path).is_ok()
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
    /// Draws so many images, of all classes in turn.
    pub(crate) fn draw(&self, count: usize, threads: Threads) -> Result<Images, Failure> {
        let device = Device::cpu().with_threads(threads.count());
        let mut studio = self.model.on(device)?;
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for first in (0..count).step_by(AT_ONCE) {
            let numbers = first as u64..(first + AT_ONCE).min(count) as u64;
            let mut run = studio.begin_numbers(&self.draw, numbers)?;
            while run.advance()? {}
            let images = run.images()?;
            pixels.extend(images.data()?);
            labels.extend(images.samples().iter().filter_map(|sample| {
                let label = sample.label?;
                self.labels.as_ref()?.get(label as usize).copied()
            }));
        }
        let labels = self.labels.as_ref().map(|_| labels);
        Ok(Images::new(self.model.image(), pixels, labels, None)?)
    }
}
