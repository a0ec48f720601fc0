//! CSV of any make: a row is one line, unless quotes may hold line breaks.
//!
//! ```text
//! Id,user,item          skip_lines, empty lines, header: read once, when the file is opened
//! 1,u7,"A,1"            ragged, cut, unterminated, not UTF-8 or with NUL: set aside, the next line is read on
//! ```

mod header;
mod record;
mod rows;
mod split;

use memchr::memchr;

pub(super) use self::record::Record;
pub(super) use self::rows::CsvPlan;

use self::record::End;
use self::split::Splitter;
use super::super::error::LogError;
use super::failed;
use super::input::Input;
use super::lines::{Limits, count};
use crate::log::schema::CsvSpec;

/// Lines by which a delimiter is judged.
const SAMPLE: usize = 100;

/// What is known of a CSV file once its header is read.
#[derive(Debug, Clone)]
pub(super) struct CsvFile {
    /// Names of the columns.
    pub(super) names: Vec<String>,
    pub(super) delimiter: String,
    /// Bytes of text before the first row.
    pub(super) offset: u64,
    /// Line of the first row, from 1.
    pub(super) line: u64,
    /// The header's line, which may stand again further down where files were put together.
    header: Vec<u8>,
}

impl CsvFile {
    /// Reads the header; `None` for a file without any line.
    pub(super) fn open(input: &mut Input, spec: &CsvSpec, limits: Limits) -> Result<Option<Self>, LogError> {
        let path = input.path().to_path_buf();
        let mut text = Vec::new();
        let mut target = input.first.len().max(1);
        loop {
            let ended = input.fill(&mut text, target, 1)?;
            if let Some(begin) = begin(&text, spec.skip_lines)
                && let Some(file) = Self::read(&path, &text, begin, ended, spec)?
            {
                return Ok(Some(file));
            }
            if ended {
                return Ok(None);
            }
            if text.len() > limits.row {
                let problem = format!("no line ends within the first {} MiB", limits.row >> 20);
                return Err(failed::file(&path, problem, "is this a file of lines?"));
            }
            target = 2 * text.len();
        }
    }

    /// Reads the header in a text; `None` if more text is needed.
    fn read(
        path: &std::path::Path,
        text: &[u8],
        begin: usize,
        ended: bool,
        spec: &CsvSpec,
    ) -> Result<Option<Self>, LogError> {
        let Some(first_end) = end_of(text, begin, spec, ended) else { return Ok(None) };
        let first = without_break(&text[begin..first_end]);
        let told = || header::told(first, spec.no_quotes).to_owned();
        let delimiter = spec.delimiter.clone().unwrap_or_else(told);
        let rest = &text[begin..];
        let whole = if ended { rest.len() } else { memchr::memrchr(b'\n', rest).map_or(0, |at| at + 1) };
        let sample: Vec<&[u8]> = rest[..whole]
            .split(|&byte| byte == b'\n')
            .filter(|line| !without_break(line).is_empty())
            .take(SAMPLE)
            .collect();
        if header::cells(first, &delimiter, spec.no_quotes).len() == 1 {
            header::check_delimiter(path, &delimiter, spec.delimiter.is_some(), &sample)?;
        }
        let (names, offset, header) = if spec.header.is_empty() {
            (header::names(path, first, &delimiter, spec)?, first_end, first.to_vec())
        } else {
            (spec.header.clone(), begin, Vec::new())
        };
        let line = 1 + count(&text[..offset]);
        // One column's name may well be a value.
        let header = if names.len() > 1 { header } else { Vec::new() };
        Ok(Some(Self { names, delimiter, offset: offset as u64, line, header }))
    }

    /// How pieces of the file are cut where quotes hold line breaks.
    pub(super) fn record(&self, spec: &CsvSpec) -> Option<Record> {
        (spec.line_breaks_in_quotes && !spec.no_quotes).then(|| Record::new(self.delimiter.as_bytes()))
    }

    /// How its pieces are taken apart: `places` says which of the file's columns each cell is.
    pub(super) fn plan(&self, spec: &CsvSpec, places: Vec<usize>) -> CsvPlan {
        CsvPlan {
            splitter: Splitter::new(self.delimiter.as_bytes()),
            width: self.names.len(),
            places,
            quotes: !spec.no_quotes,
            record: self.record(spec),
            header: self.header.clone(),
        }
    }
}

/// Where the first line begins that counts: behind the lines to skip, and empty ones.
fn begin(text: &[u8], skip_lines: u64) -> Option<usize> {
    let mut at = 0;
    for _ in 0..skip_lines {
        at += memchr(b'\n', &text[at..])? + 1;
    }
    let empty = text[at..].iter().take_while(|byte| b"\r\n".contains(byte)).count();
    (at + empty < text.len()).then_some(at + empty)
}

/// The end of the first row, behind its line feed.
fn end_of(text: &[u8], begin: usize, spec: &CsvSpec, ended: bool) -> Option<usize> {
    let line = || match memchr(b'\n', &text[begin..]) {
        Some(at) => Some(begin + at + 1),
        None => ended.then_some(text.len()),
    };
    let Some(delimiter) = spec.line_breaks_in_quotes.then_some(spec.delimiter.as_deref()) else { return line() };
    // The delimiter is told from the row that it ends; that of the first line does for this.
    let first = without_break(&text[begin..line()?]);
    let delimiter = delimiter.unwrap_or_else(|| header::told(first, spec.no_quotes));
    match Record::new(delimiter.as_bytes()).end(text, begin, ended) {
        End::At(end) | End::Lost(end) => Some(end),
        End::Beyond => None,
    }
}

/// A line without what ends it.
fn without_break(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
