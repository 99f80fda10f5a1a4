//! What a file claims is not believed, and no file is read without end.

use std::path::Path;

use iddpm::data::{self, Classes, DataError, Fault, Fit, Options, cifar10, load, npz};

use super::scratch::Scratch;
use super::{extents, fault};

/// 35 bytes that claim 0 columns.
const NO_COLUMNS: &[u8] =
    b"GIF89a\0\0\x05\0\x80\0\0\0\0\0\xFF\xFF\xFF,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

#[test]
fn pictures_without_pixels() {
    let scratch = Scratch::new("no-pixels");
    let mut no_rows = NO_COLUMNS.to_vec();
    no_rows[6..10].copy_from_slice(&[5, 0, 0, 0]);
    for (name, bytes) in [("columns.gif", NO_COLUMNS), ("rows.gif", &no_rows)] {
        let path = scratch.write(name, bytes);
        let fault = fault(load(path, extents(3, 4, 4)), name);
        assert!(fault.to_string().contains("no pixels"), "{fault}");
    }
}

/// A canvas of 65535x65535, of a few bytes: refused by its numbers, in memory that a test has.
#[test]
fn pictures_that_claim_gigabytes() {
    let scratch = Scratch::new("claims");
    let mut gif = NO_COLUMNS.to_vec();
    gif[6..10].fill(0xFF);
    let mut bmp = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
    bmp.extend([60_000_u32.to_le_bytes(), 60_000_u32.to_le_bytes()].concat());
    bmp.extend([1, 0, 24, 0]);
    bmp.resize(54, 0);
    let frame = [8, 0xEA, 0x60, 0xEA, 0x60, 1, 1, 0x11, 0];
    let jpeg = [
        &[0xFF, 0xD8, 0xFF, 0xC2, 0, 11][..],
        &frame,
        &[0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0],
    ]
    .concat();
    for (name, bytes, sides) in [
        ("claims.gif", gif, "65535x65535"),
        ("claims.bmp", bmp, "60000x60000"),
        ("claims.jpg", jpeg, "60000x60000"),
    ] {
        let path = scratch.write(name, &bytes);
        let fault = fault(load(path, extents(3, 4, 4)), name);
        assert!(matches!(fault, Fault::Undecodable { .. }), "{fault}");
        for number in [sides, "536870912"] {
            assert!(fault.to_string().contains(number), "{name}: {fault}");
        }
    }
}

/// A file with holes, as long as it says and of no bytes on the disk.
fn sparse(scratch: &Scratch, name: &str, length: u64) -> std::path::PathBuf {
    let path = scratch.write(name, b"");
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(length).unwrap();
    path
}

#[test]
fn files_longer_than_their_kind() {
    let scratch = Scratch::new("long");
    let path = sparse(&scratch, "long.png", (1 << 29) + 1);
    let max = 1 << 29;
    let bytes = max + 1;
    assert_eq!(
        fault(load(path, extents(3, 4, 4)), "long.png"),
        Fault::TooLong { bytes, max }
    );
    // As many records as no memory holds; sparse, so that the length alone is known.
    let length = (1 << 43) / 3073 * 3073;
    let path = sparse(&scratch, "long.bin", length);
    let found = fault(cifar10::files([path]), "long.bin");
    assert!(matches!(found, Fault::Memory(_)), "{found}");
    assert!(matches!(
        fault(npz::open(sparse(&scratch, "long.npz", 1 << 40)), "long.npz"),
        Fault::Archive { .. }
    ));
}

/// What has no end, or is waited for.
#[cfg(unix)]
#[test]
fn devices_and_pipes() {
    let scratch = Scratch::new("devices");
    let pipe = scratch.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    std::os::unix::fs::symlink("/dev/zero", scratch.join("linked")).unwrap();
    let fit = Fit::Exactly(extents(3, 4, 4));
    let classes = Classes::None;
    for path in [Path::new("/dev/zero"), &pipe, &scratch.join("linked")] {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(fault(load(path, extents(3, 4, 4)), name), Fault::NotRegular);
        assert_eq!(fault(npz::open(path), name), Fault::NotRegular);
        assert_eq!(
            fault(cifar10::files([path.into()]), name),
            Fault::NotRegular
        );
        let opened = data::open(
            path,
            &Options {
                fit,
                classes,
                alpha: None,
            },
        );
        assert_eq!(fault(opened, name), Fault::NotRegular);
    }
    // As one of CIFAR-10's batches, and as one of a folder's pictures.
    let folder = scratch.join("cifar");
    std::fs::create_dir(&folder).unwrap();
    for batch in 1..=5 {
        std::os::unix::fs::symlink("/dev/zero", folder.join(format!("data_batch_{batch}.bin")))
            .unwrap();
    }
    let name = "data_batch_1.bin";
    assert_eq!(fault(cifar10::train(&folder), name), Fault::NotRegular);
    let pictures = scratch.join("pictures");
    std::fs::create_dir(&pictures).unwrap();
    std::os::unix::fs::symlink("/dev/zero", pictures.join("cat_1.png")).unwrap();
    let error = data::open(
        &pictures,
        &Options {
            fit,
            classes,
            alpha: None,
        },
    )
    .unwrap_err();
    assert!(
        matches!(&error, DataError::EmptyFolder { passed, .. } if passed.special == 1),
        "{error}"
    );
}

/// A canvas of one pixel, and a frame of gigabytes on it.
#[test]
fn frames_larger_than_their_picture() {
    let scratch = Scratch::new("frames");
    let mut gif = NO_COLUMNS.to_vec();
    gif[6..10].copy_from_slice(&[1, 0, 1, 0]);
    let frame = gif.iter().position(|&byte| byte == b',').unwrap();
    gif[frame + 5..frame + 9].copy_from_slice(&[0, 0x40, 0, 0x40]);
    let path = scratch.write("frame.gif", &gif);
    let fault = fault(load(path, extents(3, 4, 4)), "frame.gif");
    assert!(matches!(fault, Fault::Undecodable { .. }), "{fault}");
    assert!(fault.to_string().contains("more memory"), "{fault}");
}
