//! `Splitter`: one line into cells, eight bytes at a time.
//!
//! ```text
//! x = word XOR (delimiter × 0x0101…01)                        zero where the delimiter stands
//! NOT (((x AND 0x7f7f…7f) + 0x7f7f…7f) OR x) AND 0x8080…80    a set bit for each zero byte, and for no other
//! ```
//!
//! # Reference
//! H. S. Warren, *Hacker's Delight*, 2nd edition, section 6-1: finding zero bytes of a word.

use memchr::memchr;
use memchr::memmem::Finder;

use super::super::block::Span;
use super::super::lines::PAD;
use super::super::rows::span;

const LOW: u64 = 0x0101_0101_0101_0101;
const SEVEN: u64 = 0x7f7f_7f7f_7f7f_7f7f;

/// Cuts lines at a delimiter.
#[derive(Debug, Clone)]
pub(super) struct Splitter {
    delimiter: Finder<'static>,
    /// The delimiter in each byte of a word, if it is one byte.
    pattern: Option<u64>,
}

impl Splitter {
    pub(super) fn new(delimiter: &[u8]) -> Self {
        let pattern = match delimiter {
            [byte] => Some(LOW * u64::from(*byte)),
            _ => None,
        };
        Self { delimiter: Finder::new(delimiter).into_owned(), pattern }
    }

    /// Length of the delimiter in bytes.
    #[inline]
    pub(super) fn step(&self) -> usize {
        self.delimiter.needle().len()
    }

    /// Number of cells in the line, which has no cells in quotes; `starts[k]` becomes the start of cell k, and the entry
    /// behind the last cell one delimiter behind the line, as far as `starts` reaches.
    ///
    /// The text goes on for [`PAD`] bytes behind the line.
    #[inline]
    pub(super) fn starts(&self, text: &[u8], from: usize, to: usize, starts: &mut [u32]) -> usize {
        let cells = match self.pattern {
            Some(pattern) => by_words(pattern, text, from, to, starts),
            None => self.by_finder(text, from, to, starts),
        };
        if let Some(behind) = starts.get_mut(cells) {
            *behind = (to + self.step()) as u32;
        }
        cells
    }

    fn by_finder(&self, text: &[u8], from: usize, to: usize, starts: &mut [u32]) -> usize {
        starts[0] = from as u32;
        let mut cells = 1;
        for at in self.delimiter.find_iter(&text[from..to]) {
            if let Some(start) = starts.get_mut(cells) {
                *start = (from + at + self.step()) as u32;
            }
            cells += 1;
        }
        cells
    }

    /// The cells of a row that has quotes; content that is not in one piece is put behind the text. `None` if a quote
    /// never closes.
    pub(super) fn quoted(&self, text: &mut Vec<u8>, from: usize, to: usize, cells: &mut Vec<Span>) -> Option<()> {
        cells.clear();
        let mut at = from;
        loop {
            let end = if at < to && text[at] == b'"' {
                let (cell, end) = self.unquote(text, at + 1, to)?;
                cells.push(cell);
                end
            } else {
                let end = self.next(text, at, to);
                cells.push(span(at, end));
                end
            };
            if end == to {
                return Some(());
            }
            at = end + self.step();
        }
    }

    fn next(&self, text: &[u8], at: usize, to: usize) -> usize {
        self.delimiter.find(&text[at..to]).map_or(to, |end| at + end)
    }

    /// The cell whose opening quote stands before `start`, and the end of it. Characters behind the closing quote belong
    /// to the cell, as with other readers.
    fn unquote(&self, text: &mut Vec<u8>, start: usize, to: usize) -> Option<(Span, usize)> {
        let (mut from, mut copied) = (start, None);
        loop {
            let quote = from + memchr(b'"', &text[from..to])?;
            if quote + 1 < to && text[quote + 1] == b'"' {
                copied.get_or_insert(text.len());
                text.extend_from_within(from..quote + 1);
                from = quote + 2;
                continue;
            }
            let end = self.next(text, quote + 1, to);
            if copied.is_none() && end == quote + 1 {
                return Some((span(start, quote), end));
            }
            let copied = copied.unwrap_or(text.len());
            text.extend_from_within(from..quote);
            text.extend_from_within(quote + 1..end);
            return Some((span(copied, text.len()), end));
        }
    }
}

#[inline]
fn by_words(pattern: u64, text: &[u8], from: usize, to: usize, starts: &mut [u32]) -> usize {
    starts[0] = from as u32;
    let mut cells = 1;
    let mut at = from;
    while at < to {
        let mut word = [0; PAD];
        word.copy_from_slice(&text[at..at + PAD]);
        let differs = u64::from_le_bytes(word) ^ pattern;
        let mut marks = !(((differs & SEVEN) + SEVEN) | differs | SEVEN);
        if to - at < PAD {
            marks &= (1 << (8 * (to - at))) - 1;
        }
        while marks != 0 {
            if let Some(start) = starts.get_mut(cells) {
                *start = (at + (marks.trailing_zeros() / 8) as usize + 1) as u32;
            }
            cells += 1;
            marks &= marks - 1;
        }
        at += PAD;
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(delimiter: &str, line: &str) -> Vec<String> {
        let splitter = Splitter::new(delimiter.as_bytes());
        let mut text = line.as_bytes().to_vec();
        text.extend(delimiter.repeat(PAD).as_bytes());
        let mut starts = vec![0; 40];
        let cells = splitter.starts(&text, 0, line.len(), &mut starts);
        let cell = |k: usize| &text[starts[k] as usize..starts[k + 1] as usize - splitter.step()];
        (0..cells).map(|k| String::from_utf8_lossy(cell(k)).into_owned()).collect()
    }

    fn quoted(delimiter: &str, line: &str) -> Option<Vec<String>> {
        let (mut text, mut cells) = (line.as_bytes().to_vec(), Vec::new());
        Splitter::new(delimiter.as_bytes()).quoted(&mut text, 0, line.len(), &mut cells)?;
        let shown = |cell: &Span| String::from_utf8_lossy(cell.of(&text).unwrap_or_default()).into_owned();
        Some(cells.iter().map(shown).collect())
    }

    #[test]
    fn lines_are_cut_as_by_the_standard_library() {
        // `-` is `,` + 1 and 0xac is `,` with its high bit: the usual false friends of words.
        for line in ["", ",", "a,b", "a,,b,", "-,-,,-----,-", "1234567,12345678,123456789,x", "é,日本,\u{2c80},,,,,,,,"]
        {
            assert_eq!(plain(",", line), line.split(',').collect::<Vec<_>>(), "{line}");
            let line = line.replace(',', "::");
            assert_eq!(plain("::", &line), line.split("::").collect::<Vec<_>>(), "{line}");
        }
    }

    #[test]
    fn cells_come_out_of_their_quotes() {
        assert_eq!(quoted(",", "\"a,b\",c"), Some(vec!["a,b".to_owned(), "c".to_owned()]));
        assert_eq!(
            quoted(",", "x,\"say \"\"y\"\"\",\"\"\"\""),
            Some(["x", "say \"y\"", "\""].map(str::to_owned).to_vec())
        );
        assert_eq!(
            quoted(",", "5\" pipe,\"a\"b\"c,\"\","),
            Some(["5\" pipe", "ab\"c", "", ""].map(str::to_owned).to_vec())
        );
        assert_eq!(quoted("::", "\"a::b\"::\"c\""), Some(vec!["a::b".to_owned(), "c".to_owned()]));
        assert_eq!((quoted(",", "a,\"b"), quoted(",", "\"a\"\"")), (None, None));
    }
}
