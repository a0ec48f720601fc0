//! Files of unknown origin, taken apart into rows of cells: CSV of any make, JSON lines, Parquet, packed or not.
//!
//! ```text
//! find ─▶ open: packing, encoding, format, header ─▶ want ─▶ next_chunk (one thread) ─▶ parse (many threads) ─▶ RawBlock
//! ```
//!
//! A line that cannot be taken apart is a [`RejectedRow`] with its line and rule, and the next line is read on:
//!
//! | rule | what was found |
//! |---|---|
//! | `ragged_row` | more or fewer cells than the header has |
//! | `cut_row` | the last line is too short or no JSON, and the file ends without a line feed |
//! | `unterminated_quote` | a quote opens a cell and never closes: it costs this line alone |
//! | `invalid_utf8`, `nul_byte` | bytes that no text has |
//! | `repeated_header` | the header line again, where files were put together |
//! | `row_too_long` | longer than 64 MiB |
//! | `bad_json`, `bad_json_value` | a line is no JSON object; a wanted field holds a list or object |
//! | `bad_packed_value` | a cell that is not packed as `schema.unpack` says |
//!
//! What concerns a file as a whole (cut gzip, damaged Parquet, a header without a wanted column) is a [`LogError`]. Repairs of
//! a file as a whole are counted in its first block: `byte_order_mark_skipped`, `utf16_transcoded`, `empty_file_skipped`.

mod block;
mod chunk;
mod csv;
mod encoding;
mod failed;
mod find;
mod form;
mod input;
mod json;
mod lines;
mod parquet;
mod rows;
mod sound;
#[cfg(test)]
mod tests;
mod unpack;
mod want;

use std::path::PathBuf;

pub use self::block::{Place, RawBlock, RawColumn, RejectedRow, Span};
pub use self::chunk::RawChunk;
pub use self::want::Parser;

use self::chunk::{Body, Piece};
use self::form::{Declared, Form};
use self::input::Input;
use self::lines::{Limits, Lines};
use self::parquet::ParquetRows;
use super::error::LogError;
use super::schema::{CsvSpec, FileFormat, Unpack};

/// Reads files one after the other, in ascending order of their paths.
pub struct LogReader {
    files: Vec<PathBuf>,
    forms: Vec<Form>,
    declared: Declared,
    unpack: Vec<Unpack>,
    columns: Vec<String>,
    parser: Parser,
    /// Index of the file that is read or comes next.
    at: usize,
    open: Option<Open>,
}

/// The file that is being read.
struct Open {
    rows: OpenRows,
    repair: Option<&'static str>,
}

enum OpenRows {
    Lines(Box<Lines>),
    Parquet(Box<ParquetRows>),
}

impl LogReader {
    /// Finds the files, tells what each is, and reads its header. Folders stand for all files below them that are not hidden.
    ///
    /// # Errors
    /// If nothing is found, a file cannot be opened or is no table, all files are empty, or a declaration cannot be used.
    pub fn open(
        files: &[PathBuf],
        format: Option<FileFormat>,
        csv: &CsvSpec,
        explode: Option<&str>,
        unpack: &[Unpack],
    ) -> Result<Self, LogError> {
        let (csv, explode) = (csv.clone(), explode.map(str::to_owned));
        Self::open_with(files, Declared { format, csv, explode, limits: Limits::default() }, unpack)
    }

    fn open_with(files: &[PathBuf], declared: Declared, unpack: &[Unpack]) -> Result<Self, LogError> {
        want::check(&declared, unpack)?;
        let files = find::find(files)?;
        let forms = files.iter().map(|path| Form::open(path, &declared)).collect::<Result<Vec<_>, _>>()?;
        check_forms(&files, &forms, &declared, unpack)?;
        let columns = columns(&forms, &declared.csv, unpack);
        let parser = Parser::default();
        let unpack = unpack.to_vec();
        let mut reader = Self { files, forms, declared, unpack, columns, parser, at: 0, open: None };
        reader.want(&[])?;
        Ok(reader)
    }

    /// The files, in the order in which they are read.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Names of the columns that can be wanted, over all files, in the order in which they first stand. JSON fields are
    /// dotted paths found in each file's first 1,000 lines, fields of Parquet groups likewise. In the stead of a column that is
    /// unpacked stand the columns out of it. A header's cell without a name is called `column_<place>`.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// JSON fields that hold lists of other things than numbers: no cell can hold them, and `explode` may name one.
    pub fn lists(&self) -> Vec<&str> {
        let mut lists: Vec<&str> = Vec::new();
        for form in &self.forms {
            let Form::Json(file) = form else { continue };
            for field in file.fields.iter().filter(|field| !field.usable) {
                if !lists.contains(&field.path.as_str()) {
                    lists.push(&field.path);
                }
            }
        }
        lists
    }

    /// Chooses the columns that blocks hold, in this order, each with the key that asks for it; none until then.
    ///
    /// # Errors
    /// If a column is missing from a CSV or Parquet file, stands twice in its header, occurs in no sample of JSON lines, or
    /// holds what no cell can.
    pub fn want(&mut self, wanted: &[(String, String)]) -> Result<(), LogError> {
        let shape = want::shape(wanted, &self.unpack, &self.forms)?;
        self.parser = Parser::new(shape, &self.files, &self.forms, &self.declared)?;
        Ok(())
    }

    /// The next piece of about a megabyte of whole lines, not taken apart yet; `None` at the end of the last file.
    ///
    /// # Errors
    /// If a file cannot be read, unpacked or decoded: the message says up to which line or row group it could.
    pub fn next_chunk(&mut self) -> Result<Option<RawChunk>, LogError> {
        while self.at < self.files.len() {
            let file = self.at as u32;
            let mut open = match self.open.take() {
                Some(open) => open,
                None => match self.begin()? {
                    Some(open) => open,
                    None => {
                        self.at += 1;
                        let body = Body::Lines(Piece::default());
                        return Ok(Some(RawChunk { file, body, repair: Some("empty_file_skipped") }));
                    }
                },
            };
            let body = match &mut open.rows {
                OpenRows::Lines(lines) => lines.next()?,
                OpenRows::Parquet(rows) => rows.next(&self.files[self.at])?,
            };
            let repair = open.repair.take();
            match body {
                Some(body) => {
                    self.open = Some(open);
                    return Ok(Some(RawChunk { file, body, repair }));
                }
                None => self.at += 1,
            }
            if repair.is_some() {
                return Ok(Some(RawChunk { file, body: Body::Lines(Piece::default()), repair }));
            }
        }
        Ok(None)
    }

    /// Opens the file that comes next; `None` for one without a line.
    fn begin(&self) -> Result<Option<Open>, LogError> {
        let path = &self.files[self.at];
        let (offset, line, record) = match &self.forms[self.at] {
            Form::Empty => return Ok(None),
            Form::Parquet(file) => {
                let rows = file.rows(path, self.parser.places(self.at))?;
                return Ok(Some(Open { rows: OpenRows::Parquet(Box::new(rows)), repair: None }));
            }
            Form::Csv(file) => (file.offset, file.line, file.record(&self.declared.csv)),
            Form::Json(_) => (0, 1, None),
        };
        let mut input = Input::open(path)?;
        input.skip(offset, line)?;
        let repair = input.repair;
        let lines = Lines::new(input, line, record, self.declared.limits);
        Ok(Some(Open { rows: OpenRows::Lines(Box::new(lines)), repair }))
    }

    /// What takes pieces apart, for as many threads as there are.
    pub fn parser(&self) -> Parser {
        self.parser.clone()
    }

    /// Takes a piece apart; the same as [`Parser::parse`].
    pub fn parse(&self, chunk: RawChunk) -> RawBlock {
        self.parser.parse(chunk)
    }
}

impl std::fmt::Debug for LogReader {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = out.debug_struct("LogReader");
        out.field("files", &self.files).field("columns", &self.columns).finish_non_exhaustive()
    }
}

/// Refuses files that are all empty, and declarations that a file's form has no use for.
fn check_forms(files: &[PathBuf], forms: &[Form], declared: &Declared, unpack: &[Unpack]) -> Result<(), LogError> {
    if declared.csv.header.is_empty() && forms.iter().all(|form| matches!(form, Form::Empty)) {
        let problem = match files.len() {
            1 => "the file is empty".to_owned(),
            count => format!("all {count} files are empty, this one first"),
        };
        return Err(failed::file(&files[0], problem, "it needs a header line and rows"));
    }
    for (path, form) in files.iter().zip(forms) {
        if let (Some(list), Form::Csv(_) | Form::Parquet(_)) = (&declared.explode, form) {
            let mend = format!("leave it out: {} is not JSON lines", path.display());
            return Err(LogError::config("schema.explode", list, mend));
        }
        if let (Some(first), Form::Parquet(_)) = (unpack.first(), form) {
            let mend = format!("leave it out: {} is Parquet, whose columns hold one value each", path.display());
            return Err(LogError::config("schema.unpack", &first.column, mend));
        }
    }
    Ok(())
}

/// All names, each once, those out of a packed column in its stead.
fn columns(forms: &[Form], csv: &CsvSpec, unpack: &[Unpack]) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    let mut columns = Vec::new();
    let named = forms.iter().flat_map(Form::columns).chain(csv.header.iter().map(String::as_str));
    for name in named {
        if !seen.insert(name.to_owned()) {
            continue;
        }
        let mut packs = unpack.iter().filter(|unpack| unpack.column == name).peekable();
        if packs.peek().is_none() {
            columns.push(name.to_owned());
        }
        for pack in packs {
            columns.extend(want::produced(pack).into_iter().filter(|name| seen.insert(name.clone())));
        }
    }
    columns
}
