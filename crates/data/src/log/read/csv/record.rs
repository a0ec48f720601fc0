//! `Record`: where a row ends in a file whose quotes may hold line breaks.
//!
//! A quote opens a cell in quotes only where a cell begins; inside, a quote closes unless another follows it at once. A
//! quote that stays open for more than [`MOST_LINES`] lines, or to the end, is a lost one: it costs its own line only.
//!
//! # Reference
//! RFC 4180, section 2, rules 5 to 7.

use memchr::memchr;
use memchr::memmem::Finder;

use super::super::lines::count;

/// Line breaks within one cell.
const MOST_LINES: u64 = 100;

/// Finds the ends of rows.
#[derive(Debug, Clone)]
pub(in super::super) struct Record {
    delimiter: Finder<'static>,
}

/// The end of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Behind its line feed, or where the text ends.
    At(usize),
    /// A quote never closes; the line ends there.
    Lost(usize),
    /// It does not end within the text.
    Beyond,
}

impl Record {
    pub(super) fn new(delimiter: &[u8]) -> Self {
        Self { delimiter: Finder::new(delimiter).into_owned() }
    }

    /// Bytes that whole rows take of a text that begins with a row and goes on.
    pub(in super::super) fn whole(&self, text: &[u8]) -> usize {
        let mut at = 0;
        while at < text.len() {
            match self.end(text, at, false) {
                End::At(end) | End::Lost(end) => at = end,
                End::Beyond => break,
            }
        }
        at
    }

    /// The end of the row that begins at `from`; `all` says that nothing follows the text.
    pub(super) fn end(&self, text: &[u8], from: usize, all: bool) -> End {
        let feed_behind = |at: usize| memchr(b'\n', &text[at..]).map(|feed| at + feed);
        let mut feed = feed_behind(from);
        let line_end = feed.map_or(text.len(), |at| at + 1);
        if feed.is_none() && !all {
            return End::Beyond;
        }
        let mut cell = from;
        loop {
            if text.get(cell) == Some(&b'"') {
                match self.close(text, cell + 1, all) {
                    Close::At(behind) => cell = behind,
                    Close::Lost => return End::Lost(line_end),
                    Close::Beyond => return End::Beyond,
                }
                if feed.is_some_and(|feed| feed < cell) {
                    feed = feed_behind(cell);
                }
            }
            match (self.next_in_quotes(text, cell, feed.unwrap_or(text.len())), feed) {
                (Some(next), _) => cell = next,
                (None, Some(feed)) => return End::At(feed + 1),
                (None, None) if all => return End::At(text.len()),
                (None, None) => return End::Beyond,
            }
        }
    }

    /// The next cell up to `stop` that begins with a quote: nothing else carries a row beyond its line.
    fn next_in_quotes(&self, text: &[u8], mut at: usize, stop: usize) -> Option<usize> {
        memchr(b'"', &text[at..stop])?;
        loop {
            at += self.delimiter.find(&text[at..stop])? + self.delimiter.needle().len();
            if at < stop && text[at] == b'"' {
                return Some(at);
            }
        }
    }

    /// The place behind the closing quote.
    fn close(&self, text: &[u8], mut from: usize, all: bool) -> Close {
        let mut lines = 0;
        loop {
            let quote = memchr(b'"', &text[from..]).map(|at| from + at);
            lines += count(&text[from..quote.unwrap_or(text.len())]);
            if lines > MOST_LINES {
                return Close::Lost;
            }
            match quote {
                None if all => return Close::Lost,
                None => return Close::Beyond,
                Some(at) if text.get(at + 1) == Some(&b'"') => from = at + 2,
                // The quote may be doubled by what is not read yet.
                Some(at) if at + 1 == text.len() && !all => return Close::Beyond,
                Some(at) => return Close::At(at + 1),
            }
        }
    }
}

enum Close {
    At(usize),
    Lost,
    Beyond,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str, all: bool) -> End {
        Record::new(b",").end(text.as_bytes(), 0, all)
    }

    #[test]
    fn a_row_ends_behind_the_line_feed_outside_quotes() {
        assert_eq!(end("a,b\nc", false), End::At(4));
        assert_eq!(end("a,\"b\nc\",d\ne", false), End::At(10));
        assert_eq!(end("a,\"b\"\"\n\"\nc", false), End::At(9));
        assert_eq!(end("5\" pipe,a\nb", false), End::At(10));
        assert_eq!(end("a,b\"\n", false), End::At(5));
        assert_eq!(end("a,b,\"x\ny\",\"z\n\"\n", false), End::At(15));
        assert_eq!((end("a,b", false), end("a,b", true)), (End::Beyond, End::At(3)));
        assert_eq!((end("a,\"b\nc\"", false), end("a,\"b\nc\"", true)), (End::Beyond, End::At(7)));
    }

    #[test]
    fn a_lost_quote_costs_its_own_line() {
        assert_eq!((end("a,\"b\nc,d\n", false), end("a,\"b\nc,d\n", true)), (End::Beyond, End::Lost(5)));
        let far = format!("\"a\n{}\"\n", "b\n".repeat(100));
        assert_eq!(end(&far, false), End::Lost(3));
        let near = format!("\"a\n{}\"\n", "b\n".repeat(99));
        assert_eq!(end(&near, false), End::At(near.len()));
    }

    #[test]
    fn whole_rows_are_all_up_to_an_open_one() {
        let record = Record::new(b"::");
        assert_eq!(record.whole(b"a::b\n\"c\nd\"::e\nf::\"g\n"), 14);
        assert_eq!(record.whole(b"a::\"b\n"), 0);
    }
}
