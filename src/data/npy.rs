//! The header of an array as NumPy writes it: type, order, shape.
//!
//! ```text
//! \x93NUMPY | version: 2 bytes | length of the rest: 2 bytes, from version 2 on 4 |
//! {'descr': '|u1', 'fortran_order': False, 'shape': (2, 32, 32, 3), }
//! ```
//!
//! The dictionary is read as these three keys, in any order, and nothing else of Python: a file cannot
//! make the reader recurse, nor allocate more than the bound on the head that NumPy itself has.

use std::borrow::ToOwned;
use std::io::Read;
use std::string::String;
use std::vec;
use std::vec::Vec;

use super::fault::Fault;

/// What an array's head says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NpyHeader {
    /// The type, such as `|u1` or `<i8`.
    pub(super) descr: String,
    /// Whether the first axis varies fastest.
    pub(super) fortran_order: bool,
    /// The length of each axis.
    pub(super) shape: Vec<u64>,
}

/// Most bytes of a dictionary.
const MAX: usize = 10_000;

impl NpyHeader {
    /// Reads the head and leaves the reader at the first number.
    pub(super) fn read(name: &'static str, reader: &mut dyn Read) -> Result<Self, Fault> {
        let wrong = |reason| Fault::ArrayHeader { name, reason };
        let ended = |_| wrong("it ends within its head");
        let mut magic = [0; 8];
        reader.read_exact(&mut magic).map_err(ended)?;
        let [0x93, b'N', b'U', b'M', b'P', b'Y', version, _] = magic else {
            return Err(wrong("it does not begin as an array of NumPy"));
        };
        let mut len = [0; 4];
        let bytes = if version == 1 { 2 } else { 4 };
        let (used, _) = len.split_at_mut(bytes);
        reader.read_exact(used).map_err(ended)?;
        let len = u32::from_le_bytes(len) as usize;
        if !(1..=3).contains(&version) || len > MAX {
            return Err(wrong(
                "a head of an unknown version, or longer than NumPy reads",
            ));
        }
        let mut text = vec![0; len];
        reader.read_exact(&mut text).map_err(ended)?;
        let text = str::from_utf8(&text).map_err(|_| wrong("its head is not text"))?;
        dictionary(text).ok_or(wrong(
            "its head is not a dictionary of a type, an order and a shape",
        ))
    }
}

fn dictionary(text: &str) -> Option<NpyHeader> {
    let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    while !rest.is_empty() {
        let (key, value) = quoted(rest)?;
        let value = value.trim_start().strip_prefix(':')?.trim_start();
        rest = match key {
            "descr" if descr.is_none() => {
                let (found, rest) = quoted(value)?;
                descr = Some(found.to_owned());
                rest
            }
            "fortran_order" if fortran_order.is_none() => {
                let (found, rest) = flag(value)?;
                fortran_order = Some(found);
                rest
            }
            "shape" if shape.is_none() => {
                let (inner, rest) = value.strip_prefix('(')?.split_once(')')?;
                shape = Some(numbers(inner)?);
                rest
            }
            _ => return None,
        };
        rest = rest.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(rest) => rest.trim_start(),
            None if rest.is_empty() => rest,
            None => return None,
        };
    }
    Some(NpyHeader {
        descr: descr?,
        fortran_order: fortran_order?,
        shape: shape?,
    })
}

/// A text in quotes, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text
        .chars()
        .next()
        .filter(|quote| matches!(quote, '\'' | '"'))?;
    text.strip_prefix(quote)?.split_once(quote)
}

fn flag(text: &str) -> Option<(bool, &str)> {
    let flag = |name, value| Some((value, text.strip_prefix(name)?));
    flag("False", false).or_else(|| flag("True", true))
}

/// `2, 3` or `2,`; nothing for an array of one number.
fn numbers(text: &str) -> Option<Vec<u64>> {
    let text = text.trim();
    let text = text.strip_suffix(',').unwrap_or(text);
    if text.is_empty() {
        return Some(Vec::new());
    }
    text.split(',')
        .map(|number| number.trim().parse().ok())
        .collect()
}
