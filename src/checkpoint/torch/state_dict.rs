//! The tensors of a state dict, or of several in one.

use std::collections::BTreeMap;
use std::format;
use std::string::String;
use std::vec::Vec;

use super::error::TorchError;
use super::pickle::follow;
use super::values::{Rebuilt, Value, Values};
use crate::checkpoint::format::TensorType;

/// The most items of dicts and lists that are looked at for tensors.
const MOST: usize = 1 << 18;
/// The most bytes of all names: each is as long as all keys that it is made of, and many may share the longest.
const NAMES: usize = 1 << 24;
/// Dicts within dicts that are looked into: a checkpoint of several networks has two.
const DEEP: usize = 8;
/// The most extents of a shape.
const EXTENTS: usize = 32;

/// A tensor of a file.
#[derive(Debug, Clone)]
pub(super) struct Tensor {
    /// The name: the keys of all that it is in, with dots between.
    pub(super) name: String,
    pub(super) dtype: TensorType,
    pub(super) shape: Vec<u64>,
    /// The number of its bytes.
    pub(super) bytes: u64,
    /// Where they are.
    pub(super) place: Place,
}

/// Where the numbers of a tensor are.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The entry of the storage.
    pub(super) storage: String,
    /// The first of its bytes there, and how many there are up to its last.
    pub(super) begin: u64,
    pub(super) span: u64,
    /// How many numbers it is from one to the next in each direction.
    pub(super) strides: Vec<u64>,
    /// The bytes of a number.
    pub(super) each: u64,
}

/// The tensors that a pickle tells of, in its order. What else is there, as the number of an epoch, is passed over. Of
/// a key that is there twice the last one counts, as it does in Python.
pub(super) fn tensors(pickle: &[u8]) -> Result<Vec<Tensor>, TorchError> {
    let (made, values) = follow(pickle)?;
    if !matches!(made, Value::Dict(_)) {
        return Err(TorchError::NotAStateDict);
    }
    let (mut found, mut looked, mut named) = (Vec::new(), 0, 0);
    let mut within = Vec::from([(String::new(), made, 0)]);
    while let Some((prefix, holder, depth)) = within.pop() {
        let mut names = Vec::new();
        let mut last = BTreeMap::new();
        for (key, value) in items(&holder, &values) {
            looked += 1;
            if looked > MOST {
                let what = "items";
                return Err(TorchError::TooMany { what, max: MOST });
            }
            let Some(name) = key.name() else {
                continue;
            };
            named += prefix.len() + name.len();
            if named > NAMES {
                let what = "bytes of names";
                return Err(TorchError::TooMany { what, max: NAMES });
            }
            last.insert((key.is_text(), name.clone()), names.len());
            names.push((key.is_text(), name, value));
        }
        let mut deeper = Vec::new();
        for (place, (is_text, name, value)) in names.into_iter().enumerate() {
            let key = (is_text, name);
            if last.get(&key) != Some(&place) {
                continue;
            }
            let name = format!("{prefix}{}", key.1);
            match value {
                Value::Tensor(tensor) => {
                    if let Some(rebuilt) = values.tensors.get(*tensor) {
                        found.push(tensor_of(name, rebuilt, &values)?);
                    }
                }
                Value::Dict(_) | Value::Row(_) if depth < DEEP => {
                    deeper.push((format!("{name}."), value.clone(), depth + 1));
                }
                _ => {}
            }
        }
        within.extend(deeper.into_iter().rev());
    }
    Ok(found)
}

/// What a dict or a row holds.
fn items<'a>(
    holder: &Value,
    values: &'a Values,
) -> impl Iterator<Item = (Key<'a>, &'a Value)> + use<'a> {
    let (dict, row): (&[(Value, Value)], &[Value]) = match *holder {
        Value::Dict(place) => (values.dict(place), &[]),
        Value::Row(place) => (&[], values.row(place)),
        _ => (&[], &[]),
    };
    let pairs = dict.iter().map(|(key, value)| (Key::Of(key), value));
    let places = row.iter().enumerate();
    pairs.chain(places.map(|(place, value)| (Key::Place(place), value)))
}

/// What an item is known by.
enum Key<'a> {
    Of(&'a Value),
    Place(usize),
}

impl Key<'_> {
    /// As a part of a name; none for what is neither a text nor a number.
    fn name(&self) -> Option<String> {
        match self {
            Self::Of(Value::Text(text)) => Some(String::from(&**text)),
            Self::Of(Value::Whole(number)) => Some(format!("{number}")),
            Self::Of(_) => None,
            Self::Place(place) => Some(format!("{place}")),
        }
    }

    const fn is_text(&self) -> bool {
        matches!(self, Self::Of(Value::Text(_)))
    }
}

/// A tensor as it lies in its storage.
fn tensor_of(name: String, rebuilt: &Rebuilt, values: &Values) -> Result<Tensor, TorchError> {
    let wrong = |reason: &str| TorchError::Tensor {
        name: name.clone(),
        reason: reason.into(),
    };
    let extents = |place| -> Option<Vec<u64>> {
        let row = values.row(place).iter();
        row.map(|value| match value {
            Value::Whole(number) => u64::try_from(*number).ok(),
            _ => None,
        })
        .collect()
    };
    let (Some(shape), Some(strides)) = (extents(rebuilt.shape), extents(rebuilt.strides)) else {
        return Err(wrong("has extents that are no numbers of things"));
    };
    if shape.len() != strides.len() || shape.len() > EXTENTS {
        return Err(wrong("has a shape of other extents than its strides"));
    }
    let Some(storage) = values.storages.get(rebuilt.storage) else {
        return Err(wrong("lies in no storage"));
    };
    let each = storage.dtype.bits().map_or(0, |bits| bits / 8);
    let elements = shape
        .iter()
        .try_fold(1_u64, |n, &extent| n.checked_mul(extent));
    // Of none there is no last.
    let last = match shape.contains(&0) {
        true => None,
        false => {
            let mut steps = shape.iter().zip(&strides);
            let last = steps.try_fold(0_u64, |last, (&extent, &stride)| {
                last.checked_add(stride.checked_mul(extent - 1)?)
            });
            Some(last.and_then(|last| last.checked_add(1)))
        }
    };
    let bytes = |numbers: u64| numbers.checked_mul(each).filter(|&bytes| bytes < 1 << 62);
    let begin = u64::try_from(rebuilt.offset).ok();
    let places = (
        begin.and_then(bytes),
        elements.and_then(bytes),
        last.unwrap_or(Some(0)).and_then(bytes),
    );
    let (Some(begin), Some(bytes), Some(span)) = places else {
        return Err(wrong(
            "has more numbers than can be counted, or begins before its storage",
        ));
    };
    Ok(Tensor {
        dtype: (*storage.dtype).clone(),
        name,
        shape,
        bytes,
        place: Place {
            storage: String::from(&*storage.key),
            begin,
            span,
            strides,
            each,
        },
    })
}
