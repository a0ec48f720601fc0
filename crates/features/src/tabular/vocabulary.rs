//! The rows of an embedding table: a vocabulary by frequency, or hash buckets.
//!
//! ```text
//! train rows: b a b c b a      min_count = 2      row 0  unknown, and c
//!                                                 row 1  b (3 times)
//!                                                 row 2  a (2 times)
//! ```
//!
//! The commonest value has row 1, and values of one count are in the order of their text, so the order of the file's
//! rows does not matter.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::bucket::Cuts;
use super::combination::Combinations;
use super::hash::bucket_row;

/// The rows of one embedding table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TableRows {
    /// A row for each value that is common enough, and behind them so many to which the others are hashed.
    Vocabulary { values: Vocabulary, out_of_vocabulary: u32 },
    /// So many rows, to which values are hashed.
    Buckets(u32),
    /// Buckets of numbers.
    Cuts(Cuts),
    /// A row for each combination of values that is common enough.
    Combinations(Combinations),
    /// So many rows, with row 0.
    Fixed(u32),
}

/// Value → row, from 1.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub(super) struct Vocabulary {
    row_of: HashMap<String, u32>,
}

impl TableRows {
    /// The row of a value; `hash` says which of the hashes is asked for. Rows of numbers and combinations are not found by
    /// one text.
    pub(super) fn row(&self, value: &str, hash: u32) -> u32 {
        match self {
            Self::Vocabulary { values, out_of_vocabulary } => match values.row_of.get(value) {
                Some(&row) => row,
                None if value.is_empty() || *out_of_vocabulary == 0 => 0,
                None => values.row_of.len() as u32 + bucket_row(value, hash, *out_of_vocabulary),
            },
            Self::Buckets(buckets) if !value.is_empty() => bucket_row(value, hash, *buckets),
            Self::Buckets(_) | Self::Cuts(_) | Self::Combinations(_) | Self::Fixed(_) => 0,
        }
    }

    /// The first of the rows to which values outside of the vocabulary are hashed; behind the last row if there is none.
    pub(super) fn known(&self) -> usize {
        match self {
            Self::Vocabulary { values, .. } => 1 + values.row_of.len(),
            _ => self.count(),
        }
    }

    /// What they are, for people.
    pub(super) fn kind(&self) -> String {
        match self {
            Self::Vocabulary { out_of_vocabulary: 1.., .. } => ", others hashed".to_owned(),
            Self::Vocabulary { .. } | Self::Fixed(_) => String::new(),
            Self::Buckets(_) => ", hashed".to_owned(),
            Self::Cuts(_) => ", buckets of a number".to_owned(),
            Self::Combinations(_) => ", combinations".to_owned(),
        }
    }

    /// Number of rows, with row 0.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Vocabulary { values, out_of_vocabulary } => 1 + values.row_of.len() + *out_of_vocabulary as usize,
            Self::Buckets(buckets) => 1 + *buckets as usize,
            Self::Cuts(cuts) => cuts.count(),
            Self::Combinations(combinations) => 1 + combinations.len(),
            Self::Fixed(rows) => *rows as usize,
        }
    }
}

impl Vocabulary {
    /// Keeps the values that occur in at least `min_count` rows.
    pub(super) fn fit(counts: HashMap<&str, u64>, min_count: u64) -> Self {
        let mut kept: Vec<(&str, u64)> = counts.into_iter().filter(|&(_, n)| n >= min_count.max(1)).collect();
        kept.sort_unstable_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
        kept.into_iter().map(|(value, _)| value.to_owned()).collect::<Vec<_>>().into()
    }
}

impl From<Vec<String>> for Vocabulary {
    fn from(values: Vec<String>) -> Self {
        Self { row_of: values.into_iter().zip(1..).collect() }
    }
}

impl From<Vocabulary> for Vec<String> {
    fn from(vocabulary: Vocabulary) -> Self {
        let mut rows: Vec<(String, u32)> = vocabulary.row_of.into_iter().collect();
        rows.sort_unstable_by_key(|&(_, row)| row);
        rows.into_iter().map(|(value, _)| value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary(counts: &[(&'static str, u64)], min_count: u64, out_of_vocabulary: u32) -> TableRows {
        let values = Vocabulary::fit(counts.iter().copied().collect(), min_count);
        TableRows::Vocabulary { values, out_of_vocabulary }
    }

    #[test]
    fn common_values_come_first_and_rare_ones_share_row_zero() {
        let counts = [("c", 2), ("a", 1), ("b", 5), ("d", 2)];
        let rows = vocabulary(&counts, 2, 0);
        assert_eq!(["b", "c", "d", "a", "?", ""].map(|value| rows.row(value, 0)), [1, 2, 3, 0, 0, 0]);
        assert_eq!(rows.count(), 4);
    }

    #[test]
    fn values_that_do_not_occur_get_no_row_whatever_the_cut_off() {
        assert_eq!(vocabulary(&[("a", 0)], 0, 0).count(), 1);
    }

    #[test]
    fn the_empty_cell_is_a_value_and_others_are_hashed_behind_the_vocabulary() {
        let rows = vocabulary(&[("a", 3), ("", 2), ("b", 1)], 2, 5);
        assert_eq!((rows.row("a", 0), rows.row("", 0), rows.known(), rows.count()), (1, 2, 3, 8));
        assert!(["b", "c", "d"].iter().all(|value| (3..8).contains(&rows.row(value, 0))));
        // Where it is rare, it does not go among the hashed ones.
        assert_eq!(vocabulary(&[("a", 3), ("", 1)], 2, 5).row("", 0), 0);
    }

    #[test]
    fn a_vocabulary_is_written_as_its_values_in_order() -> Result<(), serde_json::Error> {
        let vocabulary = Vocabulary::fit([("x", 1), ("y", 2)].into(), 1);
        assert_eq!(serde_json::to_string(&vocabulary)?, r#"["y","x"]"#);
        assert_eq!(serde_json::from_str::<Vocabulary>(r#"["y","x"]"#)?, vocabulary);
        Ok(())
    }
}
