//! One wanted column of one row group, some rows at a time.

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{DataType, Int32Type};
use parquet::errors::{ParquetError, Result};

use super::super::columns::BlockColumn;
use super::super::interner::Interner;
use super::super::wanted::Kind;
use super::shape::{Levels, Shape};
use super::value::{decimal, digits, half, uuid, whole};

/// Longer ids are refused; with it, the ids of a chunk take at most 2 GiB.
pub(super) const LONGEST_ID: usize = 1 << 16;

/// A wanted column.
pub(super) struct Column {
    pub(super) shape: Shape,
    pub(super) block: BlockColumn,
    pub(super) levels: Levels,
    /// What ended the rows of the chunk.
    pub(super) fault: Option<Fault>,
}

/// What is wrong with a row of the chunk.
pub(super) struct Fault {
    pub(super) row: usize,
    pub(super) kind: FaultKind,
}

pub(super) enum FaultKind {
    Null,
    Empty,
    NotUtf8(String),
    TooLong(usize),
    /// Numbers found and declared.
    VectorLength(usize, usize),
}

impl Column {
    pub(super) fn new(shape: Shape, kind: Kind, levels: Levels) -> Self {
        Self { shape, block: BlockColumn::new(kind), levels, fault: None }
    }

    /// Reads the next rows; a fault ends them early.
    pub(super) fn read(&mut self, reader: &mut ColumnReader, rows: usize, known: &Interner) -> Result<()> {
        self.block.clear();
        self.fault = None;
        match self.block.kind {
            Kind::Number | Kind::NumberOrEmpty | Kind::Vector(_) => self.numbers(reader, rows),
            Kind::Id | Kind::IdOrEmpty => {
                if let (Shape::Codes(empty), ColumnReader::Int32ColumnReader(reader)) = (self.shape, &mut *reader) {
                    return self.codes(reader, rows, (known.len(), empty));
                }
                self.ids(reader, rows)?;
                if let Err((row, value)) = self.block.ids.look_up(&[], known) {
                    self.fault = Some(Fault { row, kind: FaultKind::NotUtf8(value) });
                }
                Ok(())
            }
        }
    }

    fn numbers(&mut self, reader: &mut ColumnReader, rows: usize) -> Result<()> {
        let (shape, scale) = (self.shape, if let Shape::Decimal(scale) = self.shape { scale } else { 0 });
        match reader {
            ColumnReader::BoolColumnReader(reader) => self.push(reader, rows, |&value| f64::from(u8::from(value))),
            ColumnReader::Int32ColumnReader(reader) => match shape {
                Shape::Unsigned => self.push(reader, rows, |&value| f64::from(value as u32)),
                Shape::Decimal(_) => self.push(reader, rows, |&value| decimal(value.into(), scale)),
                _ => self.push(reader, rows, |&value| f64::from(value)),
            },
            ColumnReader::Int64ColumnReader(reader) => match shape {
                Shape::Unsigned => self.push(reader, rows, |&value| value as u64 as f64),
                Shape::Decimal(_) => self.push(reader, rows, |&value| decimal(value.into(), scale)),
                _ => self.push(reader, rows, |&value| value as f64),
            },
            ColumnReader::FloatColumnReader(reader) => self.push(reader, rows, |&value| f64::from(value)),
            ColumnReader::DoubleColumnReader(reader) => self.push(reader, rows, |&value| value),
            ColumnReader::ByteArrayColumnReader(reader) => {
                self.push(reader, rows, |value| decimal(whole(value.data()), scale))
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => match shape {
                Shape::Half => self.push(reader, rows, |value| half(value.data())),
                _ => self.push(reader, rows, |value| decimal(whole(value.data()), scale)),
            },
            ColumnReader::Int96ColumnReader(_) => Err(unexpected_type()),
        }
    }

    fn push<T: DataType>(
        &mut self,
        reader: &mut ColumnReaderImpl<T>,
        rows: usize,
        number: impl Fn(&T::T) -> f64,
    ) -> Result<()> {
        if let Kind::Vector(width) = self.block.kind {
            return self.vectors(reader, rows, width as usize, number);
        }
        let (values, levels) = self.next(reader, rows)?;
        if values.len() < rows && self.block.kind == Kind::NumberOrEmpty {
            let mut values = values.iter();
            let or_nan = |&level: &i16| if level < self.levels.present { None } else { values.next().map(&number) };
            self.block.numbers.extend(levels.iter().map(or_nan).map(|value| value.unwrap_or(f64::NAN)));
        } else {
            let values = self.up_to_null(values, &levels, rows);
            self.block.numbers.extend(values.iter().map(number));
        }
        Ok(())
    }

    /// The lists of the next rows; one of another length ends them.
    fn vectors<T: DataType>(
        &mut self,
        reader: &mut ColumnReaderImpl<T>,
        rows: usize,
        width: usize,
        number: impl Fn(&T::T) -> f64,
    ) -> Result<()> {
        let (mut values, mut levels, mut repeats) = (Vec::new(), Vec::new(), Vec::new());
        let mut read = 0;
        while read < rows {
            let (records, _, _) =
                reader.read_records(rows - read, Some(&mut levels), Some(&mut repeats), &mut values)?;
            if records == 0 {
                return Err(too_few());
            }
            read += records;
        }
        let out = &mut self.block.vectors;
        out.reserve(rows * width);
        let (mut values, mut at) = (values.iter(), 0);
        for row in 0..rows {
            // A list begins where nothing is repeated.
            let Some(behind) = repeats.get(at + 1..) else { return Err(too_few()) };
            let next = at + 1 + behind.iter().position(|&level| level == 0).unwrap_or(behind.len());
            let Some(list) = levels.get(at..next) else { return Err(too_few()) };
            at = next;
            let missing = list.iter().all(|&level| level < self.levels.element);
            if missing {
                out.resize(out.len() + width, f32::NAN);
                continue;
            }
            let present = list.iter().filter(|&&level| level == self.levels.present).count();
            let kind = match list.len() {
                found if found != width => FaultKind::VectorLength(found, width),
                _ if present < width => FaultKind::Null,
                _ => {
                    out.extend(values.by_ref().take(width).map(|value| number(value) as f32));
                    continue;
                }
            };
            self.fault = Some(Fault { row, kind });
            break;
        }
        Ok(())
    }

    fn ids(&mut self, reader: &mut ColumnReader, rows: usize) -> Result<()> {
        let unsigned = self.shape == Shape::Unsigned;
        match reader {
            ColumnReader::BoolColumnReader(reader) => self.push_ids(reader, rows, |&value, text| {
                text.clear();
                text.extend_from_slice(if value { b"true" } else { b"false" });
            }),
            ColumnReader::Int32ColumnReader(reader) => self.push_ids(reader, rows, |&value, text| {
                digits(if unsigned { i128::from(value as u32) } else { value.into() }, text);
            }),
            ColumnReader::Int64ColumnReader(reader) => self.push_ids(reader, rows, |&value, text| {
                digits(if unsigned { i128::from(value as u64) } else { value.into() }, text);
            }),
            ColumnReader::ByteArrayColumnReader(reader) if self.shape == Shape::Text => self.texts(reader, rows),
            ColumnReader::ByteArrayColumnReader(reader) => {
                self.push_ids(reader, rows, |value, text| digits(whole(value.data()), text))
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => match self.shape {
                Shape::Uuid => self.push_ids(reader, rows, |value, text| uuid(value.data(), text)),
                _ => self.push_ids(reader, rows, |value, text| digits(whole(value.data()), text)),
            },
            _ => Err(unexpected_type()),
        }
    }

    /// The codes of the next rows, which stand there as such.
    fn codes(
        &mut self,
        reader: &mut ColumnReaderImpl<Int32Type>,
        rows: usize,
        (names, empty): (usize, u32),
    ) -> Result<()> {
        let (values, levels) = self.next(reader, rows)?;
        if values.iter().any(|&code| code as u32 as usize >= names) {
            return Err(ParquetError::General("a code has no name".to_owned()));
        }
        if self.block.kind == Kind::IdOrEmpty && values.len() < rows {
            let mut values = values.iter();
            let or_empty = |&level: &i16| if level < self.levels.present { None } else { values.next() };
            self.block
                .ids
                .codes
                .extend(levels.iter().map(or_empty).map(|code| code.map_or(empty, |&code| code as u32)));
            return Ok(());
        }
        let mut values = self.up_to_null(values, &levels, rows);
        let refused = values.iter().position(|&code| code as u32 == empty);
        if let Some(row) = refused.filter(|_| self.block.kind == Kind::Id) {
            values.truncate(row);
            self.fault = Some(Fault { row, kind: FaultKind::Empty });
        }
        self.block.ids.codes.extend(values.iter().map(|&code| code as u32));
        Ok(())
    }

    fn push_ids<T: DataType>(
        &mut self,
        reader: &mut ColumnReaderImpl<T>,
        rows: usize,
        write: impl Fn(&T::T, &mut Vec<u8>),
    ) -> Result<()> {
        let mut text = Vec::new();
        for value in self.take(reader, rows)? {
            match value {
                None => self.block.ids.push_empty(0),
                Some(value) => {
                    write(&value, &mut text);
                    self.block.ids.push_apart(&text, 0);
                }
            }
        }
        Ok(())
    }

    fn texts(&mut self, reader: &mut ColumnReaderImpl<parquet::data_type::ByteArrayType>, rows: usize) -> Result<()> {
        let empty = self.block.kind == Kind::IdOrEmpty;
        for (row, value) in self.take(reader, rows)?.iter().enumerate() {
            let kind = match value.as_ref().map_or(&[][..], |value| value.data()) {
                [] if empty => {
                    self.block.ids.push_empty(0);
                    continue;
                }
                [] => FaultKind::Empty,
                id if id.len() > LONGEST_ID => FaultKind::TooLong(id.len()),
                id => {
                    self.block.ids.push_apart(id, 0);
                    continue;
                }
            };
            self.fault = Some(Fault { row, kind });
            break;
        }
        Ok(())
    }

    /// The next values: up to the first null, or with none for each null where these are wanted.
    fn take<T: DataType>(&mut self, reader: &mut ColumnReaderImpl<T>, rows: usize) -> Result<Vec<Option<T::T>>> {
        let (values, levels) = self.next(reader, rows)?;
        if values.len() < rows && self.block.kind == Kind::IdOrEmpty {
            let mut values = values.into_iter();
            return Ok(levels
                .iter()
                .map(|&level| if level < self.levels.present { None } else { values.next() })
                .collect());
        }
        Ok(self.up_to_null(values, &levels, rows).into_iter().map(Some).collect())
    }

    /// The values that are there in the next rows, and the level of each row (none for a column without nulls).
    fn next<T: DataType>(&self, reader: &mut ColumnReaderImpl<T>, rows: usize) -> Result<(Vec<T::T>, Vec<i16>)> {
        let (mut values, mut levels) = (Vec::with_capacity(rows), Vec::new());
        let mut read = 0;
        while read < rows {
            let (records, _, _) = reader.read_records(rows - read, Some(&mut levels), None, &mut values)?;
            if records == 0 {
                return Err(too_few());
            }
            read += records;
        }
        Ok((values, levels))
    }

    /// Cuts the values at the first null, which becomes the fault.
    fn up_to_null<V>(&mut self, mut values: Vec<V>, levels: &[i16], rows: usize) -> Vec<V> {
        if values.len() < rows {
            let row = levels.iter().position(|&level| level < self.levels.present).unwrap_or(values.len());
            values.truncate(row);
            self.fault = Some(Fault { row, kind: FaultKind::Null });
        }
        values
    }
}

fn too_few() -> ParquetError {
    ParquetError::EOF("a column has fewer values than its row group has rows".to_owned())
}

fn unexpected_type() -> ParquetError {
    ParquetError::General("a column has another type than the schema says".to_owned())
}
