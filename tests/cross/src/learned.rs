//! A network's training: its folder as it begins is the same everywhere. The steps are of the fast path, and go on
//! from what was saved with the same bits.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use iddpm::Device;
use iddpm::data::{Dataset, Images};
use iddpm::run::{Recipe, Training};
use iddpm::unet::Extents;

use crate::Result;

pub fn write(folder: &Path) -> Result {
    drop(begin(&folder.join("training"))?);
    let elsewhere = folder.with_extension("training");
    let whole = fingerprint_after(&elsewhere.join("whole"), &[2])?;
    let parts = fingerprint_after(&elsewhere.join("parts"), &[1, 2])?;
    if whole != parts {
        return Err("training goes on with other bits".into());
    }
    Ok(std::fs::remove_dir_all(elsewhere)?)
}

/// Trains to each of these steps, as another process would that finds the folder.
fn fingerprint_after(folder: &Path, steps: &[u64]) -> Result<u64> {
    let mut fingerprint = 0;
    for &step in steps {
        let mut training = begin(folder)?;
        training.until(step, |_| ControlFlow::Continue(()))?;
        fingerprint = training.model()?.fingerprint()?;
    }
    Ok(fingerprint)
}

fn begin(folder: &Path) -> Result<Training> {
    let extents = Extents {
        channels: 1,
        height: 4,
        width: 4,
    };
    let pixels = (0..4 * 16_u32).map(|at| (at * 37 % 251) as u8).collect();
    let images = Images::new(extents, pixels, Some(vec![0, 1, 2, 0]), Some(3))?;
    let data: Arc<dyn Dataset> = Arc::new(images);
    let mut recipe = Recipe::default();
    recipe.unet = recipe.unet.with_multipliers(&[1]).with_attention(&[]);
    (recipe.config.batch, recipe.config.microbatch) = (2, 2);
    let device = Device::cpu().with_threads(1);
    Ok(Training::begin_or_resume(folder, &recipe, data, device)?)
}
