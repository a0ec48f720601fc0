//! `CsvPlan`: a piece of a CSV file taken apart.

use std::ops::Range;

use memchr::memchr;

use super::super::block::{Place, RawBlock, Span};
use super::super::chunk::Piece;
use super::super::lines::{PAD, count};
use super::super::rows::{Broken, Rows, Shape, span};
use super::super::sound::Sound;
use super::record::{End, Record};
use super::split::Splitter;

/// How the rows of one file become cells.
#[derive(Debug, Clone)]
pub(in super::super) struct CsvPlan {
    pub(super) splitter: Splitter,
    /// Number of columns of the file.
    pub(super) width: usize,
    /// The file's columns that are wanted, cell by cell.
    pub(super) places: Vec<usize>,
    pub(super) quotes: bool,
    pub(super) record: Option<Record>,
    pub(super) header: Vec<u8>,
}

/// What is at hand while a piece is taken apart.
struct Work {
    /// Starts of the cells of a line, and one entry behind them.
    starts: Vec<u32>,
    all: Vec<Span>,
    cells: Vec<Span>,
}

impl CsvPlan {
    /// Takes a piece apart.
    pub(in super::super) fn parse(&self, shape: &Shape, piece: Piece, file: u32) -> RawBlock {
        let Piece { mut text, line, cut } = piece;
        let length = text.len();
        let sound = Sound::of(&text);
        let quotes = self.quotes && memchr(b'"', &text).is_some();
        text.extend([b'\n'; PAD]);
        let mut rows = Rows::new(shape, text, expected(length));
        let mut work =
            Work { starts: vec![0; self.width + 1], all: Vec::new(), cells: vec![Span::ABSENT; self.places.len()] };
        let mut place = Place { line };
        let mut at = 0;
        while at < length {
            let (end, lines, lost) = self.end(&rows.text[..length], at, quotes);
            let record = at..content_end(&rows.text, at, end);
            if !record.is_empty() {
                rows.lines += 1;
                let in_quotes = quotes && memchr(b'"', &rows.text[record.clone()]).is_some();
                let ends_file = cut && end == length;
                let read = match sound.check(&rows.text[record.clone()]) {
                    Err(broken) => Err(broken),
                    Ok(()) if lost => Err(unterminated()),
                    Ok(()) if in_quotes => self.quoted(&mut rows, &mut work, record.clone(), ends_file),
                    Ok(()) => self.plain(&rows.text, &mut work, record.clone(), ends_file),
                };
                match read {
                    Ok(()) => rows.push(place, &work.cells, record),
                    Err(broken) => rows.reject(place, broken, record),
                }
            }
            place.line += lines;
            at = end;
        }
        rows.finish(file)
    }

    /// Where the row that begins at `at` ends, how many lines it takes, and whether a quote of it never closes.
    #[inline]
    fn end(&self, text: &[u8], at: usize, quotes: bool) -> (usize, u64, bool) {
        if quotes && let Some(record) = &self.record {
            return match record.end(text, at, true) {
                End::At(end) => (end, count(&text[at..end]), false),
                End::Lost(end) => (end, 1, true),
                End::Beyond => (text.len(), count(&text[at..]), true),
            };
        }
        (memchr(b'\n', &text[at..]).map_or(text.len(), |feed| at + feed + 1), 1, false)
    }

    #[inline]
    fn plain(&self, text: &[u8], work: &mut Work, record: Range<usize>, ends_file: bool) -> Result<(), Broken> {
        let (from, to) = (record.start, record.end);
        let found = self.splitter.starts(text, from, to, &mut work.starts);
        if found != self.width {
            return Err(self.ragged(found, ends_file));
        }
        self.check_header(text, record)?;
        let step = self.splitter.step();
        for (cell, &place) in work.cells.iter_mut().zip(&self.places) {
            *cell = span(work.starts[place] as usize, work.starts[place + 1] as usize - step);
        }
        Ok(())
    }

    fn quoted(
        &self,
        rows: &mut Rows<'_>,
        work: &mut Work,
        record: Range<usize>,
        ends_file: bool,
    ) -> Result<(), Broken> {
        let (from, to) = (record.start, record.end);
        self.splitter.quoted(&mut rows.text, from, to, &mut work.all).ok_or_else(unterminated)?;
        if work.all.len() != self.width {
            return Err(self.ragged(work.all.len(), ends_file));
        }
        self.check_header(&rows.text, record)?;
        for (cell, &place) in work.cells.iter_mut().zip(&self.places) {
            *cell = work.all[place];
        }
        Ok(())
    }

    #[inline]
    fn check_header(&self, text: &[u8], record: Range<usize>) -> Result<(), Broken> {
        if !self.header.is_empty() && text[record] == self.header[..] {
            return Err(("repeated_header", "the header line stands here again".to_owned()));
        }
        Ok(())
    }

    #[cold]
    fn ragged(&self, found: usize, ends_file: bool) -> Broken {
        let cells = if found == 1 { "1 cell".to_owned() } else { format!("{found} cells") };
        let message = format!("{cells} where the header has {}", self.width);
        if ends_file && found < self.width {
            return ("cut_row", format!("{message}, and the file ends here without a line feed"));
        }
        ("ragged_row", message)
    }
}

#[cold]
fn unterminated() -> Broken {
    ("unterminated_quote", "a quote opens a cell and does not close on its line; if cells hold line breaks, set schema.csv.line_breaks_in_quotes = true".to_owned())
}

/// The end of a row's content, without line feed and carriage return.
#[inline]
fn content_end(text: &[u8], at: usize, end: usize) -> usize {
    let end = if end > at && text[end - 1] == b'\n' { end - 1 } else { end };
    if end > at && text[end - 1] == b'\r' { end - 1 } else { end }
}

/// A guess at the number of rows that is mostly too high, and never by much.
fn expected(length: usize) -> usize {
    length / 64 + 1
}
