//! `CsvLines`: a CSV file as one row of cells per line, each with its line number.
//!
//! A row is exactly one line. CSV proper lets a quoted cell hold line breaks, and then one lost quote swallows everything up to the next one;
//! a behaviour log has no such cells, so a quote that is still open at the end of its line is reported for that line, and the next line is read afresh.
//!
//! ```text
//! 1;"A;1";2⏎     → cells 1 | A;1 | 2
//! 1;"A1;2⏎       → UnterminatedQuote, this line only
//! ⏎              → skipped, but counted as a line
//! ```
//!
//! Lines end in LF or CRLF; a byte order mark before the header is skipped; a quote in the middle of an unquoted cell is an ordinary character.
//!
//! # Reference
//! RFC 4180, but for the line breaks within quotes.

use std::io::Read;
use std::path::{Path, PathBuf};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

use super::unpack::Unpacked;
use crate::error::Error;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads rows of cells and counts lines.
pub(crate) struct CsvLines<R: Read> {
    text: Unpacked<R>,
    path: PathBuf,
    parser: Reader,
    line: Vec<u8>,
    number: u64,
    cells: Vec<u8>,
    ends: Vec<usize>,
}

/// One line that is not empty.
pub(crate) enum Line<'a> {
    Cells(Cells<'a>),
    UnterminatedQuote(&'a [u8]),
}

/// The cells of one line, unquoted.
pub(crate) struct Cells<'a> {
    raw: &'a [u8],
    bytes: &'a [u8],
    ends: &'a [usize],
}

impl<'a> Cells<'a> {
    /// Number of cells.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// A cell's bytes.
    pub(crate) fn get(&self, index: usize) -> &'a [u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    /// The whole line as it stands in the file, without its end.
    pub(crate) fn raw(&self) -> &'a [u8] {
        self.raw
    }
}

impl<R: Read> CsvLines<R> {
    /// Reads `text`, which messages call `path`.
    pub(crate) fn new(text: Unpacked<R>, path: &Path, delimiter: u8) -> Self {
        let parser = ReaderBuilder::new().delimiter(delimiter).terminator(Terminator::Any(b'\n')).build();
        let path = path.to_path_buf();
        Self { text, path, parser, line: Vec::new(), number: 0, cells: Vec::new(), ends: Vec::new() }
    }

    /// The next line that is not empty, with its number from 1.
    ///
    /// # Errors
    /// [`Error::Gzip`] if the packing is damaged, [`Error::Read`] if reading fails.
    pub(crate) fn next_line(&mut self) -> Result<Option<(u64, Line<'_>)>, Error> {
        loop {
            self.line.clear();
            match self.text.read_line(&mut self.line) {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(source) => {
                    let (path, line) = (self.path.clone(), self.number);
                    let gzip = self.text.blames_gzip(&source);
                    return Err(if gzip {
                        Error::Gzip { path, line, source }
                    } else {
                        Error::Read { path, line, source }
                    });
                }
            }
            self.number += 1;
            if self.number == 1 && self.line.starts_with(BYTE_ORDER_MARK) {
                self.line.drain(..BYTE_ORDER_MARK.len());
            }
            while self.line.last().is_some_and(|&byte| byte == b'\n' || byte == b'\r') {
                self.line.pop();
            }
            if !self.line.is_empty() {
                break;
            }
        }
        // A line never has more cells than bytes + 1, nor longer ones, so the buffers cannot run full.
        self.line.push(b'\n');
        let longest = self.cells.len().max(self.line.len()).max(8);
        self.cells.resize(longest, 0);
        self.ends.resize(longest, 0);
        let (result, _, _, count) = self.parser.read_record(&self.line, &mut self.cells, &mut self.ends);
        let raw = &self.line[..self.line.len() - 1];
        match result {
            ReadRecordResult::Record => {
                let cells = Cells { raw, bytes: &self.cells, ends: &self.ends[..count] };
                Ok(Some((self.number, Line::Cells(cells))))
            }
            // The line feed was taken as part of a quoted cell. Closing the quote brings the parser to the start of a row.
            _ => {
                self.parser.read_record(b"\"\n", &mut self.cells, &mut self.ends);
                Ok(Some((self.number, Line::UnterminatedQuote(raw))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::unpack::unpack;
    use super::*;

    fn read(text: &[u8]) -> Result<Vec<String>, Box<dyn std::error::Error>> {
        let mut lines = CsvLines::new(unpack(text)?, Path::new("a.csv"), b';');
        let mut rows = Vec::new();
        while let Some((number, line)) = lines.next_line()? {
            rows.push(match line {
                Line::UnterminatedQuote(raw) => format!("{number} quote: {}", String::from_utf8_lossy(raw)),
                Line::Cells(cells) => {
                    let cells: Vec<_> = (0..cells.len()).map(|i| String::from_utf8_lossy(cells.get(i))).collect();
                    format!("{number} {}", cells.join("|"))
                }
            });
        }
        Ok(rows)
    }

    #[test]
    fn a_row_is_one_line() -> Result<(), Box<dyn std::error::Error>> {
        assert_eq!(read(b"a;b\r\n\r\n1;2\n;\n\n3;4")?, ["1 a|b", "3 1|2", "4 |", "6 3|4"]);
        Ok(())
    }

    #[test]
    fn quotes_hold_delimiters_and_quotes_but_no_line_breaks() -> Result<(), Box<dyn std::error::Error>> {
        assert_eq!(read(b"\"a;b\";c\n\"say \"\"x\"\"\";d\n5\" 6;e\n")?, ["1 a;b|c", "2 say \"x\"|d", "3 5\" 6|e"]);
        assert_eq!(read(b"1;\"A\n2;B\n3;\"C\n4;\"D\"\n")?, ["1 quote: 1;\"A", "2 2|B", "3 quote: 3;\"C", "4 4|D"]);
        Ok(())
    }

    #[test]
    fn a_byte_order_mark_is_skipped() -> Result<(), Box<dyn std::error::Error>> {
        assert_eq!(read(b"\xef\xbb\xbfa;b\n1;2")?, ["1 a|b", "2 1|2"]);
        assert_eq!(read(b"\xef\xbb\xbf\n1;2")?, ["2 1|2"]);
        Ok(())
    }

    #[test]
    fn a_carriage_return_within_a_line_is_an_ordinary_byte() -> Result<(), Box<dyn std::error::Error>> {
        assert_eq!(read(b"a\rb;c\n")?, ["1 a\rb|c"]);
        Ok(())
    }
}
