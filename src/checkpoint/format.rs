//! The constants of the safetensors format: the types of numbers, and how long a header may be.

use alloc::string::String;
use core::fmt;

/// The longest header the format allows, in bytes.
pub const MAX_HEADER: u64 = 100_000_000;

/// The type of a tensor's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// 32-bit floating point: IEEE 754 binary32.
    F32,
    /// 16-bit floating point: IEEE 754 binary16.
    F16,
    /// 16-bit brain floating point: the upper half of binary32.
    Bf16,
}

impl Dtype {
    /// The number of bytes of one number.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    /// The name of the type in a file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The type of a tensor in a file, of a network's or not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TensorType {
    /// A type that a network's weights may have.
    Float(Dtype),
    /// A type that is not read, such as I64, as the file calls it: such a tensor is listed only.
    Other(String),
}

impl TensorType {
    /// The name of the type in a file.
    pub fn name(&self) -> &str {
        match self {
            Self::Float(dtype) => dtype.name(),
            Self::Other(name) => name,
        }
    }

    /// The number of bits of one number; `None` for a type that the format has not, or not yet.
    pub fn bits(&self) -> Option<u64> {
        Some(match self {
            Self::Float(dtype) => 8 * dtype.bytes() as u64,
            Self::Other(name) => match name.as_str() {
                "F4" => 4,
                "F6_E2M3" | "F6_E3M2" => 6,
                "BOOL" | "U8" | "I8" | "F8_E5M2" | "F8_E4M3" | "F8_E8M0" => 8,
                "F8_E4M3FNUZ" | "F8_E5M2FNUZ" => 8,
                "U16" | "I16" => 16,
                "U32" | "I32" => 32,
                "U64" | "I64" | "F64" | "C64" => 64,
                _ => return None,
            },
        })
    }

    pub(super) fn named(name: String) -> Self {
        let mut floats = [Dtype::F32, Dtype::F16, Dtype::Bf16].into_iter();
        match floats.find(|dtype| dtype.name() == name) {
            Some(dtype) => Self::Float(dtype),
            None => Self::Other(name),
        }
    }
}

impl From<Dtype> for TensorType {
    fn from(dtype: Dtype) -> Self {
        Self::Float(dtype)
    }
}

impl fmt::Display for TensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
