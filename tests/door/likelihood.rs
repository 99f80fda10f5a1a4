//! Bits/dim of data, however it is asked for.

use iddpm::run::{Likelihood, Mean, Terms, Threads};

use crate::{digits, studio};

#[test]
fn bits_per_dim_are_those_of_every_image_alone() {
    let (model, studio) = (digits(), studio());
    let held_out = model.open_data("data/digits16.npz").unwrap();
    let data = &held_out;
    let threads = Threads::choose(Some(1)).unwrap();
    let mut likelihood = Likelihood::new(&model, "early20", threads).unwrap();
    let together = likelihood.evaluate(data, 0..3, &mut |_| ()).unwrap();
    let mut terms = 0;
    for (at, whole) in together.iter().enumerate() {
        let alone = likelihood
            .evaluate(data, at..at + 1, &mut |done| terms += done)
            .unwrap();
        assert_eq!(&alone[0], whole, "{at}");
    }
    assert_eq!(terms as usize, 3 * likelihood.steps());
    assert!(
        likelihood
            .evaluate(data, 0..0, &mut |_| ())
            .unwrap()
            .is_empty()
    );
    let mean = Mean::of(together.iter().map(Terms::total));
    // Digits of a network that was trained on others of their kind.
    assert!((0.5..4.0).contains(&mean.mean), "{mean}");
    assert!(studio.bits_per_dim(data, "early20x").is_err());
}
