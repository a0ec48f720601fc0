//! The header of a CSV file: where it ends, what ends its cells, what they are called.
//!
//! The delimiter is whichever of comma, semicolon and tab stands most often outside quotes in the header, the comma if
//! none does or on a tie.

use memchr::memchr;

use super::cell::{unquote, without_return};

const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The names in the first row.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) delimiter: u8,
    pub(super) names: Vec<String>,
}

/// Why there is no header.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoHeader {
    NotUtf8,
    CarriageReturns,
}

/// How far the header reaches.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// It takes so many bytes, with what stands before it and the line feed.
    Ends(usize),
    /// It does not end within the text.
    Goes,
    /// It does not end within the text because of the quote at this place.
    Open(usize),
    /// There are only empty lines.
    None,
}

/// Where the first row that is not empty begins: behind a byte order mark and empty lines.
fn begin(text: &[u8]) -> usize {
    let mark = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let blank = |byte: &u8| *byte == b'\n' || *byte == b'\r';
    mark + text[mark..].iter().take_while(|byte| blank(byte)).count()
}

/// How far the header of the file that begins with `text` reaches.
pub(super) fn extent(text: &[u8]) -> Extent {
    let start = begin(text);
    if start == text.len() {
        return Extent::None;
    }
    let (mut open, mut closed) = (None, None);
    for at in start..text.len() {
        let begins_cell = at == start || DELIMITERS.contains(&text[at - 1]);
        match (text[at], open) {
            // A doubled quote closes and opens again.
            (b'"', None) if begins_cell || closed == Some(at - 1) => open = Some(at),
            (b'"', Some(_)) => (open, closed) = (None, Some(at)),
            (b'\n', None) => return Extent::Ends(at + 1),
            _ => {}
        }
    }
    open.map_or(Extent::Goes, Extent::Open)
}

impl Header {
    /// Reads the row that [`extent`] measured.
    pub(super) fn read(text: &[u8]) -> Result<Self, NoHeader> {
        let row = &text[begin(text)..];
        let row = row.strip_suffix(b"\n").unwrap_or(row);
        let row = row.strip_suffix(b"\r").unwrap_or(row);
        let row = std::str::from_utf8(row).map_err(|_| NoHeader::NotUtf8)?.as_bytes();
        // Of several maxima, max_by_key takes the last.
        let delimiter = DELIMITERS.into_iter().rev().max_by_key(|&delimiter| cells(row, delimiter).len());
        let cells = cells(row, delimiter.unwrap_or(b','));
        if cells.iter().any(|(cell, quoted)| !quoted && memchr(b'\r', cell).is_some()) {
            return Err(NoHeader::CarriageReturns);
        }
        let names = cells.iter().map(|(cell, _)| String::from_utf8_lossy(cell).trim().to_owned()).collect();
        Ok(Self { delimiter: delimiter.unwrap_or(b','), names })
    }
}

/// The cells of one row, and whether they stand in quotes.
fn cells(row: &[u8], delimiter: u8) -> Vec<(Vec<u8>, bool)> {
    let mut cells = Vec::new();
    let mut at = 0;
    loop {
        let quoted = row.get(at) == Some(&b'"');
        let end = if quoted {
            let cell = unquote(row, at, delimiter);
            cells.push((cell.content.into_owned(), true));
            cell.end
        } else {
            let end = memchr(delimiter, &row[at..]).map_or(row.len(), |place| at + place);
            cells.push((without_return(row, at, end).to_vec(), false));
            end
        };
        if end >= row.len() {
            return cells;
        }
        at = end + 1;
    }
}

/// Number of cells in the row that begins at `at`, for messages about rows that have the wrong number.
pub(super) fn count_cells(text: &[u8], mut at: usize, delimiter: u8) -> usize {
    let mut count = 1;
    loop {
        let end = if text[at] == b'"' {
            unquote(text, at, delimiter).end
        } else {
            text[at..]
                .iter()
                .position(|&byte| byte == delimiter || byte == b'\n')
                .map_or(text.len(), |place| at + place)
        };
        if text.get(end) != Some(&delimiter) {
            return count;
        }
        count += 1;
        at = end + 1;
        if at >= text.len() {
            return count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(char, Vec<String>), NoHeader> {
        Header::read(text.as_bytes()).map(|header| (char::from(header.delimiter), header.names))
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn the_delimiter_is_the_most_frequent_outside_quotes() {
        assert_eq!(read("a,b;c,d\n"), Ok((',', names(&["a", "b;c", "d"]))));
        assert_eq!(read("a;b;c,d"), Ok((';', names(&["a", "b", "c,d"]))));
        assert_eq!(read("a\tb\r\n"), Ok(('\t', names(&["a", "b"]))));
        assert_eq!(read("\"x;y;z\",b\n"), Ok((',', names(&["x;y;z", "b"]))));
        assert_eq!(read("alone\n"), Ok((',', names(&["alone"]))));
    }

    #[test]
    fn names_lose_the_mark_quotes_and_spaces_around() {
        assert_eq!(read("\u{feff}\"a\"\"b\", c ,\n"), Ok((',', names(&["a\"b", "c", ""]))));
        assert_eq!(read("\u{feff}\n\r\na,b\n"), Ok((',', names(&["a", "b"]))));
    }

    #[test]
    fn what_is_no_header() {
        assert_eq!(read("a,b\r1,2\r3,4\r"), Err(NoHeader::CarriageReturns));
        assert_eq!(Header::read(b"\xff\xfea\0"), Err(NoHeader::NotUtf8));
    }

    #[test]
    fn the_extent_knows_quotes() {
        assert_eq!(extent(b"\n\na,b\nc"), Extent::Ends(6));
        assert_eq!(extent(b"a,\"b\nb\"\nc"), Extent::Ends(8));
        assert_eq!(extent(b"a,\"b\"\"\n\"\nc"), Extent::Ends(9));
        assert_eq!(extent(b"5\" pipe\nc"), Extent::Ends(8));
        assert_eq!(extent(b"a,\"b\n"), Extent::Open(2));
        assert_eq!((extent(b"a,b"), extent(b"\r\n"), extent(b"")), (Extent::Goes, Extent::None, Extent::None));
    }

    #[test]
    fn cells_are_counted_up_to_the_line_feed() {
        assert_eq!(count_cells(b"a,\"b,\n\",c\nd,e\n", 0, b','), 3);
        assert_eq!(count_cells(b"a,\n", 0, b','), 2);
        assert_eq!(count_cells(b"\n", 0, b','), 1);
    }
}
