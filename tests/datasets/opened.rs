//! Any path as a data set: what it is, what is said of it, and what is refused before it is read.

use std::collections::BTreeMap;

use iddpm::data::{self, Classes, DataError, Fault, Fit, Kind, Opened, Options, cifar10};

use super::scratch::Scratch;
use super::{extents, fault, grey};

const PICTURES: Fit<'_> = Fit::Pictures {
    extents: extents(1, 2, 2),
    given: &[],
};

fn open(path: impl AsRef<std::path::Path>) -> Result<Opened, DataError> {
    let classes = Classes::Own;
    data::open(
        path,
        &Options {
            fit: PICTURES,
            classes,
            alpha: None,
        },
    )
}

/// Images of zeros of a shape, and labels.
fn archive(shape: [usize; 4], labels: &[i64]) -> Vec<u8> {
    super::archive::archive(shape, &vec![0; shape.iter().product()], labels)
}

fn batch(labels: &[u8]) -> Vec<u8> {
    let record = |&label: &u8| [&[label][..], &[0; 3072]].concat();
    labels.iter().flat_map(record).collect()
}

/// By what is in it, in capitals or not.
#[test]
fn every_kind() {
    let scratch = Scratch::new("kinds");
    grey(&scratch.join("pets/cat_1.png"), 1);
    grey(&scratch.join("pets/dog_1.jpg"), 1);
    scratch.write("pets/a.tiff", b"");
    let opened = open(scratch.join("pets")).unwrap();
    assert_eq!((opened.kind, opened.data.len()), (Kind::Folder, 2));
    assert_eq!(
        opened.to_string(),
        format!(
            "2 images of {}, a folder of pictures: 2x2, 1 channel; 2 classes: cat (1), dog (1)\n\
             passed over: 1 .tiff",
            scratch.join("pets").display()
        )
    );
    grey(&scratch.join("axe_1.bin"), 1);
    let opened = open(scratch.join("axe_1.bin")).unwrap();
    assert_eq!(
        (opened.kind, opened.data.class_names().unwrap()),
        (Kind::Picture, &["axe".into()][..])
    );
    for name in ["x.npz", "X.NPZ", "x.zip", "x"] {
        let path = scratch.write(name, &archive([3, 4, 5, 3], &[0, 2, 2]));
        let opened = open(&path).unwrap();
        assert_eq!(
            (opened.kind, opened.counts()),
            (Kind::Archive, &BTreeMap::from([(0, 1), (2, 2)]))
        );
        assert_eq!(
            opened.to_string(),
            format!(
                "3 images of {}, an archive: 5x4, 3 channels; 2 of 3 classes: 0 (1), 2 (2)",
                path.display()
            )
        );
    }
    for name in ["one.bin", "ONE.BIN"] {
        let path = scratch.write(name, &batch(&[3, 3]));
        let opened = open(path).unwrap();
        assert_eq!(
            (opened.kind, opened.data.extents()),
            (Kind::Cifar10, cifar10::EXTENTS)
        );
        assert!(
            opened.to_string().ends_with("1 of 10 classes: 3 (2)"),
            "{opened}"
        );
    }
}

#[test]
fn the_folder_of_cifar_10() {
    let scratch = Scratch::new("cifar-folder");
    for number in 1..=5 {
        scratch.write(&format!("data_batch_{number}.bin"), &batch(&[number]));
    }
    scratch.write("test_batch.bin", &batch(&[0]));
    scratch.write("readme.html", b"");
    grey(&scratch.join("cat_1.png"), 1);
    let opened = open(scratch.path()).unwrap();
    assert_eq!((opened.kind, opened.data.len()), (Kind::Cifar10, 5));
    assert_eq!(opened.passed.to_string(), "1 .bin, 1 .html, 1 .png");
    // Four fifths of it are not all of it.
    std::fs::remove_file(scratch.join("data_batch_3.bin")).unwrap();
    assert!(matches!(
        fault(open(scratch.path()), "data_batch_3.bin"),
        Fault::Io { .. }
    ));
}

#[test]
fn cifar_10_for_python() {
    let scratch = Scratch::new("python");
    for number in 1..=5 {
        scratch.write(&format!("data_batch_{number}"), b"\x80\x04");
    }
    for path in [scratch.path().to_path_buf(), scratch.join("data_batch_2")] {
        let error = open(&path).unwrap_err();
        assert_eq!(error, DataError::PythonCifar10 { path });
        let text = error.to_string();
        assert!(
            text.contains("for Python") && text.contains("data_batch_1.bin"),
            "{text}"
        );
    }
}

#[test]
fn what_is_no_data() {
    let scratch = Scratch::new("no-data");
    for (name, bytes, what) in [
        ("a.npy", &b"\x93NUMPY\x01\x00"[..], "numpy.savez"),
        (
            "a.npz",
            b"version https://git-lfs.github.com/spec/v1",
            "git lfs pull",
        ),
        ("a.tar.gz", b"\x1F\x8B\x08", "unpacked"),
        ("a.png", b"<!DOCTYPE html>", "web page"),
        ("a.tif", b"II*\0", "not read"),
        ("a.txt", b"text", "by its first bytes"),
        ("empty", b"", "is empty;"),
    ] {
        let path = scratch.write(name, bytes);
        let error = open(&path).unwrap_err();
        assert!(
            matches!(error, DataError::Unknown { .. }),
            "{name}: {error}"
        );
        let text = error.to_string();
        assert!(text.starts_with(&path.display().to_string()), "{text}");
        assert!(
            text.contains(what) && text.contains("an .npz archive"),
            "{text}"
        );
        assert!(text.contains(".webp") && text.contains(".bin"), "{text}");
    }
    let missing = fault(open(scratch.join("missing")), "missing");
    assert!(matches!(missing, Fault::Io { .. }));
    let text = fault(open(scratch.write("b.npz", b"text")), "b.npz");
    assert!(matches!(text, Fault::Archive { .. }));
    // The same of a picture in a folder, when it is asked for.
    scratch.write(
        "pets/cat_1.png",
        b"version https://git-lfs.github.com/spec/v1",
    );
    let opened = open(scratch.join("pets")).unwrap();
    let fault = fault(opened.data.get(0), "cat_1.png");
    assert!(fault.to_string().contains("git lfs pull"), "{fault}");
}

/// An option that was given and changes nothing is named.
#[test]
fn options_without_effect() {
    let scratch = Scratch::new("given");
    grey(&scratch.join("pets/cat_1.png"), 1);
    let npz = scratch.write("x.npz", &archive([1, 4, 4, 3], &[]));
    let bin = scratch.write("x.bin", &batch(&[1]));
    let fit = Fit::Pictures {
        extents: extents(1, 2, 2),
        given: &["--grey", "--size"],
    };
    let classes = Classes::Own;
    for (path, kind) in [(npz, Kind::Archive), (bin, Kind::Cifar10)] {
        let error = data::open(
            &path,
            &Options {
                fit,
                classes,
                alpha: None,
            },
        )
        .unwrap_err();
        let options = vec!["--grey".into(), "--size".into()];
        assert!(error.to_string().starts_with("--grey, --size: "), "{error}");
        assert!(
            error.to_string().contains(&path.display().to_string()),
            "{error}"
        );
        assert_eq!(
            error,
            DataError::NoEffect {
                path,
                kind,
                options
            }
        );
    }
    assert!(
        data::open(
            scratch.join("pets"),
            &Options {
                fit,
                classes,
                alpha: None
            }
        )
        .is_ok()
    );
}

/// Before a pixel is read: what follows the head is missing here.
#[test]
fn sizes_are_compared_first() {
    let scratch = Scratch::new("sizes");
    let classes = Classes::None;
    let exactly = |path, channels, height, width| {
        let fit = Fit::Exactly(extents(channels, height, width));
        data::open(
            path,
            &Options {
                fit,
                classes,
                alpha: None,
            },
        )
    };
    let path = scratch.write("x.npz", &archive([1, 4, 5, 3], &[]));
    assert!(exactly(&path, 3, 4, 5).is_ok());
    for (channels, height, width) in [(3, 5, 4), (1, 4, 5), (3, 4, 4)] {
        let found = extents(3, 4, 5);
        let expected = extents(channels, height, width);
        let fault = fault(exactly(&path, channels, height, width), "x.npz");
        assert_eq!(fault, Fault::Extents { found, expected });
        assert!(fault.to_string().contains("5x4, 3 channels"), "{fault}");
    }
    let path = scratch.write("x.bin", b"not even looked at");
    let fault = fault(exactly(&path, 3, 16, 16), "x.bin");
    assert!(fault.to_string().contains("32x32"), "{fault}");
    grey(&scratch.join("pets/a_1.png"), 9);
    let opened = exactly(&scratch.join("pets"), 3, 5, 7).unwrap();
    assert_eq!(opened.data.get(0).unwrap().pixels.as_ref(), [9; 105]);
}

fn network(count: usize, names: Option<&[String]>, needed: bool) -> Classes<'_> {
    Classes::Network {
        count,
        names,
        needed,
    }
}

#[test]
fn classes_of_a_network() {
    let scratch = Scratch::new("network");
    let with = |path: &std::path::Path, classes| {
        data::open(
            path,
            &Options {
                fit: PICTURES,
                classes,
                alpha: None,
            },
        )
    };
    let labelled = scratch.write("labelled.npz", &archive([3, 2, 2, 1], &[0, 4, 0]));
    let opened = with(&labelled, network(6, None, true)).unwrap();
    assert_eq!(
        (opened.data.classes(), opened.counts()),
        (Some(6), &BTreeMap::from([(0, 2), (4, 1)]))
    );
    let names = ["a", "b", "c", "d", "e"].map(String::from);
    let opened = with(&labelled, network(5, Some(&names), true)).unwrap();
    assert!(
        opened.to_string().ends_with("2 of 5 classes: a (2), e (1)"),
        "{opened}"
    );
    let label = fault(with(&labelled, network(4, None, false)), "labelled.npz");
    assert_eq!(
        label,
        Fault::Label {
            index: 1,
            label: 4,
            classes: 4
        }
    );
    let opened = with(&labelled, Classes::None).unwrap();
    assert_eq!(
        (opened.data.classes(), opened.data.get(1).unwrap().label),
        (None, None)
    );
    assert!(opened.to_string().ends_with("no classes"), "{opened}");
    let cifar = scratch.write("x.bin", &batch(&[9]));
    assert_eq!(
        with(&cifar, network(12, None, true))
            .unwrap()
            .data
            .classes(),
        Some(12)
    );
    assert!(with(&cifar, network(9, None, true)).is_err());

    let bare = scratch.write("bare.npz", &archive([1, 2, 2, 1], &[]));
    let error = with(&bare, network(4, None, true)).unwrap_err();
    assert_eq!(
        error,
        DataError::Unlabelled {
            path: bare.clone(),
            classes: 4
        }
    );
    assert_eq!(
        with(&bare, network(4, None, false)).unwrap().data.classes(),
        None
    );
    assert_eq!(with(&bare, Classes::Own).unwrap().data.classes(), None);
}

/// Where classes are not needed, pictures whose class is not the network's have none.
#[test]
fn classes_that_are_not_needed() {
    let scratch = Scratch::new("optional");
    let names = ["cat", "dog"].map(String::from);
    grey(&scratch.join("photo.jpg"), 1);
    grey(&scratch.join("IMG_1.jpg"), 1);
    grey(&scratch.join("dog_1.jpg"), 1);
    let label = |name: &str, needed| {
        let classes = network(2, Some(&names), needed);
        let opened = data::open(
            scratch.join(name),
            &Options {
                fit: PICTURES,
                classes,
                alpha: None,
            },
        );
        opened.map(|opened| opened.data.get(0).unwrap().label)
    };
    assert_eq!(label("dog_1.jpg", false).unwrap(), Some(1));
    assert_eq!(label("dog_1.jpg", true).unwrap(), Some(1));
    assert_eq!(label("photo.jpg", false).unwrap(), None);
    assert!(matches!(
        label("photo.jpg", true),
        Err(DataError::Unclear { .. })
    ));
    assert_eq!(label("IMG_1.jpg", false).unwrap(), None);
    assert!(matches!(
        label("IMG_1.jpg", true),
        Err(DataError::UnknownClass { .. })
    ));
    // One that is none of the network's, among others that are.
    for name in ["dog_1.jpg", "IMG_1.jpg", "1_a.jpg"] {
        grey(&scratch.join(&format!("among/{name}")), 1);
    }
    for needed in [true, false] {
        assert!(matches!(
            label("among", needed),
            Err(DataError::UnknownClass { class, .. }) if class == "IMG"
        ));
    }
    std::fs::remove_file(scratch.join("among/IMG_1.jpg")).unwrap();
    for needed in [true, false] {
        assert!(matches!(
            label("among", needed),
            Err(DataError::MixedClasses { class, .. }) if class == "1"
        ));
    }
}

/// A label of four billion is one class more than any image has.
#[test]
fn labels_do_not_count_classes() {
    let scratch = Scratch::new("last");
    let path = scratch.write("x.npz", &archive([1, 1, 1, 1], &[i64::from(u32::MAX)]));
    let opened = open(path).unwrap();
    assert_eq!(opened.data.classes(), Some(1 << 32));
    assert!(
        opened
            .to_string()
            .ends_with("1 of 4294967296 classes: 4294967295 (1)")
    );
}

#[test]
fn many_classes_are_not_all_named() {
    let scratch = Scratch::new("thousand");
    let labels: Vec<i64> = (0..1000).collect();
    let path = scratch.write("x.npz", &archive([1000, 1, 1, 1], &labels));
    let text = open(path).unwrap().to_string();
    assert!(text.contains("1000 classes: 0 (1), 1 (1), "), "{text}");
    assert!(text.ends_with("19 (1) and 980 more"), "{text}");
}

/// Sides and transparency as most pictures, or any of them, have them.
#[test]
fn pictures_as_they_are() {
    let own = |path: &std::path::Path, options: &Options<'_>| {
        let opened = data::open(path, options).unwrap();
        let iddpm::unet::Extents {
            channels,
            height,
            width,
        } = opened.data.extents();
        assert_eq!(height, width);
        (channels, height)
    };
    // Of most of them, in both directions; a multiple of 4 where there is one, and at most 64.
    for (name, sizes, side) in [
        ("icons", &[(24, 24), (24, 24), (16, 16)][..], 24),
        ("wide", &[(300, 36), (38, 90), (4, 4)], 36),
        ("photos", &[(640, 480), (480, 640), (32, 32)], 64),
        ("tiny", &[(3, 2), (3, 3)], 3),
        ("dots", &[(1, 9)], 1),
    ] {
        let scratch = Scratch::new(&format!("own-{name}"));
        for (at, &(width, height)) in sizes.iter().enumerate() {
            let picture = image::RgbImage::from_pixel(width, height, image::Rgb([9, 99, 200]));
            picture.save(scratch.join(&format!("{at}.png"))).unwrap();
        }
        // What is broken has no say.
        scratch.write("9.png", b"no picture");
        assert_eq!(
            own(scratch.path(), &Options::default()),
            (3, side),
            "{name}"
        );
        assert_eq!(own(scratch.path(), &Options::square(6)), (3, 6), "{name}");
        let grey = Options {
            fit: Fit::Own {
                side: None,
                grey: true,
                given: &[],
            },
            ..Options::default()
        };
        assert_eq!(own(scratch.path(), &grey), (1, side), "{name}");
        // One of them is transparent, in one pixel.
        let mut picture = image::RgbaImage::from_pixel(8, 8, image::Rgba([9, 99, 200, 255]));
        picture.put_pixel(3, 7, image::Rgba([0, 0, 0, 254]));
        picture.save(scratch.join("5.png")).unwrap();
        assert_eq!(own(scratch.path(), &Options::square(8)), (4, 8), "{name}");
        let white = Options {
            alpha: Some(data::Alpha::WHITE),
            ..Options::square(8)
        };
        assert_eq!(own(scratch.path(), &white), (3, 8), "{name}");
        assert_eq!(own(scratch.path(), &grey).0, 1, "{name}");
    }
}

/// Where nothing tells of classes there are none; a network that needs them is told so.
#[test]
fn a_flat_folder_has_no_classes() {
    let scratch = Scratch::new("flat");
    grey(&scratch.join("a.png"), 1);
    grey(&scratch.join("b-c.png"), 1);
    assert_eq!(open(scratch.path()).unwrap().data.classes(), None);
    let options = Options {
        fit: PICTURES,
        classes: network(2, None, true),
        alpha: None,
    };
    let error = data::open(scratch.path(), &options).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no name has a _, and there is no sub-folder")
    );
    // One in a folder: that of the other is not guessed.
    grey(&scratch.join("cats/d.png"), 1);
    assert!(matches!(
        open(scratch.path()),
        Err(DataError::Unclear { .. })
    ));
}
