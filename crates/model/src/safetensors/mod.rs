//! Safetensors files: written as a stream, and read with every doubt settled before a value is used.
//!
//! ```text
//! n: u64, little-endian │ header: n bytes of JSON │ data
//!                         {"name": {"dtype": "F32", "shape": [3, 4], "data_offsets": [0, 48]}, ...}
//! ```
//!
//! A table of gigabytes goes from memory to disk, and back, without a second copy, which is what the format's own library
//! would need. Bytes depend on the tensors alone: entries stand by element size, then by name, and there is no metadata.
//!
//! # Reference
//! <https://github.com/huggingface/safetensors>, "Format".

mod read;
mod write;

pub(crate) use read::{SafetensorsFile, refuse};
pub(crate) use write::{Entry, Values, to_bytes, write};

use serde::{Deserialize, Serialize};

/// Headers beyond this are not read: the format's own limit.
const LARGEST_HEADER: u64 = 100_000_000;

/// Element types that are written and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Dtype {
    F64,
    F32,
    U32,
    #[serde(rename = "BF16")]
    Bf16,
    U8,
}

impl Dtype {
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 | Self::U32 => 4,
            Self::Bf16 => 2,
            Self::U8 => 1,
        }
    }
}

/// What the header says of a tensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TensorInfo {
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<usize>,
    pub(crate) data_offsets: [u64; 2],
}
