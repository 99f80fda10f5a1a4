//! Training by the door: stopped anywhere and gone on with, the same bits.

use std::ops::ControlFlow;
use std::sync::Arc;

use iddpm::data::{Dataset, Images};
use iddpm::run::{Recipe, Training};
use iddpm::unet::Extents;
use iddpm::{Device, Draw, Error};

use crate::scratch::Scratch;

fn data() -> Arc<dyn Dataset> {
    let extents = Extents {
        channels: 1,
        height: 8,
        width: 8,
    };
    let pixels = (0..6 * 64_u32).map(|at| (at * 37 % 251) as u8).collect();
    Arc::new(Images::new(extents, pixels, Some(vec![0, 1, 2, 0, 1, 2]), Some(3)).unwrap())
}

fn recipe() -> Recipe {
    let mut recipe = Recipe::default();
    recipe.unet = recipe.unet.with_multipliers(&[1]).with_attention(&[]);
    (recipe.config.batch, recipe.config.microbatch) = (2, 2);
    recipe.save_every = 2;
    recipe
}

#[test]
fn a_run_goes_on_where_it_was() {
    let scratch = Scratch::new("door-training");
    let begin = |name: &str| {
        let device = Device::cpu().with_threads(1);
        Training::begin_or_resume(scratch.join(name), &recipe(), data(), &device)
    };
    let go_on = |_: &_| ControlFlow::Continue(());
    let mut whole = begin("whole").unwrap();
    assert_eq!(whole.step(), 0);
    assert_eq!(whole.until(5, go_on).unwrap(), 5);
    // Broken off after the third step, and another process later.
    let mut first = begin("parts").unwrap();
    let third = |report: &iddpm::train::StepReport| match report.step {
        3 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    assert_eq!(first.until(5, third).unwrap(), 3);
    // Nobody else has the folder meanwhile.
    assert!(matches!(begin("parts"), Err(Error::Train(_))));
    drop(first);
    let mut second = begin("parts").unwrap();
    assert_eq!(second.step(), 3);
    assert_eq!(second.until(5, go_on).unwrap(), 5);
    let [a, b] = [&whole, &second].map(|training| training.model().unwrap());
    assert_eq!(a.fingerprint().unwrap(), b.fingerprint().unwrap());
    assert_eq!((a.classes(), a.description().card.step), (3, 5));
    let images = a
        .on(Device::cpu())
        .unwrap()
        .sample(&Draw::new().steps("2"), 3)
        .unwrap();
    assert_eq!(images.len(), 3);
    // What is in the folder stands for the same network.
    drop(whole);
    let opened = iddpm::Model::open(scratch.join("whole")).unwrap();
    assert_eq!(opened.checkpoint().weights(), a.checkpoint().weights());
}

/// Another recipe's run is refused, and is as it was.
#[test]
fn another_recipe_is_refused() {
    let scratch = Scratch::new("door-other");
    let device = Device::cpu().with_threads(1);
    let run = scratch.join("run");
    drop(Training::begin_or_resume(&run, &recipe(), data(), &device).unwrap());
    let mut other = recipe();
    other.config.lr = 1e-5;
    let error = Training::begin_or_resume(&run, &other, data(), &device).unwrap_err();
    assert!(error.to_string().contains("lr"), "{error}");
    Training::begin_or_resume(&run, &recipe(), data(), &device).unwrap();
}
