//! The archive that a file of PyTorch is, and the numbers of the tensors in it.

use std::format;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::string::{String, ToString};
use std::vec::Vec;

use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::error::TorchError;
use super::state_dict::{self, Place, Tensor};
use crate::checkpoint::error::CheckpointError;
use crate::checkpoint::foreign::Foreign;
use crate::checkpoint::header::{Header, TensorInfo};
use crate::checkpoint::source::Source;
use crate::memory::zeros;
use crate::part::part;

/// The entry that says which tensors there are, behind the folder that all entries lie in.
const PICKLE: &str = "data.pkl";
/// The entry that says in which order the bytes of a number are, where there is one.
const ORDER: &str = "byteorder";

/// The most bytes of an entry that is no tensor's: those of the largest network have some hundred thousand.
const MOST: u64 = 1 << 24;

/// Whether bytes are the first of such a file.
pub(in crate::checkpoint) fn is_torch(first: &[u8]) -> bool {
    Foreign::of(first) == Some(Foreign::PyTorch)
}

/// The tensors of a file, one after the other as a safetensors file has them.
pub(in crate::checkpoint) struct Torch<R> {
    archive: ZipArchive<R>,
    /// The folder that all entries lie in.
    folder: String,
    /// Those that are still to be read, the next one last.
    left: Vec<Tensor>,
    /// The next one's bytes, once they were asked for.
    read: Option<Vec<u8>>,
    /// How many of its bytes were passed over.
    passed: u64,
}

/// Those of a file in memory.
pub(in crate::checkpoint) type TorchInMemory<'a> = Torch<Cursor<&'a [u8]>>;

impl<'a> TorchInMemory<'a> {
    /// Reads what a file in memory says that it holds.
    pub(in crate::checkpoint) fn in_memory(
        file: &'a [u8],
    ) -> Result<(Self, Header), CheckpointError> {
        Self::open(Cursor::new(file))
    }
}

impl<R: Read + Seek> Torch<R> {
    /// Reads what a file says that it holds.
    pub(in crate::checkpoint) fn open(file: R) -> Result<(Self, Header), CheckpointError> {
        let mut archive = ZipArchive::new(file).map_err(|error| broken(&error))?;
        let mut names = archive.file_names().filter_map(Result::ok);
        let folder = names.find_map(|name| name.strip_suffix(PICKLE).map(String::from));
        drop(names);
        let folder = folder.ok_or(TorchError::Missing {
            entry: PICKLE.into(),
        })?;
        let order = entry(&mut archive, &format!("{folder}{ORDER}"));
        match order.as_deref() {
            Ok(b"little") | Err(TorchError::Missing { .. }) => {}
            Ok(_) => return Err(TorchError::ByteOrder.into()),
            Err(error) => return Err(error.clone().into()),
        }
        let pickle = entry(&mut archive, &format!("{folder}{PICKLE}"))?;
        let mut tensors = state_dict::tensors(&pickle)?;
        let mut end = 0_u64;
        let mut infos = Vec::with_capacity(tensors.len());
        for tensor in &tensors {
            let start = end;
            end = start.checked_add(tensor.bytes).ok_or(TorchError::TooMany {
                what: "bytes of tensors",
                max: usize::MAX,
            })?;
            infos.push(TensorInfo {
                name: tensor.name.clone(),
                dtype: tensor.dtype.clone(),
                shape: tensor.shape.clone(),
                range: (start, end),
            });
        }
        let header = Header::of_tensors(infos)?;
        tensors.reverse();
        let torch = Self {
            archive,
            folder,
            left: tensors,
            read: None,
            passed: 0,
        };
        Ok((torch, header))
    }

    /// The bytes of a tensor, row after row.
    fn bytes(&mut self, tensor: &Tensor) -> Result<Vec<u8>, CheckpointError> {
        let place = &tensor.place;
        let name = format!("{}data/{}", self.folder, place.storage);
        let wrong = |reason: String| TorchError::Tensor {
            name: tensor.name.clone(),
            reason,
        };
        let has = stored(&mut self.archive, &name)?.size();
        let end = place.begin.saturating_add(place.span);
        if end > has {
            let reason = format!("ends at byte {end} of a storage of {has} bytes, {name}");
            return Err(wrong(reason).into());
        }
        // More than its storage has only what is there again and again.
        if tensor.bytes > has {
            let reason = format!("has {} bytes in a storage of {has}, {name}", tensor.bytes);
            return Err(wrong(reason).into());
        }
        let mut span = zeros(place.span as usize)?;
        let read = match place.span == has {
            true => whole(&mut self.archive, &name, &mut span),
            false => stretch(&mut self.archive, &name, place.begin, &mut span),
        };
        read.map_err(|error| {
            wrong(format!(
                "is not read, {name} is cut short or damaged: {error}"
            ))
        })?;
        match place.is_dense(&tensor.shape) {
            true => Ok(span),
            false => place.gather(&tensor.shape, &span, tensor.bytes),
        }
    }
}

impl Place {
    /// Whether its numbers follow each other, row after row.
    fn is_dense(&self, shape: &[u64]) -> bool {
        let mut due = 1;
        let mut sides = shape.iter().zip(&self.strides).rev();
        sides.all(|(&extent, &stride)| {
            let is_due = extent <= 1 || stride == due;
            due *= extent;
            is_due
        })
    }

    /// Its numbers, row after row, of a stretch in which they lie otherwise.
    fn gather(&self, shape: &[u64], span: &[u8], bytes: u64) -> Result<Vec<u8>, CheckpointError> {
        let mut gathered = zeros(bytes as usize)?;
        let mut index = zeros::<u64>(shape.len())?;
        let each = self.each as usize;
        for number in gathered.chunks_exact_mut(each.max(1)) {
            let steps = index.iter().zip(&self.strides);
            let at: u64 = steps.map(|(place, stride)| place * stride).sum();
            number.copy_from_slice(part(span, at as usize * each, each));
            for (place, &extent) in index.iter_mut().zip(shape).rev() {
                *place += 1;
                if *place < extent {
                    break;
                }
                *place = 0;
            }
        }
        Ok(gathered)
    }
}

/// All of an entry, and its checksum with it.
fn whole<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    name: &str,
    into: &mut [u8],
) -> Result<(), std::io::Error> {
    let mut entry = archive.by_name(name)?;
    entry.read_exact(into)?;
    // It is compared at the end.
    match entry.read(&mut [0])? {
        0 => Ok(()),
        _ => Err(std::io::ErrorKind::InvalidData.into()),
    }
}

/// A stretch of an entry that is stored as it is.
fn stretch<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    name: &str,
    begin: u64,
    into: &mut [u8],
) -> Result<(), std::io::Error> {
    let mut entry = archive.by_name_seek(name)?;
    entry.seek(SeekFrom::Start(begin))?;
    entry.read_exact(into)
}

impl<R: Read + Seek> Source for Torch<R> {
    fn first(&mut self) -> Result<&[u8], CheckpointError> {
        // It was told for what it is.
        Ok(&[])
    }

    fn skip(&mut self, bytes: u64) -> Result<(), CheckpointError> {
        self.passed += bytes;
        while let Some(tensor) = self.left.pop_if(|tensor| self.passed >= tensor.bytes) {
            self.passed -= tensor.bytes;
            self.read = None;
        }
        Ok(())
    }

    fn fill(&mut self, into: &mut [u8]) -> Result<(), CheckpointError> {
        // Tensors without numbers are passed over.
        self.skip(0)?;
        let bytes = match (self.read.take(), self.left.last()) {
            (Some(bytes), _) => bytes,
            (None, Some(tensor)) => {
                let tensor = tensor.clone();
                self.bytes(&tensor)?
            }
            // Of no tensor: no bytes.
            (None, None) => return Ok(()),
        };
        into.copy_from_slice(part(&bytes, self.passed as usize, into.len()));
        self.read = Some(bytes);
        self.skip(into.len() as u64)
    }
}

/// The bytes of an entry that is no tensor's.
fn entry<R: Read + Seek>(archive: &mut ZipArchive<R>, name: &str) -> Result<Vec<u8>, TorchError> {
    let bytes = stored(archive, name)?.size();
    if bytes > MOST {
        return Err(TorchError::TooLong {
            entry: name.into(),
            bytes,
            max: MOST,
        });
    }
    let unread = |reason: String| TorchError::Archive { reason };
    let mut read = zeros(bytes as usize).map_err(|error| unread(error.to_string()))?;
    let done = whole(archive, name, &mut read);
    done.map_err(|error| unread(format!("{name}: {error}")))?;
    Ok(read)
}

/// An entry as PyTorch stores it: not compressed, so that none is longer than the file.
fn stored<'a, R: Read + Seek>(
    archive: &'a mut ZipArchive<R>,
    name: &str,
) -> Result<zip::read::ZipFile<'a, R>, TorchError> {
    let entry = archive.by_name(name).map_err(|error| match error {
        ZipError::FileNotFound => TorchError::Missing { entry: name.into() },
        error => broken(&error),
    })?;
    if entry.compression() != CompressionMethod::Stored || entry.size() != entry.compressed_size() {
        let entry = name.into();
        return Err(TorchError::Compressed { entry });
    }
    Ok(entry)
}

fn broken(error: &ZipError) -> TorchError {
    TorchError::Archive {
        reason: match error {
            ZipError::InvalidArchive(_) => "it is cut short or damaged".into(),
            other => other.to_string(),
        },
    }
}
