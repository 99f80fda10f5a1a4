//! Bits/dim of data, however it is asked for.

use iddpm::Device;
use iddpm::data::{Dataset, Images};
use iddpm::run::{Likelihood, Mean, Terms, Threads};

use crate::{digits, renamed, studio};

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

fn held_out(images: usize, classes: usize) -> Images {
    let all = digits().open_data("data/digits16.npz").unwrap();
    let examples: Vec<_> = (0..images).map(|at| all.get(at).unwrap()).collect();
    let pixels = examples.iter().flat_map(|it| it.pixels.to_vec()).collect();
    let labels = examples.iter().map(|it| it.label.unwrap()).collect();
    Images::new(all.extents(), pixels, Some(labels), Some(classes)).unwrap()
}

/// The mean of all of them, more than are evaluated at once.
#[test]
fn bits_per_dim_are_the_mean_of_all_images() {
    let (model, data) = (digits(), held_out(35, 10));
    let mut likelihood = Likelihood::new(&model, "3", Threads::default()).unwrap();
    let terms = likelihood.evaluate(&data, 0..35, &mut |_| ()).unwrap();
    let mean = studio().bits_per_dim(&data, "3").unwrap();
    assert_eq!(mean, Mean::of(terms.iter().map(Terms::total)));
    assert_eq!(mean.count, 35);
    assert!(Terms::mean(&[]).total().is_nan());
    assert_eq!(Terms::mean(&terms[..1]), terms[0]);
}

struct Named(Images, Vec<String>);

impl Dataset for Named {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn extents(&self) -> iddpm::unet::Extents {
        self.0.extents()
    }
    fn classes(&self) -> Option<usize> {
        self.0.classes()
    }
    fn class_names(&self) -> Option<&[String]> {
        Some(&self.1)
    }
    fn get(&self, index: usize) -> Result<iddpm::data::Example<'_>, iddpm::data::DataError> {
        self.0.get(index)
    }
}

/// A label of another numbering would be another class, and its bits/dim wrong.
#[test]
fn classes_are_those_of_the_network() {
    let studio = studio();
    let error = studio.bits_per_dim(&held_out(1, 11), "2").unwrap_err();
    assert_eq!(
        error.to_string(),
        "data of 11 classes: the network has 10, and Model::open_data numbers them as it does"
    );
    // Digits are called by their numbers, or backwards.
    let digits = Named(held_out(1, 10), (0..10).map(|it| it.to_string()).collect());
    studio.bits_per_dim(&digits, "2").unwrap();
    let backwards = renamed().on(Device::cpu()).unwrap();
    let error = backwards.bits_per_dim(&digits, "2").unwrap_err();
    let says = "data whose class 0 is 0: the network calls its class 0 9: Model::open_data numbers classes as the \
                network does";
    assert_eq!(error.to_string(), says);
    // Data that calls them nothing has its numbers.
    backwards.bits_per_dim(&digits.0, "2").unwrap();
}
