//! Which tensor of a file is which parameter of a network.
//!
//! What saves a network from within another module writes a prefix before every name: `module.`,
//! `model.`, `ema_model.`. Where all names of the network are there behind one, that is taken off.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::error::CheckpointError;
use super::header::{Dtype, TensorInfo, TensorType};
use super::shown::{Listed, Shown, shape_words};
use crate::unet::Param;

/// Prefixes that are looked at.
const PREFIXES: usize = 32;

/// How the tensors of a file differ from the parameters of a network.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mismatch {
    /// What every name was taken to begin with; empty for nothing.
    pub prefix: String,
    /// Parameters of the network.
    pub parameters: usize,
    /// Those that the file does not have.
    pub missing: Listed,
    /// Tensors of the file that the network does not have.
    pub extra: Listed,
    /// Tensors of another shape than the network's.
    pub shapes: Listed,
    /// Tensors of the network whose numbers are of a type that is not read.
    pub types: Listed,
    /// Another prefix than the one asked for, behind which all of the network is there.
    pub whole_behind: Option<String>,
}

impl Mismatch {
    fn is_none(&self) -> bool {
        let of = [&self.missing, &self.extra, &self.shapes, &self.types];
        of.iter().all(|listed| listed.count == 0)
    }

    /// Whether all of the network is there, and something else beside it.
    fn has_all_and_more(&self) -> bool {
        self.missing.count == 0 && self.shapes.count == 0 && self.extra.count > 0
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the tensors are not those of the network")?;
        if !self.prefix.is_empty() {
            write!(f, " behind the prefix `{}`", Shown(&self.prefix))?;
        }
        let of = self.parameters;
        let parts = [
            (
                &self.missing,
                format_args!("{} of {of} missing", self.missing.count),
            ),
            (&self.extra, format_args!("{} not of it", self.extra.count)),
            (
                &self.shapes,
                format_args!("{} of another shape", self.shapes.count),
            ),
            (
                &self.types,
                format_args!(
                    "{} of a type other than F32, F16 and BF16",
                    self.types.count
                ),
            ),
        ];
        let found = parts.into_iter().filter(|(listed, _)| listed.count > 0);
        for (at, (listed, words)) in found.enumerate() {
            let before = if at == 0 { ": " } else { ", " };
            write!(f, "{before}{words} ({listed})")?;
        }
        if self.has_all_and_more() && !self.prefix.is_empty() {
            let prefix = Shown(&self.prefix);
            write!(
                f,
                "; `convert --prefix {prefix}` leaves out what is without it"
            )
        } else if let Some(prefix) = &self.whole_behind {
            let prefix = Shown(prefix);
            write!(f, "; all of them are there behind `{prefix}`")
        } else if self.missing.count + self.extra.count + self.shapes.count > 0 {
            f.write_str("; the file is of another network, or of one with other options")
        } else {
            Ok(())
        }
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
/// prefix that was asked for or behind the only one there is.
pub(super) fn match_up(
    tensors: &[TensorInfo],
    params: &[Param],
    asked: Option<&str>,
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
        // The nearest, of which most is there, so that little need be said.
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
        asked.is_some_and(|asked| !name.starts_with(asked))
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
