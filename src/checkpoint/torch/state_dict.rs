//! The tensors of a state dict, or of several in one.

use std::collections::BTreeMap;
use std::format;
use std::string::String;
use std::vec::Vec;

use super::error::TorchError;
use super::pickle::{follow, name_of};
use super::values::{Rebuilt, Value, Values};
use crate::checkpoint::format::TensorType;

/// The most tensors, and the most items of dicts that are looked at for them.
const MOST: usize = 1 << 18;
/// Dicts within dicts that are looked into: a checkpoint of several networks has two.
const DEEP: usize = 8;
/// The most bytes of all names: each is as long as all keys that it is made of, and many may share the longest.
const NAMES: usize = 1 << 24;
/// The most extents of a shape.
const EXTENTS: usize = 32;

/// A tensor of a file.
#[derive(Debug, Clone)]
pub(super) struct Tensor {
    /// The name: the keys of all dicts that it is in, with dots between.
    pub(super) name: String,
    pub(super) dtype: TensorType,
    pub(super) shape: Vec<u64>,
    /// The entry of the storage that it lies in.
    pub(super) storage: String,
    /// Its first byte there.
    pub(super) begin: u64,
    /// The number of its bytes.
    pub(super) bytes: u64,
}

/// The tensors that a pickle tells of, in its order. What else is there, as the number of an epoch, is passed over. Of
/// a key that is there twice the last one counts, as it does in Python.
pub(super) fn tensors(pickle: &[u8]) -> Result<Vec<Tensor>, TorchError> {
    let (made, values) = follow(pickle)?;
    let Value::Dict(top) = made else {
        return Err(TorchError::NotAStateDict);
    };
    let mut found = Vec::new();
    let (mut looked, mut named) = (0, 0);
    let mut dicts = Vec::from([(String::new(), top, 0)]);
    while let Some((prefix, dict, depth)) = dicts.pop() {
        let mut last = BTreeMap::new();
        for (place, (key, _)) in values.dict(dict).iter().enumerate() {
            looked += 1;
            if looked > MOST {
                let what = "items";
                return Err(TorchError::TooMany { what, max: MOST });
            }
            if let Some(name) = name_of(key) {
                last.insert(name, place);
            }
        }
        let mut within = Vec::new();
        for (place, (key, value)) in values.dict(dict).iter().enumerate() {
            let Some(name) = name_of(key).filter(|name| last.get(name) == Some(&place)) else {
                continue;
            };
            named += prefix.len() + name.len();
            if named > NAMES {
                let what = "bytes of names";
                return Err(TorchError::TooMany { what, max: NAMES });
            }
            let name = format!("{prefix}{name}");
            match value {
                Value::Tensor(tensor) => {
                    if let Some(rebuilt) = values.tensors.get(*tensor) {
                        found.push(tensor_of(name, rebuilt, &values)?);
                    }
                }
                Value::Dict(dict) if depth < DEEP => {
                    within.push((format!("{name}."), *dict, depth + 1));
                }
                _ => {}
            }
        }
        dicts.extend(within.into_iter().rev());
    }
    Ok(found)
}

/// A tensor as it lies in its storage, row after row without a gap.
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
    let mut elements = 1_u64;
    let is_empty = shape.contains(&0);
    for (&extent, &stride) in shape.iter().zip(&strides).rev() {
        if extent > 1 && stride != elements && !is_empty {
            return Err(wrong(
                "is a view whose rows do not follow each other: save it after .contiguous()",
            ));
        }
        let product = elements.checked_mul(extent);
        elements = product.ok_or_else(|| wrong("has more numbers than can be counted"))?;
    }
    let each = storage.dtype.bits().map_or(0, |bits| bits / 8);
    let begin = u64::try_from(rebuilt.offset).ok();
    let begin = begin.and_then(|offset| offset.checked_mul(each));
    match (begin, elements.checked_mul(each)) {
        (Some(begin), Some(bytes)) => Ok(Tensor {
            dtype: (*storage.dtype).clone(),
            storage: String::from(&*storage.key),
            name,
            shape,
            begin,
            bytes,
        }),
        _ => Err(wrong("begins or ends where no byte is")),
    }
}
