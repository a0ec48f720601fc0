//! One cell: space around it, what stands for nothing, what cannot be seen, and what was found wrong.
//!
//! ```text
//! " 17 "  →  "17", space_trimmed        "NA"  →  no value, where the schema says so        "A\u{200b}1"  →  kept and counted
//! ```

use std::borrow::Cow;

use crate::log::read::Span;

/// What a cell turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::log) enum Cell<T> {
    /// A value.
    Value(T),
    /// No value.
    Missing,
    /// Something that breaks a rule.
    Fault(Fault),
}

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::log) struct Fault {
    /// Snake-case name.
    pub(in crate::log) rule: &'static str,
    /// What was found, in words, without the value itself.
    pub(in crate::log) message: Cow<'static, str>,
}

impl Fault {
    pub(in crate::log) fn new(rule: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { rule, message: message.into() }
    }
}

impl<T> From<Result<T, Fault>> for Cell<T> {
    fn from(result: Result<T, Fault>) -> Self {
        result.map_or_else(Self::Fault, Self::Value)
    }
}

/// The texts that stand for no value, beside the empty one.
#[derive(Debug, Clone, Default)]
pub(in crate::log) struct Missing {
    /// Bit `n` is set where a text has `n` bytes, bit 63 for longer ones: most cells are told apart by that alone.
    lengths: u64,
    texts: Vec<Vec<u8>>,
}

impl Missing {
    pub(in crate::log) fn new<'a>(texts: impl Iterator<Item = &'a String>) -> Self {
        let texts: Vec<Vec<u8>> = texts.map(|text| trim(text.as_bytes()).to_vec()).collect();
        Self { lengths: texts.iter().fold(0, |bits, text| bits | 1 << text.len().min(63)), texts }
    }

    /// Whether a trimmed cell stands for no value.
    #[inline]
    pub(in crate::log) fn is(&self, cell: &[u8]) -> bool {
        cell.is_empty() || (self.lengths >> cell.len().min(63) & 1 == 1 && self.texts.iter().any(|text| text == cell))
    }
}

/// A block's cells of one column as text.
#[derive(Debug, Clone, Copy)]
pub(in crate::log) struct TextCells<'a> {
    pub(in crate::log) text: &'a [u8],
    pub(in crate::log) spans: &'a [Span],
    pub(in crate::log) missing: &'a Missing,
    pub(in crate::log) quality: Quality,
}

/// What is known of a block's text as a whole: most is ASCII, and then no cell needs a look.
#[derive(Debug, Clone, Copy)]
pub(in crate::log) struct Quality {
    pub(in crate::log) ascii: bool,
    pub(in crate::log) utf8: bool,
}

impl Quality {
    pub(in crate::log) fn of(text: &[u8]) -> Self {
        let ascii = text.is_ascii();
        Self { ascii, utf8: ascii || simdutf8::basic::from_utf8(text).is_ok() }
    }
}

impl<'a> TextCells<'a> {
    /// The cell without space around it; counts in `trimmed` where there was some.
    #[inline]
    pub(in crate::log) fn get(&self, row: usize, trimmed: &mut u64) -> Option<&'a [u8]> {
        let raw = self.spans[row].of(self.text)?;
        let cell = trim(raw);
        *trimmed += u64::from(cell.len() != raw.len());
        (!self.missing.is(cell)).then_some(cell)
    }
}

/// A cell without ASCII space around it.
#[inline]
pub(in crate::log) fn trim(cell: &[u8]) -> &[u8] {
    match cell {
        [only] if *only > b' ' => cell,
        [first, .., last] if *first > b' ' && *last > b' ' => cell,
        _ => cell.trim_ascii(),
    }
}

/// Whether a text holds characters of no width or marks of writing direction.
///
/// They are U+061C, U+200B to U+200F, U+202A to U+202E, U+2060, U+2066 to U+2069 and U+FEFF.
pub(in crate::log) fn has_invisible(cell: &[u8]) -> bool {
    !cell.is_ascii()
        && cell.windows(2).enumerate().any(|(at, pair)| match (pair, cell.get(at + 2)) {
            ([0xd8, 0x9c], _) => true,
            ([0xe2, 0x80], Some(last)) => matches!(last, 0x8b..=0x8f | 0xaa..=0xae),
            ([0xe2, 0x81], Some(last)) => matches!(last, 0xa0 | 0xa6..=0xa9),
            ([0xef, 0xbb], Some(last)) => *last == 0xbf,
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_around_a_cell_goes_and_space_within_stays() {
        for (raw, cell) in [("a", "a"), (" a b\t", "a b"), ("", ""), ("  ", ""), ("\r", ""), ("é ", "é")] {
            assert_eq!(trim(raw.as_bytes()), cell.as_bytes(), "{raw:?}");
        }
    }

    #[test]
    fn missing_texts_are_whole_cells() {
        let long = "x".repeat(70);
        let missing = Missing::new([" NA".to_owned(), "-1".to_owned(), long.clone()].iter());
        for (cell, is) in [("", true), ("NA", true), ("-1", true), ("NAN", false), ("na", false), (&*long, true)] {
            assert_eq!(missing.is(cell.as_bytes()), is, "{cell:?}");
        }
    }

    #[test]
    fn characters_that_cannot_be_seen_are_found() {
        for seen in ["a", "é", "مرحبا", "日本", "\u{2014}", "\u{a0}"] {
            assert!(!has_invisible(seen.as_bytes()), "{seen:?}");
        }
        for hidden in ["\u{200b}a", "a\u{200f}", "\u{202e}x", "\u{2060}", "\u{2067}x", "\u{feff}x", "x\u{61c}"] {
            assert!(has_invisible(hidden.as_bytes()), "{hidden:?}");
        }
    }
}
