//! `Column`: the distinct values of one column, each judged once.
//!
//! A behaviour log repeats few values often. So a cell is looked up by its bytes; only a value never seen before is trimmed, parsed and checked.
//! A row is then a handful of codes, and no text is kept twice.
//!
//! ```text
//! bytes   " 38"  "38"  "43"  "x"          value   code 0  "38"  38.0
//! judged    0*     0     1   unparsable           code 1  "43"  43.0      * trimmed
//! ```

use std::cmp::Ordering;
use std::collections::HashMap;

use super::rules::{NumericRange, Rule};

/// What a cell must be, by the role of its column and its declared range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Checks {
    /// A blank cell breaks a rule.
    pub(crate) required: bool,
    /// The kind of number that the cell must be, if any.
    pub(crate) number: Option<Number>,
}

/// A kind of number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Number {
    pub(crate) whole: bool,
    pub(crate) positive: bool,
    pub(crate) range: NumericRange,
}

impl Checks {
    pub(crate) const TEXT: Self = Self { required: false, number: None };
    pub(crate) const REQUIRED: Self = Self { required: true, number: None };

    pub(crate) const fn whole(min: f64, max: f64) -> Self {
        Self { required: true, number: Some(Number { whole: true, positive: false, range: NumericRange { min, max } }) }
    }

    /// A number above 0 that 32 bits hold.
    pub(crate) const fn price() -> Self {
        let range = NumericRange { min: f64::MIN, max: f32::MAX as f64 };
        Self { required: true, number: Some(Number { whole: false, positive: true, range }) }
    }

    pub(crate) const fn within(range: NumericRange) -> Self {
        Self { required: false, number: Some(Number { whole: false, positive: false, range }) }
    }

    /// The checks of a column with two roles: all of both.
    pub(crate) fn and(self, other: Self) -> Self {
        let number = match (self.number, other.number) {
            (Some(a), Some(b)) => Some(Number {
                whole: a.whole || b.whole,
                positive: a.positive || b.positive,
                range: NumericRange { min: a.range.min.max(b.range.min), max: a.range.max.min(b.range.max) },
            }),
            (a, b) => a.or(b),
        };
        Self { required: self.required || other.required, number }
    }

    /// The number that `text` is (NaN where none is asked for), or the rule that it breaks.
    fn judge(self, text: &str) -> Result<f64, Rule> {
        let Some(kind) = self.number else {
            return if text.is_empty() && self.required { Err(Rule::MissingValue) } else { Ok(f64::NAN) };
        };
        if text.is_empty() {
            return if self.required { Err(Rule::MissingValue) } else { Ok(f64::NAN) };
        }
        let parsed = if kind.whole { text.parse::<i64>().ok().map(|whole| whole as f64) } else { finite(text) };
        let number = parsed.ok_or(Rule::UnparsableNumber)?;
        // A price is stored in 32 bits, where a tiny one would become 0.
        let above_zero = !kind.positive || number as f32 > 0.0;
        let inside = kind.range.min <= number && number <= kind.range.max;
        if above_zero && inside { Ok(number) } else { Err(Rule::OutOfRange) }
    }

    /// In words, what a value that breaks `rule` is.
    fn explain(self, rule: Rule, text: &str) -> String {
        match (rule, self.number) {
            (Rule::InvalidUtf8, _) => "not UTF-8".to_owned(),
            (Rule::MissingValue, _) => "blank".to_owned(),
            (Rule::UnparsableNumber, Some(kind)) if kind.whole => "not a whole number".to_owned(),
            (Rule::UnparsableNumber, _) => "not a finite number".to_owned(),
            (Rule::OutOfRange, Some(kind)) if kind.positive && finite(text).is_none_or(|n| n as f32 <= 0.0) => {
                "not above 0".to_owned()
            }
            (Rule::OutOfRange, Some(kind)) if kind.range.min == f64::MIN => format!("above {}", kind.range.max),
            (Rule::OutOfRange, Some(kind)) => format!("outside {} to {}", kind.range.min, kind.range.max),
            (rule, _) => rule.to_string(),
        }
    }
}

fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// What is known of a cell once its bytes have been seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Judged {
    /// A sound value, by its code; `trimmed` if ASCII white space around it was cut off.
    Value { code: u32, trimmed: bool },
    /// The rule that it breaks.
    Fault(Rule),
}

/// One column that is read.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// Place in the header.
    pub(crate) index: usize,
    pub(crate) checks: Checks,
    seen: HashMap<Box<[u8]>, Judged>,
    codes: HashMap<Box<str>, u32>,
    texts: Vec<Box<str>>,
    numbers: Vec<f64>,
}

impl Column {
    pub(crate) fn new(name: &str, index: usize, checks: Checks) -> Self {
        let (seen, codes) = (HashMap::new(), HashMap::new());
        Self { name: name.to_owned(), index, checks, seen, codes, texts: Vec::new(), numbers: Vec::new() }
    }

    /// Judges a cell.
    pub(crate) fn judge(&mut self, cell: &[u8]) -> Judged {
        if let Some(&judged) = self.seen.get(cell) {
            return judged;
        }
        let judged = match std::str::from_utf8(cell) {
            Err(_) => Judged::Fault(Rule::InvalidUtf8),
            Ok(text) => match self.checks.judge(text.trim_ascii()) {
                Err(rule) => Judged::Fault(rule),
                Ok(number) => {
                    Judged::Value { code: self.code(text.trim_ascii(), number), trimmed: text.trim_ascii() != text }
                }
            },
        };
        self.seen.insert(cell.into(), judged);
        judged
    }

    /// In words, what is wrong with a cell that breaks `rule`.
    pub(crate) fn explain(&self, rule: Rule, cell: &[u8]) -> String {
        self.checks.explain(rule, String::from_utf8_lossy(cell).trim_ascii())
    }

    fn code(&mut self, text: &str, number: f64) -> u32 {
        if let Some(&code) = self.codes.get(text) {
            return code;
        }
        let code = self.texts.len() as u32;
        self.codes.insert(text.into(), code);
        self.texts.push(text.into());
        self.numbers.push(number);
        code
    }

    /// The value of a code.
    pub(crate) fn text(&self, code: u32) -> &str {
        &self.texts[code as usize]
    }

    /// The number of a code in a numeric column.
    pub(crate) fn number(&self, code: u32) -> f64 {
        self.numbers[code as usize]
    }

    /// The code of a value, if it occurs.
    pub(crate) fn find(&self, text: &str) -> Option<u32> {
        self.codes.get(text).copied()
    }

    /// The distinct values in the order in which they were first seen.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|text| &**text)
    }

    /// Per code, its place among the values in ascending order.
    pub(crate) fn ranks(&self) -> Vec<u32> {
        let mut ascending: Vec<u32> = (0..self.texts.len() as u32).collect();
        ascending.sort_by(|&a, &b| value_order(self.text(a), self.text(b)));
        let mut ranks = vec![0; ascending.len()];
        for (rank, &code) in ascending.iter().enumerate() {
            ranks[code as usize] = rank as u32;
        }
        ranks
    }
}

/// The order of values: numbers by size, then other text by its bytes.
pub(crate) fn value_order(a: &str, b: &str) -> Ordering {
    match (finite(a), finite(b)) {
        (Some(x), Some(y)) => x.total_cmp(&y).then_with(|| a.cmp(b)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_judged_once_and_trimmed() {
        let mut column = Column::new("location", 0, Checks::whole(1.0, 6.0));
        assert_eq!(column.judge(b"4"), Judged::Value { code: 0, trimmed: false });
        assert_eq!(column.judge(b" 4\t"), Judged::Value { code: 0, trimmed: true });
        assert_eq!(column.judge(b"7"), Judged::Fault(Rule::OutOfRange));
        assert_eq!(column.judge(b""), Judged::Fault(Rule::MissingValue));
        assert_eq!(column.judge(b"4.0"), Judged::Fault(Rule::UnparsableNumber));
        assert_eq!(column.judge(b"\xff"), Judged::Fault(Rule::InvalidUtf8));
        assert_eq!((column.text(0), column.number(0)), ("4", 4.0));
        assert_eq!(column.explain(Rule::OutOfRange, b"7"), "outside 1 to 6");
    }

    #[test]
    fn a_price_is_a_finite_number_above_zero() {
        let price = Checks::price();
        assert_eq!(price.judge("12.5"), Ok(12.5));
        for (text, rule, message) in [
            ("0", Rule::OutOfRange, "not above 0"),
            ("-3", Rule::OutOfRange, "not above 0"),
            ("1e-60", Rule::OutOfRange, "not above 0"),
            ("1e39", Rule::OutOfRange, "above 340282346638528860000000000000000000000"),
            ("1e400", Rule::UnparsableNumber, "not a finite number"),
            ("NaN", Rule::UnparsableNumber, "not a finite number"),
            ("12,5", Rule::UnparsableNumber, "not a finite number"),
        ] {
            assert_eq!(price.judge(text), Err(rule), "{text}");
            assert_eq!(price.explain(rule, text), message, "{text}");
        }
        let both = price.and(Checks::within(NumericRange { min: 10.0, max: 20.0 }));
        assert_eq!((both.judge("15"), both.judge("9")), (Ok(15.0), Err(Rule::OutOfRange)));
        assert_eq!(both.explain(Rule::OutOfRange, "9"), "outside 10 to 20");
    }

    #[test]
    fn numbers_come_first_and_by_size() {
        let mut values = ["b", "10", "A10", "9", "A2", "09", ""];
        values.sort_by(|a, b| value_order(a, b));
        assert_eq!(values, ["09", "9", "10", "", "A10", "A2", "b"]);
    }
}
