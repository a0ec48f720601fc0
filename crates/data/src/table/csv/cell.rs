//! One cell: taken out of its quotes, and read as a number.

use std::borrow::Cow;

use memchr::memchr;

/// What a cell in quotes holds, and where it ends.
pub(super) struct Quoted<'a> {
    /// The content, with doubled quotes made single.
    pub(super) content: Cow<'a, [u8]>,
    /// Place of the delimiter or line feed behind it.
    pub(super) end: usize,
}

/// Reads the cell whose opening quote is at `at`; the caller knows that the quote closes and that an end follows.
///
/// Characters behind the closing quote belong to the cell, as with other readers.
pub(super) fn unquote(text: &[u8], at: usize, delimiter: u8) -> Quoted<'_> {
    let start = at + 1;
    let mut content: Cow<'_, [u8]> = Cow::Borrowed(&[]);
    let mut from = start;
    loop {
        let Some(quote) = memchr(b'"', &text[from..]).map(|place| from + place) else {
            // Unreachable for a block that was cut where no quote is open; the rest is then the cell.
            return Quoted { content: Cow::Borrowed(&text[start..]), end: text.len() };
        };
        let doubled = text.get(quote + 1) == Some(&b'"');
        join(&mut content, &text[from..quote + usize::from(doubled)]);
        if doubled {
            from = quote + 2;
            continue;
        }
        let behind = quote + 1;
        let rest = text[behind..].iter().position(|&byte| byte == delimiter || byte == b'\n');
        let end = behind + rest.unwrap_or(text.len() - behind);
        join(&mut content, without_return(text, behind, end));
        return Quoted { content, end };
    }
}

fn join<'a>(content: &mut Cow<'a, [u8]>, more: &'a [u8]) {
    if content.is_empty() {
        *content = Cow::Borrowed(more);
    } else if !more.is_empty() {
        content.to_mut().extend_from_slice(more);
    }
}

/// The cell from `start` to `end` without the carriage return of a line that ends in CRLF.
#[inline]
pub(super) fn without_return(text: &[u8], start: usize, end: usize) -> &[u8] {
    let cell = &text[start..end];
    match cell.split_last() {
        Some((b'\r', cell)) if text.get(end) == Some(&b'\n') => cell,
        _ => cell,
    }
}

/// A cell as a number: a decimal, `nan`, `inf`, or `true` and `false` as 1 and 0; spaces around it do not count.
pub(super) fn number(cell: &[u8]) -> Option<f64> {
    let cell = cell.trim_ascii();
    match fast_float2::parse(cell) {
        Ok(value) => Some(value),
        Err(_) => match cell {
            b"True" | b"true" | b"TRUE" => Some(1.0),
            b"False" | b"false" | b"FALSE" => Some(0.0),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (String, usize) {
        let quoted = unquote(text.as_bytes(), 0, b',');
        (String::from_utf8_lossy(&quoted.content).into_owned(), quoted.end)
    }

    #[test]
    fn a_cell_comes_out_of_its_quotes() {
        assert_eq!(of("\"a,b\nc\",d\n"), ("a,b\nc".to_owned(), 7));
        assert_eq!(of("\"\"\n"), (String::new(), 2));
        assert_eq!(of("\"a\"\r\n"), ("a".to_owned(), 4));
    }

    #[test]
    fn doubled_quotes_become_single() {
        assert_eq!(of("\"say \"\"x\"\"\",d\n"), ("say \"x\"".to_owned(), 11));
        assert_eq!(of("\"\"\"\"\n"), ("\"".to_owned(), 4));
        assert_eq!(of("\"\"\"\"\"\"\n"), ("\"\"".to_owned(), 6));
    }

    #[test]
    fn what_follows_the_closing_quote_belongs_to_the_cell() {
        assert_eq!(of("\"a\"b\"c,d\n"), ("ab\"c".to_owned(), 6));
    }

    #[test]
    fn numbers_read_like_pythons_float() {
        for text in
            ["0.1", "-0", "1e-320", "5e-324", "1.7976931348623157e308", "+2.", ".5", "1E5", "123456789012345678901"]
        {
            assert_eq!(number(text.as_bytes()).map(f64::to_bits), text.parse().ok().map(f64::to_bits), "{text}");
        }
        assert_eq!(number(b" 7\t"), Some(7.0));
        assert!(number(b"nan").is_some_and(f64::is_nan) && number(b"NaN").is_some_and(f64::is_nan));
        assert_eq!((number(b"-inf"), number(b"Infinity")), (Some(f64::NEG_INFINITY), Some(f64::INFINITY)));
        assert_eq!((number(b"True"), number(b"false")), (Some(1.0), Some(0.0)));
        for text in ["", " ", "1_000", "1,5", "0x1p3", "1e", "one", "1 2", "--1", "NA", "\u{ff11}"] {
            assert_eq!(number(text.as_bytes()), None, "{text}");
        }
    }
}
