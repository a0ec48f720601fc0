//! Reading: the header is checked against the file's length, then tensors are read one by one.

use super::{Dtype, LARGEST_HEADER, TensorInfo};
use crate::Error;
use crate::embedding::from_bf16;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use slatewise_data::artefact;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Bytes read at a time.
const CHUNK: usize = 1 << 18;

/// An open file whose header was found sound.
#[derive(Debug)]
pub(crate) struct SafetensorsFile {
    path: PathBuf,
    file: BufReader<File>,
    data: u64,
    tensors: BTreeMap<String, TensorInfo>,
}

/// The header with its entries as they stand, so that a name that comes twice is seen.
struct Header(Vec<(String, serde_json::Value)>);

impl SafetensorsFile {
    /// Opens a file and checks its header; against `sha256` as well, where there is one.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::HashMismatch`]; [`Error::WeightsMismatch`] for anything that is not a sound safetensors file: another
    /// format, a cut one, bytes that belong to no tensor or to two, an element type that is not a weight's.
    pub(crate) fn open(path: &Path, sha256: Option<&str>) -> Result<Self, Error> {
        let io = |source| Error::Io { path: path.into(), action: "read it", source };
        let file = File::open(path).map_err(io)?;
        if let Some(expected) = sha256 {
            let found = artefact::sha256_file(path)?;
            if found != expected {
                return Err(Error::HashMismatch { path: path.into(), expected: expected.into(), found });
            }
        }
        let length = file.metadata().map_err(io)?.len();
        let mut file = BufReader::with_capacity(CHUNK, file);
        let refuse = |problem: String| refuse(path, "", problem);
        let mut start = [0_u8; 8];
        let read = read_up_to(&mut file, &mut start).map_err(io)?;
        // The length of a header may begin with another format's bytes; the header itself begins with a brace.
        let braced = file.fill_buf().map_err(io)?.first() == Some(&b'{');
        if let Some(format) = other_format(&start[..read]).filter(|_| !braced) {
            return Err(refuse(format!("{format}, not a safetensors file: save the weights as safetensors")));
        }
        if read < 8 {
            return Err(refuse(format!("the file has {read} bytes: it is cut, copy or save it again")));
        }
        let header_length = u64::from_le_bytes(start);
        if header_length > LARGEST_HEADER || header_length > length - 8 {
            return Err(refuse(format!(
                "a header of {header_length} bytes in a file of {length}: the file is cut, or not a safetensors file"
            )));
        }
        let mut header = vec![0; header_length as usize];
        file.read_exact(&mut header).map_err(io)?;
        let header: Header =
            serde_json::from_slice(&header).map_err(|reason| refuse(format!("the header is not JSON: {reason}")))?;
        let data = 8 + header_length;
        let tensors = checked(header, length - data, path)?;
        Ok(Self { path: path.into(), file, data, tensors })
    }

    /// Where the file lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The tensors there are.
    pub(crate) fn tensors(&self) -> &BTreeMap<String, TensorInfo> {
        &self.tensors
    }

    /// A tensor's values as f32; every one must be finite.
    ///
    /// # Errors
    /// The tensor is missing, has another shape, is not of numbers, or holds a NaN or an infinity.
    pub(crate) fn f32(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Error> {
        let info = self.find(name, shape)?;
        let mut values = Vec::with_capacity(info.shape.iter().product());
        match info.dtype {
            Dtype::F32 => self.bytes(&info, |chunk| {
                values.extend(chunk.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)));
            })?,
            Dtype::Bf16 => self.bytes(&info, |chunk| {
                values.extend(chunk.as_chunks().0.iter().map(|bytes| from_bf16(u16::from_le_bytes(*bytes))));
            })?,
            Dtype::U8 | Dtype::U32 | Dtype::F64 => {
                return Err(refuse(&self.path, name, format!("holds {:?} where the model has f32", info.dtype)));
            }
        }
        match values.iter().position(|value| !value.is_finite()) {
            Some(place) => {
                let value = values[place];
                let mend = "take a checkpoint from before the training diverged";
                Err(refuse(&self.path, name, format!("value {place} is {value}, not a finite number: {mend}")))
            }
            None => Ok(values),
        }
    }

    /// A tensor's values as they stand in a bf16 file.
    ///
    /// # Errors
    /// As [`f32`](Self::f32).
    pub(crate) fn bf16(&mut self, name: &str, shape: &[usize]) -> Result<Vec<u16>, Error> {
        let info = self.find(name, shape)?;
        if info.dtype != Dtype::Bf16 {
            return Ok(self.f32(name, shape)?.into_iter().map(crate::embedding::nearest_bf16).collect());
        }
        let mut values: Vec<u16> = Vec::with_capacity(info.shape.iter().product());
        self.bytes(&info, |chunk| {
            values.extend(chunk.as_chunks().0.iter().map(|bytes| u16::from_le_bytes(*bytes)));
        })?;
        match values.iter().position(|&value| !from_bf16(value).is_finite()) {
            Some(place) => Err(refuse(&self.path, name, format!("value {place} is not a finite number"))),
            None => Ok(values),
        }
    }

    /// A tensor of f64, finite or not.
    ///
    /// # Errors
    /// The tensor is missing, has another shape or is not of f64.
    pub(crate) fn f64(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f64>, Error> {
        self.values(name, shape, Dtype::F64, f64::from_le_bytes)
    }

    /// A tensor of u32.
    ///
    /// # Errors
    /// The tensor is missing, has another shape or is not of u32.
    pub(crate) fn u32(&mut self, name: &str, shape: &[usize]) -> Result<Vec<u32>, Error> {
        self.values(name, shape, Dtype::U32, u32::from_le_bytes)
    }

    fn values<T, const N: usize>(
        &mut self,
        name: &str,
        shape: &[usize],
        dtype: Dtype,
        value: impl Fn([u8; N]) -> T,
    ) -> Result<Vec<T>, Error> {
        let info = self.find(name, shape)?;
        if info.dtype != dtype {
            return Err(refuse(&self.path, name, format!("holds {:?} where {dtype:?} belongs", info.dtype)));
        }
        let mut values = Vec::with_capacity(info.shape.iter().product());
        self.bytes(&info, |chunk| values.extend(chunk.as_chunks().0.iter().map(|bytes| value(*bytes))))?;
        Ok(values)
    }

    /// A tensor of bytes.
    ///
    /// # Errors
    /// The tensor is missing, has another shape or is not of bytes.
    pub(crate) fn u8(&mut self, name: &str, shape: &[usize]) -> Result<Vec<u8>, Error> {
        let info = self.find(name, shape)?;
        if info.dtype != Dtype::U8 {
            return Err(refuse(&self.path, name, format!("holds {:?} where counts of U8 belong", info.dtype)));
        }
        let mut values = Vec::with_capacity(info.shape.iter().product());
        self.bytes(&info, |chunk| values.extend_from_slice(chunk))?;
        Ok(values)
    }

    fn find(&self, name: &str, shape: &[usize]) -> Result<TensorInfo, Error> {
        let Some(info) = self.tensors.get(name) else { return Err(refuse(&self.path, name, "missing")) };
        if info.shape != shape {
            let found = &info.shape;
            return Err(refuse(&self.path, name, format!("shape {found:?} where the model has {shape:?}")));
        }
        Ok(info.clone())
    }

    fn bytes(&mut self, info: &TensorInfo, mut take: impl FnMut(&[u8])) -> Result<(), Error> {
        let io = |source| Error::Io { path: self.path.clone(), action: "read it", source };
        let [first, last] = info.data_offsets;
        self.file.seek(SeekFrom::Start(self.data + first)).map_err(io)?;
        let mut left = (last - first) as usize;
        let mut buffer = vec![0; left.min(CHUNK)];
        while left > 0 {
            let chunk = &mut buffer[..left.min(CHUNK)];
            self.file.read_exact(chunk).map_err(io)?;
            take(chunk);
            left -= chunk.len();
        }
        Ok(())
    }
}

/// One refusal, in one line.
pub(crate) fn refuse(path: &Path, tensor: &str, problem: impl std::fmt::Display) -> Error {
    let problem = problem.to_string();
    let problem = problem.split_whitespace().collect::<Vec<_>>().join(" ");
    Error::WeightsMismatch { path: path.into(), tensor: tensor.into(), problem }
}

fn read_up_to(file: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match file.read(&mut buffer[read..])? {
            0 => break,
            count => read += count,
        }
    }
    Ok(read)
}

/// Formats that people save weights in and that may run code when they are loaded, or hold something else.
fn other_format(start: &[u8]) -> Option<&'static str> {
    match start {
        [b'P', b'K', 3 | 5, ..] => {
            Some("this is a zip archive, such as PyTorch's `torch.save` writes (a pickle inside)")
        }
        [0x80, 2..=5, ..] => Some("this is a Python pickle"),
        [0x89, b'H', b'D', b'F', ..] => Some("this is an HDF5 file"),
        [0x1F, 0x8B, ..] => Some("this is a gzip file"),
        _ => None,
    }
}

/// The tensors of a header, whose data must fill `length` bytes without gap, overlap or rest.
fn checked(header: Header, length: u64, path: &Path) -> Result<BTreeMap<String, TensorInfo>, Error> {
    let mut tensors = BTreeMap::new();
    for (name, value) in header.0 {
        if name == "__metadata__" {
            continue;
        }
        let info: TensorInfo = serde_json::from_value(value).map_err(|reason| refuse(path, &name, reason))?;
        let [first, last] = info.data_offsets;
        let count = info.shape.iter().try_fold(info.dtype.bytes() as u64, |size, &side| size.checked_mul(side as u64));
        if count.is_none() || last.checked_sub(first) != count {
            let problem = format!("shape {:?} of {:?} in bytes {first} to {last}", info.shape, info.dtype);
            return Err(refuse(path, &name, format!("{problem}: the sizes do not agree")));
        }
        if tensors.insert(name.clone(), info).is_some() {
            return Err(refuse(path, &name, "stands twice in the header"));
        }
    }
    let mut spans: Vec<(&String, [u64; 2])> = tensors.iter().map(|(name, info)| (name, info.data_offsets)).collect();
    spans.sort_by_key(|(_, offsets)| *offsets);
    let mut end = 0;
    for (name, [first, last]) in spans {
        if first != end {
            let problem = if first < end { "overlaps the tensor before it" } else { "leaves a gap before it" };
            return Err(refuse(path, name, format!("begins at byte {first} of the data: {problem}")));
        }
        end = last;
    }
    match end.cmp(&length) {
        std::cmp::Ordering::Equal => Ok(tensors),
        std::cmp::Ordering::Less => {
            let rest = length - end;
            Err(refuse(path, "", format!("{rest} bytes after the last tensor: the file was added to, save it again")))
        }
        std::cmp::Ordering::Greater => {
            let missing = end - length;
            Err(refuse(path, "", format!("{missing} bytes are missing at the end: the file is cut, copy it again")))
        }
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Header;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Header(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}
