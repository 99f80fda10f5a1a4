//! The classes of folders: told by sub-folders or by names, or asked for; and as a network numbers them.

use iddpm::data::{Classes, DataError, Dataset, Folder, Listing, Naming, Unclear};

use super::scratch::Scratch;
use super::{extents, grey};

/// The classes, and the label of each picture in the order of the listing.
fn listed(name: &str, files: &[&str]) -> Result<(Vec<String>, Vec<u32>), DataError> {
    let scratch = Scratch::new(name);
    for file in files {
        scratch.write(file, b"");
    }
    let listing = Listing::of(scratch.path())?;
    Ok((listing.classes().to_vec(), listing.labels().to_vec()))
}

fn told(name: &str, files: &[&str], classes: &[&str], labels: &[u32]) {
    let (found, numbers) = listed(name, files).unwrap();
    assert_eq!(found, classes, "{name}");
    assert_eq!(numbers, labels, "{name}");
}

#[test]
fn by_sub_folders_where_no_name_tells_it() {
    told(
        "each",
        &["cat/0000.png", "cat/0001.png", "dog/0000.png"],
        &["cat", "dog"],
        &[0, 0, 1],
    );
    // The first folder, whatever lies within; a folder's own name may have a `_`.
    told(
        "deep",
        &["sea_lion/a/1.png", "sea_lion/b/c/2.png", "cat/3.png"],
        &["cat", "sea_lion"],
        &[0, 1, 1],
    );
    told("one", &["cat/1.png"], &["cat"], &[0]);
    // A name with a _ says nothing where not every one has it.
    told(
        "underscores",
        &["cat/1.png", "cat/old_2.png", "dog/a_1.png", "dog/_.png"],
        &["cat", "dog"],
        &[0, 0, 1, 1],
    );
    told(
        "emoji",
        &["🐈 cat/1.png", "🐕/1.png"],
        &["🐈 cat", "🐕"],
        &[0, 1],
    );
}

#[test]
fn by_names_where_every_one_tells_it() {
    told(
        "flat",
        &["cat_1.png", "cat_2_3.png", "dog_1.png"],
        &["cat", "dog"],
        &[0, 0, 1],
    );
    // As ImageNet has it, and as a set divided into parts.
    told(
        "both",
        &["n01/n01_1.png", "n02/n02_1.png"],
        &["n01", "n02"],
        &[0, 1],
    );
    told(
        "parts",
        &["train/cat_1.png", "train/dog_1.png", "val/cat_2.png"],
        &["cat", "dog"],
        &[0, 1, 0],
    );
    told("single", &["axe_.png"], &["axe"], &[0]);
    told(
        "mixed",
        &["cat_1.png", "more/dog_1.png"],
        &["cat", "dog"],
        &[0, 1],
    );
}

#[test]
fn numbers_are_in_the_order_of_numbers() {
    told(
        "numbers",
        &["0_a.png", "10_a.png", "2_a.png", "007_a.png"],
        &["0", "2", "007", "10"],
        // In the order of the files.
        &[2, 0, 3, 1],
    );
    let long = "123456789012345678901234567890";
    told(
        "long",
        &[&format!("{long}/1.png"), "9/1.png", "99/1.png"],
        &["9", "99", long],
        &[2, 0, 1],
    );
    // One that is none, and all are text.
    told(
        "text",
        &["10_a.png", "2_a.png", "x_a.png"],
        &["10", "2", "x"],
        &[0, 1, 2],
    );
}

#[test]
fn anything_else_is_asked_for() {
    let cases: [(&str, &[&str], &str, Unclear); 8] = [
        ("none", &["1.png", "2.png"], "1.png", Unclear::Nothing),
        (
            "outside",
            &["cat/1.png", "dog/2.png", "3.png"],
            "3.png",
            Unclear::Neither,
        ),
        (
            "some",
            &["cat_1.png", "cat_2.png", "x.png"],
            "x.png",
            Unclear::Name,
        ),
        (
            "one folder",
            &["pets/1.png", "pets/a_1.png"],
            "1.png",
            Unclear::Name,
        ),
        ("leading", &["_1.png", "cat_1.png"], "_1.png", Unclear::Name),
        ("underscore", &["cat/_.png"], "_.png", Unclear::Name),
        (
            "camera",
            &["cat/IMG_1.png", "dog/IMG_2.png"],
            "IMG_2.png",
            Unclear::Folders,
        ),
        ("single", &["photo.png"], "photo.png", Unclear::Nothing),
    ];
    for (name, files, file, why) in cases {
        let error = listed(&format!("asked-{name}"), files).unwrap_err();
        let DataError::Unclear { path, why: found } = &error else {
            panic!("{name}: {error}");
        };
        assert_eq!(
            (path.file_name().unwrap().to_str().unwrap(), *found),
            (file, why),
            "{name}"
        );
        let text = error.to_string();
        assert!(text.starts_with(&path.display().to_string()), "{text}");
        for way in ["cat/1.png", "cat_1.png", "no classes", "archive"] {
            assert!(text.contains(way), "{text}");
        }
    }
    // Without classes nothing is asked.
    let scratch = Scratch::new("unasked");
    scratch.write("1.png", b"");
    scratch.write("_2.png", b"");
    let listing = Listing::unlabelled(scratch.path()).unwrap();
    assert_eq!(
        (
            listing.files().len(),
            listing.labels(),
            listing.classes().len()
        ),
        (2, &[][..], 0)
    );
}

/// Two that differ in bytes which are no text would be one class.
#[cfg(target_os = "linux")]
#[test]
fn a_class_is_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let scratch = Scratch::new("bytes");
    let write = |name: &[u8]| {
        std::fs::write(scratch.path().join(OsStr::from_bytes(name)), b"").unwrap();
    };
    // Behind the class any name will do.
    write(b"cat_\xFF.png");
    assert_eq!(Listing::of(scratch.path()).unwrap().classes(), ["cat"]);
    write(b"d\xFFg_1.png");
    let error = Listing::of(scratch.path()).unwrap_err();
    assert!(
        matches!(
            error,
            DataError::Unclear {
                why: Unclear::Text,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(
        Listing::unlabelled(scratch.path()).unwrap().files().len(),
        2
    );
}

/// The labels of pictures as a network numbers them.
fn bound(
    name: &str,
    files: &[&str],
    count: usize,
    names: Option<&[&str]>,
) -> Result<Vec<u32>, DataError> {
    let scratch = Scratch::new(name);
    for file in files {
        grey(&scratch.join(file), 1);
    }
    let names: Option<Vec<String>> =
        names.map(|names| names.iter().map(|&name| name.into()).collect());
    let classes = Classes::Network {
        count,
        names: names.as_deref(),
        needed: true,
    };
    let folder = Folder::open_as(scratch.path(), extents(1, 2, 2), classes)?;
    assert_eq!(folder.classes(), Some(count));
    assert_eq!(folder.class_names(), names.as_deref());
    let label = |index| folder.get(index).unwrap().label.unwrap();
    let labels: Vec<u32> = (0..folder.len()).map(label).collect();
    assert_eq!(folder.labels(), Some(&labels[..]));
    Ok(labels)
}

#[test]
fn names_are_the_networks_in_any_order() {
    let names: &[&str] = &["dog", "axe", "cat"];
    let labels = bound(
        "any",
        &["cat_1.png", "axe_1.png", "dog_1.png"],
        3,
        Some(names),
    );
    assert_eq!(labels.unwrap(), [1, 2, 0], "axe, cat, dog");
    let labels = bound("few", &["cat/1.png"], 3, Some(names));
    assert_eq!(labels.unwrap(), [2]);
    let error = bound("other", &["cat_1.png", "cow_1.png"], 3, Some(names)).unwrap_err();
    let DataError::UnknownClass {
        path,
        class,
        classes: 3,
        names,
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!(path.file_name().unwrap(), "cow_1.png");
    assert_eq!((class.as_str(), names.len()), ("cow", 3));
    assert!(
        error.to_string().ends_with("0 to 2, or dog, axe, cat"),
        "{error}"
    );
}

/// `007_` is 7, and 10 does not come before 2.
#[test]
fn numbers_are_the_networks() {
    let files = ["0_a.png", "10_a.png", "11_a.png", "007_a.png", "2_a.png"];
    let sorted = [7, 0, 10, 11, 2];
    for names in [None, Some(&["a"; 12][..])] {
        // The names of networks are no numbers here: these are.
        let labels = bound("numbers", &files, 12, names);
        assert_eq!(labels.unwrap(), sorted, "in the order of the names");
    }
    // All that are there, from 1 on: not one of them is shifted.
    let error = bound("shifted", &["1_a.png", "2_a.png", "3_a.png"], 3, None).unwrap_err();
    assert!(
        matches!(&error, DataError::UnknownClass { path, class, .. }
            if path.ends_with("3_a.png") && class == "3"),
        "{error}"
    );
    for class in ["12", "99999999999999999999"] {
        let error = bound("past", &[&format!("{class}_a.png")], 12, None).unwrap_err();
        assert!(error.to_string().contains("0 to 11"), "{error}");
    }
    // A network whose names are numbers means those.
    let names = Some(&["3", "7"][..]);
    assert_eq!(
        bound("named", &["7_a.png", "3_a.png"], 2, names).unwrap(),
        [0, 1]
    );
    assert!(bound("unnamed", &["0_a.png", "1_a.png"], 2, names).is_err());
}

/// A class that the network has is not said to be none of its own.
#[test]
fn numbers_beside_names() {
    let names = Some(&["cat", "dog"][..]);
    let error = bound("mixed", &["1_a.png", "cat_a.png"], 2, names).unwrap_err();
    assert!(
        matches!(&error, DataError::MixedClasses { path, class }
            if path.ends_with("1_a.png") && class == "1"),
        "{error}"
    );
    for (names, other) in [(names, "elf"), (names, "2"), (None, "cat")] {
        let other = format!("{other}_a.png");
        let error = bound("other", &["1_a.png", &other, "dog_a.png"], 2, names).unwrap_err();
        assert!(
            matches!(&error, DataError::UnknownClass { path, .. } if path.ends_with(&other)),
            "{error}"
        );
    }
}

/// As the public implementation numbers them, whose networks have no names.
#[test]
fn all_classes_of_a_network_without_names() {
    let labels = bound("all", &["b_1.png", "a_1.png", "c_1.png"], 3, None);
    assert_eq!(labels.unwrap(), [0, 1, 2]);
    // Only some: which numbers they had is not known.
    let error = bound("some", &["b_1.png", "a_1.png"], 3, None).unwrap_err();
    assert!(matches!(error, DataError::UnknownClass { .. }), "{error}");
}

/// What is written by these names is read again, by a network and as data of its own.
#[test]
fn names_for_pictures_are_read_again() {
    let sets: [(&str, Option<&[&str]>, &str); 7] = [
        ("words", Some(&["dog", "cat", "sea lion"]), "cat_000004.png"),
        (
            "underscores",
            Some(&["dog", "sea_lion", "cat"]),
            "sea_lion/000004.png",
        ),
        ("numbers", Some(&["7", "3", "10"]), "3_000004.png"),
        ("nameless", None, "1_000004.png"),
        ("slashes", Some(&["a/b", "../c", "d"]), "1_000004.png"),
        ("capitals", Some(&["cat", "Cat", "dog"]), "1_000004.png"),
        ("hidden", Some(&[".cat", "x", "dog"]), "1_000004.png"),
    ];
    for (set, names, second) in sets {
        let own: Option<Vec<String>> =
            names.map(|names| names.iter().map(|&name| name.into()).collect());
        let naming = Naming::new(own.as_deref());
        assert_eq!(naming.path(Some(1), 4).to_str(), Some(second), "{set}");
        // Every class, in turn, and the last image once more.
        let drawn: Vec<u32> = (0..7).map(|number| number % 3).collect();
        let paths: Vec<String> = (0_u64..)
            .zip(&drawn)
            .map(|(number, &label)| naming.path(Some(label), number).to_str().unwrap().into())
            .collect();
        let files: Vec<&str> = paths.iter().map(String::as_str).collect();
        let mut sorted: Vec<(&str, u32)> = files.iter().copied().zip(drawn).collect();
        sorted.sort_unstable();
        let expected: Vec<u32> = sorted.into_iter().map(|(_, label)| label).collect();
        let labels = bound(&format!("again-{set}"), &files, 3, names);
        assert_eq!(labels.unwrap(), expected, "{set}");
    }
    assert_eq!(
        Naming::new(None).path(None, 12).to_str(),
        Some("000012.png")
    );
}
