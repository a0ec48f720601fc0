//! Writing.

use super::{Dtype, TensorInfo};
use crate::Error;
use serde::ser::{SerializeMap, Serializer};
use slatewise_data::artefact;
use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

/// Values converted to bytes at a time.
const CHUNK: usize = 1 << 16;

/// A tensor to write.
pub(crate) struct Entry<'a> {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Values<'a>,
}

/// Its values, row-major.
pub(crate) enum Values<'a> {
    F64(&'a [f64]),
    F32(Cow<'a, [f32]>),
    U32(&'a [u32]),
    Bf16(&'a [u16]),
    U8(&'a [u8]),
}

impl Values<'_> {
    fn dtype(&self) -> Dtype {
        match self {
            Self::F64(_) => Dtype::F64,
            Self::F32(_) => Dtype::F32,
            Self::U32(_) => Dtype::U32,
            Self::Bf16(_) => Dtype::Bf16,
            Self::U8(_) => Dtype::U8,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::F64(values) => values.len(),
            Self::F32(values) => values.len(),
            Self::U32(values) => values.len(),
            Self::Bf16(values) => values.len(),
            Self::U8(values) => values.len(),
        }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::F64(values) => write_chunks(values, out, f64::to_le_bytes),
            Self::F32(values) => write_chunks(values, out, f32::to_le_bytes),
            Self::U32(values) => write_chunks(values, out, u32::to_le_bytes),
            Self::Bf16(values) => write_chunks(values, out, u16::to_le_bytes),
            Self::U8(values) => out.write_all(values),
        }
    }
}

fn write_chunks<T: Copy, const N: usize>(
    values: &[T],
    out: &mut dyn Write,
    bytes: impl Fn(T) -> [u8; N],
) -> io::Result<()> {
    values
        .chunks(CHUNK)
        .try_for_each(|chunk| out.write_all(&chunk.iter().flat_map(|&value| bytes(value)).collect::<Vec<u8>>()))
}

/// Writes a file in one step and returns its SHA-256.
pub(crate) fn write(path: &Path, entries: Vec<Entry<'_>>) -> Result<String, Error> {
    let entries = ordered(entries);
    let header = header(&entries, path)?;
    Ok(artefact::write_atomic_with(path, |out| write_to(out, &header, &entries))?)
}

/// The file's content in memory.
pub(crate) fn to_bytes(entries: Vec<Entry<'_>>, path: &Path) -> Result<Vec<u8>, Error> {
    let entries = ordered(entries);
    let header = header(&entries, path)?;
    let mut bytes = Vec::new();
    write_to(&mut bytes, &header, &entries).map_err(|source| Error::Io {
        path: path.into(),
        action: "write it",
        source,
    })?;
    Ok(bytes)
}

fn ordered(mut entries: Vec<Entry<'_>>) -> Vec<Entry<'_>> {
    // Large elements first, so that every tensor is aligned to its element's size.
    entries.sort_by(|a, b| (a.values.dtype(), &a.name).cmp(&(b.values.dtype(), &b.name)));
    entries
}

fn write_to(out: &mut dyn Write, header: &[u8], entries: &[Entry<'_>]) -> io::Result<()> {
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(header)?;
    entries.iter().try_for_each(|entry| entry.values.write(out))
}

fn header(entries: &[Entry<'_>], path: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let write = |bytes: &mut Vec<u8>| -> serde_json::Result<()> {
        let mut json = serde_json::Serializer::new(bytes);
        let mut map = json.serialize_map(Some(entries.len()))?;
        let mut first = 0;
        for Entry { name, shape, values } in entries {
            let last = first + (values.len() * values.dtype().bytes()) as u64;
            let count: usize = shape.iter().product();
            assert_eq!(count, values.len(), "tensor {name} of shape {shape:?} with {} values", values.len());
            let info = TensorInfo { dtype: values.dtype(), shape: shape.clone(), data_offsets: [first, last] };
            map.serialize_entry(name, &info)?;
            first = last;
        }
        map.end()
    };
    write(&mut bytes).map_err(|source| Error::MalformedJson { path: path.into(), source })?;
    bytes.resize(bytes.len().next_multiple_of(8), b' ');
    Ok(bytes)
}
