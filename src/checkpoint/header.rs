//! The header of a safetensors file: 8 bytes of length, then JSON that says where each tensor is.
//!
//! It is read here, not by the `safetensors` crate, because a hostile file must be refused by a
//! message that names the tensor and the numbers, because that crate takes the last of two tensors
//! of one name without a word, and because a file need not be in memory to be read.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::content::Content;
use super::description::Description;
use super::error::CheckpointError;
use super::foreign::Foreign;
use super::shown::Shown;
use super::source::Source;
use crate::memory::zeros;

pub use super::format::{Dtype, MAX_HEADER, TensorType};

/// Most tensors, and most pairs of metadata: far above any network, and far below where a header of
/// the longest length would fill the memory many times over.
const MOST: usize = 1 << 18;

/// Most extents of a shape.
const EXTENTS: usize = 32;

/// The key of the header that is not a tensor.
const METADATA: &str = "__metadata__";

/// A tensor of a file: its name, type, shape and place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// The name of the tensor.
    pub name: String,
    /// The type of the tensor's numbers.
    pub dtype: TensorType,
    /// The shape of the tensor, row-major.
    pub shape: Vec<u64>,
    /// The tensor's first byte, behind the header, and one past its last.
    pub range: (u64, u64),
}

/// The header of a file: what it says it holds, found consistent.
///
/// ```
/// use iddpm::checkpoint::{Dtype, Header, TensorType};
/// # #[rustfmt::skip]
/// let file = include_bytes!(
/// # concat!(env!("CARGO_MANIFEST_DIR"), "/",
///     "examples/assets/sprites32.safetensors"
/// # )
/// );
/// let header = Header::from_bytes(file)?;
/// assert_eq!(header.description()?.unet.num_classes, Some(12));
/// assert!(header.tensors().iter().all(|tensor| tensor.dtype == TensorType::Float(Dtype::F16)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub(super) tensors: Vec<TensorInfo>,
    pub(super) metadata: BTreeMap<String, String>,
    /// What the numbers are where the metadata does not say it.
    pub(super) unsaid: Content,
}

impl Header {
    /// The tensors of the file, in its order.
    pub fn tensors(&self) -> &[TensorInfo] {
        &self.tensors
    }

    /// The metadata of the file, uninterpreted.
    pub const fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// Reads the description in the metadata: what the file says of itself.
    ///
    /// # Errors
    /// Those of [`Description::from_metadata`]; [`CheckpointError::NoTensors`].
    pub fn description(&self) -> Result<Description, CheckpointError> {
        if self.tensors.is_empty() {
            return Err(CheckpointError::NoTensors);
        }
        let mut description = Description::from_metadata(&self.metadata)?;
        description.content = self.content()?;
        Ok(description)
    }

    /// Reads the content in the metadata: what the file's numbers are, whatever else it says.
    ///
    /// # Errors
    /// [`CheckpointError::Metadata`] for what is none.
    pub fn content(&self) -> Result<Content, CheckpointError> {
        Ok(Content::said(&self.metadata)?.unwrap_or(self.unsaid))
    }

    /// Of tensors that follow each other, in a file that says nothing else of itself.
    #[cfg(feature = "torch")]
    pub(super) fn of_tensors(tensors: Vec<TensorInfo>) -> Result<Self, CheckpointError> {
        check_names(&tensors)?;
        check_layout(&tensors)?;
        Ok(Self {
            tensors,
            metadata: BTreeMap::new(),
            unsaid: Content::Weights,
        })
    }

    /// Reads up to the first tensor.
    pub(super) fn read(source: &mut impl Source, len: u64) -> Result<Self, CheckpointError> {
        let truncated = |expected, tensor: Option<&TensorInfo>| CheckpointError::Truncated {
            expected,
            found: len,
            tensor: tensor.map(|tensor| tensor.name.clone()),
        };
        if let Some(kind) = Foreign::of(source.first()?) {
            return Err(CheckpointError::Foreign { kind });
        }
        if len < 8 {
            return Err(truncated(8, None));
        }
        let mut length = [0; 8];
        source.fill(&mut length)?;
        let bytes = u64::from_le_bytes(length);
        if bytes > MAX_HEADER {
            return Err(CheckpointError::HeaderTooLong {
                bytes,
                max: MAX_HEADER,
            });
        }
        if len - 8 < bytes {
            return Err(truncated(8 + bytes, None));
        }
        let mut text = zeros(bytes as usize)?;
        source.fill(&mut text)?;
        let header = Self::parse(&text)?;
        let data = header.tensors.last().map_or(0, |tensor| tensor.range.1);
        let expected = data.saturating_add(8 + bytes);
        match len {
            found if found < expected => {
                let mut tensors = header.tensors.iter();
                let cut = tensors.find(|tensor| tensor.range.1 > found - 8 - bytes);
                Err(truncated(expected, cut))
            }
            found if found > expected => Err(CheckpointError::TrailingBytes { expected, found }),
            _ => Ok(header),
        }
    }

    fn parse(text: &[u8]) -> Result<Self, CheckpointError> {
        let raw: Raw = serde_json::from_slice(text).map_err(|error| CheckpointError::Header {
            reason: error.to_string(),
        })?;
        let mut metadata = BTreeMap::new();
        for (key, value) in raw.metadata {
            if metadata.contains_key(&key) {
                return Err(CheckpointError::DuplicateMetadata { key });
            }
            metadata.insert(key, value);
        }
        let mut tensors = Vec::with_capacity(raw.tensors.len());
        for (name, entry) in raw.tensors {
            tensors.push(entry.check(name)?);
        }
        check_names(&tensors)?;
        tensors.sort_by_key(|tensor| tensor.range);
        check_layout(&tensors)?;
        Ok(Self {
            tensors,
            metadata,
            unsaid: Content::Weights,
        })
    }

    /// The bytes before the first tensor.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, CheckpointError> {
        let mut text = serde_json::to_vec(self).map_err(|error| CheckpointError::Header {
            reason: error.to_string(),
        })?;
        // Tensors begin at a multiple of 8; the format pads with spaces.
        text.resize(text.len().next_multiple_of(8), b' ');
        let bytes = text.len() as u64;
        if bytes > MAX_HEADER {
            return Err(CheckpointError::HeaderTooLong {
                bytes,
                max: MAX_HEADER,
            });
        }
        Ok([&bytes.to_le_bytes(), text.as_slice()].concat())
    }
}

fn check_names(tensors: &[TensorInfo]) -> Result<(), CheckpointError> {
    let mut names = BTreeSet::new();
    match tensors.iter().find(|tensor| !names.insert(&tensor.name)) {
        Some(twice) => Err(CheckpointError::DuplicateTensor {
            name: twice.name.clone(),
        }),
        None => Ok(()),
    }
}

/// Sorted tensors follow each other without a gap.
fn check_layout(tensors: &[TensorInfo]) -> Result<(), CheckpointError> {
    let mut previous: Option<&TensorInfo> = None;
    for tensor in tensors {
        let (start, expected) = (tensor.range.0, previous.map_or(0, |tensor| tensor.range.1));
        if let Some(previous) = previous.filter(|_| start < expected) {
            return Err(CheckpointError::Overlap {
                name: tensor.name.clone(),
                range: tensor.range,
                previous: previous.name.clone(),
                previous_range: previous.range,
            });
        }
        if start > expected {
            return Err(CheckpointError::Gap {
                name: tensor.name.clone(),
                start,
                expected,
            });
        }
        previous = Some(tensor);
    }
    Ok(())
}

/// The JSON as it is, names that are there twice included.
#[derive(Default)]
struct Raw {
    metadata: Vec<(String, String)>,
    tensors: Vec<(String, Entry)>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, expecting = "dtype, shape and data_offsets")]
struct Entry {
    dtype: String,
    #[serde(deserialize_with = "extents")]
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

impl Entry {
    fn check(self, name: String) -> Result<TensorInfo, CheckpointError> {
        let dtype = TensorType::named(self.dtype);
        let (start, end) = self.data_offsets;
        let bits = dtype.bits().map(|bits| {
            let mut extents = self.shape.iter();
            extents.try_fold(bits, |bits, &extent| bits.checked_mul(extent))
        });
        // Of an unknown type only that it does not end before it begins.
        let fits = match (bits, end.checked_sub(start)) {
            (Some(bits), Some(bytes)) => bits.is_some() && bits == bytes.checked_mul(8),
            (None, bytes) => bytes.is_some(),
            (_, None) => false,
        };
        if !fits {
            return Err(CheckpointError::TensorLength {
                name,
                shape: self.shape,
                dtype,
                range: (start, end),
            });
        }
        Ok(TensorInfo {
            name,
            dtype,
            shape: self.shape,
            range: (start, end),
        })
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut raw = Raw::default();
        let mut has_metadata = false;
        while let Some(name) = map.next_key::<String>()? {
            let named = |error| A::Error::custom(format!("{}: {error}", Shown(&name)));
            if name != METADATA {
                let entry = map.next_value().map_err(named)?;
                if raw.tensors.len() == MOST {
                    return Err(A::Error::custom(format!("more than {MOST} tensors")));
                }
                raw.tensors.push((name, entry));
            } else if has_metadata {
                return Err(A::Error::custom(format!("{METADATA} is there twice")));
            } else {
                raw.metadata = map.next_value::<Pairs>().map_err(named)?.0;
                has_metadata = true;
            }
        }
        Ok(raw)
    }
}

/// A shape, of as many extents as are allowed.
fn extents<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
    deserializer.deserialize_seq(ExtentsVisitor)
}

struct ExtentsVisitor;

impl<'de> Visitor<'de> for ExtentsVisitor {
    type Value = Vec<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a shape")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<u64>, A::Error> {
        let mut extents = Vec::new();
        while let Some(extent) = seq.next_element()? {
            if extents.len() == EXTENTS {
                let many = format!("a shape of more than {EXTENTS} extents");
                return Err(A::Error::custom(many));
            }
            extents.push(extent);
        }
        Ok(extents)
    }
}

/// A map of texts, in its order.
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            if pairs.len() == MOST {
                return Err(A::Error::custom(format!("more than {MOST} texts")));
            }
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}

impl Serialize for Header {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(METADATA, &self.metadata)?;
        for tensor in &self.tensors {
            let entry = Entry {
                dtype: tensor.dtype.name().to_owned(),
                shape: tensor.shape.clone(),
                data_offsets: tensor.range,
            };
            map.serialize_entry(&tensor.name, &entry)?;
        }
        map.end()
    }
}
