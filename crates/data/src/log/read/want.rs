//! Which columns are wanted, where each file has them, and the `Parser` that finds them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;

use super::super::error::LogError;
use super::block::{Place, RawBlock, RawColumn};
use super::chunk::{Body, Piece, RawChunk};
use super::csv::CsvPlan;
use super::failed;
use super::form::{Declared, Form};
use super::json::{JsonFile, JsonPlan};
use super::parquet::ParquetFile;
use super::rows::{From, Rows, Shape};
use super::unpack::{Pack, Parts};
use crate::log::schema::{Packed, Unpack};

/// Takes pieces apart; cheap to clone, and the same for all threads.
#[derive(Debug, Clone, Default)]
pub struct Parser {
    inner: Arc<Plans>,
}

#[derive(Debug, Default)]
struct Plans {
    shape: Shape,
    files: Vec<Plan>,
}

/// How one file's pieces become cells.
#[derive(Debug)]
enum Plan {
    Empty,
    Csv(Box<CsvPlan>),
    Json(JsonPlan),
    /// Places of the wanted columns.
    Parquet(Vec<usize>),
}

impl Parser {
    pub(super) fn new(shape: Shape, files: &[PathBuf], forms: &[Form], declared: &Declared) -> Result<Self, LogError> {
        check_fields(&shape, files, forms, declared.explode.as_deref())?;
        let plan = |(path, form): (&PathBuf, &Form)| {
            Ok(match form {
                Form::Empty => Plan::Empty,
                Form::Csv(file) => {
                    let known: Vec<&str> = file.names.iter().map(String::as_str).collect();
                    Plan::Csv(Box::new(file.plan(&declared.csv, places(&shape, path, &known)?)))
                }
                Form::Json(_) => {
                    let names = shape.cells.iter().map(|(name, _)| name.clone()).collect();
                    Plan::Json(JsonPlan::new(names, declared.explode.as_deref()))
                }
                Form::Parquet(file) => Plan::Parquet(parquet_places(&shape, path, file)?),
            })
        };
        let files = files.iter().zip(forms).map(plan).collect::<Result<_, LogError>>()?;
        Ok(Self { inner: Arc::new(Plans { shape, files }) })
    }

    /// Places of a Parquet file's wanted columns.
    pub(super) fn places(&self, file: usize) -> &[usize] {
        match &self.inner.files[file] {
            Plan::Parquet(places) => places,
            _ => &[],
        }
    }

    /// Takes a piece apart into rows of the wanted columns, and rows that could not be.
    pub fn parse(&self, chunk: RawChunk) -> RawBlock {
        let RawChunk { file, body, repair } = chunk;
        let shape = &self.inner.shape;
        let mut block = match body {
            Body::Lines(piece) => match &self.inner.files[file as usize] {
                Plan::Csv(plan) => plan.parse(shape, piece, file),
                Plan::Json(plan) => plan.parse(shape, piece, file),
                Plan::Empty | Plan::Parquet(_) => Rows::new(shape, Piece::default().text, 0).finish(file),
            },
            Body::TooLong(row) => {
                let mut block = Rows::new(shape, Vec::new(), 0).finish(file);
                (block.lines, block.rejected) = (1, vec![row]);
                block
            }
            Body::Arrays { first_row, rows, columns } => arrays(shape, file, first_row, rows, &columns),
        };
        block.repairs.extend(repair.map(|repair| (String::new(), repair, 1)));
        block
    }
}

fn arrays(shape: &Shape, file: u32, first_row: u64, rows: usize, columns: &[ArrayRef]) -> RawBlock {
    let column = |from: &From| match *from {
        From::Cell(cell) | From::Packed { value: cell, .. } | From::Part(cell) => {
            RawColumn::Array(columns[cell].clone())
        }
    };
    RawBlock {
        file,
        lines: rows as u64,
        rows,
        text: Vec::new(),
        columns: shape.columns.iter().map(column).collect(),
        places: (first_row..first_row + rows as u64).map(|line| Place { line }).collect(),
        rejected: Vec::new(),
        repairs: Vec::new(),
    }
}

/// Where the wanted cells stand among the columns of a file.
fn places(shape: &Shape, path: &Path, known: &[&str]) -> Result<Vec<usize>, LogError> {
    let place = |(name, key): &(String, String)| {
        let mut found = known.iter().enumerate().filter(|(_, known)| **known == name).map(|(place, _)| place);
        let Some(place) = found.next() else { return Err(missing(path, name, key, known)) };
        match 1 + found.count() {
            1 => Ok(place),
            times => {
                let problem =
                    format!("column `{}` (for {key}) stands {times} times in the header", name.escape_debug());
                Err(failed::file(path, problem, "rename all but one"))
            }
        }
    };
    shape.cells.iter().map(place).collect()
}

fn missing(path: &Path, name: &str, key: &str, known: &[&str]) -> LogError {
    LogError::MissingColumn {
        path: path.to_path_buf(),
        key: key.to_owned(),
        column: name.escape_debug().to_string(),
        known: failed::names(known.iter().copied()),
        hint: failed::hint(name, known.iter().copied()),
    }
}

fn parquet_places(shape: &Shape, path: &Path, file: &ParquetFile) -> Result<Vec<usize>, LogError> {
    let known: Vec<&str> = file.columns.iter().map(|column| column.name.as_str()).collect();
    let places = places(shape, path, &known)?;
    match places.iter().map(|&place| &file.columns[place]).find(|column| !column.usable) {
        Some(column) => {
            let problem = format!("column `{}` holds {}, which no cell can", column.name, column.kind);
            Err(failed::file(path, problem, "leave it out, or write a row per value"))
        }
        None => Ok(places),
    }
}

/// Refuses fields that no sample of JSON lines has, or that hold what no cell can.
fn check_fields(shape: &Shape, files: &[PathBuf], forms: &[Form], explode: Option<&str>) -> Result<(), LogError> {
    let mut samples: Vec<(&PathBuf, &JsonFile)> = Vec::new();
    for (path, form) in files.iter().zip(forms) {
        if let Form::Json(file) = form {
            samples.push((path, file));
        }
    }
    let Some((path, _)) = samples.first() else { return Ok(()) };
    let mut fields: BTreeMap<&str, bool> = BTreeMap::new();
    for field in samples.iter().flat_map(|(_, file)| &file.fields) {
        *fields.entry(&field.path).or_default() |= field.usable;
    }
    let known: Vec<&str> = fields.keys().copied().collect();
    if let Some(list) = explode
        && !samples.iter().any(|(_, file)| file.exploded)
    {
        return Err(missing(path, list, "schema.explode", &known));
    }
    for (name, key) in &shape.cells {
        match fields.get(name.as_str()) {
            None => return Err(missing(path, name, key, &known)),
            Some(true) => {}
            Some(false) => {
                let name = name.escape_debug();
                let problem = format!("field `{name}` (for {key}) holds lists or objects, which no cell can");
                return Err(failed::file(path, problem, "leave it out, or name its list in schema.explode"));
            }
        }
    }
    Ok(())
}

/// The columns out of a packed one.
pub(super) fn produced(unpack: &Unpack) -> Vec<String> {
    let column = &unpack.column;
    match &unpack.packed {
        Packed::Rows { columns, .. } => columns.clone(),
        Packed::Fields { names, .. } => names.iter().map(|name| format!("{column}.{name}")).collect(),
        Packed::List { first, .. } => (1..=*first).map(|place| format!("{column}.{place}")).collect(),
    }
}

/// How wanted columns come out of the cells of a row.
pub(super) fn shape(wanted: &[(String, String)], unpack: &[Unpack], forms: &[Form]) -> Result<Shape, LogError> {
    let mut shape = Shape::default();
    let cell = |shape: &mut Shape, name: &str, key: &str| {
        shape.cells.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            shape.cells.push((name.to_owned(), key.to_owned()));
            shape.cells.len() - 1
        })
    };
    if let Some(mut rows) = unpack.iter().find_map(|unpack| Parts::new(&unpack.column, &unpack.packed)) {
        rows.cell = cell(&mut shape, &rows.column, UNPACK);
        shape.rows = Some(rows);
    }
    for (name, key) in wanted {
        let values = |unpack: &Unpack| produced(unpack).iter().position(|produced| produced == name);
        let mut sources = unpack.iter().filter_map(|unpack| Some((unpack, values(unpack)?)));
        let Some((source, value)) = sources.next() else {
            let cell = cell(&mut shape, name, key);
            shape.columns.push(From::Cell(cell));
            continue;
        };
        if sources.next().is_some() || forms.iter().any(|form| form.columns().contains(&name.as_str())) {
            return Err(LogError::config(UNPACK, name, "there is another column of this name; rename one of them"));
        }
        let Some(mut pack) = Pack::new(&source.column, &source.packed) else {
            shape.columns.push(From::Part(value));
            continue;
        };
        let known = shape.packs.iter().position(|known| known.is_of(source));
        let pack = known.unwrap_or_else(|| {
            pack.cell = cell(&mut shape, &source.column, UNPACK);
            shape.packs.push(pack);
            shape.packs.len() - 1
        });
        shape.columns.push(From::Packed { pack, value });
    }
    Ok(shape)
}

const UNPACK: &str = "schema.unpack";

/// Refuses declarations that cannot be used whatever the files are.
pub(super) fn check(declared: &Declared, unpack: &[Unpack]) -> Result<(), LogError> {
    if let Some(delimiter) = &declared.csv.delimiter
        && (delimiter.is_empty() || delimiter.contains(['"', '\n', '\r', '\0']))
    {
        let mend = "use characters that are no quote and no line break";
        return Err(LogError::config("schema.csv.delimiter", format!("{delimiter:?}"), mend));
    }
    let refuse = |column: &str, mend: &str| Err(LogError::config(UNPACK, column, mend));
    if unpack.iter().filter(|unpack| matches!(unpack.packed, Packed::Rows { .. })).count() > 1 {
        return refuse("rows", "only one column's values can be rows");
    }
    for Unpack { column, packed } in unpack {
        let (separator, empty) = match packed {
            Packed::Rows { separator, columns, .. } => (separator, columns.is_empty()),
            Packed::Fields { separator, name_end, names, .. } => (separator, names.is_empty() || name_end.is_empty()),
            Packed::List { separator, first } => (separator, *first == 0),
        };
        if separator.is_empty() {
            return refuse(column, "name the separator between two values");
        }
        if empty {
            return refuse(column, "name the columns that come out of it, and what ends a name");
        }
    }
    Ok(())
}
