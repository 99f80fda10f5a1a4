//! npz archives: those of NumPy and of the `npyz` crate are read; broken ones are named.

use std::fs::File;
use std::io::Cursor;

use iddpm::data::{Dataset, Fault, npz};
use iddpm::unet::Extents;
use npyz::{NpyFile, WriteOptions, WriterBuilder};
use zip::{CompressionMethod, ZipArchive};

use super::archive::{array, head, labels, packed};
use super::scratch::Scratch;
use super::{extents, fault};

const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits16.npz");

/// As written by NumPy, against another reader.
#[test]
fn the_digits() {
    let images = npz::open(DIGITS).unwrap();
    assert_eq!(images.extents(), extents(1, 16, 16));
    assert_eq!((images.len(), images.classes()), (1797, Some(10)));
    let mut archive = ZipArchive::new(File::open(DIGITS).unwrap()).unwrap();
    let array = NpyFile::new(archive.by_name("arr_0.npy").unwrap()).unwrap();
    let array: Vec<u8> = array.into_vec().unwrap();
    assert_eq!(images.pixels(), array, "one channel: the order is the same");
    let labels = NpyFile::new(archive.by_name("arr_1.npy").unwrap()).unwrap();
    let labels: Vec<i64> = labels.into_vec().unwrap();
    let read = images
        .labels()
        .unwrap()
        .iter()
        .map(|&label| i64::from(label));
    assert!(read.eq(labels));
}

/// Two images of 2x2 pixels and 3 channels by another writer; numbers tell where they are.
#[test]
fn channels_become_planes() {
    let value = |image: u8, y: u8, x: u8, channel: u8| 100 * image + 40 * y + 10 * x + channel;
    let positions =
        || (0..2).flat_map(|i| (0..2).flat_map(move |y| (0..2).map(move |x| (i, y, x))));
    let interleaved = positions().flat_map(|(i, y, x)| (0..3).map(move |c| value(i, y, x, c)));
    let mut bytes = Vec::new();
    let options = WriteOptions::new().default_dtype().shape(&[2, 2, 2, 3]);
    let mut array = options.writer(&mut bytes).begin_nd().unwrap();
    array.extend(interleaved).unwrap();
    array.finish().unwrap();
    let images = read(&[("arr_0.npy", &bytes)]).unwrap();
    assert_eq!(
        (images.extents(), images.classes()),
        (extents(3, 2, 2), None)
    );
    for image in 0..2 {
        let example = images.get(image).unwrap();
        let planes = (0..3).flat_map(|c| {
            let here = positions().filter(|&(i, ..)| usize::from(i) == image);
            here.map(move |(i, y, x)| value(i, y, x, c))
        });
        assert!(planes.eq(example.pixels.iter().copied()));
    }
}

fn images(shape: &str, data: &[u8]) -> Vec<u8> {
    array(&head("|u1", shape), data)
}

fn read(entries: &[(&str, &[u8])]) -> Result<iddpm::data::Images, Fault> {
    npz::read(Cursor::new(packed(entries, CompressionMethod::Stored)))
}

#[test]
fn labels_and_compression() {
    let images = images("2, 1, 2, 1", &[1, 2, 3, 4]);
    let entries = [
        ("arr_0.npy", &images[..]),
        ("arr_1.npy", &labels(&[3, 0])[..]),
    ];
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let images = npz::read(Cursor::new(packed(&entries, method))).unwrap();
        assert_eq!(images.extents(), extents(1, 1, 2));
        assert_eq!(
            (images.labels(), images.classes()),
            (Some(&[3, 0][..]), Some(4))
        );
        assert_eq!(images.pixels(), [1, 2, 3, 4]);
    }
}

#[test]
fn heads_as_other_versions_write_them() {
    let data = [9; 4];
    for dictionary in [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 2, 1)}",
        "{\"shape\":(1,2,2,1,),\"descr\":\"|u1\",\"fortran_order\":False}",
        " { 'fortran_order' : False , 'descr' : '<u1' , 'shape' : ( 1 , 2 , 2 , 1 ) , } \n",
    ] {
        let first = array(dictionary, &data);
        // Version 2 has a length of four bytes.
        let second = [b"\x93NUMPY\x02\x00", &first[8..10], &[0, 0], &first[10..]].concat();
        for bytes in [first, second] {
            let images = read(&[("arr_0.npy", &bytes)]).unwrap();
            assert_eq!(images.pixels(), data, "{dictionary}");
        }
    }
}

#[test]
fn heads_that_are_none() {
    let whole = images("1, 2, 2, 1", &[9; 4]);
    let mut long = whole.clone();
    long[8..10].copy_from_slice(&u16::MAX.to_le_bytes());
    let of = |dictionary: &str| array(dictionary, &[9; 4]);
    let fields = "'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 2, 1)";
    let cases = [
        Vec::new(),
        whole[..7].to_vec(),
        whole[..9].to_vec(),
        whole[..40].to_vec(),
        b"\x93NUMPZ\x01\x00".to_vec(),
        b"\x93NUMPY\x04\x00\x00\x00\x00\x00".to_vec(),
        long,
        of(""),
        of("{"),
        of("{}"),
        of(&format!("{{{fields}")),
        of(&format!("{{{fields}, 'more': 1}}")),
        of(&format!("{{{fields}, {fields}}}")),
        of(&format!("{{{fields},,}}")),
        of(&fields.replace("'descr': '|u1', ", "")),
        of(&format!("{{{}}}", fields.replace("'descr': '|u1', ", ""))),
        of(&format!("{{{}}}", fields.replace("False", "Perhaps"))),
        of(&format!("{{{}}}", fields.replace("1, 2", "1, -2"))),
        of(&format!("{{{}}}", fields.replace("1, 2", "1, 2.0"))),
        of(&format!("{{{}}}", fields.replace("1, 2", "1,, 2"))),
        of(&format!(
            "{{{}}}",
            fields.replace("1, 2", "99999999999999999999, 2")
        )),
        of(&format!(
            "{{{}}}",
            fields.replace("'|u1'", "[('a', '|u1')]")
        )),
        of(&"(".repeat(5000)),
    ];
    for bytes in cases {
        let fault = read(&[("arr_0.npy", &bytes)]).unwrap_err();
        let name = "arr_0";
        assert!(
            matches!(fault, Fault::ArrayHeader { name: n, .. } if n == name),
            "{fault}"
        );
        assert!(fault.to_string().starts_with("array arr_0: "));
    }
    let mut latin = whole;
    latin[20] = 0xE9;
    let fault = read(&[("arr_0.npy", &latin)]).unwrap_err();
    assert!(matches!(fault, Fault::ArrayHeader { .. }), "{fault}");
}

#[test]
fn arrays_of_another_type_or_shape() {
    let bytes = array(&head("<f4", "1, 2, 2, 1"), &[0; 16]);
    let wrong = Fault::ArrayType {
        name: "arr_0",
        found: "<f4".into(),
        expected: "|u1",
    };
    assert_eq!(read(&[("arr_0.npy", &bytes)]), Err(wrong));
    let good = images("2, 1, 1, 1", &[1, 2]);
    let bytes = array(&head("<i4", "2,"), &[0; 8]);
    let fault = read(&[("arr_0.npy", &good), ("arr_1.npy", &bytes)]).unwrap_err();
    assert!(
        matches!(fault, Fault::ArrayType { name: "arr_1", .. }),
        "{fault}"
    );

    for shape in [
        "",
        "4,",
        "2, 2, 1",
        "1, 1, 2, 2, 1",
        "0, 2, 2, 1",
        "1, 2, 2, 0",
    ] {
        let fault = read(&[("arr_0.npy", &images(shape, &[0; 4]))]).unwrap_err();
        assert!(
            matches!(fault, Fault::ArrayShape { name: "arr_0", .. }),
            "{fault}"
        );
    }
    let turned = head("|u1", "1, 2, 2, 1").replace("False", "True");
    let fault = read(&[("arr_0.npy", &array(&turned, &[0; 4]))]).unwrap_err();
    assert!(
        matches!(fault, Fault::ArrayOrder { name: "arr_0" }),
        "{fault}"
    );
}

/// The axes as PyTorch has them, which would be images of 4 rows and as many channels as columns.
#[test]
fn channels_before_rows_and_columns() {
    for (shape, axes) in [
        ("8, 3, 16, 16", [8, 3, 16, 16]),
        ("8, 1, 16, 16", [8, 1, 16, 16]),
        ("8, 4, 5, 5", [8, 4, 5, 5]),
        ("1, 2, 16, 9", [1, 2, 16, 9]),
    ] {
        let fault = read(&[("arr_0.npy", &images(shape, &[0; 4]))]).unwrap_err();
        let (name, shape) = ("arr_0", axes.to_vec());
        assert_eq!(fault, Fault::ChannelsFirst { name, shape });
        for part in ["[N, H, W, C]", "[N, C, H, W]", "transpose(0, 2, 3, 1)"] {
            assert!(fault.to_string().contains(part), "{fault}");
        }
        assert!(fault.to_string().contains(&format!("{axes:?}")), "{fault}");
    }
    // Neither: more channels than an image has, wherever they are.
    let fault = read(&[("arr_0.npy", &images("2, 5, 16, 5", &[0; 4]))]).unwrap_err();
    assert!(matches!(fault, Fault::ArrayShape { .. }), "{fault}");
    assert!(fault.to_string().contains("1 to 4 channels"), "{fault}");
    // Few rows, and as many channels as an image has, are images.
    for channels in 1..=4 {
        let data = vec![7; 2 * 3 * channels];
        let array = images(&format!("1, 2, 3, {channels}"), &data);
        let read = read(&[("arr_0.npy", &array)]).unwrap();
        assert_eq!(read.extents(), extents(channels, 2, 3));
    }
}

/// An archive of a few bytes whose images take gigabytes: its head tells enough.
#[test]
fn sides_that_no_image_has() {
    let zeros = |shape: &str, count: usize| {
        let array = images(shape, &vec![0; count]);
        Cursor::new(packed(
            &[("arr_0.npy", &array)],
            CompressionMethod::Deflated,
        ))
    };
    let fault = npz::read(zeros("1, 30000, 30000, 1", 1 << 20)).unwrap_err();
    let (found, max) = (extents(1, 30_000, 30_000), 16_384);
    assert_eq!(fault, Fault::Sides { found, max });
    assert!(fault.to_string().contains("30000x30000"), "{fault}");
    let most: Extents = npz::read(zeros("1, 16384, 1, 1", 16_384))
        .unwrap()
        .extents();
    assert_eq!(most, extents(1, 16_384, 1));
}

/// Also shapes that no memory could hold: nothing is allocated for them.
#[test]
fn arrays_that_end_elsewhere() {
    for shape in [
        "2, 2, 2, 1",
        "1, 2, 2, 2",
        "1, 1, 1, 3",
        "1000000, 64, 64, 3",
        "4294967296, 16384, 16384, 3",
        "18446744073709551615, 2, 2, 1",
    ] {
        let fault = read(&[("arr_0.npy", &images(shape, &[0; 4]))]).unwrap_err();
        assert!(
            matches!(fault, Fault::ArrayLength { name: "arr_0", .. }),
            "{shape}: {fault}"
        );
    }
    let good = images("2, 1, 1, 1", &[1, 2]);
    let mut short = labels(&[1, 1]);
    short.pop();
    let fault = read(&[("arr_0.npy", &good), ("arr_1.npy", &short)]).unwrap_err();
    assert!(
        matches!(fault, Fault::ArrayLength { name: "arr_1", .. }),
        "{fault}"
    );
}

#[test]
fn labels_that_are_not_the_images() {
    let good = images("2, 1, 1, 1", &[1, 2]);
    let with = |values: &[i64]| read(&[("arr_0.npy", &good), ("arr_1.npy", &labels(values))]);
    let count = |labels| Fault::LabelCount { labels, images: 2 };
    assert_eq!(with(&[1]), Err(count(1)));
    assert_eq!(with(&[1, 2, 3]), Err(count(3)));
    for label in [-1, 1 << 32, i64::MIN] {
        let wrong = Fault::Label {
            index: 1,
            label,
            classes: 1 << 32,
        };
        assert_eq!(with(&[0, label]), Err(wrong));
    }
}

#[test]
fn archives_that_are_none() {
    let scratch = Scratch::new("archives");
    let good = images("1, 2, 2, 1", &[77, 78, 79, 80]);
    let missing = packed(&[("arr_1.npy", &good)], CompressionMethod::Stored);
    let path = scratch.write("missing.npz", &missing);
    let expected = Fault::MissingArray {
        name: "arr_0",
        found: vec!["arr_1".into()],
    };
    assert_eq!(fault(npz::open(path), "missing.npz"), expected);

    let whole = packed(&[("arr_0.npy", &good)], CompressionMethod::Stored);
    let cut = &whole[..whole.len() - 30];
    for (name, bytes) in [
        ("empty.npz", &[][..]),
        ("text.npz", b"text"),
        ("cut.npz", cut),
    ] {
        let path = scratch.write(name, bytes);
        let fault = fault(npz::open(path), name);
        assert!(matches!(fault, Fault::Archive { .. }), "{fault}");
    }
    // A flipped pixel is found by the archive's checksum.
    let mut flipped = whole;
    let at = flipped
        .windows(4)
        .position(|bytes| bytes == [77, 78, 79, 80]);
    flipped[at.unwrap()] = 0;
    let path = scratch.write("flipped.npz", &flipped);
    assert!(matches!(
        fault(npz::open(path), "flipped.npz"),
        Fault::Io { .. }
    ));
    let absent = npz::open(scratch.join("absent.npz"));
    assert!(matches!(fault(absent, "absent.npz"), Fault::Io { .. }));
}
