//! CIFAR-10's files, against one made by hand from the format's description.

use iddpm::data::{Dataset, Fault, cifar10};

use super::fault;
use super::scratch::Scratch;

/// A record: red falls from the top, green from the left, blue is the label.
fn record(label: u8) -> Vec<u8> {
    let plane = |value: fn(usize, usize) -> usize| {
        (0..32).flat_map(move |y| (0..32).map(move |x| value(x, y) as u8))
    };
    let mut bytes = vec![label];
    bytes.extend(plane(|_, y| 8 * y));
    bytes.extend(plane(|x, _| 8 * x));
    bytes.extend(std::iter::repeat_n(label, 1024));
    bytes
}

#[test]
fn records_are_labels_and_planes() {
    let images = cifar10::from_bytes(&[record(7), record(0)].concat()).unwrap();
    assert_eq!(images.extents(), cifar10::EXTENTS);
    assert_eq!((images.len(), images.classes()), (2, Some(10)));
    let example = images.get(0).unwrap();
    assert_eq!(example.label, Some(7));
    let pixel = |channel: usize, y: usize, x: usize| example.pixels[channel * 1024 + y * 32 + x];
    assert_eq!(
        [pixel(0, 3, 5), pixel(1, 3, 5), pixel(2, 3, 5)],
        [24, 40, 7]
    );
    assert_eq!(
        [pixel(0, 31, 0), pixel(1, 31, 0), pixel(2, 31, 0)],
        [248, 0, 7]
    );
    assert_eq!(images.get(1).unwrap().label, Some(0));
}

#[test]
fn a_training_set_is_five_files() {
    let scratch = Scratch::new("cifar");
    for batch in 1..=5 {
        let name = format!("data_batch_{batch}.bin");
        scratch.write(&name, &[record(batch), record(9)].concat());
    }
    scratch.write("test_batch.bin", &record(0));
    let images = cifar10::train(scratch.path()).unwrap();
    assert_eq!(images.labels().unwrap(), [1, 9, 2, 9, 3, 9, 4, 9, 5, 9]);
    let test = cifar10::files([scratch.join("test_batch.bin")]).unwrap();
    assert_eq!(test.labels().unwrap(), [0]);

    std::fs::remove_file(scratch.join("data_batch_4.bin")).unwrap();
    let missing = fault(cifar10::train(scratch.path()), "data_batch_4.bin");
    assert!(matches!(missing, Fault::Io { .. }));
}

#[test]
fn a_broken_file_is_named() {
    let scratch = Scratch::new("cifar-broken");
    let mut wrong = record(3);
    wrong[0] = 10;
    let label = Fault::Label {
        index: 1,
        label: 10,
        classes: 10,
    };
    let length = |bytes| Fault::Length {
        bytes,
        record: 3073,
    };
    let cases = [
        (record(3)[..3072].to_vec(), length(3072)),
        (Vec::new(), length(0)),
        ([record(3), vec![1]].concat(), length(3074)),
        ([record(3), wrong].concat(), label),
    ];
    for (bytes, expected) in cases {
        let path = scratch.write("data.bin", &bytes);
        assert_eq!(fault(cifar10::files([path]), "data.bin"), expected);
        assert_eq!(cifar10::from_bytes(&bytes), Err(expected));
    }
}
