//! Cells that hold several values: `Pack` for columns out of them, `Parts` for rows.

use memchr::memmem::Finder;

use super::block::Span;
use super::rows::{Broken, span};
use crate::log::schema::{Packed, Unpack};

/// A cell whose values become columns.
#[derive(Debug, Clone)]
pub(super) struct Pack {
    /// Name of the file's column.
    pub(super) column: String,
    /// Which of a row's cells it is.
    pub(super) cell: usize,
    separator: Finder<'static>,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Fields { name_end: Box<Finder<'static>>, value_end: Option<Box<Finder<'static>>>, names: Vec<String> },
    List { first: usize },
}

/// A cell of which each value becomes a row.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    pub(super) column: String,
    pub(super) cell: usize,
    separator: Finder<'static>,
    part_separator: Finder<'static>,
    count: usize,
}

/// Rule of a cell that is not packed as declared.
const RULE: &str = "bad_packed_value";

fn finder(text: &str) -> Finder<'static> {
    Finder::new(text.as_bytes()).into_owned()
}

impl Pack {
    /// The columns out of a cell, none if its values are rows.
    pub(super) fn new(column: &str, packed: &Packed) -> Option<Self> {
        let (separator, kind) = match packed {
            Packed::Fields { separator, name_end, value_end, names } => {
                let boxed = |text: &str| Box::new(finder(text));
                let (name_end, value_end) = (boxed(name_end), value_end.as_deref().map(boxed));
                (separator, Kind::Fields { name_end, value_end, names: names.clone() })
            }
            Packed::List { separator, first } => (separator, Kind::List { first: *first }),
            Packed::Rows { .. } => return None,
        };
        Some(Self { column: column.to_owned(), cell: 0, separator: finder(separator), kind })
    }

    /// Whether this is how a declaration is carried out.
    pub(super) fn is_of(&self, unpack: &Unpack) -> bool {
        let same = match (&self.kind, &unpack.packed) {
            (Kind::Fields { names: ours, .. }, Packed::Fields { names, .. }) => ours == names,
            (Kind::List { first: ours }, Packed::List { first, .. }) => ours == first,
            _ => false,
        };
        same && self.column == unpack.column
    }

    /// Number of columns.
    pub(super) fn values(&self) -> usize {
        match &self.kind {
            Kind::Fields { names, .. } => names.len(),
            Kind::List { first } => *first,
        }
    }

    /// Finds the values of a cell.
    pub(super) fn split(&self, text: &[u8], cell: Span, values: &mut [Span]) -> Result<(), Broken> {
        values.fill(Span::ABSENT);
        let mut rest = (!cell.is_absent()).then(|| bounds(cell));
        match &self.kind {
            Kind::List { .. } => {
                for slot in values {
                    // An empty value keeps its place.
                    let Some((start, end)) = piece(&self.separator, text, &mut rest) else { break };
                    *slot = span(start, end);
                }
            }
            Kind::Fields { name_end, value_end, names } => {
                while let Some((start, end)) = piece(&self.separator, text, &mut rest) {
                    let Some(at) = name_end.find(&text[start..end]) else {
                        if start == end {
                            continue;
                        }
                        let shown = shown(&text[start..end]);
                        return Err((RULE, format!("`{}`: \"{shown}\" has no name", self.column)));
                    };
                    let name = &text[start..start + at];
                    let Some(known) = names.iter().position(|known| known.as_bytes() == name) else { continue };
                    if values[known].is_absent() {
                        let from = start + at + name_end.needle().len();
                        let length = value_end.as_ref().and_then(|finder| finder.find(&text[from..end]));
                        values[known] = span(from, length.map_or(end, |length| from + length));
                    }
                }
            }
        }
        Ok(())
    }
}

impl Parts {
    /// The rows out of a cell, none if its values are columns.
    pub(super) fn new(column: &str, packed: &Packed) -> Option<Self> {
        let Packed::Rows { separator, part_separator, columns } = packed else { return None };
        let (separator, part_separator) = (finder(separator), finder(part_separator));
        Some(Self { column: column.to_owned(), cell: 0, separator, part_separator, count: columns.len() })
    }

    /// Takes the next value that is not empty off the front of a cell.
    pub(super) fn next(&self, text: &[u8], rest: &mut Span) -> Option<Span> {
        let mut bytes = (!rest.is_absent()).then(|| bounds(*rest));
        while let Some((start, end)) = piece(&self.separator, text, &mut bytes) {
            if start < end {
                *rest = bytes.map_or(Span::ABSENT, |(start, end)| span(start, end));
                return Some(span(start, end));
            }
        }
        None
    }

    /// Finds the parts of a value.
    pub(super) fn split(&self, text: &[u8], value: Span, parts: &mut Vec<Span>) -> Result<(), Broken> {
        parts.clear();
        let (start, end) = bounds(value);
        let mut from = start;
        let step = self.part_separator.needle().len();
        while step > 0
            && let Some(at) = self.part_separator.find(&text[from..end])
        {
            parts.push(span(from, from + at));
            from += at + step;
        }
        parts.push(span(from, end));
        if parts.len() == self.count {
            return Ok(());
        }
        let (shown, found) = (shown(&text[start..end]), parts.len());
        Err((RULE, format!("`{}`: \"{shown}\" has {found} parts where {} are declared", self.column, self.count)))
    }
}

/// Takes what stands before the next separator off the front of some bytes.
fn piece(separator: &Finder<'_>, text: &[u8], rest: &mut Option<(usize, usize)>) -> Option<(usize, usize)> {
    let (start, end) = (*rest)?;
    let found = separator.find(&text[start..end]).filter(|_| !separator.needle().is_empty());
    *rest = found.map(|at| (start + at + separator.needle().len(), end));
    Some((start, found.map_or(end, |at| start + at)))
}

fn bounds(span: Span) -> (usize, usize) {
    (span.start as usize, span.start as usize + span.length as usize)
}

/// A value in a message, cut to 60 characters.
fn shown(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let cut: String = text.chars().take(60).collect();
    cut.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Span {
        span(0, text.len())
    }

    fn values(packed: &Packed, text: &str) -> Result<Vec<Option<String>>, Broken> {
        let pack = Pack::new("c", packed).ok_or(("", String::new()))?;
        let mut values = vec![Span::ABSENT; pack.values()];
        pack.split(text.as_bytes(), whole(text), &mut values)?;
        let text = |span: &Span| span.of(text.as_bytes()).map(|cell| String::from_utf8_lossy(cell).into_owned());
        Ok(values.iter().map(text).collect())
    }

    #[test]
    fn fields_are_found_by_name() {
        let fields = Packed::Fields {
            separator: "\u{1}".to_owned(),
            name_end: "\u{2}".to_owned(),
            value_end: Some("\u{3}".to_owned()),
            names: vec!["205".to_owned(), "206".to_owned(), "301".to_owned()],
        };
        let text = "205\u{2}40\u{3}1.0\u{1}301\u{2}9\u{3}1.0\u{1}301\u{2}8\u{3}1.0\u{1}999\u{2}x";
        assert_eq!(values(&fields, text), Ok(vec![Some("40".to_owned()), None, Some("9".to_owned())]));
        assert_eq!(values(&fields, "205"), Err((RULE, "`c`: \"205\" has no name".to_owned())));
    }

    #[test]
    fn lists_give_their_first_values() {
        let list = |first| Packed::List { separator: "|".to_owned(), first };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(values(&list(2), "Action|Drama|War"), Ok(vec![some("Action"), some("Drama")]));
        assert_eq!(values(&list(4), "Action||Drama|"), Ok(vec![some("Action"), None, some("Drama"), None]));
    }

    #[test]
    fn rows_have_as_many_parts_as_declared() -> Result<(), Broken> {
        let packed = Packed::Rows {
            separator: " ".to_owned(),
            part_separator: "-".to_owned(),
            columns: vec!["item".to_owned(), "clicked".to_owned()],
        };
        let parts = Parts::new("c", &packed).ok_or(("", String::new()))?;
        let text = "N1-0 N2-1  N3";
        let mut rest = whole(text);
        let mut found = Vec::new();
        let mut seen = Vec::new();
        while let Some(value) = parts.next(text.as_bytes(), &mut rest) {
            match parts.split(text.as_bytes(), value, &mut found) {
                Ok(()) => seen.push(format!("{found:?}")),
                Err((_, message)) => seen.push(message),
            }
        }
        let pair = |item: usize| format!("{:?}", [span(item, item + 2), span(item + 3, item + 4)]);
        assert_eq!(seen, [pair(0), pair(5), "`c`: \"N3\" has 1 parts where 2 are declared".to_owned()]);
        Ok(())
    }
}
