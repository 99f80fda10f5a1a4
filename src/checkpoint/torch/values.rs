//! What a pickle makes: values, of which those that hold others lie in one place, so that however deep they are in each
//! other, nothing here goes that deep.

use std::rc::Rc;
use std::string::String;
use std::vec::Vec;

use crate::checkpoint::format::TensorType;

/// A value of a pickle.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// A number that is not whole, True, False or None: nothing that a state dict's tensors need.
    Other,
    Whole(i64),
    Text(Rc<str>),
    /// A tuple or a list, by its place.
    Row(usize),
    /// By its place.
    Dict(usize),
    /// What may be called.
    Callable(Callable),
    /// The type of a storage's numbers.
    Type(Rc<TensorType>),
    /// A storage, by its place.
    Storage(usize),
    /// A tensor, by its place.
    Tensor(usize),
}

/// What a state dict's pickle calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Callable {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
}

/// Where numbers lie.
#[derive(Debug, Clone)]
pub(super) struct Storage {
    pub(super) dtype: Rc<TensorType>,
    pub(super) key: Rc<str>,
}

/// A tensor as it is rebuilt.
#[derive(Debug, Clone)]
pub(super) struct Rebuilt {
    pub(super) storage: usize,
    pub(super) offset: i64,
    /// Places of rows.
    pub(super) shape: usize,
    pub(super) strides: usize,
}

/// All values that hold others.
#[derive(Debug, Default)]
pub(super) struct Values {
    pub(super) rows: Vec<Vec<Value>>,
    pub(super) dicts: Vec<Vec<(Value, Value)>>,
    pub(super) storages: Vec<Storage>,
    pub(super) tensors: Vec<Rebuilt>,
}

impl Values {
    pub(super) fn row(&self, place: usize) -> &[Value] {
        self.rows.get(place).map_or(&[], Vec::as_slice)
    }

    pub(super) fn dict(&self, place: usize) -> &[(Value, Value)] {
        self.dicts.get(place).map_or(&[], Vec::as_slice)
    }

    /// What a global's name stands for.
    pub(super) fn global(module: &str, name: &str) -> Option<Value> {
        Some(match (module, name) {
            ("collections", "OrderedDict") => Value::Callable(Callable::OrderedDict),
            ("torch._utils", "_rebuild_tensor_v2") => Value::Callable(Callable::RebuildTensor),
            ("torch._utils", "_rebuild_parameter") => Value::Callable(Callable::RebuildParameter),
            ("torch", storage) => {
                let dtype = match storage.strip_suffix("Storage")? {
                    "Float" => "F32",
                    "Half" => "F16",
                    "BFloat16" => "BF16",
                    "Double" => "F64",
                    "Long" => "I64",
                    "Int" => "I32",
                    "Short" => "I16",
                    "Char" => "I8",
                    "Byte" => "U8",
                    "Bool" => "BOOL",
                    _ => return None,
                };
                Value::Type(Rc::new(TensorType::named(String::from(dtype))))
            }
            _ => return None,
        })
    }
}
