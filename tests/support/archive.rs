//! Archives of arrays, as NumPy and the public tools write them.

use std::io::{Cursor, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// An array's head.
pub(crate) fn head(descr: &str, shape: &str) -> String {
    format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}      \n")
}

/// An array of such a head.
pub(crate) fn array(head: &str, data: &[u8]) -> Vec<u8> {
    let len = (head.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &len[..], head.as_bytes(), data].concat()
}

/// An array of labels.
pub(crate) fn labels(values: &[i64]) -> Vec<u8> {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes());
    let head = head("<i8", &format!("{},", values.len()));
    array(&head, &bytes.collect::<Vec<u8>>())
}

/// An archive of files.
pub(crate) fn packed(entries: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// An archive of images [N, H, W, C], and of their labels where there are any.
pub(crate) fn archive(shape: [usize; 4], pixels: &[u8], classes: &[i64]) -> Vec<u8> {
    let shape = shape.map(|side| side.to_string()).join(", ");
    let (images, labels) = (array(&head("|u1", &shape), pixels), labels(classes));
    let entries = [("arr_0.npy", &images[..]), ("arr_1.npy", &labels[..])];
    let count = if classes.is_empty() { 1 } else { 2 };
    packed(&entries[..count], CompressionMethod::Stored)
}

/// Writes it.
pub(crate) fn write_archive(path: &Path, shape: [usize; 4], pixels: &[u8], classes: &[i64]) {
    std::fs::write(path, archive(shape, pixels, classes)).unwrap();
}
