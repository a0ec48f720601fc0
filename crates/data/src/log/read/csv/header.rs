//! The header of a CSV file: what ends its cells, what they are called, and whether it is one.

use std::path::Path;

use super::super::super::error::LogError;
use super::super::block::Span;
use super::super::failed;
use super::split::Splitter;
use crate::log::schema::CsvSpec;

/// What a delimiter is told among, the first of several that stand equally often.
const DELIMITERS: [&str; 4] = [",", ";", "\t", "|"];

/// What stands between cells in files of other programs, for a message about a wrong delimiter.
const LIKELY: [&str; 5] = [",", ";", "\t", "|", "::"];

/// A line as cells.
pub(super) fn cells(line: &[u8], delimiter: &str, no_quotes: bool) -> Vec<String> {
    let mut text = line.to_vec();
    let mut cells = Vec::new();
    let splitter = Splitter::new(delimiter.as_bytes());
    let quoted = !no_quotes && splitter.quoted(&mut text, 0, line.len(), &mut cells).is_some();
    if quoted {
        let shown = |cell: &Span| String::from_utf8_lossy(cell.of(&text).unwrap_or_default()).into_owned();
        return cells.iter().map(shown).collect();
    }
    String::from_utf8_lossy(line).split(delimiter).map(str::to_owned).collect()
}

/// The delimiter that stands most often outside quotes.
pub(super) fn told(line: &[u8], no_quotes: bool) -> &'static str {
    // Of several maxima, max_by_key takes the last.
    let most = DELIMITERS.into_iter().rev().max_by_key(|delimiter| cells(line, delimiter, no_quotes).len());
    most.unwrap_or(DELIMITERS[0])
}

/// Names as a header has them: spaces around them do not count, and one without a name is called after its place.
pub(super) fn names(path: &Path, line: &[u8], delimiter: &str, spec: &CsvSpec) -> Result<Vec<String>, LogError> {
    if memchr::memchr(0, line).is_some() || std::str::from_utf8(line).is_err() {
        let mend = "save the file as UTF-8, or declare schema.csv.header and leave the line out";
        return Err(failed::file(path, "the header line is not UTF-8 text", mend));
    }
    let cells = cells(line, delimiter, spec.no_quotes);
    let is_number = |cell: &String| fast_float2::parse::<f64, _>(cell.trim()).is_ok();
    if cells.iter().all(is_number) {
        return Err(failed::file(
            path,
            "the first line looks like data, not like a header: all its cells are numbers",
            "declare the names of the columns in schema.csv.header",
        ));
    }
    let name = |(at, cell): (usize, &String)| match cell.trim() {
        "" => format!("column_{}", at + 1),
        name => name.to_owned(),
    };
    Ok(cells.iter().enumerate().map(name).collect())
}

/// Refuses a delimiter that stands nowhere where another stands on most lines.
pub(super) fn check_delimiter(path: &Path, delimiter: &str, declared: bool, lines: &[&[u8]]) -> Result<(), LogError> {
    let on = |text: &str| lines.iter().filter(|line| memchr::memmem::find(line, text.as_bytes()).is_some()).count();
    if on(delimiter) > 0 {
        return Ok(());
    }
    let likely = LIKELY.into_iter().map(|text| (on(text), text)).rev().max_by_key(|(lines, _)| *lines);
    match likely {
        Some((count, likely)) if 2 * count > lines.len() => Err(failed::file(
            path,
            format!(
                "the {} delimiter {delimiter:?} stands on none of the first {} lines, and {likely:?} stands on {count}",
                if declared { "declared" } else { "told" },
                lines.len()
            ),
            format!("declare schema.csv.delimiter = {likely:?}"),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_the_most_frequent_outside_quotes() {
        assert_eq!(told(b"a,b;c,d", false), ",");
        assert_eq!(told(b"a;b;c,d", false), ";");
        assert_eq!(told(b"a\tb", false), "\t");
        assert_eq!(told(b"a|b|c,d", false), "|");
        assert_eq!((told(b"\"x;y;z\",b", false), told(b"\"x;y;z\",b", true)), (",", ";"));
        assert_eq!(told(b"alone", false), ",");
    }

    #[test]
    fn names_are_trimmed_and_numbered_where_there_is_none() -> Result<(), LogError> {
        let spec = CsvSpec::default();
        let read = |line: &str| names(Path::new("a.csv"), line.as_bytes(), ",", &spec);
        assert_eq!(read("\"a\"\"b\", c ,")?, ["a\"b", "c", "column_3"]);
        assert_eq!(read(",1,2")?, ["column_1", "1", "2"]);
        assert_eq!(
            read("7,-1.5,nan").map_err(|error| error.to_string()),
            Err("a.csv: the first line looks like data, not like a header: all its cells are numbers; \
                 declare the names of the columns in schema.csv.header"
                .to_owned())
        );
        Ok(())
    }
}
