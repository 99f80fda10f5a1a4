//! The match between the tensors of a file and the parameters of a network.
//!
//! What saves a network from within another module writes a prefix before every name: `module.`,
//! `model.`, `ema_model.`. Where all names of the network are there behind one, that is taken off.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::description::Description;
use super::error::CheckpointError;
use super::format::{Dtype, TensorType};
use super::header::{Header, TensorInfo};
use super::shown::{Shown, shape_words};
use crate::unet::Param;

pub use super::mismatch::Mismatch;

/// Prefixes that are looked at.
const PREFIXES: usize = 32;

impl Header {
    /// Finds the tensors of a network in the file; returns what has to be said of that, such as a prefix of
    /// their names.
    ///
    /// # Errors
    /// [`CheckpointError::Tensors`], [`CheckpointError::SeveralNetworks`]; what is wrong with the
    /// description.
    pub fn check(&self, description: &Description) -> Result<Option<String>, CheckpointError> {
        let graph = description.graph(1)?;
        Ok(match_up(&self.tensors, graph.params(), None, |_| false)?.note())
    }
}

/// Where a tensor goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    /// Its first number in the weights.
    pub(super) offset: usize,
    pub(super) dtype: Dtype,
}

/// What became of a file's tensors.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Matched {
    /// What was taken off every name.
    pub(super) prefix: String,
    /// The place of each tensor, in the order of the file; none for one that is left out.
    pub(super) places: Vec<Option<Place>>,
}

impl Matched {
    /// Whether every number that is read is f16.
    pub(super) fn is_f16(&self) -> bool {
        let mut places = self.places.iter().flatten();
        places.all(|place| place.dtype == Dtype::F16)
    }

    pub(super) fn note(&self) -> Option<String> {
        let left_out = self.places.iter().filter(|place| place.is_none()).count();
        let prefix = Shown(&self.prefix);
        match (self.prefix.is_empty(), left_out) {
            (true, 0) => None,
            (true, more) => Some(format!("{more} tensors of others are left out")),
            (false, 0) => Some(format!("`{prefix}` is taken off every tensor's name")),
            (false, more) => Some(format!(
                "`{prefix}` is taken off the tensors' names, and {more} tensors without it are \
                 left out"
            )),
        }
    }
}

type Names<'t> = BTreeMap<&'t str, &'t TensorInfo>;

/// Finds each parameter: as many tensors as there are, of the same names and shapes, behind the
/// prefix that was asked for or behind the only one there is; beside them what is `unused`, by its name.
pub(super) fn match_up(
    tensors: &[TensorInfo],
    params: &[Param],
    asked: Option<&str>,
    unused: impl Fn(&str) -> bool,
) -> Result<Matched, CheckpointError> {
    let names: Names<'_> = tensors.iter().map(|t| (t.name.as_str(), t)).collect();
    let found = prefixes(tensors, params);
    let there = |prefix: &str| {
        let of = params.iter();
        of.filter(|param| tensor(&names, prefix, param).is_some())
            .count()
    };
    let complete: Vec<&str> = found
        .iter()
        .copied()
        .filter(|prefix| there(prefix) == params.len())
        .collect();
    let prefix = match (asked, complete.as_slice()) {
        (Some(asked), _) => asked,
        (None, &[only]) => only,
        // The nearest, of which most is there, so that little need be said; no prefix is always among them.
        (None, []) => found
            .iter()
            .copied()
            .rev()
            .max_by_key(|prefix| there(prefix))
            .unwrap_or(""),
        (None, several) => {
            let prefixes = several.iter().map(|&prefix| prefix.to_owned()).collect();
            return Err(CheckpointError::SeveralNetworks { prefixes });
        }
    };
    let others = complete
        .iter()
        .copied()
        .filter(|other| other.len() > prefix.len());
    // Of another network in the file, or of none: only who asks for a prefix knows of that.
    let others: Vec<&str> = others.filter(|_| asked.is_some()).collect();
    let left_out = |name: &str| {
        unused(name)
            || asked.is_some_and(|asked| !name.starts_with(asked))
            || others.iter().any(|other| name.starts_with(other))
    };
    compare(&names, params, prefix, left_out).map_err(|mut mismatch| {
        let mut others = complete.iter().copied();
        let other = others.find(|&other| asked.is_some_and(|asked| asked != other));
        mismatch.whole_behind = other.map(ToOwned::to_owned);
        CheckpointError::Tensors(mismatch)
    })?;
    let offsets: BTreeMap<&str, usize> =
        params.iter().map(|p| (p.name.as_str(), p.offset)).collect();
    let place = |tensor: &TensorInfo| {
        let name = tensor.name.strip_prefix(prefix)?;
        let TensorType::Float(dtype) = tensor.dtype else {
            return None;
        };
        let offset = *offsets.get(name)?;
        Some(Place { offset, dtype })
    };
    Ok(Matched {
        prefix: prefix.to_owned(),
        places: tensors.iter().map(place).collect(),
    })
}

fn tensor<'t>(names: &Names<'t>, prefix: &str, param: &Param) -> Option<&'t TensorInfo> {
    match prefix {
        "" => names.get(param.name.as_str()).copied(),
        prefix => names
            .get(format!("{prefix}{}", param.name).as_str())
            .copied(),
    }
}

/// What may stand before the network's names: nothing, or what ends in a dot and stands before the
/// first of them or the last.
fn prefixes<'t>(tensors: &'t [TensorInfo], params: &[Param]) -> BTreeSet<&'t str> {
    let ends = [params.first(), params.last()];
    let before = tensors.iter().flat_map(|tensor| {
        let ends = ends.iter().flatten();
        ends.filter_map(|param| tensor.name.strip_suffix(param.name.as_str()))
    });
    let mut prefixes = BTreeSet::from([""]);
    for prefix in before.filter(|prefix| prefix.ends_with('.')) {
        if prefixes.len() < PREFIXES {
            prefixes.insert(prefix);
        }
    }
    prefixes
}

fn compare(
    names: &Names<'_>,
    params: &[Param],
    prefix: &str,
    left_out: impl Fn(&str) -> bool,
) -> Result<(), Box<Mismatch>> {
    let mut mismatch = Mismatch {
        prefix: prefix.to_owned(),
        parameters: params.len(),
        ..Mismatch::default()
    };
    let mut known = BTreeSet::new();
    for param in params {
        let (name, due) = (&param.name, &param.shape);
        let Some(tensor) = tensor(names, prefix, param) else {
            mismatch.missing.push(format_args!("{name} {due:?}"));
            continue;
        };
        known.insert(tensor.name.as_str());
        let shape = &tensor.shape;
        if !shape
            .iter()
            .copied()
            .eq(due.iter().map(|&extent| extent as u64))
        {
            let shape = shape_words(shape);
            mismatch
                .shapes
                .push(format_args!("{name} is {shape}, not {due:?}"));
        }
        if let TensorType::Other(dtype) = &tensor.dtype {
            mismatch
                .types
                .push(format_args!("{name} is {}", Shown(dtype)));
        }
    }
    for (name, tensor) in names {
        if !known.contains(name) && !left_out(name) {
            let (name, shape) = (Shown(name), shape_words(&tensor.shape));
            let dtype = Shown(tensor.dtype.name());
            mismatch.extra.push(format_args!("{name} {shape} {dtype}"));
        }
    }
    match mismatch.is_none() {
        true => Ok(()),
        false => Err(mismatch.into()),
    }
}
