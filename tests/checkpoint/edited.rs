//! A file taken apart, altered and put together.

use std::ops::Range;

use iddpm::checkpoint::{Dtype, to_bytes};
use iddpm::unet::Weights;
use serde_json::Value;

use crate::{numbers, small};

/// A file as its header, in text, and its data.
#[derive(Clone)]
pub(crate) struct Edited {
    pub(crate) header: String,
    pub(crate) data: Vec<u8>,
}

impl Edited {
    /// A sound file of the small network.
    pub(crate) fn sound(dtype: Dtype) -> Self {
        let description = small();
        let bytes = to_bytes(&description, Weights::F32(&numbers(&description)), dtype).unwrap();
        Self::of(&bytes)
    }

    pub(crate) fn of(bytes: &[u8]) -> Self {
        let len = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        Self {
            header: String::from_utf8(bytes[8..8 + len].to_vec()).unwrap(),
            data: bytes[8 + len..].to_vec(),
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let len = (self.header.len() as u64).to_le_bytes();
        [&len, self.header.as_bytes(), &self.data].concat()
    }

    /// Replaces text of the header that is there once.
    #[track_caller]
    pub(crate) fn replaced(mut self, from: &str, to: &str) -> Self {
        assert_eq!(self.header.matches(from).count(), 1, "{from}");
        self.header = self.header.replace(from, to);
        self
    }

    /// Alters the header as JSON.
    pub(crate) fn changed(mut self, change: impl FnOnce(&mut Value)) -> Self {
        let mut json = serde_json::from_str(&self.header).unwrap();
        change(&mut json);
        self.header = json.to_string();
        self
    }

    /// Alters one value of the metadata, as JSON.
    pub(crate) fn described(self, key: &str, change: impl FnOnce(&mut Value)) -> Self {
        self.changed(|header| {
            let text = &mut header["__metadata__"][key];
            let mut value = serde_json::from_str(text.as_str().unwrap()).unwrap();
            change(&mut value);
            *text = value.to_string().into();
        })
    }

    /// Writes a prefix before every tensor's name.
    pub(crate) fn prefixed(self, prefix: &str) -> Self {
        self.changed(|header| {
            let entries = std::mem::take(header.as_object_mut().unwrap());
            for (name, entry) in entries {
                let name = match name.as_str() {
                    "__metadata__" => name,
                    name => format!("{prefix}{name}"),
                };
                header[name] = entry;
            }
        })
    }

    /// Adds the tensors of another file; the metadata stays.
    pub(crate) fn beside(mut self, other: Self) -> Self {
        let start = self.data.len() as u64;
        self.data.extend(&other.data);
        let other: Value = serde_json::from_str(&other.header).unwrap();
        self.changed(|header| {
            for (name, entry) in other.as_object().unwrap() {
                if name != "__metadata__" {
                    header[name] = entry.clone();
                    for end in header[name]["data_offsets"].as_array_mut().unwrap() {
                        *end = (end.as_u64().unwrap() + start).into();
                    }
                }
            }
        })
    }

    /// Adds a tensor of zeros.
    pub(crate) fn with_tensor(mut self, name: &str, dtype: &str, shape: &[u64], len: u64) -> Self {
        let start = self.data.len() as u64;
        self.data.resize(self.data.len() + len as usize, 0);
        self.changed(|header| {
            header[name] = serde_json::json!({
                "dtype": dtype, "shape": shape, "data_offsets": [start, start + len],
            });
        })
    }

    /// The place of a tensor in the data.
    pub(crate) fn place(&self, name: &str) -> Range<usize> {
        let json: Value = serde_json::from_str(&self.header).unwrap();
        let offsets = &json[name]["data_offsets"];
        let at = |k: usize| offsets[k].as_u64().unwrap() as usize;
        at(0)..at(1)
    }

    /// Writes over the `index`-th number of a tensor.
    pub(crate) fn with_number(mut self, name: &str, index: usize, bytes: &[u8]) -> Self {
        let start = self.place(name).start + index * bytes.len();
        self.data[start..][..bytes.len()].copy_from_slice(bytes);
        self
    }
}
