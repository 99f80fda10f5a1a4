//! Folders of pictures. What is listed, and in which order, is also a golden case.

use iddpm::data::{DataError, Dataset, Fault, Folder, Listing, Passed};

use super::scratch::Scratch;
use super::{extents, fault, grey};

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
    grey(&scratch.join("b_1.PNG"), 2);
    let listing = Listing::of(scratch.path()).unwrap();
    assert_eq!(listing.files().len(), 2);
    assert_eq!(listing.classes(), ["a", "b"]);
}

/// A folder as it came from a Mac, Windows, a notebook and a careless download, with eight pictures.
#[test]
fn what_is_no_data_is_counted() {
    let scratch = Scratch::new("passed");
    for name in [
        "cat_0.png",
        "deep/er/cat_1.jpg",
        "dog_0.BMP",
        "dog_1.WebP",
        "dog_2.jpeg",
    ] {
        grey(&scratch.join(name), 1);
    }
    for name in [
        "._cat_0.png",
        ".DS_Store",
        ".png",
        "Thumbs.db",
        "deep/desktop.ini",
    ] {
        scratch.write(name, b"no picture");
    }
    for name in [
        "__MACOSX/._cat_0.png",
        "__MACOSX/more.png",
        ".ipynb_checkpoints/cat_9.png",
    ] {
        scratch.write(name, b"no picture");
    }
    for name in [
        "a.tiff",
        "b.TIFF",
        "c.txt",
        "deep/d.txt",
        "e.txt",
        "noext",
        "f.not a suffix",
    ] {
        scratch.write(name, b"");
    }
    let listing = Listing::of(scratch.path()).unwrap();
    assert_eq!(listing.files().len(), 5);
    assert_eq!(listing.classes(), ["cat", "dog"]);
    let passed = listing.passed();
    // Two folders of what is hidden, with all that is in them, are one each.
    assert_eq!((passed.hidden, passed.total()), (7, 14));
    assert_eq!(
        passed.to_string(),
        "3 .txt, 2 without a suffix, 2 .tiff, 7 hidden"
    );
    let nothing = Passed::default();
    assert!(nothing.is_empty() && nothing.to_string().is_empty());
}

#[test]
fn many_suffixes_are_not_all_named() {
    let scratch = Scratch::new("suffixes");
    grey(&scratch.join("a_1.png"), 1);
    for number in 0..12 {
        scratch.write(&format!("x.s{number}"), b"");
        scratch.write(&format!("y.s{}", number % 2), b"");
    }
    let listing = Listing::of(scratch.path()).unwrap();
    let text = listing.passed().to_string();
    assert!(text.starts_with("2 .s0, 2 .s1, 1 .s10, "), "{text}");
    assert!(text.ends_with(", 4 of other suffixes"), "{text}");
    assert_eq!(listing.passed().total(), 14);
}

/// A folder that itself is hidden is one that was asked for.
#[test]
fn a_hidden_folder_can_be_asked_for() {
    let scratch = Scratch::new("hidden");
    grey(&scratch.join(".cache/a_1.png"), 1);
    assert_eq!(
        Listing::of(scratch.join(".cache")).unwrap().files().len(),
        1
    );
}

#[test]
fn a_folder_without_pictures_is_named() {
    let scratch = Scratch::new("empty");
    scratch.write("notes.txt", b"nothing to see");
    scratch.write("inner/a.tiff", b"");
    scratch.write("inner/b.tiff", b"");
    let error = Folder::open(scratch.path(), extents(1, 2, 2), true).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{}: no image in this folder or below it (.png, .jpg, .jpeg, .gif, .webp, .bmp are read); \
             passed over: 2 .tiff, 1 .txt",
            scratch.path().display()
        )
    );
    assert!(matches!(error, DataError::EmptyFolder { passed, .. } if passed.total() == 3));
    let error = Listing::of(scratch.join("inner/none"));
    assert!(matches!(fault(error, "none"), Fault::Io { .. }));
    std::fs::create_dir(scratch.join("bare")).unwrap();
    let error = Listing::of(scratch.join("bare")).unwrap_err();
    assert!(error.to_string().ends_with(" are read)"), "{error}");
}

#[cfg(unix)]
#[test]
fn links_are_followed_but_not_in_circles_nor_to_nothing() {
    use std::os::unix::fs::symlink;
    let elsewhere = folder("elsewhere");
    let scratch = Scratch::new("links");
    symlink(elsewhere.path(), scratch.join("pictures")).unwrap();
    symlink(elsewhere.join("dog_1.png"), scratch.join("wolf_1.png")).unwrap();
    assert_eq!(Listing::of(scratch.path()).unwrap().files().len(), 4);
    symlink(scratch.path(), scratch.join("self")).unwrap();
    symlink("nowhere.png", scratch.join("lost.png")).unwrap();
    symlink("nowhere", scratch.join("lost")).unwrap();
    symlink("nowhere", scratch.join(".lost")).unwrap();
    symlink("wolf_1.png/below", scratch.join("below.png")).unwrap();
    symlink("ring.png", scratch.join("ring.png")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(scratch.join("socket.png")).unwrap();
    let listing = Listing::of(scratch.path()).unwrap();
    assert_eq!(listing.files().len(), 4);
    assert_eq!(
        listing.passed().to_string(),
        "1 hidden, 3 dangling (a link to nothing), 2 circular (a link that leads back), \
         1 special (a device, pipe or socket)"
    );
    // Asked for itself, it is no entry to be passed over.
    assert!(matches!(
        fault(Listing::of(scratch.join("lost")), "lost"),
        Fault::Io { .. }
    ));
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
