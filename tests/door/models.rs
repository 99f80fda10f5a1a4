//! Models and devices: what is found, and why.

use iddpm::checkpoint::WeightType;
use iddpm::run::{Chosen, DrawError, Threads};
use iddpm::{Device, Error, Model};

use crate::digits;

#[test]
fn a_model_says_what_it_is() {
    let sprites = Model::open("../examples/assets/sprites32.safetensors").unwrap();
    assert_eq!((sprites.classes(), sprites.columns()), (12, 12));
    assert_eq!(sprites.class("sword").unwrap(), 10);
    assert_eq!(sprites.class("10").unwrap(), 10);
    let error = sprites.class("Sword").unwrap_err();
    assert!(error.to_string().ends_with(", sword, tree"), "{error}");
    assert!(matches!(Model::open("absent"), Err(Error::Checkpoint(_))));
    assert!(matches!(
        Model::from_bytes(b"{}"),
        Err(Error::Checkpoint(_))
    ));
    // Held in f32 or as they are stored, the weights are those of the same model.
    let wide = Model::open_as("../examples/assets/sprites32.safetensors", WeightType::F32).unwrap();
    assert_eq!(wide.fingerprint().unwrap(), sprites.fingerprint().unwrap());
    assert_ne!(
        digits().fingerprint().unwrap(),
        sprites.fingerprint().unwrap()
    );
}

/// The best is a GPU that is none in software, or the processor; and it is said which, and why.
#[test]
fn the_best_device_is_never_software() {
    let studio = digits().on(Device::best()).unwrap();
    let said = studio.device().to_string();
    match studio.device() {
        Chosen::Processor { why, .. } => assert!(said.contains(why.as_str()), "{said}"),
        Chosen::Gpu { kind, .. } => assert!(!kind.starts_with("Cpu"), "{said}"),
        other => panic!("{other:?}"),
    }
    let refused = Device::named("no such adapter").open().unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with("no adapter is named like no such adapter"),
        "{refused}"
    );
    if let Some(first) = Device::list().first() {
        let (_, chosen) = Device::named(first.to_uppercase()).open().unwrap();
        assert!(chosen.to_string().contains(first), "{chosen}");
        let threads = Device::named(first).with_threads(1).open();
        assert_eq!(threads.unwrap_err(), DrawError::ThreadsOfGpu);
    }
}

/// As the variable and the command line refuse none.
#[test]
fn no_threads_are_refused() {
    let refused = Device::cpu().with_threads(0).open().unwrap_err();
    assert_eq!(
        refused.to_string(),
        "threads 0: not a whole number from 1 on"
    );
    assert_eq!(Threads::choose(Some(0)), Err(refused));
}
