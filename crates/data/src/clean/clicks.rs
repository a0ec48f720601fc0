//! `ClickTable`: the sound rows of the log as codes, row by row.
//!
//! ```text
//! clicks   line  content   day  order      codes   session  order  year … item  position …
//! row 0      2   9f3a…   13970    1                  0        0     0      0       0
//! row 1      3   77c1…   13970    2                  0        1     0      1       1
//! ```
//!
//! `content` is a hash of all cells of the row, mapped or not, so that a row which repeats another is told from one which contradicts it.

use std::hash::{DefaultHasher, Hasher};
use std::io::Read;

use sha2::{Digest, Sha256};

use super::column::{Column, Judged};
use super::header::{Header, Slots};
use super::quarantine::QuarantinedRow;
use super::report::{Ledger, Repair};
use super::rules::Rule;
use crate::day::Day;
use crate::error::Error;
use crate::read::{Cells, CsvLines, Line};
use crate::source::LogSource;

/// What a row needs besides its codes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Click {
    pub(crate) line: u64,
    pub(crate) content: u64,
    pub(crate) day: i32,
    pub(crate) order: u32,
}

/// Sound rows, with the values that their codes stand for.
#[derive(Debug)]
pub(crate) struct ClickTable {
    pub(crate) clicks: Vec<Click>,
    pub(crate) columns: Vec<Column>,
    pub(crate) slots: Slots,
    /// Shape `[rows, columns]`.
    codes: Vec<u32>,
}

impl ClickTable {
    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.clicks.len()
    }

    /// The code of a row in a column.
    pub(crate) fn code(&self, row: usize, slot: usize) -> u32 {
        self.codes[row * self.columns.len() + slot]
    }

    /// The codes of a column, row by row.
    pub(crate) fn codes(&self, slot: usize) -> impl Iterator<Item = u32> + Clone {
        self.codes.iter().copied().skip(slot).step_by(self.columns.len())
    }

    /// Keeps the named rows, in the order named.
    pub(crate) fn select(&mut self, rows: &[u32]) {
        let width = self.columns.len();
        self.clicks = rows.iter().map(|&row| self.clicks[row as usize]).collect();
        let kept = rows.iter().flat_map(|&row| &self.codes[row as usize * width..][..width]);
        self.codes = kept.copied().collect();
    }
}

/// Reads the header and all rows; those that break a rule go to the ledger's quarantine.
///
/// # Errors
/// The file cannot be read or unpacked, is empty, its header does not fit the schema, or it has more than 2^32 - 1 sound rows.
pub(crate) fn read_clicks<R: Read>(
    lines: &mut CsvLines<R>,
    source: &LogSource,
    ledger: &mut Ledger,
) -> Result<ClickTable, Error> {
    let path = || source.path.clone();
    let header = match lines.next_line()? {
        None => return Err(Error::Empty { path: path() }),
        Some((_, Line::Cells(cells))) => Header::new(&source.path, &cells),
        Some((line, Line::UnterminatedQuote(_))) => return Err(Error::HeaderQuote { path: path(), line }),
    };
    let (columns, slots) = header.bind(&source.schema, &source.rules)?;
    let mut reader = RowReader {
        width: header.len(),
        date: None,
        slice: Slice { share: source.sessions_share, kept: Vec::new() },
        trimmed: vec![0; columns.len()],
        table: ClickTable { clicks: Vec::new(), columns, slots, codes: Vec::new() },
    };
    while let Some((number, line)) = lines.next_line()? {
        ledger.report.rows_read += 1;
        let read = match line {
            Line::Cells(cells) => reader.read(number, &cells),
            Line::UnterminatedQuote(raw) => {
                let message = "a quote does not close on its line".to_owned();
                Err(QuarantinedRow::new(number, "", raw, Rule::UnterminatedQuote, message))
            }
        };
        match read {
            Ok(true) => {}
            Ok(false) => ledger.report.rows_left_out += 1,
            Err(row) => ledger.quarantine(row),
        }
    }
    if reader.table.len() > u32::MAX as usize {
        return Err(Error::TooLarge { path: path(), what: "rows", count: reader.table.len() as u64 });
    }
    for (column, &rows) in reader.table.columns.iter().zip(&reader.trimmed) {
        ledger.repaired(&column.name, Repair::TrimmedSpace, rows);
    }
    Ok(reader.table)
}

struct RowReader {
    table: ClickTable,
    width: usize,
    /// The codes of year, month and day that were seen last, and the day that they make: most rows repeat it.
    date: Option<([u32; 3], Day)>,
    slice: Slice,
    /// Per column, rows whose value had white space around it.
    trimmed: Vec<u64>,
}

impl RowReader {
    /// Takes a row into the table (`true`), leaves it out by the slice (`false`), or says which rule it breaks.
    fn read(&mut self, line: u64, cells: &Cells<'_>) -> Result<bool, QuarantinedRow> {
        if cells.len() != self.width {
            let message = format!("{} cells where the header has {}", cells.len(), self.width);
            return Err(QuarantinedRow::new(line, "", cells.raw(), Rule::RaggedRow, message));
        }
        let start = self.table.codes.len();
        let read = self.judge(line, cells);
        if !matches!(read, Ok(true)) {
            self.table.codes.truncate(start);
        }
        read
    }

    fn judge(&mut self, line: u64, cells: &Cells<'_>) -> Result<bool, QuarantinedRow> {
        let start = self.table.codes.len();
        let mut spaced = false;
        for column in &mut self.table.columns {
            let cell = cells.get(column.index);
            match column.judge(cell) {
                Judged::Value { code, trimmed } => {
                    self.table.codes.push(code);
                    spaced |= trimmed;
                }
                Judged::Fault(rule) => {
                    let message = column.explain(rule, cell);
                    return Err(QuarantinedRow::new(line, &column.name, cell, rule, message));
                }
            }
        }
        let day = self.day(line, start)?.number();
        let session = self.table.codes[start + self.table.slots.session];
        if !self.slice.keeps(session, &self.table.columns[self.table.slots.session]) {
            return Ok(false);
        }
        if spaced {
            for (column, rows) in self.table.columns.iter().zip(&mut self.trimmed) {
                *rows += u64::from(cells.get(column.index).trim_ascii().len() < cells.get(column.index).len());
            }
        }
        let order = self.table.columns[self.table.slots.order].number(self.table.codes[start + self.table.slots.order]);
        self.table.clicks.push(Click { line, content: content(cells), day, order: order as u32 });
        Ok(true)
    }

    fn day(&mut self, line: u64, start: usize) -> Result<Day, QuarantinedRow> {
        let slots = [self.table.slots.year, self.table.slots.month, self.table.slots.day];
        let codes = slots.map(|slot| self.table.codes[start + slot]);
        if let Some((seen, day)) = self.date
            && seen == codes
        {
            return Ok(day);
        }
        let columns = slots.map(|slot| &self.table.columns[slot]);
        let number = |i: usize| columns[i].number(codes[i]);
        // The casts saturate, and no month or day is 127.
        match Day::from_civil(number(0) as i16, number(1) as i8, number(2) as i8) {
            Some(day) => {
                self.date = Some((codes, day));
                Ok(day)
            }
            None => {
                let names = columns.map(|column| column.name.as_str()).join("-");
                let value = [0, 1, 2].map(|i| columns[i].text(codes[i])).join("-");
                let message = "there is no such day".to_owned();
                Err(QuarantinedRow::new(line, &names, value.as_bytes(), Rule::ImpossibleDate, message))
            }
        }
    }
}

/// Two rows with equal cells have equal hashes; white space around a cell does not count, because it is cut off.
fn content(cells: &Cells<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for i in 0..cells.len() {
        let cell = cells.get(i).trim_ascii();
        hasher.write_usize(cell.len());
        hasher.write(cell);
    }
    hasher.finish()
}

/// The sessions that `sessions_share` keeps.
struct Slice {
    share: f64,
    /// Per code of a session, whether it is kept.
    kept: Vec<bool>,
}

impl Slice {
    fn keeps(&mut self, session: u32, column: &Column) -> bool {
        while self.kept.len() <= session as usize {
            let id = column.text(self.kept.len() as u32);
            self.kept.push(self.share >= 1.0 || place(id) < self.share);
        }
        self.kept[session as usize]
    }
}

/// A session's fixed place in [0, 1], from its id alone: the same on every machine, in every file, at every share.
fn place(session: &str) -> f64 {
    let digest = Sha256::digest(session.as_bytes());
    let first = digest.iter().take(8).fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
    first as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sessions_place_is_fixed_and_even() {
        // SHA-256 of "1" begins 6b86b273ff34fce1, and 0x6b86b273 / 2^32 = 0.42002.
        assert!((place("1") - 0.420_02).abs() < 1e-5);
        let kept = (0..10_000).filter(|id| place(&id.to_string()) < 0.3).count();
        assert!((2_850..3_150).contains(&kept), "{kept}");
    }
}
