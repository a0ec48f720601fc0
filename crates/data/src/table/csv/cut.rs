//! Where the last whole row of a block ends, found from the quotes alone.
//!
//! A quote opens a cell in quotes only where a cell begins; any other quote outside is an ordinary character (`5"
//! pipe`). Inside, a quote closes unless another follows it at once. So only the quotes need looking at, and a block
//! without quotes costs one backward search.
//!
//! # Reference
//! RFC 4180, section 2, rules 5 to 7.

use memchr::{memchr, memchr_iter, memrchr};

/// Where whole rows end in a block that begins with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Behind this many bytes.
    After(usize),
    /// No row ends here, and no quote is open.
    Nowhere,
    /// No row ends here, and the quote at this place is open.
    Open(usize),
}

/// The last end of a row in `text`, and the quote that is open at its end, if any.
pub(super) fn cut(text: &[u8], delimiter: u8) -> (Cut, Option<usize>) {
    let Some(first) = memchr(b'"', text) else {
        return (memrchr(b'\n', text).map_or(Cut::Nowhere, |at| Cut::After(at + 1)), None);
    };
    let mut row_end = memrchr(b'\n', &text[..first]).map(|at| at + 1);
    let mut open: Option<usize> = None;
    // Behind the last cell in quotes.
    let mut outside = first;
    let mut quotes = memchr_iter(b'"', &text[first..]).map(|at| at + first).peekable();
    while let Some(at) = quotes.next() {
        match open {
            None if begins_cell(text, at, delimiter) => {
                row_end = last_row_end(text, outside, at).or(row_end);
                open = Some(at);
            }
            None => {}
            Some(_) if quotes.next_if_eq(&(at + 1)).is_some() => {}
            Some(_) => {
                open = None;
                outside = at + 1;
            }
        }
    }
    if open.is_none() {
        row_end = last_row_end(text, outside, text.len()).or(row_end);
    }
    let cut = match (row_end, open) {
        (Some(end), _) => Cut::After(end),
        (None, Some(at)) => Cut::Open(at),
        (None, None) => Cut::Nowhere,
    };
    (cut, open)
}

fn begins_cell(text: &[u8], at: usize, delimiter: u8) -> bool {
    at == 0 || text[at - 1] == delimiter || text[at - 1] == b'\n'
}

#[inline]
fn last_row_end(text: &[u8], start: usize, end: usize) -> Option<usize> {
    // Between two cells in quotes there is mostly a delimiter alone.
    match end - start {
        0 => None,
        1 => (text[start] == b'\n').then_some(end),
        _ => memrchr(b'\n', &text[start..end]).map(|at| start + at + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (Cut, Option<usize>) {
        cut(text.as_bytes(), b',')
    }

    #[test]
    fn without_quotes_the_last_line_feed_ends_the_rows() {
        assert_eq!(of("a,b\nc,d\ne"), (Cut::After(8), None));
        assert_eq!(of("a,b"), (Cut::Nowhere, None));
        assert_eq!(of(""), (Cut::Nowhere, None));
    }

    #[test]
    fn a_line_feed_in_quotes_ends_no_row() {
        assert_eq!(of("a,b\n\"c\nd\",e"), (Cut::After(4), None));
        assert_eq!(of("\"c\nd\",e\nf"), (Cut::After(8), None));
        assert_eq!(of("a\nb,\"c\nd\n"), (Cut::After(2), Some(4)));
        assert_eq!(of("b,\"c\nd\n"), (Cut::Open(2), Some(2)));
        assert_eq!(of("\"a\"\n\"b\"\n\"c"), (Cut::After(8), Some(8)));
    }

    #[test]
    fn a_doubled_quote_does_not_close() {
        assert_eq!(of("\"a\"\"\n\",b\nc"), (Cut::After(9), None));
        assert_eq!(of("\"\"\"\n\"\"\"\nc"), (Cut::After(8), None));
        assert_eq!(of("\"\"\n\"\"\n"), (Cut::After(6), None));
    }

    #[test]
    fn a_quote_within_a_cell_is_an_ordinary_character() {
        assert_eq!(of("5\" pipe,a\nb"), (Cut::After(10), None));
        assert_eq!(of("\"a\"b\"\nc,\"\n"), (Cut::After(6), Some(8)));
    }
}
