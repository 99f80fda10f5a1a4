//! The kinds of files that are no safetensors files, told by their first bytes.

use alloc::string::String;
use core::fmt;

use super::format::MAX_HEADER;
use super::shown::shortened;

/// The kind of a file that is no safetensors file. Its text says what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Foreign {
    /// A file of 0 bytes.
    Empty,
    /// A file that begins with zeros, as far as was looked.
    Zeros,
    /// A pointer of Git LFS: what Git has in the place of a large file until Git LFS fetches it.
    LfsPointer,
    /// A page of HTML or XML, such as a site shows in the place of a file.
    WebPage,
    /// A file of PyTorch: what `torch.save` writes since version 1.6. With the feature `torch` it is read.
    PyTorch,
    /// A file of PyTorch as `torch.save` wrote it before version 1.6.
    OldPyTorch,
    /// A pickle of Python that is not PyTorch's.
    Pickle,
    /// An index of a model whose tensors are in several files.
    Index,
    /// A file of JSON that is none of the others, such as a configuration.
    Json,
    /// A text that is none of the others.
    Text {
        /// The beginning of the text.
        begins: String,
    },
    /// A format of networks that are run elsewhere.
    Network {
        /// The name of the format.
        format: &'static str,
    },
    /// A file of NumPy: one array, or an archive of arrays.
    Numpy,
    /// An archive, or a compressed file.
    Archive {
        /// The name of the format.
        format: &'static str,
    },
    /// A picture.
    Picture {
        /// The name of the format.
        format: &'static str,
    },
    /// A drawing in the middle of its steps, as `run::Saved` writes it.
    SavedRun,
    /// A file that is not regular: a FIFO, a device, a socket.
    Special,
}

/// How a saved run begins, which the layer above writes.
pub(crate) const SAVED_RUN: [u8; 4] = *b"iDDr";

/// How files begin, from a byte on.
static BEGINNINGS: [(usize, &[u8], Foreign); 27] = [
    (0, b"version https://git-lfs.", Foreign::LfsPointer),
    (0, b"version https://hawser.", Foreign::LfsPointer),
    (0, b"version http://git-media.", Foreign::LfsPointer),
    // `torch.save` before version 1.6: the pickle of a number that says so.
    (
        0,
        b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19",
        Foreign::OldPyTorch,
    ),
    (0, b"\x80\x02", Foreign::Pickle),
    (0, b"\x80\x03", Foreign::Pickle),
    (0, b"\x80\x04\x95", Foreign::Pickle),
    (0, b"\x80\x05\x95", Foreign::Pickle),
    (0, b"GGUF", Foreign::Network { format: "GGUF" }),
    (0, b"lmgg", Foreign::Network { format: "GGML" }),
    (0, b"tjgg", Foreign::Network { format: "GGML" }),
    (
        4,
        b"TFL3",
        Foreign::Network {
            format: "TensorFlow Lite",
        },
    ),
    (0, b"\x89HDF\r\n\x1a\n", Foreign::Network { format: "HDF5" }),
    (0, b"\x93NUMPY", Foreign::Numpy),
    (0, b"\x1f\x8b\x08", Foreign::Archive { format: "gzip" }),
    (0, b"BZh", Foreign::Archive { format: "bzip2" }),
    (0, b"\xfd7zXZ\0", Foreign::Archive { format: "xz" }),
    (0, b"\x28\xb5\x2f\xfd", Foreign::Archive { format: "zstd" }),
    (0, b"7z\xbc\xaf\x27\x1c", Foreign::Archive { format: "7z" }),
    (0, b"Rar!\x1a\x07", Foreign::Archive { format: "RAR" }),
    (257, b"ustar", Foreign::Archive { format: "tar" }),
    (0, b"\x89PNG\r\n\x1a\n", Foreign::Picture { format: "PNG" }),
    (0, b"\xff\xd8\xff", Foreign::Picture { format: "JPEG" }),
    (0, b"GIF8", Foreign::Picture { format: "GIF" }),
    (8, b"WEBP", Foreign::Picture { format: "WebP" }),
    (0, b"BM", Foreign::Picture { format: "BMP" }),
    (0, &SAVED_RUN, Foreign::SavedRun),
];

impl Foreign {
    /// Tells what a file is that begins so; `None` where that cannot be told, or it may be safetensors.
    ///
    /// `first` are its first bytes, some hundreds, or all of a shorter file.
    ///
    /// ```
    /// use iddpm::checkpoint::Foreign;
    /// let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a";
    /// assert_eq!(Foreign::of(pointer), Some(Foreign::LfsPointer));
    /// assert_eq!(Foreign::of(b"\x10\0\0\0\0\0\0\0{\"__metadata__\""), None);
    /// ```
    pub fn of(first: &[u8]) -> Option<Self> {
        if first.is_empty() {
            return Some(Self::Empty);
        }
        if may_be_safetensors(first) {
            return None;
        }
        if first.len() > 8 && first.iter().all(|&byte| byte == 0) {
            return Some(Self::Zeros);
        }
        let text = text(first);
        let known = BEGINNINGS.iter().find(|(at, magic, _)| {
            // Two letters are little: a text may begin with them.
            let told = magic.len() > 2 || text.is_none();
            told && first.get(*at..).is_some_and(|rest| rest.starts_with(magic))
        });
        match known {
            Some((_, _, kind)) => Some(kind.clone()),
            None if is_markup(first) => Some(Self::WebPage),
            None => zip(first).or_else(|| onnx(first)).or(text),
        }
    }
}

/// What a file is that begins so, as in "a picture (PNG)"; `None` where that cannot be told.
#[cfg(feature = "run")]
pub(crate) fn kind_of(first: &[u8]) -> Option<String> {
    if may_be_safetensors(first) {
        return Some("a checkpoint (safetensors)".into());
    }
    Foreign::of(first).map(|foreign| alloc::format!("{}", Kind(&foreign)))
}

/// A header that is not too long, and is an object of JSON.
fn may_be_safetensors(first: &[u8]) -> bool {
    let Some((length, rest)) = first.split_first_chunk() else {
        return false;
    };
    let object = matches!(rest.first(), Some(b'{' | b' ' | b'\t' | b'\r' | b'\n'));
    object && u64::from_le_bytes(*length) <= MAX_HEADER
}

fn is_markup(first: &[u8]) -> bool {
    let first = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
    let [b'<', next, ..] = first.trim_ascii_start() else {
        return false;
    };
    matches!(next, b'!' | b'?') || next.is_ascii_alphabetic()
}

/// A ZIP archive by the name of its first entry, which its head has at byte 30.
fn zip(first: &[u8]) -> Option<Foreign> {
    const TORCH: [&[u8]; 5] = [
        b".pkl",
        b"/version",
        b"/byteorder",
        b"/.format_version",
        b"/.data/serialization_id",
    ];
    let head = first.strip_prefix(b"PK\x03\x04")?;
    let len = head
        .get(22..24)?
        .iter()
        .rev()
        .fold(0, |len, &byte| len << 8 | usize::from(byte));
    let name = head.get(26..)?;
    let name = name.get(..len).unwrap_or(name);
    Some(if TORCH.iter().any(|end| name.ends_with(end)) {
        Foreign::PyTorch
    } else if name.ends_with(b".npy") {
        Foreign::Numpy
    } else {
        Foreign::Archive { format: "ZIP" }
    })
}

/// The fields of a model that ONNX's writers put first: the format's version, and who wrote it.
fn onnx(first: &[u8]) -> Option<Foreign> {
    let [8, 1..=32, 0x12, len, producer @ ..] = first else {
        return None;
    };
    let producer = producer.get(..usize::from(*len))?;
    let named = !producer.is_empty() && producer.iter().all(|byte| (b' '..=b'~').contains(byte));
    named.then_some(Foreign::Network { format: "ONNX" })
}

fn text(first: &[u8]) -> Option<Foreign> {
    // The last letter may have been cut.
    let text = match core::str::from_utf8(first) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            core::str::from_utf8(first.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
    let printed = |letter: char| !letter.is_control() || matches!(letter, '\t' | '\n' | '\r');
    if first.len() < 4 && !text.starts_with('{') || !text.chars().all(printed) {
        return None;
    }
    Some(if !text.starts_with(['{', '[']) {
        // Of spaces alone there is no line.
        let line = text.lines().next().unwrap_or_default();
        Foreign::Text {
            begins: shortened(line, 40),
        }
    } else if text.contains("\"weight_map\"") {
        Foreign::Index
    } else {
        Foreign::Json
    })
}

/// How a state dict of PyTorch becomes a checkpoint.
const FROM_TORCH: &str = "Python's safetensors.torch.save_file(torch.load(\"model.pt\", \
    map_location=\"cpu\"), \"model.safetensors\") writes a state dict as safetensors, which \
    `convert` makes a checkpoint of";

/// What a file is, as in "a picture (PNG)".
struct Kind<'a>(&'a Foreign);

impl fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Foreign::Empty => "empty",
            Foreign::Zeros => "a file that begins with zeros alone",
            Foreign::LfsPointer => "a Git LFS pointer: `git lfs pull` fetches the file",
            Foreign::WebPage => "a web page",
            Foreign::PyTorch => "a file of PyTorch",
            Foreign::OldPyTorch => "a file of PyTorch from before version 1.6",
            Foreign::Pickle => "a pickle of Python",
            Foreign::Index => "the index of a model in several files",
            Foreign::Json => "JSON",
            Foreign::Text { begins } => return write!(f, "text that begins {begins:?}"),
            Foreign::Network { format } => return write!(f, "a network ({format})"),
            Foreign::Numpy => "NumPy's (.npy, .npz)",
            Foreign::Archive { format } => return write!(f, "compressed or an archive ({format})"),
            Foreign::Picture { format } => return write!(f, "a picture ({format})"),
            Foreign::SavedRun => "a saved run",
            Foreign::Special => "no regular file",
        })
    }
}

impl fmt::Display for Foreign {
    /// What the file is, where a checkpoint was due, and what helps.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let and = match self {
            // Of these both are said in one.
            Self::Zeros => {
                return f.write_str(
                    "begins with zeros alone, as a download or copy that was not finished: copy or \
                     download it again",
                );
            }
            Self::LfsPointer => {
                return f
                    .write_str("is a Git LFS pointer, not the file: `git lfs pull` fetches that");
            }
            Self::Text { begins } => {
                return write!(f, "is text, not safetensors; it begins {begins:?}");
            }
            Self::Network { format } => {
                return write!(
                    f,
                    "is {format}, which is not read: begin with the weights in PyTorch that it was \
                     made of; {FROM_TORCH}"
                );
            }
            Self::PyTorch => {
                return write!(
                    f,
                    "is {}, not safetensors: the feature `torch` reads it; or {FROM_TORCH}",
                    Kind(self)
                );
            }
            Self::OldPyTorch => {
                return write!(
                    f,
                    "is {}, which is not read: torch.save(torch.load(\"model.pt\"), \"new.pt\") in a later version writes \
                     it anew",
                    Kind(self)
                );
            }
            Self::Pickle => {
                return write!(f, "is {}, not safetensors: {FROM_TORCH}", Kind(self));
            }
            Self::Empty => ": copy or download it again",
            Self::WebPage => {
                ", not the file: download it by the link of the file itself, logged in where the \
                 site asks for it"
            }
            Self::Index => {
                ": a checkpoint is one file; Python's safetensors.torch.save_file writes all \
                 tensors to one"
            }
            Self::Json => ", not safetensors: give the file of the weights beside it",
            Self::Numpy => ", not safetensors: arrays of images are data, not a network",
            Self::Archive { .. } => ", not safetensors: unpack it first",
            Self::Picture { .. } => ", not safetensors",
            Self::SavedRun => {
                ", not a network: `Saved::read` reads it, and the network that it is of is \
                 another file"
            }
            Self::Special => {
                " but a FIFO, a device or a socket: save what it gives as a file first"
            }
        };
        write!(f, "is {}{and}", Kind(self))
    }
}
