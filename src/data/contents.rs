//! The kind of a file, told by its first bytes.

use image::ImageFormat;

/// What a file's first bytes say that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contents {
    /// A picture that is read.
    Picture(ImageFormat),
    /// A zip archive, as npz archives are.
    Zip,
    /// Something else that is known.
    Other(&'static str),
}

/// What the names of pictures end in.
pub(super) const SUFFIXES: [&str; 6] = [".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp"];

/// Bytes that are looked at: where a tar archive says what it is.
pub(super) const HEAD: usize = 262;

/// What files begin with that are met in the place of data.
const OTHERS: [(&[u8], &str); 11] = [
    (
        b"\x93NUMPY",
        "one array of NumPy (.npy); numpy.savez makes an archive of it",
    ),
    (
        b"version https://git-lfs",
        "a Git LFS pointer, not the file, which `git lfs pull` brings",
    ),
    (b"\x1F\x8B", PACKED),
    (b"BZh", PACKED),
    (b"\xFD7zXZ\0", PACKED),
    (b"\x28\xB5\x2F\xFD", PACKED),
    (b"7z\xBC\xAF\x27\x1C", PACKED),
    (b"Rar!", PACKED),
    (b"\x89HDF", "an HDF5 file"),
    (b"PAR1", "a Parquet file"),
    (b"<", "a web page, or XML"),
];

const PACKED: &str = "packed, and must be unpacked first";

impl Contents {
    /// Of a file that begins so.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        let tar = head.get(257..HEAD) == Some(b"ustar");
        if let Ok(format) = image::guess_format(head) {
            return Some(match format {
                ImageFormat::Png
                | ImageFormat::Jpeg
                | ImageFormat::Gif
                | ImageFormat::WebP
                | ImageFormat::Bmp => Self::Picture(format),
                _ => Self::Other("a picture of a kind that is not read"),
            });
        }
        if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
            return Some(Self::Zip);
        }
        if tar {
            return Some(Self::Other(PACKED));
        }
        let mut others = OTHERS.iter();
        let other = others.find(|(first, _)| head.starts_with(first));
        other.map(|&(_, what)| Self::Other(what))
    }
}
