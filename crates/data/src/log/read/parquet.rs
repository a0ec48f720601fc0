//! Parquet: row group by row group, the wanted columns as arrays of at most [`ROWS`] rows.
//!
//! Fields of groups are columns by dotted paths. Of what the file says beside its own types nothing is believed: texts come as
//! `Utf8`, whatever the arrow schema that some writers add.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use datafusion::arrow::array::{Array, ArrayRef, StructArray, make_array};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;

use super::super::error::LogError;
use super::chunk::Body;
use super::failed;

/// Rows of one array.
const ROWS: usize = 1 << 15;

/// How a Parquet file begins and ends.
pub(super) const MAGIC: &[u8; 4] = b"PAR1";

/// What is known of a Parquet file from its footer.
#[derive(Debug, Clone)]
pub(super) struct ParquetFile {
    metadata: ArrowReaderMetadata,
    pub(super) columns: Vec<ParquetColumn>,
}

/// A column, or the field of a group.
#[derive(Debug, Clone)]
pub(super) struct ParquetColumn {
    /// Its dotted path.
    pub(super) name: String,
    /// Whether a cell can hold its values.
    pub(super) usable: bool,
    /// Its type in words.
    pub(super) kind: String,
    /// Place among the columns, then within each group.
    at: Vec<usize>,
}

impl ParquetFile {
    /// Reads the footer.
    pub(super) fn open(path: &Path) -> Result<Self, LogError> {
        let mut file = File::open(path).map_err(|source| failed::io(path, source))?;
        check_ends(path, &mut file)?;
        let metadata =
            guarded(|| ArrowReaderMetadata::load(&file, ArrowReaderOptions::new().with_skip_arrow_metadata(true)));
        let metadata = metadata.map_err(|said| broken(path, &format!("its footer cannot be read ({said})")))?;
        let mut columns = Vec::new();
        list(metadata.schema().fields(), "", &[], &mut columns);
        Ok(Self { metadata, columns })
    }

    /// Reads the columns at these places of [`columns`](Self::columns), in this order.
    pub(super) fn rows(&self, path: &Path, places: &[usize]) -> Result<ParquetRows, LogError> {
        let file = File::open(path).map_err(|source| failed::io(path, source))?;
        let paths: Vec<Vec<usize>> = places.iter().map(|&place| self.columns[place].at.clone()).collect();
        let mut roots: Vec<usize> = paths.iter().map(|at| at[0]).collect();
        roots.sort_unstable();
        roots.dedup();
        let metadata = self.metadata.clone();
        let left = metadata.metadata().num_row_groups();
        Ok(ParquetRows { file, metadata, paths, roots, group: 0, groups: left, reader: None, row: 0, in_group: 0 })
    }
}

/// Tells text, and files that were cut, from Parquet.
fn check_ends(path: &Path, file: &mut File) -> Result<(), LogError> {
    let mut ends = [[0; 4]; 2];
    let read = |file: &mut File, from, into: &mut [u8]| file.seek(from).and_then(|_| file.read_exact(into));
    let [first, last] = &mut ends;
    let whole = read(file, SeekFrom::Start(0), first).and_then(|()| read(file, SeekFrom::End(-4), last));
    match whole {
        Ok(()) if ends == [*MAGIC; 2] => Ok(()),
        Ok(()) if ends[0] == *MAGIC => {
            Err(broken(path, "it begins as Parquet does and does not end so: the file is cut or was never finished"))
        }
        _ => Err(failed::file(
            path,
            "does not begin as Parquet does",
            "declare schema.format, or name it after what it is",
        )),
    }
}

fn broken(path: &Path, what: &str) -> LogError {
    failed::file(path, format!("damaged Parquet: {what}"), "fetch or write the file again")
}

fn list(fields: &Fields, prefix: &str, at: &[usize], columns: &mut Vec<ParquetColumn>) {
    for (place, field) in fields.iter().enumerate() {
        let name = format!("{prefix}{}", field.name());
        let at = [at, &[place]].concat();
        match field.data_type() {
            DataType::Struct(fields) => list(fields, &format!("{name}."), &at, columns),
            kind => columns.push(ParquetColumn { usable: usable(kind), kind: kind.to_string(), name, at }),
        }
    }
}

fn usable(kind: &DataType) -> bool {
    let numeric = |field: &Field| field.data_type().is_numeric();
    match kind {
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => numeric(field),
        kind => !kind.is_nested(),
    }
}

/// The rows of one file, read in order.
pub(super) struct ParquetRows {
    file: File,
    metadata: ArrowReaderMetadata,
    paths: Vec<Vec<usize>>,
    roots: Vec<usize>,
    group: usize,
    groups: usize,
    reader: Option<ParquetRecordBatchReader>,
    /// Rows given out.
    row: u64,
    in_group: u64,
}

impl ParquetRows {
    /// The next rows; `None` at the end.
    pub(super) fn next(&mut self, path: &Path) -> Result<Option<Body>, LogError> {
        while self.group < self.groups {
            let groups = self.groups;
            let said = |group: usize, said: &str| broken(path, &format!("row group {} of {groups}: {said}", group + 1));
            let (group, told) = (self.group, self.metadata.metadata().row_group(self.group).num_rows());
            let next = match guarded(|| self.step()) {
                Ok(next) => next,
                Err(error) => return Err(said(group, &error)),
            };
            if let Some((rows, columns)) = next {
                let first_row = self.row + 1;
                self.row += rows as u64;
                self.in_group += rows as u64;
                return Ok(Some(Body::Arrays { first_row, rows, columns }));
            }
            if u64::try_from(told) != Ok(self.in_group) {
                return Err(said(group, &format!("{} rows where the footer says {told}", self.in_group)));
            }
            (self.group, self.reader, self.in_group) = (group + 1, None, 0);
        }
        Ok(None)
    }

    fn step(&mut self) -> Result<Option<(usize, Vec<ArrayRef>)>, ParquetError> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            None => {
                let file = self.file.try_clone()?;
                let mask = ProjectionMask::roots(self.metadata.parquet_schema(), self.roots.iter().copied());
                let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
                let builder = builder.with_row_groups(vec![self.group]).with_projection(mask).with_batch_size(ROWS);
                self.reader.insert(builder.build()?)
            }
        };
        let Some(batch) = reader.next().transpose()? else { return Ok(None) };
        let column = |at: &Vec<usize>| {
            let place = self.roots.iter().position(|root| *root == at[0]).unwrap_or(0);
            field_of(batch.column(place), &at[1..])
        };
        let columns = self.paths.iter().map(column).collect::<Result<_, _>>()?;
        Ok(Some((batch.num_rows(), columns)))
    }
}

/// A field within groups; it is null where a group around it is.
fn field_of(array: &ArrayRef, at: &[usize]) -> Result<ArrayRef, ArrowError> {
    let mut array = array.clone();
    for &place in at {
        let Some(group) = array.as_any().downcast_ref::<StructArray>() else {
            return Err(ArrowError::SchemaError("a group became something else".to_owned()));
        };
        let field = group.column(place);
        let nulls = NullBuffer::union(group.nulls(), field.nulls());
        array = make_array(field.to_data().into_builder().nulls(nulls).build()?);
    }
    Ok(array)
}

/// Runs the decoder, which panics at some damaged files where it should return an error; what it was at work on is
/// dropped then.
fn guarded<T>(decode: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(Ok(decoded)) => Ok(decoded),
        Ok(Err(error)) => Err(failed::one_line(&error.to_string())),
        Err(panic) => {
            let words = panic.downcast_ref::<&str>().copied();
            let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            Err(format!("the decoder gave up: {}", failed::one_line(words.unwrap_or("no reason told"))))
        }
    }
}
