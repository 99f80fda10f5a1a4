//! Guidance takes samples towards their class, as a classifier sees them that no network knows of.

use iddpm::data::{self, Options};
use iddpm::evaluate::{Classifier, ClassifierConfig};
use iddpm::run::Threads;
use iddpm::{Device, Draw, Model};

use super::run::succeed;
use super::scratch::Scratch;

/// Images of each of the twelve classes.
const OF_EACH: usize = 8;

/// At scale 0 the network does not know what it is asked for: over all classes alike, one in twelve is right, whatever it
/// draws. From there on more are right, and all but a few at 1, as the network learnt it, and beyond.
#[test]
fn more_are_of_their_class_the_more_they_are_guided() {
    let scratch = Scratch::new("evaluate-guidance");
    succeed("make_sprites", &scratch, "--out real --count 100");
    let real = data::open(scratch.join("real"), &Options::default()).unwrap();
    let config = ClassifierConfig {
        steps: 150,
        ..ClassifierConfig::default()
    };
    let mut classifier =
        Classifier::train(real.into(), &config, Threads::default(), &mut |_, _| {}).unwrap();

    let model = Model::open("../examples/assets/sprites32.safetensors").unwrap();
    let mut studio = model.on(Device::cpu()).unwrap();
    let count = 12 * OF_EACH;
    let mut accuracy = |scale: f64| {
        let draw = Draw::new().steps("6").guidance(scale).seed(1);
        let images = studio.sample(&draw, count).unwrap();
        let judged = classifier.judge(images.planes()).unwrap();
        let asked = (0..12).cycle();
        let right = judged.likeliest().zip(asked).filter(|(a, b)| a == b);
        right.count() as f64 / count as f64
    };
    let shares = [0.0, 0.3, 1.0, 2.0].map(&mut accuracy);
    println!("of their class at scales 0, 0.3, 1 and 2: {shares:?}");
    // Four deviations of the share of so many, each right with the probability 1/12.
    let chance = 1.0 / 12.0;
    let deviation = (chance * (1.0 - chance) / count as f64).sqrt();
    assert!((shares[0] - chance).abs() < 4.0 * deviation);
    assert!(shares[1] > shares[0] + 4.0 * deviation);
    assert!(shares[2] > shares[1]);
    assert!(shares[2].min(shares[3]) > 0.9);
}
