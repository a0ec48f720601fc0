//! `Profile`: what the first rows say about a column.

use std::collections::{BTreeMap, HashSet};

use super::names::{NO_NUMBER, NOTHING};
use crate::log::ingest::cell::{Missing, Quality};
use crate::log::ingest::input::Input;
use crate::log::ingest::number::{number, whole, yes_or_no};
use crate::log::ingest::time::{UNITS, from_float, iso};
use crate::log::ingest::vector::parse;
use crate::log::read::{RawBlock, RawColumn};
use crate::log::schema::{ColumnType, TimeUnit};

/// Different texts that are told apart.
const MOST_DISTINCT: usize = 100_000;
/// Different texts that are kept with their counts.
const MOST_KEPT: usize = 32;
/// 1990-01-01 and 2100-01-01 in microseconds: times lie between.
const TIMES: std::ops::Range<i64> = 631_152_000_000_000..4_102_444_800_000_000;

/// One column's first rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Profile {
    pub(super) name: String,
    pub(super) rows: usize,
    /// Cells that are there.
    pub(super) cells: usize,
    pub(super) integers: usize,
    pub(super) numbers: usize,
    pub(super) booleans: usize,
    pub(super) dates: usize,
    pub(super) units: [usize; 5],
    pub(super) min: f64,
    pub(super) max: f64,
    /// Texts that may stand for nothing, with their counts.
    pub(super) nothing: BTreeMap<String, usize>,
    pub(super) no_number: BTreeMap<String, usize>,
    /// The texts, as long as they are few.
    pub(super) texts: BTreeMap<String, usize>,
    distinct: HashSet<Vec<u8>>,
    /// Whether Parquet holds a list here.
    pub(super) vector: bool,
    /// Cells that are lists of numbers.
    vectors: usize,
}

impl Profile {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), min: f64::INFINITY, max: f64::NEG_INFINITY, ..Self::default() }
    }

    /// Looks at a block's first `rows` rows.
    pub(super) fn add(&mut self, block: &RawBlock, column: usize, rows: usize) {
        self.rows += rows;
        let none = Missing::default();
        let quality = Quality { ascii: false, utf8: false };
        let input = match &block.columns[column] {
            RawColumn::Array(array) if array.data_type().is_nested() => {
                self.vector = true;
                return;
            }
            RawColumn::Array(array) => Input::strings(array),
            text @ RawColumn::Text(_) => Input::new(text, &block.text, quality),
        };
        let Ok(input) = input else { return };
        let Some(cells) = input.cells(&none) else { return };
        (0..rows).filter_map(|row| cells.get(row, &mut 0)).for_each(|cell| self.cell(cell));
    }

    fn cell(&mut self, cell: &[u8]) {
        let text = String::from_utf8_lossy(cell);
        if NOTHING.contains(&&*text) {
            *self.nothing.entry(text.into_owned()).or_default() += 1;
            return;
        }
        self.cells += 1;
        if NO_NUMBER.contains(&&*text) {
            *self.no_number.entry(text.to_string()).or_default() += 1;
        }
        if self.texts.len() <= MOST_KEPT {
            *self.texts.entry(text.into_owned()).or_default() += 1;
        }
        if self.distinct.len() < MOST_DISTINCT {
            self.distinct.insert(cell.to_vec());
        }
        let digits = cell.strip_prefix(b"-").unwrap_or(cell);
        let names_something = digits.len() > 1 && digits[0] == b'0' && digits.iter().all(u8::is_ascii_digit);
        match number(cell) {
            Ok(value) if !names_something => {
                self.numbers += 1;
                self.integers += usize::from(whole(cell).is_ok());
                (self.min, self.max) = (self.min.min(value), self.max.max(value));
                for ((unit, _), votes) in UNITS.iter().zip(&mut self.units) {
                    *votes += usize::from(from_float(*unit, value).is_some_and(|time| TIMES.contains(&time)));
                }
            }
            _ => {
                self.booleans += usize::from(yes_or_no(cell).is_some());
                self.dates += usize::from(iso(cell).is_some());
                self.vectors += usize::from(cell.starts_with(b"[") && parse(cell).is_ok());
            }
        }
    }

    pub(super) fn distinct(&self) -> usize {
        self.distinct.len()
    }

    /// Cells that are neither numbers nor stand for no number.
    fn words(&self) -> usize {
        self.cells - self.numbers - self.no_number.values().sum::<usize>()
    }

    pub(super) fn is_numeric(&self) -> bool {
        self.numbers > 0 && self.words() == 0
    }

    /// The type that its cells allow.
    pub(super) fn kind(&self) -> ColumnType {
        if self.vector || self.vectors > 0 && self.vectors == self.cells {
            ColumnType::Vector
        } else if self.is_numeric() && self.integers == self.numbers {
            ColumnType::Integer
        } else if self.is_numeric() {
            ColumnType::Number
        } else if self.cells > 0 && self.booleans == self.cells {
            ColumnType::Boolean
        } else {
            ColumnType::Text
        }
    }

    /// The two texts of a column of two, the rarer one first.
    pub(super) fn two(&self) -> Option<[&str; 2]> {
        let mut texts: Vec<(&String, &usize)> = self.texts.iter().collect();
        texts.sort_by_key(|(_, count)| **count);
        match &texts[..] {
            [(rare, _), (common, _)] => Some([rare, common]),
            _ => None,
        }
    }

    /// The unit in which nearly all its numbers are times.
    pub(super) fn unit(&self) -> Option<TimeUnit> {
        let best = (0..UNITS.len()).max_by_key(|unit| self.units[*unit])?;
        (self.is_numeric() && self.units[best] * 100 >= self.numbers * 99).then(|| UNITS[best].0)
    }

    /// Whether nearly all its cells are dates.
    pub(super) fn is_date(&self) -> bool {
        self.cells > 0 && self.dates * 100 >= self.cells * 99
    }

    /// Whether it counts its rows.
    pub(super) fn is_row_number(&self) -> bool {
        let dense = self.max - self.min + 1.0 == self.rows as f64;
        self.rows > 1
            && self.cells == self.rows
            && self.integers == self.rows
            && dense
            && self.distinct() == self.rows.min(MOST_DISTINCT)
    }
}
