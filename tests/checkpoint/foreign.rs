//! Files of other formats are told for what they are, and files that are none are not.

use std::io::{Cursor, Write};

use iddpm::checkpoint::{Checkpoint, CheckpointError, Dtype, Foreign, Header, WeightType, locate};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::edited::Edited;
use crate::scratch::Scratch;

fn zip(names: &[&str]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for name in names {
        let stored = zip::CompressionMethod::Stored;
        let options = SimpleFileOptions::default().compression_method(stored);
        archive.start_file(*name, options).unwrap();
        archive.write_all(b"\x80\x02}q\0.").unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn picture(format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = image::DynamicImage::new_rgb8(3, 3);
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn padded(head: &[u8]) -> Vec<u8> {
    [head, &[0; 600]].concat()
}

fn tar() -> Vec<u8> {
    let mut bytes = vec![0; 1024];
    bytes[..5].copy_from_slice(b"sys_i");
    bytes[257..263].copy_from_slice(b"ustar ");
    bytes
}

/// What a file is, and a word of what to do about it.
fn files() -> Vec<(Vec<u8>, Foreign, &'static str)> {
    let text = |begins: &str| Foreign::Text {
        begins: begins.into(),
    };
    let network = |format| Foreign::Network { format };
    let archive = |format| Foreign::Archive { format };
    let shown = |format| Foreign::Picture { format };
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935\n";
    let index = b"{\n  \"metadata\": {\"total_size\": 3},\n  \"weight_map\": {\"a\": \"b\"}}";
    let long = "Access denied. ".repeat(1000);
    let old_torch = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.";
    vec![
        (vec![], Foreign::Empty, "empty"),
        (vec![0; 9], Foreign::Zeros, "zeros"),
        (padded(b"iDDr\x01\0\0\0"), Foreign::SavedRun, "Saved::read"),
        (vec![0; 100_000], Foreign::Zeros, "not finished"),
        (pointer.to_vec(), Foreign::LfsPointer, "git lfs pull"),
        (
            b"version https://hawser.github.com/spec/v1\noid".to_vec(),
            Foreign::LfsPointer,
            "git lfs pull",
        ),
        (
            b"\n <!doctype html><html>".to_vec(),
            Foreign::WebPage,
            "web page",
        ),
        (b"<HTML>".to_vec(), Foreign::WebPage, "download"),
        (
            b"\xef\xbb\xbf<?xml version=\"1.0\"?><Error>\xe9".to_vec(),
            Foreign::WebPage,
            "logged in",
        ),
        (
            zip(&["archive/data.pkl", "archive/data/0"]),
            Foreign::PyTorch,
            "save_file",
        ),
        (
            zip(&["m/.format_version", "m/data.pkl"]),
            Foreign::PyTorch,
            "torch.load",
        ),
        (padded(old_torch), Foreign::OldPyTorch, "torch.load"),
        (
            b"\x80\x02}q\0X\x01\0\0\0aq\x01K\x01s.".to_vec(),
            Foreign::Pickle,
            "pickle",
        ),
        (
            b"\x80\x04\x95\n\0\0\0\0\0\0\0}\x94\x8c\x01a\x94K\x01s.".to_vec(),
            Foreign::Pickle,
            "save_file",
        ),
        (index.to_vec(), Foreign::Index, "one file"),
        (b"{}".to_vec(), Foreign::Json, "JSON"),
        (b"[{\"a\": 1}]".to_vec(), Foreign::Json, "weights"),
        (b"no tensors".to_vec(), text("no tensors"), "no tensors"),
        (
            b"Entry not found\nat all".to_vec(),
            text("Entry not found"),
            "Entry not found",
        ),
        (
            long.into_bytes(),
            text("Access denied. Access denied. Access den…"),
            "Access",
        ),
        (
            "BM ist ein Anfang, ü".as_bytes().to_vec(),
            text("BM ist ein Anfang, ü"),
            "text",
        ),
        (padded(b"GGUF\x03\0\0\0"), network("GGUF"), "GGUF"),
        (padded(b"lmgg\x01\0\0\0"), network("GGML"), "GGML"),
        (
            b"\x08\x07\x12\x07pytorch\x1a\x05".to_vec(),
            network("ONNX"),
            "ONNX",
        ),
        (padded(b"\x89HDF\r\n\x1a\n"), network("HDF5"), "HDF5"),
        (
            padded(b"\x1c\0\0\0TFL3"),
            network("TensorFlow Lite"),
            "was made of",
        ),
        (padded(b"\x93NUMPY\x01\0"), Foreign::Numpy, "images"),
        (zip(&["arr_0.npy"]), Foreign::Numpy, "NumPy"),
        (zip(&["model.safetensors"]), archive("ZIP"), "unpack"),
        // As a length these 8 bytes are 559903, which a header may have.
        (
            padded(b"\x1f\x8b\x08\0\0\0\0\0\0\x03"),
            archive("gzip"),
            "gzip",
        ),
        (padded(b"BZh91AY&SY"), archive("bzip2"), "unpack"),
        (padded(b"\xfd7zXZ\0\0\x04"), archive("xz"), "xz"),
        (padded(b"\x28\xb5\x2f\xfd\x24\0"), archive("zstd"), "zstd"),
        (padded(b"7z\xbc\xaf\x27\x1c\0\x04"), archive("7z"), "7z"),
        (padded(b"Rar!\x1a\x07\x01\0"), archive("RAR"), "RAR"),
        (tar(), archive("tar"), "tar"),
        (picture(image::ImageFormat::Png), shown("PNG"), "picture"),
        (picture(image::ImageFormat::Jpeg), shown("JPEG"), "JPEG"),
        (picture(image::ImageFormat::Gif), shown("GIF"), "GIF"),
        (padded(b"RIFF\x24\0\0\0WEBPVP8 "), shown("WebP"), "WebP"),
        (padded(b"BM\x46\0\0\0\0\0\0\0\x36\0"), shown("BMP"), "BMP"),
    ]
}

/// In memory and on disk, as a network and as a header.
#[test]
fn a_file_is_refused_for_what_it_is() {
    let scratch = Scratch::new("checkpoint-foreign");
    for (bytes, kind, words) in files() {
        // With that feature it is read, and refused for what is wrong with it.
        if cfg!(feature = "torch") && kind == Foreign::PyTorch {
            continue;
        }
        let error = CheckpointError::Foreign { kind: kind.clone() };
        let network = Checkpoint::from_bytes(&bytes, WeightType::F32);
        assert_eq!(network.unwrap_err(), error);
        assert_eq!(Header::from_bytes(&bytes).unwrap_err(), error, "{kind:?}");
        let text = error.to_string();
        assert!(text.contains(words) && !text.contains('\n'), "{text}");

        let path = scratch.write("model.safetensors", &bytes);
        let located = locate(&path).unwrap();
        assert_eq!((&located.path, &located.note), (&path, &None));
        let error = error.in_file(path.display());
        let network = Checkpoint::open(&located.path, WeightType::AsStored);
        assert_eq!(network.unwrap_err(), error);
        assert_eq!(Header::open(&path).unwrap_err(), error);
        let text = error.to_string();
        let path = path.display().to_string();
        assert_eq!(text.matches(&path).count(), 1, "{text}");
    }
}

/// Whatever the length of a header is, its bytes are no other format's: not even gzip's, or text.
#[test]
fn a_header_is_not_taken_for_another_format() {
    for length in (0..=100_000_000_u64).step_by(9_973).chain([559_903]) {
        let head = [&length.to_le_bytes()[..], b"{\"__metadata__\":{}}"].concat();
        assert_eq!(Foreign::of(&head), None, "{length}");
        assert_eq!(Foreign::of(&head[..9]), None, "{length}");
    }
    for dtype in [Dtype::F32, Dtype::F16, Dtype::Bf16] {
        let file = Edited::sound(dtype).bytes();
        for end in (1..2000).chain([file.len()]) {
            assert_eq!(Foreign::of(&file[..end]), None, "{end}");
        }
    }
}

/// What would give no end of bytes, or none until someone writes, is not opened at all.
#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_refused_unread() {
    let scratch = Scratch::new("checkpoint-special");
    let fifo = scratch.join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(scratch.join("socket")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", scratch.join("link")).unwrap();
    let named = ["fifo", "socket", "link"].map(|name| scratch.join(name));
    for path in named.into_iter().chain(["/dev/zero".into()]) {
        let kind = Foreign::Special;
        let error = CheckpointError::Foreign { kind }.in_file(path.display());
        let path = locate(&path).unwrap().path;
        let network = Checkpoint::open(&path, WeightType::F32);
        assert_eq!(network.unwrap_err(), error);
        assert_eq!(Header::open(&path).unwrap_err(), error);
    }
}
