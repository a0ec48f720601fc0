//! A Parquet file: row group by row group, the wanted columns of some rows read at the same time and handed on in
//! order.

pub(crate) mod codes;
mod column;
mod file;
mod shape;
#[cfg(test)]
mod tests;
mod value;

use std::any::Any;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use parquet::basic::Type;
use parquet::column::reader::ColumnReader;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};

use self::column::{Column, Fault, FaultKind, LONGEST_ID};
use self::file::Shared;
use self::shape::{Levels, Shape};
use super::columns::{BlockColumn, Chunk};
use super::error::TableError;
use super::interner::{Interner, MOST_NAMES};
use super::place::Place;
use super::wanted::Kind;

/// Rows read at once.
const ROWS: usize = 1 << 15;

/// A Parquet file whose schema has been read.
pub(super) struct ParquetFile {
    reader: SerializedFileReader<Shared>,
    header: Vec<String>,
    place: Place,
}

impl ParquetFile {
    /// Reads the schema of an open file.
    pub(super) fn open(path: &Path, file: File) -> Result<Self, TableError> {
        let file = Shared::new(file).map_err(|source| TableError::from_open(path, source))?;
        let place = Place::without_lines(path);
        let reader = guarded(&place, || SerializedFileReader::new(file))?;
        let columns = reader.metadata().file_metadata().schema_descr().columns();
        let header = columns.iter().map(|column| shape::name_of(column)).collect();
        Ok(Self { reader, header, place })
    }

    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Visits the rows in order and returns the names of each wanted column; `places` says where it stands in the file.
    pub(super) fn for_each<E: From<TableError>>(
        self,
        places: &[usize],
        kinds: &[Kind],
        mut visit: impl FnMut(&Chunk<'_>) -> Result<(), E>,
    ) -> Result<Vec<Interner>, E> {
        let mut columns = self.columns(places, kinds)?;
        let mut blocks: Vec<BlockColumn> = kinds.iter().map(|&kind| BlockColumn::new(kind)).collect();
        let mut names = self.names(&mut columns, places)?;
        let expected_rows = usize::try_from(self.reader.metadata().file_metadata().num_rows()).unwrap_or(0);
        let mut first_row = 0;
        for group in 0..self.reader.num_row_groups() {
            let (mut readers, mut left) = guarded(&self.place, || self.readers(group, places))?;
            while left > 0 {
                let wanted = left.min(ROWS);
                guarded(&self.place, || read(&mut columns, &mut readers, wanted, &names))?;
                let fault = first_fault(&mut columns);
                let rows = fault.as_ref().map_or(wanted, |(_, fault)| fault.row);
                self.settle(&mut columns, &mut blocks, &mut names, rows, places)?;
                if rows > 0 {
                    let (columns, names, place) = (&blocks[..], &names[..], &self.place);
                    visit(&Chunk { first_row, rows, columns, names, place, expected_rows })?;
                }
                if let Some((slot, fault)) = fault {
                    return Err(self.fault_error(first_row + rows, places[slot], fault.kind).into());
                }
                (first_row, left) = (first_row + rows, left - rows);
            }
        }
        if first_row == 0 {
            return Err(TableError::NoRows { path: self.place.path().to_path_buf() }.into());
        }
        Ok(names)
    }

    fn columns(&self, places: &[usize], kinds: &[Kind]) -> Result<Vec<Column>, TableError> {
        let schema = self.reader.metadata().file_metadata().schema_descr();
        let column = |(&place, &kind): (&usize, &Kind)| {
            let described = schema.column(place);
            let shape = Shape::of(&described, kind).map_err(|unfit| TableError::ColumnType {
                path: self.place.path().to_path_buf(),
                column: self.header[place].clone(),
                found: unfit.found,
                wanted: kind.words(),
                mend: unfit.mend,
            })?;
            Ok(Column::new(shape, kind, Levels::of(&described)))
        };
        places.iter().zip(kinds).map(column).collect()
    }

    /// The names that are known before a row is read: those of columns of codes, which this marks as such.
    fn names(&self, columns: &mut [Column], places: &[usize]) -> Result<Vec<Interner>, TableError> {
        let metadata = self.reader.metadata().file_metadata();
        let names = columns.iter_mut().zip(places).map(|(column, &place)| {
            let schema = metadata.schema_descr().column(place);
            let Some(packed) = codes::find(metadata, &self.header[place]) else { return Ok(Interner::default()) };
            let damaged = || ParquetError::General("the names of a column of codes are damaged".to_owned());
            let unpacked = Interner::unpacked(packed).filter(|_| schema.physical_type() == Type::INT32);
            let (names, empty) = guarded(&self.place, || unpacked.ok_or_else(damaged))?;
            if !column.block.kind.is_id() {
                return Err(TableError::ColumnType {
                    path: self.place.path().to_path_buf(),
                    column: self.header[place].clone(),
                    found: "texts as codes".to_owned(),
                    wanted: column.block.kind.words(),
                    mend: "cast it to a number",
                });
            }
            column.shape = Shape::Codes(empty);
            Ok(names)
        });
        names.collect()
    }

    /// Readers of the wanted columns of a row group, and its number of rows.
    fn readers(&self, group: usize, places: &[usize]) -> Result<(Vec<ColumnReader>, usize), ParquetError> {
        let group: Box<dyn RowGroupReader + '_> = self.reader.get_row_group(group)?;
        let rows = usize::try_from(group.metadata().num_rows())?;
        let readers = places.iter().map(|&place| group.get_column_reader(place)).collect::<Result<_, _>>()?;
        Ok((readers, rows))
    }

    /// Puts the file's codes in the stead of the chunk's, and the columns where a chunk shows them.
    fn settle(
        &self,
        columns: &mut [Column],
        blocks: &mut [BlockColumn],
        names: &mut [Interner],
        rows: usize,
        places: &[usize],
    ) -> Result<(), TableError> {
        for (slot, (column, block)) in columns.iter_mut().zip(blocks).enumerate() {
            column.block.truncate(rows);
            let before = names[slot].len();
            if !column.block.ids.settle(&mut names[slot], before) {
                let column = self.header[places[slot]].clone();
                return Err(TableError::TooManyIds { path: self.place.path().to_path_buf(), column, most: MOST_NAMES });
            }
            std::mem::swap(&mut column.block, block);
        }
        Ok(())
    }

    fn fault_error(&self, row: usize, column: usize, kind: FaultKind) -> TableError {
        let spot = self.place.spot(row, Some(&self.header[column]));
        match kind {
            FaultKind::Null => TableError::Null { spot },
            FaultKind::Empty => TableError::EmptyCell { spot },
            FaultKind::NotUtf8(value) => TableError::NotUtf8 { spot, value },
            FaultKind::VectorLength(found, expected) => TableError::VectorLength { spot, found, expected },
            FaultKind::TooLong(length) => TableError::IdTooLong { spot, length, longest: LONGEST_ID },
        }
    }
}

/// Reads the next rows of all wanted columns.
fn read(
    columns: &mut [Column],
    readers: &mut [ColumnReader],
    rows: usize,
    names: &[Interner],
) -> Result<(), ParquetError> {
    let columns = columns.par_iter_mut().zip(readers).zip(names);
    columns.try_for_each(|((column, reader), known)| column.read(reader, rows, known))
}

/// The fault of the first row that has one, in the first wanted column, and the column.
fn first_fault(columns: &mut [Column]) -> Option<(usize, Fault)> {
    let faults = columns.iter_mut().enumerate().filter_map(|(slot, column)| Some((slot, column.fault.take()?)));
    faults.min_by_key(|(_, fault)| fault.row)
}

/// Runs the decoder, which panics at some damaged files where it should return an error; what it was at work on is
/// dropped then.
fn guarded<T>(place: &Place, decode: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, TableError> {
    let source = match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(Ok(decoded)) => return Ok(decoded),
        Ok(Err(error)) => error,
        Err(panic) => ParquetError::General(format!("the decoder gave up: {}", words(panic.as_ref()))),
    };
    Err(TableError::Parquet { path: place.path().to_path_buf(), source: Box::new(source) })
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let words = panic.downcast_ref::<&str>().copied();
    words.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no reason told")
}
