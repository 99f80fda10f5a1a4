//! Folders of pictures. What is listed, and in which order, is also a golden case.

use std::path::Path;

use iddpm::data::{DataError, Dataset, Fault, Folder, Listing};
use image::{GrayImage, Luma};

use super::scratch::Scratch;
use super::{extents, fault};

fn grey(path: &Path, value: u8) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    GrayImage::from_pixel(4, 4, Luma([value]))
        .save(path)
        .unwrap();
}

fn folder(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    grey(&scratch.join("dog_1.png"), 10);
    grey(&scratch.join("more/cat_1.png"), 20);
    grey(&scratch.join("more/dog_2.png"), 30);
    scratch
}

#[test]
fn pictures_and_the_classes_their_names_tell() {
    let scratch = folder("folder");
    let images = Folder::open(scratch.path(), extents(1, 2, 2), true).unwrap();
    assert_eq!((images.len(), images.classes()), (3, Some(2)));
    assert_eq!(images.listing().classes(), ["cat", "dog"]);
    let all = [(10, Some(1)), (20, Some(0)), (30, Some(1))];
    for (index, (value, label)) in all.into_iter().enumerate() {
        let example = images.get(index).unwrap();
        assert_eq!(
            (example.pixels.as_ref(), example.label),
            (&[value; 4][..], label)
        );
    }
    let unlabelled = Folder::open(scratch.path(), extents(3, 2, 2), false).unwrap();
    assert_eq!(unlabelled.classes(), None);
    let example = unlabelled.get(1).unwrap();
    assert_eq!(
        (example.pixels.as_ref(), example.label),
        (&[20; 12][..], None)
    );
}

#[test]
fn many_threads_ask_at_once() {
    let scratch = folder("threads");
    let images = Folder::open(scratch.path(), extents(1, 4, 4), true).unwrap();
    let images: &dyn Dataset = &images;
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for turn in 0..30 {
                    let index = (thread + turn) % 3;
                    let example = images.get(index).unwrap();
                    assert_eq!(usize::from(example.pixels[0]), 10 * (index + 1));
                }
            });
        }
    });
}

#[test]
fn a_folder_named_like_a_picture_is_a_folder() {
    let scratch = Scratch::new("named");
    grey(&scratch.join("odd.png/a_1.png"), 1);
    grey(&scratch.join("b.PNG"), 2);
    let listing = Listing::of(scratch.path()).unwrap();
    assert_eq!(listing.files().len(), 2);
    // Without a `_` the whole name is the class, as in the public implementation.
    assert_eq!(listing.classes(), ["a", "b.PNG"]);
}

#[test]
fn a_folder_without_pictures_is_named() {
    let scratch = Scratch::new("empty");
    scratch.write("notes.txt", b"nothing to see");
    std::fs::create_dir(scratch.join("inner")).unwrap();
    let error = Folder::open(scratch.path(), extents(1, 2, 2), true).unwrap_err();
    let path = scratch.path().to_path_buf();
    assert_eq!(
        error.to_string(),
        format!("{}: no image in this folder", path.display())
    );
    assert_eq!(error, DataError::EmptyFolder { path });

    let missing = Listing::of(scratch.join("missing"));
    assert!(matches!(fault(missing, "missing"), Fault::Io { .. }));
}

#[cfg(unix)]
#[test]
fn links_are_followed_but_not_in_circles() {
    use std::os::unix::fs::symlink;
    let elsewhere = folder("elsewhere");
    let scratch = Scratch::new("links");
    symlink(elsewhere.path(), scratch.join("pictures")).unwrap();
    assert_eq!(Listing::of(scratch.path()).unwrap().files().len(), 3);
    symlink(scratch.path(), scratch.join("self")).unwrap();
    let circle = Listing::of(scratch.path());
    assert!(matches!(fault(circle, "self"), Fault::Io { .. }));
}

/// The others are there all the same: whether to go on is for the caller to say.
#[test]
fn one_broken_picture_is_one_error() {
    let scratch = folder("broken");
    scratch.write("more/broken_1.png", b"\x89PNG\r\n\x1a\nand no more");
    let images = Folder::open(scratch.path(), extents(1, 2, 2), true).unwrap();
    assert_eq!(images.len(), 4);
    let broken = fault(images.get(1), "broken_1.png");
    assert!(matches!(broken, Fault::Undecodable { .. }), "{broken}");
    assert!([0, 2, 3].into_iter().all(|index| images.get(index).is_ok()));
    assert_eq!(
        images.get(4).unwrap_err(),
        DataError::Index { index: 4, len: 4 }
    );
}
