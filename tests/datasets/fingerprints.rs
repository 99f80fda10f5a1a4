//! A data set is known again by what is in it, wherever it lies.

use std::borrow::Cow;

use iddpm::data::{Broken, Classes, DataError, Dataset, Example, Fault, Folder, Images};
use iddpm::unet::Extents;

use super::scratch::Scratch;
use super::{extents, fault, grey};

fn images(pixels: &[u8], labels: Option<&[u32]>, classes: Option<usize>) -> u64 {
    let labels = labels.map(<[u32]>::to_vec);
    let images = Images::new(extents(1, 1, 2), pixels.to_vec(), labels, classes);
    images.unwrap().fingerprint(Broken::Fatal).unwrap()
}

#[test]
fn of_images_in_memory() {
    let all = [
        images(&[1, 2, 3, 4], None, None),
        images(&[1, 2, 3, 5], None, None),
        images(&[3, 4, 1, 2], None, None),
        images(&[1, 2], None, None),
        images(&[1, 2, 3, 4], Some(&[0, 1]), None),
        images(&[1, 2, 3, 4], Some(&[1, 0]), None),
        images(&[1, 2, 3, 4], Some(&[0, 1]), Some(3)),
    ];
    for (at, one) in all.iter().enumerate() {
        assert!(!all[..at].contains(one), "{at}");
    }
    assert_eq!(images(&[1, 2, 3, 4], Some(&[1, 0]), Some(2)), all[5]);
    let other = Images::new(extents(1, 2, 1), vec![1, 2, 3, 4], None, None).unwrap();
    assert_ne!(other.fingerprint(Broken::Fatal).unwrap(), all[0], "extents");
}

fn folder(scratch: &Scratch, side: usize, labelled: bool) -> u64 {
    let folder = Folder::open(scratch.path(), extents(1, side, side), labelled);
    folder.unwrap().fingerprint(Broken::Fatal).unwrap()
}

#[test]
fn of_a_folder() {
    let make = |name: &str, cat: u8, dog: &str| {
        let scratch = Scratch::new(name);
        grey(&scratch.join("cat_1.png"), cat);
        grey(&scratch.join(&format!("in/{dog}")), 2);
        scratch
    };
    let one = make("one", 1, "dog_1.png");
    let print = folder(&one, 2, true);
    // Elsewhere, later, and with what is no data beside it.
    let copy = make("copy", 1, "dog_1.png");
    copy.write(".hidden.png", b"1");
    copy.write("notes.txt", b"2");
    assert_eq!(folder(&copy, 2, true), print);
    for (name, cat, dog) in [
        ("pixels", 9, "dog_1.png"),
        ("file", 1, "dog_2.png"),
        ("class", 1, "cow_1.png"),
    ] {
        assert_ne!(folder(&make(name, cat, dog), 2, true), print, "{name}");
    }
    assert_ne!(folder(&one, 3, true), print, "extents");
    assert_ne!(folder(&one, 2, false), print, "without classes");
    // As a network that was trained on it knows it.
    let names = ["cat", "dog"].map(String::from);
    let classes = Classes::Network {
        count: 2,
        names: Some(&names),
        needed: true,
    };
    let bound = Folder::open_as(one.path(), extents(1, 2, 2), classes).unwrap();
    assert_eq!(bound.fingerprint(Broken::Fatal).unwrap(), print);
    // A picture that is broken has bytes all the same.
    one.write("cat_1.png", b"no picture");
    let broken = folder(&one, 2, true);
    one.write("cat_1.png", b"no picturE");
    assert!(broken != print && folder(&one, 2, true) != broken);
}

/// A data set of somebody else's, one image of which cannot be read.
struct OneBroken(usize);

impl Dataset for OneBroken {
    fn len(&self) -> usize {
        3
    }

    fn extents(&self) -> Extents {
        extents(1, 1, 1)
    }

    fn classes(&self) -> Option<usize> {
        None
    }

    fn get(&self, index: usize) -> Result<Example<'_>, DataError> {
        if index == self.0 {
            return Err(DataError::Index { index, len: 3 });
        }
        Ok(Example {
            pixels: Cow::Owned(vec![7]),
            label: None,
        })
    }
}

#[test]
fn of_any_data_set() {
    let whole = Images::new(extents(1, 1, 1), vec![7; 3], None, None).unwrap();
    let whole = whole.fingerprint(Broken::Fatal).unwrap();
    for broken in [Broken::Fatal, Broken::Skip] {
        assert_eq!(OneBroken(3).fingerprint(broken).unwrap(), whole);
    }
    let [one, two] = [1, 2].map(|index| OneBroken(index).fingerprint(Broken::Skip).unwrap());
    assert!(one != whole && two != whole && one != two);
    let error = OneBroken(1).fingerprint(Broken::Fatal).unwrap_err();
    assert_eq!(error, DataError::Index { index: 1, len: 3 });
}

/// A file that cannot be read just now is no other data set.
#[test]
fn of_a_file_that_cannot_be_read() {
    let scratch = Scratch::new("unreadable");
    grey(&scratch.join("1.png"), 1);
    grey(&scratch.join("2.png"), 2);
    let folder = Folder::open(scratch.path(), extents(1, 2, 2), false).unwrap();
    let whole = folder.fingerprint(Broken::Fatal).unwrap();
    assert_eq!(folder.fingerprint(Broken::Skip).unwrap(), whole);
    let (there, elsewhere) = (scratch.join("2.png"), scratch.join("elsewhere"));
    std::fs::rename(&there, &elsewhere).unwrap();
    let io = fault(folder.fingerprint(Broken::Fatal), "2.png");
    assert!(matches!(io, Fault::Io { .. }), "{io}");
    assert_ne!(folder.fingerprint(Broken::Skip).unwrap(), whole);
    std::fs::rename(&elsewhere, &there).unwrap();
    assert_eq!(folder.fingerprint(Broken::Fatal).unwrap(), whole);
}
